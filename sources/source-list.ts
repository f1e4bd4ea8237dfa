/**
 * The outside brokers that Siaga subscribes to, as SOURCES_FILE lists them: Mosquitto, ChirpStack's, The Things
 * Stack, EMQX.
 *
 * Read once at the start. Invariants: every problem of the file is reported at once, by the name of its source; a
 * secret stands in a file of its own, and in no message.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { GATEWAY_PREFIX, isId } from '../devices/topics.ts';

const sourceSchema = z.strictObject({
  /** In metrics, in the log, and in its client id. */
  name: z.string().refine(isId, 'lower case letters, digits and hyphens'),
  url: z
    .string()
    .refine(
      (text) => /^(?:mqtts?|wss?):\/\//.test(text) && URL.canParse(text),
      'mqtt://, mqtts://, ws:// or wss://',
    ),
  topics: z.array(z.string().min(1).max(256)).min(1).max(100),
  /** Whose messages they are: `npm run devices -- add gateway:<name> --format F`. */
  gateway: z
    .string()
    .refine(
      (text) => text.startsWith(GATEWAY_PREFIX) && isId(text.slice(GATEWAY_PREFIX.length)),
      'gateway:<name>',
    ),
  username: z.string().optional(),
  passwordFile: z.string().optional(),
  /** The authority that signed the broker's certificate; the machine's own authorities where absent. */
  caFile: z.string().optional(),
  certFile: z.string().optional(),
  keyFile: z.string().optional(),
  /** More than one share the topics among them, which the broker must support ($share). */
  connections: z.int().min(1).max(32).default(1),
  protocolVersion: z.union([z.literal(4), z.literal(5)]).default(4),
});
const listSchema = z.strictObject({ sources: z.array(sourceSchema).max(100) });

export interface Source
  extends Omit<z.infer<typeof sourceSchema>, 'passwordFile' | 'caFile' | 'certFile' | 'keyFile'> {
  readonly password?: string;
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export class SourceListError extends Error {
  readonly code = 'SOURCES_INVALID';
}

/** Throws SourceListError with every problem. Files are named relative to the list. */
export function readSources(file: string): Source[] {
  const folder = dirname(resolve(file));
  const problems: string[] = [];
  const read = (where: string, path: string): Buffer => {
    try {
      return readFileSync(resolve(folder, path));
    } catch (error) {
      problems.push(`${where}: ${(error as Error).message}`);
      return Buffer.alloc(0);
    }
  };
  const parsed = listSchema.safeParse(parse(file));
  if (!parsed.success) throw new SourceListError(`${file}: ${z.prettifyError(parsed.error)}`);
  const sources = parsed.data.sources.map(
    ({ passwordFile, caFile, certFile, keyFile, ...source }): Source => {
      const { name } = source;
      return {
        ...source,
        ...(passwordFile === undefined
          ? {}
          : { password: read(`${name}.passwordFile`, passwordFile).toString().trim() }),
        ...(caFile === undefined ? {} : { ca: read(`${name}.caFile`, caFile) }),
        ...(certFile === undefined ? {} : { cert: read(`${name}.certFile`, certFile) }),
        ...(keyFile === undefined ? {} : { key: read(`${name}.keyFile`, keyFile) }),
      };
    },
  );
  const names = sources.map(({ name }) => name);
  for (const name of new Set(names.filter((each, index) => names.indexOf(each) !== index))) {
    problems.push(`${name}: the name is used twice`);
  }
  if (problems.length > 0) throw new SourceListError(`${file}: ${problems.join('; ')}`);
  return sources;
}

function parse(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new SourceListError(`${file}: ${(error as Error).message}`);
  }
}
