/**
 * Orders, changes, cancellations, answers, restarts, and statuses that links hold back, in any order and by clocks
 * that are off: no step is earlier than its order, no unit is free while its order is unanswered, no order is
 * forgotten.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Database } from '../../database/database.ts';
import { AMBULANCE_STATUSES } from '../../devices/kinds/ambulance.ts';
import { QualityFlag, type Reading } from '../../devices/reading.ts';
import { createQuality } from '../../ingest/quality.ts';
import { readingOf } from '../support/alert-house.ts';
import { type DispatchHouse, openDispatchHouse, SCENE, START_MS } from '../support/dispatch-house.ts';
import { openMemoryDatabase } from '../support/memory-database.ts';
import { countRuns } from '../support/property-runs.ts';

const UNIT = 'u2';
const UNANSWERED = new Set(['reserved', 'dispatched']);

type Deed =
  | { readonly do: 'say'; readonly status: (typeof AMBULANCE_STATUSES)[number] }
  | { readonly do: 'pass'; readonly seconds: number }
  | { readonly do: 'set-clock'; readonly aheadMs: number }
  | { readonly do: 'assign' | 'change' | 'cancel' | 'accept' | 'stall' | 'recover' | 'restart' };

/** Ahead of ours, ms, both signs: what is taken at its word, what is refused, and what lies between. */
const OFFSETS_MS = [0, 700, 5_500, 20_000, 31_000, 59_000, 7 * 3_600_000].flatMap((ms) => [ms, -ms]);

const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('say'), status: fc.constantFrom(...AMBULANCE_STATUSES) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('pass'), seconds: fc.integer({ min: 1, max: 20 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('set-clock'), aheadMs: fc.constantFrom(...OFFSETS_MS) }),
  },
  {
    weight: 8,
    arbitrary: fc
      .constantFrom('assign', 'assign', 'change', 'cancel', 'accept', 'stall', 'recover', 'restart')
      .map((name) => ({ do: name })),
  },
) as fc.Arbitrary<Deed>;

/** A tracker's clock: undefined where it sends no time; it gains, or loses, this share of the time. */
const trackerClock = fc.record({
  aheadMs: fc.constantFrom(0, 0, ...OFFSETS_MS, undefined),
  gains: fc.constantFrom(0, 0, 0.016, -0.016),
});

interface Said {
  /** The true time. */
  readonly atMs: number;
  /** What its clock showed. */
  readonly ownMs: number | undefined;
  readonly status: string;
}

class World {
  readonly #database: Database;
  #aheadMs: number | undefined;
  readonly #gains: number;
  readonly #clock = { ms: START_MS };
  /** As in ingest: it outlives a restart, where it is read back from the journal. */
  readonly #quality = createQuality();
  #wasSet = false;
  /** What the tracker has said and the link has not carried. */
  #held: Said[] = [];
  #isStalled = false;
  /** All that came, as ingest has judged it. */
  readonly #journal: Reading[] = [];
  #house: DispatchHouse | undefined;

  constructor(database: Database, { aheadMs, gains }: { aheadMs: number | undefined; gains: number }) {
    this.#database = database;
    this.#aheadMs = aheadMs;
    this.#gains = gains;
  }

  get house(): DispatchHouse {
    return this.#house as DispatchHouse;
  }

