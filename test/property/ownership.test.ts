/**
 * Three servers, one city, and every order of what can befall them: slow questions, slow answers, answers that never
 * come, stops, clocks that run apart. At no moment do two of them hold themselves for the owner.
 */
import fc from 'fast-check';
import pino from 'pino';
import { Registry as Metrics } from 'prom-client';
import { expect, test } from 'vitest';
import { LEASE, type Lease } from '../../ownership/lease.ts';
import { Ownership } from '../../ownership/ownership.ts';
import { MemoryLeases } from '../support/memory-lease.ts';

const log = pino({ level: 'silent' });
const SERVERS = 3;
/** Of a server's clock against the database's: a hundred times what a bad quartz does. */
const MOST_DRIFT = 0.005;

type Step =
  | { readonly do: 'take' | 'ask' | 'answer' | 'lose-answer'; readonly server: number }
  | { readonly do: 'pass'; readonly ms: number };

const server = fc.nat({ max: SERVERS - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('take', 'ask', 'answer', 'lose-answer'), server }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.integer({ min: 1, max: 7_000 }) }) },
) as fc.Arbitrary<Step>;

/** One server: its clock, and a renewal whose answer may be long on its way. */
class Server {
  readonly #leases: MemoryLeases;
  readonly #lease: Lease;
  readonly #rate: number;
  #ownership: Ownership | undefined;
  #onWay: { renewing: Promise<void>; arrive: () => void } | undefined;
  isLost = false;

  constructor(leases: MemoryLeases, name: string, drift: number) {
    this.#leases = leases;
    this.#lease = leases.of(name);
    this.#rate = 1 + drift;
  }

  get isHeld(): boolean {
    return this.#ownership?.isHeld ?? false;
  }

  readonly #now = () => this.#leases.nowMs * this.#rate;

  async take(): Promise<void> {
    if (this.#ownership && !this.isLost) return;
    const takenAtMs = this.#now();
    const epoch = await this.#lease.take();
    if (epoch === undefined) return;
    this.isLost = false;
    this.#ownership = new Ownership({
      lease: { ...this.#lease, renew: (mine) => this.#renewSlowly(mine) },
      ...{ city: 'semarang', epoch, takenAtMs, log },
      monotonicNow: this.#now,
      metrics: new Metrics(),
      onLost: () => {
        this.isLost = true;
      },
    });
  }

  /** The database does it at once; its answer waits for `answer`. */
  async #renewSlowly(epoch: number): Promise<boolean> {
    const answer = await this.#lease.renew(epoch);
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    this.#arrive = (isLostOnWay) => (isLostOnWay ? reject(new Error('no answer')) : resolve(answer));
    return promise;
  }
  #arrive: ((isLostOnWay: boolean) => void) | undefined;

  async ask(): Promise<void> {
    if (!this.#ownership || this.isLost || this.#onWay) return;
    const renewing = this.#ownership.renew();
    this.#onWay = { renewing, arrive: () => undefined };
    // Until the question has reached the database.
    for (let turn = 0; turn < 4; turn++) await Promise.resolve();
  }

  async answer(isLostOnWay: boolean): Promise<void> {
    if (!this.#onWay) return;
    this.#arrive?.(isLostOnWay);
    await this.#onWay.renewing;
    this.#onWay = undefined;
  }
}

test('at no moment do two servers hold themselves for the owner, and epochs only grow', async () => {
  let held = 0;
  let handovers = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.array(fc.double({ min: -MOST_DRIFT, max: MOST_DRIFT, noNaN: true }), {
        minLength: SERVERS,
        maxLength: SERVERS,
      }),
      async (steps, drifts) => {
        const leases = new MemoryLeases();
        const servers = drifts.map((drift, index) => new Server(leases, `server-${index}`, drift));
        let epoch = 0;
        for (const each of steps) {
          if (each.do === 'pass') leases.nowMs += each.ms;
          else {
            const one = servers[each.server] as Server;
            if (each.do === 'take') await one.take();
            else if (each.do === 'ask') await one.ask();
            else await one.answer(each.do === 'lose-answer');
          }
          const owners = servers.filter(({ isHeld }) => isHeld).length;
          expect(owners).toBeLessThanOrEqual(1);
          expect(leases.epoch).toBeGreaterThanOrEqual(epoch);
          held += owners;
          if (leases.epoch > 1 && leases.epoch > epoch) handovers++;
          epoch = leases.epoch;
        }
      },
    ),
    { numRuns: 2_000 },
  );
  // The orders that were tried had owners, and heirs.
  expect(held).toBeGreaterThan(1_000);
  expect(handovers).toBeGreaterThan(100);
});

test('a renewal counts from before it was asked for, however late its answer comes', async () => {
  const leases = new MemoryLeases();
  const lease = leases.of('first');
  const epoch = (await lease.take()) as number;
  let lateMs = 0;
  const ownership = new Ownership({
    lease: {
      ...lease,
      async renew(mine) {
        const answer = await lease.renew(mine);
        leases.nowMs += lateMs;
        return answer;
      },
    },
    ...{ city: 'semarang', epoch, takenAtMs: 0, log, metrics: new Metrics(), onLost: () => undefined },
    monotonicNow: () => leases.nowMs,
  });
  lateMs = LEASE.lastsMs - LEASE.marginMs + 1;
  await ownership.renew();
  expect(ownership.isHeld).toBe(false);
  expect(ownership.problem).toContain('nothing is acknowledged');
  lateMs = 100;
  await ownership.renew();
  expect(ownership.isHeld).toBe(true);
});
