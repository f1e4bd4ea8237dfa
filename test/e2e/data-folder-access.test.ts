/** A data folder that is not for the account that starts Siaga: one line says which path, whose, and what to do. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createDataFolder,
  type DataFolder,
  type Exit,
  runCommand,
  runSiaga,
  startSiaga,
} from '../support/start-siaga.ts';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
/** Root may everything, so it runs the server as somebody else. */
const AS_NOBODY = isRoot ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];
const canTry = process.platform !== 'win32' && (!isRoot || spawnSync('setpriv', ['--version']).status === 0);
if (!canTry) console.warn('data folders of others were not tried: they need setpriv');

let folder: DataFolder;
let dataDir: string;
beforeEach(async () => {
  folder = await createDataFolder();
  dataDir = join(folder.path, 'data');
  mkdirSync(dataDir);
  chmodSync(folder.path, 0o755);
  if (isRoot) chownSync(dataDir, NOBODY, NOBODY);
});
afterEach(async () => {
  chmodSync(dataDir, 0o700);
  await folder[Symbol.asyncDispose]();
});

function expectOneLine({ code, stderr }: Exit, ...words: string[]): void {
  expect(stderr.trim().split('\n')).toHaveLength(1);
  for (const word of words) expect(stderr).toContain(word);
  expect(code).toBe(1);
}

describe.skipIf(!canTry)('a data folder', { timeout: 120_000 }, () => {
  it('that may not be written is refused with its owner and its mode', async () => {
    chmodSync(dataDir, 0o500);
    const exit = await runSiaga({ dataDir, prefix: AS_NOBODY });
    expectOneLine(exit, `may not read and write ${dataDir},`, '(mode 0500)', 'SIAGA_DATA_DIR', 'chown -R');
  });

  it.each(['journal.db', 'state.db', 'history.db-wal', 'siaga.lock'])(
    'whose %s belongs to somebody else is refused with that file',
    async (name) => {
      const file = join(dataDir, name);
      writeFileSync(file, '', { mode: 0o600 });
      // Not to be written by its owner either, where the test is not root.
      if (!isRoot) chmodSync(file, 0o400);
      const exit = await runSiaga({ dataDir, prefix: AS_NOBODY });
      expectOneLine(exit, `may not read and write ${file}, which belongs to uid ${process.getuid?.()}`);
    },
  );

  it('is refused in the same words by the command lines', async () => {
    writeFileSync(join(dataDir, 'state.db'), '', { mode: 0o400 });
    for (const [file, ...words] of [
      ['api/tokens-cli.ts', 'list'],
      ['broker/credentials/cli.ts', 'list'],
    ] as const) {
      expectOneLine(await runCommand(file, words, dataDir, AS_NOBODY), 'state.db, which belongs to uid');
    }
  });

  it("with somebody else's file that Siaga does not open is no obstacle", async () => {
    writeFileSync(join(dataDir, 'backup-of-root.db'), '', { mode: 0o400 });
    await using server = await startSiaga({ dataDir, prefix: AS_NOBODY });
    expect(await server.get('/readyz')).toEqual({ status: 'ready' });
  });
});
