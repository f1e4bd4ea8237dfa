/**
 * The fence on a real PostgreSQL, in every order of what three servers may do: take the city, begin a transaction and
 * leave it open, write, commit, write without a transaction, let the lease run out, renew, lose the connection.
 *
 * Needs PostgreSQL and is skipped where it is not installed; with CI=true that is a failure.
 */
import fc from 'fast-check';
import type { ControlledTransaction } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectPostgres, type Database, openDatabase } from '../../database/database.ts';
import { OwnershipLostError } from '../../database/fenced-dialect.ts';
import type { Tables } from '../../database/tables.ts';
import { createLease, LEASE, type Lease } from '../../ownership/lease.ts';
import { hasPostgres, startPostgres } from '../support/postgres.ts';

if (!hasPostgres) console.warn('skipped: PostgreSQL (initdb, postgres) is not installed');

const CITY = 'semarang';
const SERVERS = 3;
/** Whoever waits for a lock gives up soon: a take that a transaction keeps out is told so, and tries again. */
const PATIENT = { connectMs: 60_000, statementMs: 60_000, silenceMs: 70_000, idleInTransactionMs: 60_000 };
/** Every take that is kept out waits for its end; on a busy machine much longer. */
const LIMIT_MS = 300_000;
const IMPATIENT = { ...PATIENT, statementMs: 250 };

type Deed = 'take' | 'begin' | 'write' | 'commit' | 'write-alone' | 'expire' | 'renew' | 'roll-back';
const deeds: fc.Arbitrary<{ deed: Deed; server: number }> = fc.record({
  deed: fc.oneof(
    { weight: 3, arbitrary: fc.constant<Deed>('take') },
    { weight: 2, arbitrary: fc.constant<Deed>('expire') },
    {
      weight: 6,
      arbitrary: fc.constantFrom<Deed>('begin', 'write', 'commit', 'write-alone', 'renew', 'roll-back'),
    },
  ),
  server: fc.nat({ max: SERVERS - 1 }),
});

class Server {
  readonly lease: Lease;
  readonly #url: string;
  readonly #control: Database;
  readonly #impatient: Database;
  readonly #taking: Lease;
  #database: Database | undefined;
  #open: ControlledTransaction<Tables> | undefined;
  #rows = 0;
  epoch = 0;
  fenced = 0;

  constructor(url: string, name: string) {
    this.#url = url;
    const self = { holder: name, folder: name, boot: 'one' };
    this.#control = connectPostgres(url, PATIENT, undefined, 1);
    this.#impatient = connectPostgres(url, IMPATIENT, undefined, 1);
    this.lease = createLease(this.#control, CITY, self);
    this.#taking = createLease(this.#impatient, CITY, self);
  }

  /** False where it did not become the owner: somebody is, or a transaction of the last one keeps it out. */
  async take(): Promise<boolean> {
    if (await this.lease.findOwner()) return false;
    const epoch = await this.#taking.take().catch((error: { code?: string }) => {
      expect(error.code).toBe('57014');
      return undefined;
    });
    if (epoch === undefined) return false;
    await this.#close();
    this.epoch = epoch;
    const onFenced = () => void this.fenced++;
    this.#database = connectPostgres(this.#url, PATIENT, { city: CITY, epoch, onFenced }, 2);
    return true;
  }

  get hasOpen(): boolean {
    return this.#open !== undefined;
  }

  get isAble(): boolean {
    return this.#database !== undefined;
  }

  async begin(): Promise<void> {
    this.#rows = 0;
    this.#open = await this.#database?.startTransaction().execute();
  }

  async write(): Promise<void> {
    await insert(this.#open as ControlledTransaction<Tables>, this.epoch);
    this.#rows++;
  }

  /** Returns how many rows it has written. */
  async commit(): Promise<number> {
    const open = this.#open;
    this.#open = undefined;
    await open?.commit().execute();
    return this.#rows;
  }

  async rollBack(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.rollback().execute();
  }

  async writeAlone(): Promise<void> {
    await insert(this.#database as Database, this.epoch);
  }

  async #close(): Promise<void> {
    await this.rollBack();
    await this.#database?.destroy();
    this.#database = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    await this.#control.destroy();
    await this.#impatient.destroy();
  }
}

const insert = (database: Pick<Database, 'insertInto'>, epoch: number) =>
  database.insertInto('journal_ends').values({ found_at: epoch, last_id: epoch }).execute();

