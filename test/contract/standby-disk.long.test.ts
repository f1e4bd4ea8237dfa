/**
 * A standby whose disk is full: it says so, follows again once there is room, and lets go of its journal at once where
 * the city is its own meanwhile.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CopyingJournal } from '../../journal/journal-log.ts';
import { keepCopying } from '../../journal/replica/keep-copying.ts';
import { openJournal } from '../../journal/sqlite/open-journal.ts';
import { eventually } from '../support/eventually.ts';
import { createJournalGround, gaugeReadings, TEST_START_MS } from '../support/journal-fixture.ts';
import { createLog, nextCity, openReplicated, prepareLog } from '../support/journal-log.ts';
import { hasPostgres, startPostgres } from '../support/postgres.ts';
import { fillDisk, giveRoom, mountSmallDisk } from '../support/small-disk.ts';

const MANY = 5_000;

describe.skipIf(!hasPostgres)('a standby whose disk is full', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  let opened: AsyncDisposableStack;
  beforeAll(async () => {
    postgres = await startPostgres();
    await prepareLog(postgres.url);
  });
  afterAll(() => postgres?.[Symbol.asyncDispose]());
  beforeEach(() => {
    opened = new AsyncDisposableStack();
  });
  afterEach(() => opened.disposeAsync());

  /** An owner that appends, and a standby on a small disk that copies. */
  async function standBy() {
    const city = nextCity();
    const [own, other] = [opened.use(createJournalGround()), opened.use(createJournalGround())];
    const owner = await openReplicated(own, createLog(postgres.url, { city }));
    opened.defer(() => owner.journal[Symbol.asyncDispose]());
    const disk = join(other.directory, 'disk');
    mkdirSync(disk);
    const mounted = mountSmallDisk(disk, 8 * 1024 * 1024);
    if (!mounted) return undefined;
    opened.use(mounted);
    const ending = new AbortController();
    let journal: CopyingJournal | undefined;
    const copying = keepCopying({
      ...{ url: postgres.url, city, log: pino({ level: 'silent' }), now: () => TEST_START_MS },
      openJournal: () =>
        openJournal({
          ...{ file: join(disk, 'journal.db'), maxBatch: 5_000, maxWaitingBytes: 32 * 1024 ** 2 },
          ...{ maxRejections: 1_000, retentionMs: 400 * 86_400_000, maxBytes: 1024 ** 3 },
          ...{ log: pino({ level: 'silent' }), metrics: new Registry(), now: () => TEST_START_MS },
          followsLog: true,
        }),
      journalName: () => 'standby',
      signal: ending.signal,
      onJournal: (each) => {
        journal = each;
      },
    });
    opened.defer(async () => {
      ending.abort();
      await copying;
    });
    await owner.journal.append(gaugeReadings(0, MANY), []);
    await eventually(() => expect(journal?.lastId).toBe(MANY));
    fillDisk('self', disk);
    await owner.journal.append(gaugeReadings(MANY, 2 * MANY), []);
    await eventually(() => expect(journal?.problem).toMatch(/full|space/));
    return { disk, ending, copying, journal: () => journal };
  }

  test('says so, and follows again once there is room', async (context) => {
    const standby = await standBy();
    if (!standby) return context.skip();
    giveRoom('self', standby.disk);
    await eventually(() => expect(standby.journal()?.lastId).toBe(2 * MANY));
    expect(standby.journal()?.problem).toBeUndefined();
  });

  test('lets go of its journal at once where the city becomes its own', async (context) => {
    const standby = await standBy();
    if (!standby) return context.skip();
    standby.ending.abort();
    await standby.copying;
    expect(standby.journal()).toBeUndefined();
  });
});
