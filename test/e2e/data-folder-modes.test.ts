/** Whatever the umask of whoever starts it: other accounts of the machine read nothing of Siaga's data. */
import { chmodSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDataFolder, type DataFolder, runCommand, startSiaga } from '../support/start-siaga.ts';

/** Lets everybody do everything with what is created. */
const OPEN_HANDED = ['sh', '-c', 'umask 0; exec "$@"', 'sh'];
const CLOSED = 'other accounts of this machine could read these; not any more';

let folder: DataFolder;
let dataDir: string;
beforeEach(async () => {
  folder = await createDataFolder();
  // Not there yet: whoever comes first makes it.
  dataDir = join(folder.path, 'data');
});
afterEach(() => folder[Symbol.asyncDispose]());

const modeOf = (path: string) => (lstatSync(path).mode & 0o777).toString(8);

function expectPrivate(...sought: string[]): void {
  const names = readdirSync(dataDir);
  expect(names).toEqual(expect.arrayContaining(sought));
  const modes = names.map((name) => `${name} ${modeOf(join(dataDir, name))}`);
  expect(modes).toEqual(names.map((name) => `${name} 600`));
  expect(modeOf(dataDir)).toBe('700');
}

describe.runIf(process.platform !== 'win32')('the data folder', { timeout: 120_000 }, () => {
  it('is made for the own account only, and so is all that the server writes', async () => {
    const environment = { API_AUTH: 'true' };
    await using server = await startSiaga({ dataDir, environment, prefix: OPEN_HANDED });
    expectPrivate(
      'journal.db',
      'journal.db-wal',
      'state.db',
      'history.db',
      'siaga.lock',
      'first-admin-token',
    );
    await server.stop();
    expectPrivate('journal.db', 'state.db', 'history.db');
    expect(server.logged.filter(({ msg }) => msg === CLOSED)).toEqual([]);
  });

  it('stays so beside the command lines that write into it', async () => {
    mkdirSync(dataDir, { mode: 0o700 });
    const run = (file: string, ...words: string[]) => runCommand(file, words, dataDir, OPEN_HANDED);
    const file = join(dataDir, 'secrets.csv');
    const list = join(dataDir, 'devices.csv');
    writeFileSync(list, 'id,kind\ngauge-9,river-gauge\n', { mode: 0o600 });
    const commands = [
      await run('broker/credentials/cli.ts', 'import', list, '--out', file),
      await run('api/tokens-cli.ts', 'make', 'operator', 'admin'),
    ];
    expect(commands.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual([0, 0]);
    expectPrivate('state.db', 'secrets.csv');
    {
      await using server = await startSiaga({ dataDir, prefix: OPEN_HANDED });
      expect(await run('ops/backup-cli.ts', join(dataDir, 'backup.db'))).toMatchObject({
        code: 0,
      });
      await server.stop();
    }
    expectPrivate('backup.db', 'backup.state.db');
  });

  it('of an older version is closed at the next start, and this is said once', async () => {
    {
      await using server = await startSiaga({ dataDir });
      await server.stop();
    }
    chmodSync(dataDir, 0o755);
    for (const name of ['journal.db', 'state.db', 'history.db']) chmodSync(join(dataDir, name), 0o644);
    {
      await using server = await startSiaga({ dataDir });
      expectPrivate('journal.db', 'state.db');
      const said = server.logged.filter(({ msg }) => msg === CLOSED);
      expect(said).toHaveLength(1);
      const names = ['', '/history.db', '/journal.db', '/state.db'];
      expect(said[0]?.['closed']).toEqual(names.map((name) => dataDir + name));
      await server.stop();
    }
    await using again = await startSiaga({ dataDir });
    expect(again.logged.filter(({ msg }) => msg === CLOSED)).toEqual([]);
  });
});
