/**
 * The token that InfluxDB is asked with: what the environment says, or the first line of INFLUX_TOKEN_FILE.
 *
 * The file is read at every look at the server, never kept: InfluxDB may make the token after Siaga has started,
 * and an operator may replace it while Siaga runs. What is thrown is one sentence without the secret.
 */
import { isHeaderValue, NO_HEADER_VALUE, readSecretFile } from '../../config/config.ts';

export interface InfluxToken {
  readonly token: string | undefined;
  /** Goes before `token`. */
  readonly tokenFile?: string | undefined;
}

export function readToken({ token, tokenFile }: InfluxToken): string | undefined {
  if (tokenFile === undefined) return token;
  const found = readFile(tokenFile);
  if (!isHeaderValue(found)) throw new Error(`INFLUX_TOKEN_FILE: ${tokenFile} ${NO_HEADER_VALUE}`);
  return found;
}

function readFile(file: string): string {
  try {
    return readSecretFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new Error(`INFLUX_TOKEN_FILE: ${(error as Error).message}`, { cause: error });
    }
    throw new Error(`INFLUX_TOKEN_FILE: ${file} is not there yet`, { cause: error });
  }
}
