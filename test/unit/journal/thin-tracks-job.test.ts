/** The job that thins tracks, with a clock that the test moves: what is due by then, and what it says. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../../database/database.ts';
import type { Reading } from '../../../devices/reading.ts';
import type { Journal } from '../../../journal/journal.ts';
import { type TrackThinningOptions, thinTracks } from '../../../journal/retention.ts';
import {
  createJournalGround,
  gaugeReading,
  type JournalGround,
  TEST_START_MS,
} from '../../support/journal-fixture.ts';
import { openMemoryDatabase } from '../../support/memory-database.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

let ground: JournalGround;
let journal: Journal;
let database: Database;
beforeEach(async () => {
  ground = createJournalGround();
  journal = await ground.open();
  database = await openMemoryDatabase();
});
afterEach(async () => {
  await journal[Symbol.asyncDispose]();
  await database.destroy();
  ground[Symbol.dispose]();
});

/** Every five seconds, a unit that stands. */
const fix = (n: number): Reading => ({
  ...gaugeReading(n, { kind: 'ambulance', device: 'motor-01' }),
  ...{ measuredAt: TEST_START_MS + n * 5_000, values: { lat: -6.99, lng: 110.42, status: 'available' } },
});

async function countFixes(): Promise<number> {
  let count = 0;
  for (let afterId = 0; ; ) {
    const entries = await journal.readAfter(afterId, 1_000);
    if (entries.length === 0) return count;
    count += entries.length;
    afterId = entries.at(-1)?.id as number;
  }
}

function jobAt(nowMs: number, settledThroughId = () => journal.lastId): TrackThinningOptions {
  return {
    ...{ journal, database, consumers: ['alerts'], ofMessages: [], settledThroughId },
    ...{ kinds: ['ambulance'], fullRateMs: 30 * DAY_MS, now: () => nowMs },
    log: { info: (...words: unknown[]) => said.push(words) } as unknown as TrackThinningOptions['log'],
  };
}
const said: unknown[] = [];

test('a track stays whole for thirty days, then loses its fixes hour by hour, and the log says how many', async () => {
  await journal.append(
    Array.from({ length: 2 * 720 }, (_, n) => fix(n)),
    [],
  );
  await database.insertInto('cursors').values({ consumer: 'alerts', position: journal.lastId }).execute();
  await thinTracks(jobAt(TEST_START_MS + 30 * DAY_MS));
  expect(await countFixes()).toBe(1_440);
  expect(said).toEqual([]);

  await thinTracks(jobAt(TEST_START_MS + 30 * DAY_MS + HOUR_MS));
  // Of six times ten minutes the first and ten others.
  expect(await countFixes()).toBe(720 + 6 * 11);
  expect(said).toEqual([[{ removed: 720 - 66, before: '2026-01-15T01:00:00.000Z' }, 'tracks thinned']]);

  await thinTracks(jobAt(TEST_START_MS + 90 * DAY_MS));
  expect(await countFixes()).toBe(2 * 66);
});

test('nothing goes that history has not settled, or that the alarms have yet to read', async () => {
  await journal.append(
    Array.from({ length: 720 }, (_, n) => fix(n)),
    [],
  );
  await thinTracks(jobAt(TEST_START_MS + 90 * DAY_MS));
  expect(await countFixes()).toBe(720);
  await database.insertInto('cursors').values({ consumer: 'alerts', position: journal.lastId }).execute();
  await thinTracks(jobAt(TEST_START_MS + 90 * DAY_MS, () => 0));
  expect(await countFixes()).toBe(720);
  await thinTracks(jobAt(TEST_START_MS + 90 * DAY_MS));
  expect(await countFixes()).toBe(66);
});
