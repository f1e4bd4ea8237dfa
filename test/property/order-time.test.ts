/**
 * Orders, changes, cancellations, answers, restarts, and statuses that links hold back, in any order and by clocks
 * that are off: no step is earlier than its order, no unit is free while its order is unanswered, no order is
 * forgotten.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Database, openDatabase } from '../../database/database.ts';
import { AMBULANCE_STATUSES } from '../../devices/kinds/ambulance.ts';
import { QualityFlag } from '../../devices/reading.ts';
import { type DispatchHouse, openDispatchHouse, SCENE, START_MS } from '../support/dispatch-house.ts';

const UNIT = 'u2';
const UNANSWERED = new Set(['reserved', 'dispatched']);

type Deed =
  | { readonly do: 'say'; readonly status: (typeof AMBULANCE_STATUSES)[number] }
  | { readonly do: 'pass'; readonly seconds: number }
  | { readonly do: 'assign' | 'change' | 'cancel' | 'accept' | 'stall' | 'recover' | 'restart' };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('say'), status: fc.constantFrom(...AMBULANCE_STATUSES) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('pass'), seconds: fc.integer({ min: 1, max: 20 }) }) },
  {
    weight: 8,
    arbitrary: fc
      .constantFrom('assign', 'assign', 'change', 'cancel', 'accept', 'stall', 'recover', 'restart')
      .map((name) => ({ do: name })),
  },
) as fc.Arbitrary<Deed>;

/** Ahead of ours, ms; undefined: the tracker sends no time. */
const clockOffset = fc.constantFrom(0, 0, 700, 20_000, -20_000, -7 * 3_600_000, undefined);

interface Said {
  /** The true time. */
  readonly atMs: number;
  readonly status: string;
}

class World {
  readonly #database: Database;
  readonly #offsetMs: number | undefined;
  readonly #clock = { ms: START_MS };
  /** What the tracker has said and the link has not carried. */
  #held: Said[] = [];
  #isStalled = false;
  #last: (Said & { receivedAt: number }) | undefined;
  #house: DispatchHouse | undefined;

  constructor(database: Database, offsetMs: number | undefined) {
    this.#database = database;
    this.#offsetMs = offsetMs;
  }

  get house(): DispatchHouse {
    return this.#house as DispatchHouse;
  }

  async open(): Promise<void> {
    const last = this.#last;
    const present = last && {
      device: UNIT,
      values: { ...SCENE, status: last.status },
      ...this.#timesOf(last),
    };
    const options = { database: this.#database, clock: this.#clock, units: 2, silent: true };
    const disconnected = this.#isStalled;
    this.#house = await openDispatchHouse({
      ...options,
      disconnected,
      ...(present ? { present: [present] } : {}),
    });
  }

  async do(next: Deed): Promise<void> {
    const { dispatch } = this.house;
    const open = dispatch.assignments.open.get(UNIT);
    switch (next.do) {
      case 'pass':
        return this.house.pass(next.seconds);
      case 'say':
        this.#clock.ms += 50;
        this.#held.push({ atMs: this.#clock.ms, status: next.status });
        return this.#deliver();
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

  /** One status after the other, each checked: a step that it moved must be later than its order. */
  async #deliver(): Promise<void> {
    while (!this.#isStalled && this.#held.length > 0) {
      const word = this.#held.shift() as Said;
      const { measuredAt, quality } = this.#timesOf({ ...word, receivedAt: this.#clock.ms });
      const before = await this.#crewSteps();
      await this.house.say(UNIT, { ...SCENE, status: word.status }, measuredAt, quality);
      this.#last = { ...word, receivedAt: this.#clock.ms };
      for (const { reserved_at, action } of (await this.#crewSteps()).slice(before.length)) {
        expect(word.atMs, `${word.status} → ${action}`).toBeGreaterThanOrEqual(reserved_at);
      }
    }
  }

  #timesOf({ atMs, receivedAt }: { atMs: number; receivedAt: number }) {
    return this.#offsetMs === undefined
      ? { measuredAt: receivedAt, quality: QualityFlag.serverTime }
      : { measuredAt: atMs + this.#offsetMs, quality: 0 };
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

  async check(): Promise<void> {
    const { database, dispatch } = this.house;
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

test('no step is earlier than its order, no unit is free while its order is unanswered, no order is forgotten', async () => {
  await fc.assert(
    fc.asyncProperty(
      clockOffset,
      fc.array(deed, { minLength: 5, maxLength: 40 }),
      async (offsetMs, deeds) => {
        const database = await openDatabase({ DATABASE_URL: undefined, SIAGA_DATA_DIR: '' }, ':memory:');
        const world = new World(database, offsetMs);
        await world.open();
        for (const next of deeds) {
          await world.do(next);
          await world.check();
        }
        await world.checkNothingForgotten();
        await database.destroy();
      },
    ),
    { numRuns: 25 },
  );
}, 120_000);
