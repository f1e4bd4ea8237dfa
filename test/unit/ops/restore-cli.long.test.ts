/** `npm run restore`, run as people run it: rehearsed, done, and refused where something would be lost. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadCityFolder } from '../../../cities/city.ts';
import { buildSkeleton } from '../../../cities/skeleton.ts';
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
  expect(await run('backup-cli.ts', ground.directory, [backup])).toMatchObject({ code: 0 });
});
afterEach(() => ground[Symbol.dispose]());

function run(cli: string, dataDir: string, words: readonly string[], more: Record<string, string> = {}) {
  const env = { ...process.env, SIAGA_DATA_DIR: dataDir, ...more };
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [join(OPS, cli), ...words], { env }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}
const restore = (...words: string[]) => run('restore-cli.ts', folder, words);

function buildSkeletonIn(city: string): void {
  mkdirSync(city, { recursive: true });
  const where = { id: 'kota-baru', name: 'Kota Baru', timeZone: 'Asia/Makassar', lat: -3.24, lng: 116.22 };
  for (const [name, content] of buildSkeleton(where))
    writeFileSync(join(city, name), JSON.stringify(content));
}

describe('npm run restore', () => {
  it('puts journal and state into an empty data folder, where a journal opens them', async () => {
    const { code, out, err } = await restore(backup);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('500 readings');
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['journal.db', 'state.db']));
    await using journal = await ground.open({ file: join(folder, 'journal.db') });
    expect(await allEntries(journal)).toHaveLength(500);
  });

  it('brings a city of one’s own to a machine that does not have it, and leaves one that is there', async () => {
    const own = { SIAGA_CITY: 'kota-baru' };
    buildSkeletonIn(join(ground.directory, 'cities/kota-baru'));
    const tuesday = join(ground.directory, 'backups/tuesday.db');
    const made = await run('backup-cli.ts', ground.directory, [tuesday], own);
    expect(made.out).toContain('city: ');
    const again = await run(
      'backup-cli.ts',
      ground.directory,
      [join(ground.directory, 'backups/tuesday.x')],
      own,
    );
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('tuesday.city is there already') });
    expect((await run('restore-cli.ts', folder, ['--check', tuesday], own)).out).toMatch(/city: .*checked/);
    const { code, out } = await run('restore-cli.ts', folder, [tuesday], own);
    expect([code, out]).toEqual([0, expect.stringContaining(join(folder, 'cities/kota-baru'))]);
    const brought = loadCityFolder(join(folder, 'cities/kota-baru'));
    expect(brought).toEqual(loadCityFolder(join(ground.directory, 'cities/kota-baru')));
    for (const name of ['journal.db', 'state.db']) rmSync(join(folder, name));
    const second = await run('restore-cli.ts', folder, [tuesday], own);
    expect(second).toMatchObject({ code: 0, out: expect.stringContaining('is there already and stays') });
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
    const full = await run('restore-cli.ts', ground.directory, [backup]);
    expect([full.code, full.err]).toEqual([1, expect.stringContaining('move them away first')]);
    using _lock = lockDataFolder(folder);
    const running = await restore(backup);
    expect([running.code, running.err]).toEqual([1, expect.stringContaining('is used by another Siaga')]);
  });
});