  async open(): Promise<void> {
    const options = { database: this.#database, clock: this.#clock, units: 2, silent: true };
    const disconnected = this.#isStalled;
    this.#house = await openDispatchHouse({
      ...options,
      disconnected,
      journal: this.#journal,
    });
  }

  async do(next: Deed): Promise<void> {
    const { dispatch } = this.house;
    const open = dispatch.assignments.open.get(UNIT);
    switch (next.do) {
      case 'pass':
        if (this.#aheadMs !== undefined) this.#aheadMs += this.#gains * next.seconds * 1_000;
        return this.house.pass(next.seconds);
      case 'say':
        return this.say(next.status);
      case 'set-clock':
        return this.#setClock(next.aheadMs);
      case 'stall':
        this.#isStalled = true;
        dispatch.links.closed(UNIT, this.#clock.ms);
        return;
      case 'recover':
        this.#isStalled = false;
        dispatch.links.opened(UNIT, this.#clock.ms);
        dispatch.links.listens(UNIT, true);
        await dispatch.settled();
        return this.#deliver();
      case 'restart':
        return this.open();
      case 'assign':
        return this.#assign();
      case 'change':
        if (open)
          await dispatch.incidents.triage(open.incident, { place: `corner ${this.#clock.ms}` }, 'desk');
        return;
      case 'cancel':
        if (open) await dispatch.advance({ assignment: open.id, to: 'cancelled', actor: 'desk' });
        return;
      case 'accept':
        if (!open || this.#isStalled) return;
        await dispatch.onAck(UNIT, { assignment: open.id, ack: 'accepted' }, this.#clock.ms);
    }
  }

  async say(status: string): Promise<void> {
    this.#clock.ms += 50;
    const atMs = this.#clock.ms;
    const ownMs = this.#aheadMs === undefined ? undefined : Math.round(atMs + this.#aheadMs);
    this.#held.push({ atMs, ownMs, status });
    await this.#deliver();
  }

  /** Over a network, and so with its link up; a report follows, by which we see it. */
  async #setClock(aheadMs: number): Promise<void> {
    if (this.#isStalled || this.#aheadMs === undefined) return;
    this.#aheadMs = aheadMs;
    this.#wasSet = true;
    const status = this.#journal.at(-1)?.values['status'];
    if (typeof status === 'string') await this.say(status);
  }

  /** One status after the other, each checked: a step that it moved must be later than its order. */
  async #deliver(): Promise<void> {
    while (!this.#isStalled && this.#held.length > 0) {
      const word = this.#held.shift() as Said;
      const before = await this.#crewSteps();
      const reading = this.#quality.assess(readingFrom(word, this.#clock.ms));
      this.#journal.push(reading);
      await this.house.take(reading);
      for (const { reserved_at, action } of (await this.#crewSteps()).slice(before.length)) {
        expect(word.atMs, `${word.status} → ${action}`).toBeGreaterThanOrEqual(reserved_at);
      }
    }
  }

  async #assign(): Promise<void> {
    if (this.house.dispatch.board.lockOf(UNIT).assignment !== undefined) return;
    const more = { role: 'transport', forceReason: 'a test' };
    await this.house.assign(await this.house.report(), UNIT, more).catch((error: { code?: string }) => {
      // Off duty, or never heard: dispatch says no, and that is that.
      expect(error.code).toMatch(/^blocked|needs-reason|unknown-unit$/);
    });
  }

  /** The steps that the crew's own statuses have moved, in their order. */
  #crewSteps() {
    return this.house.database
      .selectFrom('dispatch_audit')
      .innerJoin('assignments', 'assignments.id', 'dispatch_audit.assignment')
      .select(['dispatch_audit.action', 'assignments.reserved_at'])
      .where('dispatch_audit.actor', '=', UNIT)
      .where('dispatch_audit.action', 'not in', ['acknowledged', 'refused', 'word-asked'])
      .orderBy('dispatch_audit.id')
      .execute();
  }

  /** With a sound link at last: all that was said to the crew and is open is on its device. */
  async checkNothingForgotten(): Promise<void> {
    await this.do({ do: 'recover' });
    const open = await this.house.dispatch.words.open(UNIT);
    expect(open.filter(({ reachedAt }) => reachedAt === null)).toEqual([]);
  }

  /** Whatever was set: when it has reported for a while, it is what it says. */
  async checkNothingHidden(): Promise<void> {
    for (const status of ['off-duty', 'available']) {
      for (let count = 0; count < 6; count++) {
        await this.do({ do: 'pass', seconds: 5 });
        await this.say(status);
      }
      expect(this.house.dispatch.board.words.of(UNIT)?.status).toBe(status);
    }
  }

  async check(): Promise<void> {
    const { database, dispatch } = this.house;
    if (!this.#isStalled && !this.#wasSet && this.#journal.length > 0) {
      expect(dispatch.board.words.of(UNIT)?.status).toBe(this.#journal.at(-1)?.values['status']);
    }
    const rows = await database.selectFrom('assignments').selectAll().where('ended_at', 'is', null).execute();
    for (const row of rows) {
      expect(dispatch.board.lockOf(UNIT).assignment).toBe(row.id);
      expect(dispatch.board.index.has(UNIT)).toBe(false);
      if (!UNANSWERED.has(row.step)) continue;
      const words = await dispatch.words.ofAssignments([row.id]);
      expect(
        words.get(row.id)?.filter(({ kind, endedAt }) => kind === 'order' && endedAt === null),
      ).toHaveLength(1);
    }
  }
}

/** As validate.ts makes it of a message: a time that no clock can say is beside the time of receipt. */
function readingFrom({ ownMs, status }: Said, receivedAt: number): Reading {
  const values = { ...SCENE, status };
  const { serverTime, clockRefused } = QualityFlag;
  const kind = 'ambulance';
  if (ownMs === undefined)
    return readingOf(UNIT, receivedAt, values, { kind, receivedAt, quality: serverTime });
  if (ownMs <= receivedAt + 60_000) return readingOf(UNIT, ownMs, values, { kind, receivedAt });
  const beside = { kind, receivedAt, quality: serverTime | clockRefused };
  return readingOf(UNIT, receivedAt, { ...values, deviceClockMs: ownMs }, beside);
}

test('no step is earlier than its order, no unit is free while its order is unanswered, no order is forgotten, no word is hidden', async () => {
  await fc.assert(
    fc.asyncProperty(trackerClock, fc.array(deed, { minLength: 5, maxLength: 40 }), async (clock, deeds) => {
      const database = await openMemoryDatabase();
      const world = new World(database, clock);
      await world.open();
      for (const next of deeds) {
        await world.do(next);
        await world.check();
      }
      await world.checkNothingForgotten();
      await world.checkNothingHidden();
      await database.destroy();
    }),
    { numRuns: countRuns(40) },
  );
}, 120_000);
