import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MigrationError } from '../../../database/migrate.ts';
import { LEASE } from '../../../ownership/lease.ts';
import { HINDERED_YIELDS_MS, type StandByOptions, standBy } from '../../../ownership/stand-by.ts';
import { MemoryLeases } from '../../support/memory-lease.ts';

let leases: MemoryLeases;
let said: string[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  leases = new MemoryLeases();
  said = [];
});
afterEach(() => {
  vi.useRealTimers();
});

const options = (changed: Partial<StandByOptions> = {}): StandByOptions => ({
  lease: leases.of('second'),
  findUnfit: async () => undefined,
  monotonicNow: () => leases.nowMs,
  log: pino({ level: 'silent' }),
  ended: new AbortController().signal,
  onStandingBy: (sentence) => void said.push(sentence),
  ...changed,
});

async function pass(ms: number): Promise<void> {
  leases.nowMs += ms;
  await vi.advanceTimersByTimeAsync(ms);
}

test('a city without an owner is taken without a word', async () => {
  expect(await standBy(options())).toEqual({ epoch: 1, takenAtMs: 0 });
  expect(said).toEqual([]);
});

test('it says once who owns the city, and takes it when the lease is over', async () => {
  const first = leases.of('first');
  await first.take();
  const taking = standBy(options());
  await pass(LEASE.lastsMs - 1_000);
  await first.renew(1);
  await pass(LEASE.lastsMs - 1_000);
  expect(said).toEqual(['standby: first owns the city since 1970-01-01T00:00:00.000Z']);
  for (let s = 0; s < 3; s++) await pass(1_000);
  expect(await taking).toMatchObject({ epoch: 2 });
});

test('a database that is away at the start is an error, and one that goes away later is waited for', async () => {
  const away = async () => {
    throw new Error('connection refused');
  };
  await expect(standBy(options({ lease: { ...leases.of('second'), findOwner: away } }))).rejects.toThrow(
    'refused',
  );

  await leases.of('first').take();
  const lease = leases.of('second');
  let isAway = false;
  const taking = standBy(
    options({ lease: { ...lease, findOwner: () => (isAway ? away() : lease.findOwner()) } }),
  );
  await pass(0);
  isAway = true;
  for (let s = 0; s < 8; s++) await pass(1_000);
  expect(said.at(-1)).toContain('does not answer (connection refused)');
  isAway = false;
  await pass(1_000);
  expect(said.at(-1)).toContain('the owner of before goes first');
  expect(leases.epoch).toBe(1);
  for (let s = 0; s < LEASE.lastsMs / 1_000; s++) await pass(1_000);
  expect(await taking).toMatchObject({ epoch: 2 });
});

test('a database that was away for both finds its owner again: the standby lets it go first', async () => {
  const first = leases.of('first');
  await first.take();
  const lease = leases.of('second');
  let isAway = false;
  const findOwner = async () => {
    if (isAway) throw new Error('connection refused');
    return lease.findOwner();
  };
  const ending = new AbortController();
  const waiting = standBy(options({ lease: { ...lease, findOwner }, ended: ending.signal }));
  await pass(0);
  isAway = true;
  for (let s = 0; s < 2 * (LEASE.lastsMs / 1_000); s++) await pass(1_000);
  isAway = false;
  await pass(1_000);
  expect(await first.renew(1)).toBe(true);
  await pass(1_000);
  expect(said.at(-1)).toContain('first owns the city');
  const ended = expect(waiting).rejects.toThrow('SIGTERM');
  ending.abort(new Error('SIGTERM'));
  await pass(1_000);
  await ended;
});

test('a renewal that waits inside the database, for its own standby, is not overtaken', async () => {
  const first = leases.of('first');
  await first.take();
  const taking = standBy(options());
  leases.isRenewalWaiting = true;
  for (let s = 0; s < 3 * (LEASE.lastsMs / 1_000); s++) await pass(1_000);
  expect(said.at(-1)).toContain('the renewal of the owner waits');
  expect(leases.epoch).toBe(1);
  // It does not come back: its server has died meanwhile.
  leases.isRenewalWaiting = false;
  for (let s = 0; s < 2 + LEASE.lastsMs / 1_000; s++) await pass(1_000);
  expect(await taking).toMatchObject({ epoch: 2 });
});

test('it ends when the process is to end, and where this server is too old for the database', async () => {
  await leases.of('first').take();
  const ending = new AbortController();
  const waiting = standBy(options({ ended: ending.signal }));
  await pass(1_000);
  ending.abort(new Error('SIGTERM'));
  await expect(waiting).rejects.toThrow('SIGTERM');

  const tooOld = standBy(
    options({
      findUnfit: async () => new MigrationError('DATABASE_TOO_NEW', 'it is from a newer Siaga'),
    }),
  );
  const refusal = expect(tooOld).rejects.toThrow('newer Siaga');
  for (let s = 0; s < 8; s++) await pass(1_000);
  await refusal;
  expect(leases.epoch).toBe(1);
});

test('a database that answers with a refusal is said in its words', async () => {
  await leases.of('first').take();
  const lease = leases.of('second');
  const message = 'cannot execute INSERT in a read-only transaction';
  const take = () => Promise.reject(Object.assign(new Error(message), { severity: 'ERROR' }));
  const taking = standBy(options({ lease: { ...lease, take } }));
  taking.catch(() => undefined);
  for (let s = 0; s < LEASE.lastsMs / 1_000 + 1; s++) await pass(1_000);
  expect(said.at(-1)).toBe(`standby: the database that says who owns the city refuses: ${message}`);
});

test('a server that cannot write its journal leaves a free city to others first, and takes it where there is none', async () => {
  await leases.of('first').take();
  const taking = standBy(options({ lease: leases.of('second'), isHindered: () => true }));
  for (let s = 0; s <= LEASE.lastsMs / 1_000; s++) await pass(1_000);
  expect(said.at(-1)).toContain('another server goes first: this one cannot write its journal');
  expect(leases.epoch).toBe(1);
  for (let s = 0; s <= HINDERED_YIELDS_MS / 1_000; s++) await pass(1_000);
  expect(await taking).toMatchObject({ epoch: 2 });
});
