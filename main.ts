/**
 * The process: environment → openSiaga → signals → exit code.
 *
 * A wrong environment prints every problem and exits 1; a port in use, one clear line and 1; SIGINT and SIGTERM close
 * everything in order and exit 0; a bug that nobody caught and the death of a thread of the journal or of history exit
 * 70, since the journal makes a restart safe; where another server owns the city it exits 75, at once.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Logger, pino } from 'pino';
import { CityError } from './cities/city.ts';
import { ConfigError, parseConfig } from './config/config.ts';
import { PRIVATE_UMASK } from './database/data-folder-modes.ts';
import { OwnershipLostError } from './database/fenced-dialect.ts';
import { openSiaga, type Siaga } from './open-siaga.ts';

/** Longer than any part's own bound; then the process ends by force, and the journal is still whole. */
const CLOSE_WITHIN_MS = 10_000;
/** EX_SOFTWARE of sysexits.h: whoever watches over the process starts it again. */
const EXIT_SOFTWARE = 70;
/** EX_TEMPFAIL: another server owns the city. Started again, this one stands by. */
const EXIT_NOT_OWNER = 75;

async function main(): Promise<void> {
  process.umask(PRIVATE_UMASK);
  const config = parseConfig(process.env);
  const log = pino({
    level: config.LOG_LEVEL,
    ...(process.stdout.isTTY
      ? {
          transport: {
            target: 'pino-pretty',
            options: { ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' },
          },
        }
      : {}),
  });
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'a bug; ending, a restart continues from the journal');
    process.exit(EXIT_SOFTWARE);
  });
  // A signal during the start ends it once it has started; a standby's waiting it ends at once.
  const stop = Promise.withResolvers<NodeJS.Signals>();
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stop.resolve(signal);
      ended.abort();
    });
  }

  // Who died has said in the log why. At once: what an owner of before would still do, its heir does.
  const onFatal = (error: Error) =>
    process.exit(error instanceof OwnershipLostError ? EXIT_NOT_OWNER : EXIT_SOFTWARE);
  let siaga: Siaga;
  try {
    siaga = await openSiaga(config, log, onFatal, ended.signal);
  } catch (error) {
    if (error !== ended.signal.reason || !ended.signal.aborted) throw error;
    log.info('closed, it stood by');
    return;
  }
  log.info(siaga.addresses, 'Siaga is ready');
  if (siaga.firstAdminToken) handOverFirstToken(siaga.firstAdminToken, config.SIAGA_DATA_DIR, log);
  const signal = await stop.promise;
  log.info({ signal }, 'closing');
  await close(siaga);
  log.info('closed');
}

/** To a terminal, or to a file for this user only: whatever else standard error is, it is a log that is kept. */
function handOverFirstToken(token: string, dataDir: string, log: Logger): void {
  if (process.stderr.isTTY) {
    console.error(
      `\nThe first administrator's token, shown only now; sign in with it at /accounts, and invite people there:\n\n  ${token}\n`,
    );
    return;
  }
  const file = resolve(dataDir, 'first-admin-token');
  try {
    // One that was there would keep its mode when it is written over.
    rmSync(file, { force: true });
    writeFileSync(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
    log.info({ file }, "the first administrator's token is in this file; read it, then remove the file");
  } catch (error) {
    log.error(
      { err: error, file },
      "cannot write the first administrator's token; make another: npm run tokens",
    );
  }
}

async function close(siaga: Siaga): Promise<void> {
  const timer = setTimeout(() => {
    console.error(`not closed within ${CLOSE_WITHIN_MS / 1000} s; ending`);
    process.exit(1);
  }, CLOSE_WITHIN_MS);
  await siaga[Symbol.asyncDispose]();
  clearTimeout(timer);
}

/** One clear line for what a person can mend; a stack only for what is a bug. */
function explain(error: unknown): string {
  if (error instanceof ConfigError || error instanceof CityError) return error.message;
  const { code, message, stack, address, port } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
  };
  if (code === 'EADDRINUSE') {
    return `${address}:${port} is in use: end the program that uses it, or choose another port (HTTP_PORT, MQTT_PORT …)`;
  }
  return code ? message : (stack ?? message);
}

try {
  await main();
} catch (error) {
  console.error(explain(error));
  process.exit(1);
}