describe.skipIf(!hasPostgres)('the fence on PostgreSQL', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  let observer: Database;
  beforeAll(async () => {
    postgres = await startPostgres();
    observer = await openDatabase({ DATABASE_URL: postgres.url, SIAGA_DATA_DIR: '.' });
  });
  afterAll(async () => {
    await observer?.destroy();
    await postgres?.[Symbol.asyncDispose]();
  });

  test(
    'nothing of an epoch is written after the next has begun, and the owner of now is never kept out',
    async () => {
      const seen = { written: 0, fenced: 0, keptOut: 0, epochs: 0 };
      const run = async (steps: readonly { deed: Deed; server: number }[]) => {
        await observer.deleteFrom('owners').execute();
        await observer.deleteFrom('journal_ends').execute();
        await using stack = new AsyncDisposableStack();
        const servers = Array.from({ length: SERVERS }, (_, index) =>
          stack.use(new Server(postgres.url, `server-${index}`)),
        );
        let epoch = 0;
        let committed = 0;
        for (const { deed, server } of steps) {
          const one = servers[server] as Server;
          const isOwner = one.epoch === epoch && epoch > 0;
          const other = servers.find((each) => each.hasOpen && each.epoch === epoch);
          // Only an owner's writes succeed; everybody else's are refused, and say why.
          const attempt = async (work: () => Promise<void>, rows: number) => {
            const failure = await work().then(
              () => undefined,
              (error: unknown) => error,
            );
            if (isOwner) expect(failure).toBeUndefined();
            else {
              expect(failure).toBeInstanceOf(OwnershipLostError);
              seen.fenced++;
            }
            if (failure === undefined) committed += rows;
          };
          if (deed === 'expire') await observer.updateTable('owners').set({ until: 0 }).execute();
          else if (deed === 'take') {
            const isTaken = await one.take();
            if (isTaken) {
              // Nobody's transaction of the epoch before is open any more; its own it has closed.
              expect(other === undefined || other === one).toBe(true);
              expect(one.epoch).toBe(epoch + 1);
              epoch = one.epoch;
              seen.epochs++;
            } else if (other) seen.keptOut++;
          } else if (deed === 'renew') {
            if (one.isAble) expect(await one.lease.renew(one.epoch)).toBe(isOwner);
          } else if (deed === 'begin') {
            if (one.isAble && !one.hasOpen) await attempt(() => one.begin(), 0);
          } else if (deed === 'write-alone') {
            if (one.isAble) await attempt(() => one.writeAlone(), 1);
          } else if (deed === 'roll-back') await one.rollBack();
          else if (one.hasOpen) {
            // Open is what was begun in the epoch of now: a take waits for it.
            expect(one.epoch).toBe(epoch);
            if (deed === 'write') await one.write();
            else committed += await one.commit();
          }
          const { n } = await observer
            .selectFrom('journal_ends')
            .select(({ fn }) => fn.countAll<number>().as('n'))
            .executeTakeFirstOrThrow();
          expect(Number(n)).toBe(committed);
        }
        seen.written += committed;
      };
      await fc.assert(fc.asyncProperty(fc.array(deeds, { minLength: 20, maxLength: 60 }), run), {
        numRuns: 30,
      });
      console.log('tried:', seen);
      for (const often of Object.values(seen)) expect(often).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );

  test('a renewal waits for no transaction of its own city', async () => {
    await observer.deleteFrom('owners').execute();
    await using one = new Server(postgres.url, 'one');
    await one.take();
    await one.begin();
    expect(await one.lease.renew(one.epoch)).toBe(true);
    await one.write();
    expect(await one.lease.renew(one.epoch)).toBe(true);
    await one.commit();
  });

  test('a server whose folder and run of the machine are those of the last owner takes over at once, any other waits', async () => {
    await observer.deleteFrom('owners').execute();
    const of = (holder: string, folder: string, boot: string) =>
      createLease(observer, CITY, { holder, folder, boot });
    expect(await of('a', 'f', 'b').take()).toBe(1);
    for (const other of [of('b', 'g', 'b'), of('b', 'f', 'c')]) {
      expect(await other.findOwner()).toMatchObject({ holder: 'a' });
      expect(await other.take()).toBeUndefined();
    }
    expect(await of('c', 'f', 'b').findOwner()).toBeUndefined();
    expect(await of('c', 'f', 'b').take()).toBe(2);
    await of('c', 'f', 'b').release(2);
    expect(await of('b', 'g', 'b').take()).toBe(3);
    const { since, until } = await observer.selectFrom('owners').selectAll().executeTakeFirstOrThrow();
    expect(Number(until) - Number(since)).toBe(LEASE.lastsMs);
  });
});
