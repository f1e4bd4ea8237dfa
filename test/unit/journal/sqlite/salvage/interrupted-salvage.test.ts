/** A salvage that is killed at any of its steps, and once more while it is finished: nothing readable is lost by it. */
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  finishSalvage,
  type JournalFolder,
  salvageJournal,
} from '../../../../../journal/sqlite/salvage/salvage.ts';
import {
  allEntries,
  createJournalGround,
  gaugeReading,
  gaugeReadings,
  type JournalGround,
  rejectedMessage,
  TEST_START_MS,
} from '../../../../support/journal-fixture.ts';

const PAGE_BYTES = 4096;
/** Steps of a salvage: three stale files, the copy's new name, -shm, -wal, the damaged file, the place. */
const STEPS = 8;

class Killed extends Error {}

/** Does the steps before the `last`, and then nothing any more. */
function killedBefore(last: number): JournalFolder & { steps: number } {
  const step = (work: () => void) => {
    if (folder.steps === last) throw new Killed();
    folder.steps++;
    work();
  };
  const folder = {
    steps: 0,
    rename: (from: string, to: string) => step(() => renameSync(from, to)),
    remove: (path: string) => step(() => rmSync(path, { force: true })),
  };
  return folder;
}

let ground: JournalGround;
let fixture: string;
let expected: number[];

/** A damaged page in the file, and half of the readings in the log alone. */
beforeAll(async () => {
  ground = createJournalGround();
  {
    await using journal = await ground.open();
    await journal.append(gaugeReadings(0, 1_000), [rejectedMessage(1)]);
  }
  fixture = join(ground.directory, 'fixture.db');
  await using journal = await ground.open();
  await journal.append(gaugeReadings(1_000, 2_000), []);
  for (const suffix of ['', '-wal']) copyFileSync(ground.file + suffix, fixture + suffix);
  const content = readFileSync(fixture);
  const needle = Buffer.from(Float64Array.of(gaugeReading(500).receivedAt, 500).buffer);
  const page = Math.floor(content.indexOf(needle) / PAGE_BYTES);
  content.fill(0xa5, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
  writeFileSync(fixture, content);
  expected = await readAfterStart(placeFixture('undisturbed'));
  expect(expected.length).toBeGreaterThan(1_900);
  expect(expected).not.toContain(500);
  expect(expected).toContain(1_999);
});
afterAll(() => ground[Symbol.dispose]());

function placeFixture(name: string): string {
  const directory = join(ground.directory, name);
  mkdirSync(directory);
  for (const suffix of ['', '-wal']) copyFileSync(fixture + suffix, join(directory, `journal.db${suffix}`));
  return join(directory, 'journal.db');
}

async function readAfterStart(file: string): Promise<number[]> {
  await using journal = await ground.open({ file });
  const entries = await allEntries(journal);
  for (const { reading } of entries) expect(reading).toEqual(gaugeReading(Number(reading.seq)));
  expect(await journal.rejections({ limit: 10 })).toHaveLength(1);
  return entries.map(({ reading }) => Number(reading.seq));
}

function killSalvage(file: string, step: number): void {
  const folder = killedBefore(step);
  const options = { file, cause: 'noise', atMs: TEST_START_MS, folder };
  expect(() => salvageJournal(options)).toThrow(Killed);
}

/** The damaged file and its log, which belong together, and nothing half done. */
function expectTidy(file: string): void {
  const names = readdirSync(join(file, '..')).filter(
    (name) => !/^journal\.db(-wal|-shm|\.open)?$/.test(name),
  );
  const [setAside = '', log] = names.sort();
  expect(setAside).toMatch(/^journal\.damaged-\w+\.db$/);
  expect(names).toEqual([setAside, `${setAside}-wal`]);
  expect(log).toBe(`${setAside}-wal`);
}

describe('a salvage', () => {
  it('has as many steps as are tried here', () => {
    const folder = killedBefore(Number.POSITIVE_INFINITY);
    salvageJournal({ file: placeFixture('counted'), cause: 'noise', atMs: TEST_START_MS, folder });
    expect(folder.steps).toBe(STEPS);
  });

  it.each(Array.from({ length: STEPS }, (_, step) => step))(
    'killed before step %i loses nothing that one in peace would keep',
    async (step) => {
      const file = placeFixture(`killed-${step}`);
      killSalvage(file, step);
      expect(await readAfterStart(file)).toEqual(expected);
      expectTidy(file);
      expect(await readAfterStart(file)).toEqual(expected);
    },
  );

  it.each([
    [4, 0],
    [4, 1],
    [5, 1],
    [5, 2],
    [6, 1],
    [6, 2],
    [7, 1],
  ])('killed before step %i, and its end before step %i, loses nothing either', async (step, again) => {
    const file = placeFixture(`twice-${step}-${again}`);
    killSalvage(file, step);
    expect(() => finishSalvage(file, TEST_START_MS + 60_000, killedBefore(again))).toThrow(Killed);
    expect(await readAfterStart(file)).toEqual(expected);
    expectTidy(file);
  });

  it('that is finished at the next start is said there, with what it had found', async () => {
    const file = placeFixture('said');
    killSalvage(file, 6);
    ground.logged.length = 0;
    await readAfterStart(file);
    const [line] = ground.logged.filter(({ salvage }) => salvage !== undefined);
    expect(line?.['salvage']).toMatchObject({ cause: 'noise', readings: expected.length, rejections: 1 });
  });
});
