/** `npm run backup`, run as people run it: beside a journal that is open and takes readings. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../database/database.ts';
import {
  allEntries,
  createJournalGround,
  gaugeReadings,
  type JournalGround,
} from '../../support/journal-fixture.ts';

const CLI = join(import.meta.dirname, '../../../ops/backup-cli.ts');

let ground: JournalGround;
beforeEach(() => {
  ground = createJournalGround();
});
afterEach(() => ground[Symbol.dispose]());

function backup(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { ...process.env, SIAGA_DATA_DIR: ground.directory };
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...words], { env }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}

describe('npm run backup', () => {
  it('copies journal and state beside a running Siaga, and says what they hold', async () => {
    const state = await openDatabase({ SIAGA_DATA_DIR: ground.directory, DATABASE_URL: undefined });
    await using journal = await ground.open();
    await journal.append(gaugeReadings(0, 2_000), []);
    const file = join(ground.directory, 'copy.db');
    const { code, out, err } = await backup(file);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('2,000 readings, 0 rejections');
    // A cursor in the copied state must not be ahead of the copied journal.
    expect(out.split('\n').map((line) => line.split(':')[0])).toEqual(['state', 'journal', 'city', '']);
    await using restored = await ground.open({ file });
    expect(await allEntries(restored)).toHaveLength(2_000);
    const copied = new DatabaseSync(join(ground.directory, 'copy.state.db'), { readOnly: true });
    expect(copied.prepare('select count(*) as count from devices').get()).toEqual({ count: 0 });
    copied.close();
    await state.destroy();
  });

  it('ends with one clear line where there is no journal, and never overwrites', async () => {
    const file = join(ground.directory, 'copy.db');
    const none = await backup(file);
    expect([none.code, none.err.trim()]).toEqual([
      1,
      `there is nothing to copy at ${join(ground.directory, 'journal.db')}`,
    ]);
    await using journal = await ground.open();
    await journal.backup(file);
    const again = await backup(file);
    expect([again.code, again.err.trim()]).toEqual([1, `${file} exists: a backup never overwrites`]);
    expect(existsSync(`${file}.part`)).toBe(false);
  });

  it('explains itself', async () => {
    expect(await backup('--help')).toMatchObject({
      code: 0,
      out: expect.stringContaining('npm run restore') as string,
    });
    expect(await backup()).toMatchObject({
      code: 2,
      err: expect.stringContaining('one FILE is wanted') as string,
    });
    expect((await backup('--fast', 'x')).code).toBe(2);
  });
});
