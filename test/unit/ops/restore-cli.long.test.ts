/** `npm run restore`, run as people run it: rehearsed, done, and refused where something would be lost. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockDataFolder } from '../../../database/data-folder-lock.ts';
import { openDatabase } from '../../../database/database.ts';
import {
  allEntries,
  createJournalGround,
  gaugeReadings,
  type JournalGround,
} from '../../support/journal-fixture.ts';

const OPS = join(import.meta.dirname, '../../../ops');

let ground: JournalGround;
let backup: string;
let folder: string;
beforeEach(async () => {
  ground = createJournalGround();
  backup = join(ground.directory, 'backups/monday.db');
  folder = join(ground.directory, 'new');
  mkdirSync(join(ground.directory, 'backups'));
  await (await openDatabase({ SIAGA_DATA_DIR: ground.directory, DATABASE_URL: undefined })).destroy();
  await using journal = await ground.open();
  await journal.append(gaugeReadings(0, 500), []);
  expect(await run('backup-cli.ts', ground.directory, backup)).toMatchObject({ code: 0 });
});
afterEach(() => ground[Symbol.dispose]());

function run(cli: string, dataDir: string, ...words: string[]) {
  const env = { ...process.env, SIAGA_DATA_DIR: dataDir };
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [join(OPS, cli), ...words], { env }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}
const restore = (...words: string[]) => run('restore-cli.ts', folder, ...words);

describe('npm run restore', () => {
  it('puts journal and state into an empty data folder, where a journal opens them', async () => {
    const { code, out, err } = await restore(backup);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('500 readings');
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['journal.db', 'state.db']));
    await using journal = await ground.open({ file: join(folder, 'journal.db') });
    expect(await allEntries(journal)).toHaveLength(500);
  });

  it('is rehearsed without a trace', async () => {
    const { code, out } = await restore('--check', backup);
    expect(code).toBe(0);
    expect(out).toMatch(/its last reading is of \d{4}-.*this backup can be restored; nothing was kept/s);
    expect(existsSync(folder)).toBe(false);
  });

  it('refuses a backup that is damaged, and one that is not there', async () => {
    writeFileSync(backup, Buffer.alloc(8_192, 'not a database'));
    const damaged = await restore('--check', backup);
    expect([damaged.code, damaged.err]).toEqual([1, expect.stringContaining('file is not a database')]);
    const none = await restore('--check', join(ground.directory, 'none.db'));
    expect([none.code, none.err.trim()]).toEqual([
      1,
      `there is nothing to copy at ${join(ground.directory, 'none.db')}`,
    ]);
  });

  it('overwrites nothing, and does not work beside a running Siaga', async () => {
    const full = await run('restore-cli.ts', ground.directory, backup);
    expect([full.code, full.err]).toEqual([1, expect.stringContaining('move them away first')]);
    using _lock = lockDataFolder(folder);
    const running = await restore(backup);
    expect([running.code, running.err]).toEqual([1, expect.stringContaining('is used by another Siaga')]);
  });
});
