/**
 * The sessions in force, in memory: found by a cookie's secret, begun, ended.
 *
 * Between the authenticator and session-store.ts. All of them are known here, so that a cookie that is guessed never
 * reaches the database; they are read again every CACHE_MS, so that somebody who was removed past this process, on the
 * command line, is out after at most that. Invariants: the ends are counted by time that goes by, whatever the wall
 * clock is set to meanwhile, and the database is told what they are by the clock as it goes; what the database says
 * after a restart is bounded by IDLE_MS and AGE_MS; a session that is ended here is ended for the next call.
 */
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry as Metrics } from 'prom-client';
import type { Database } from '../../database/database.ts';
import { hashSecret } from './secrets.ts';
import {
  endStored,
  insertSession,
  isOf,
  MAX_SESSIONS_EACH,
  type NewSession,
  type Owner,
  readOpenSessions,
  type SessionEnd,
  type StoredSession,
  writeUse,
} from './session-store.ts';

const HOUR_MS = 3_600_000;
/** A day: a shift of 12 h, the way home, and the next shift. A page that is open is in use. */
export const IDLE_MS = 24 * HOUR_MS;
/** Thirty days: somebody asks for a link once a month, and a browser that was given away is shut out. */
export const AGE_MS = 30 * 24 * HOUR_MS;
const CACHE_MS = 10_000;
/** A write of every five minutes and session, not one a call. */
const USE_PRECISION_MS = 300_000;

/** What is in memory of a session; times of `…Mono` are ms that go by, never set. */
interface Known extends StoredSession {
  name: string;
  role: StoredSession['role'];
  usedMono: number;
  writtenMono: number;
  readonly endsMono: number;
}

export interface Ending {
  readonly why: SessionEnd;
  readonly actor: string;
}

export interface SessionsDependencies {
  readonly database: Database;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
  readonly monotonicNow: () => number;
  /** Called with those that have ended: their streams end too. */
  readonly onEnded: (ids: readonly number[]) => void;
}

export class Sessions {
  readonly #dependencies: SessionsDependencies;
  readonly #ended: Counter<'why'>;
  #known = new Map<string, Known>();
  #readMono = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  /** Of names and roles, here. */
  #changes = 0;
  /** Ended here, as long as the database may still call them open; by their number. */
  readonly #endings = new Map<number, Ending>();

  constructor(dependencies: SessionsDependencies) {
    this.#dependencies = dependencies;
    const registers = [dependencies.metrics];
    this.#ended = new Counter({
      name: 'siaga_sessions_ended_total',
      help: 'Sessions that ended: signed out, ended by an admin or on all devices, removed person or token, idle, age, bound of one person.',
      labelNames: ['why'],
      registers,
    });
    const count = () => this.#known.size;
    new Gauge({
      name: 'siaga_sessions',
      help: 'Browsers that are signed in.',
      registers,
      collect() {
        this.set(count());
      },
    });
  }

  /** Undefined where no session in force has this secret. Notes that it was used. */
  async find(secret: string): Promise<StoredSession | undefined> {
    await this.#readWhenOld();
    const known = this.#known.get(hashSecret(secret));
    if (!known) return undefined;
    await this.#endExpired([known]);
    if (!this.#known.has(known.hash)) return undefined;
    await this.#noteUse(known);
    return this.#format(known);
  }

  /** The oldest first. */
  async list(): Promise<StoredSession[]> {
    await this.#readWhenOld();
    await this.#endExpired([...this.#known.values()]);
    return [...this.#known.values()].map((known) => this.#format(known)).sort((a, b) => a.id - b.id);
  }

  /** `mayBegin` is asked in the transaction that begins it; undefined where it may not. */
  async begin(
    wanted: Omit<NewSession, 'expiresAt'> & { readonly until?: number },
    mayBegin: (transaction: Database) => Promise<boolean> = async () => true,
  ): Promise<{ readonly session: StoredSession; readonly secret: string } | undefined> {
    const { database, now, monotonicNow } = this.#dependencies;
    const nowMs = now();
    const { until = Number.POSITIVE_INFINITY, ...rest } = wanted;
    const expiresAt = Math.min(nowMs + AGE_MS, until);
    const begun = await insertSession(database, { ...rest, expiresAt }, nowMs, mayBegin);
    if (!begun) return undefined;
    const mono = monotonicNow();
    const { session } = begun;
    this.#known.set(session.hash, {
      ...session,
      ...{ usedMono: mono, writtenMono: mono, endsMono: mono + expiresAt - nowMs },
    });
    await this.#keepBound(session.owner);
    return begun;
  }

  /** Ends those that are like this; returns them. */
  async end(
    isOne: (session: StoredSession) => boolean,
    { why, actor }: Ending,
  ): Promise<readonly StoredSession[]> {
    const ending = [...this.#known.values()].filter(isOne);
    if (ending.length === 0) return [];
    // For the next call they are gone, also where the database cannot be told.
    this.#forget(ending, { why, actor });
    await endStored(this.#dependencies.database, ending, { why, actor, nowMs: this.#dependencies.now() });
    return ending;
  }

  /** What the owner is called and may do from the next call on; live streams end, to begin anew by the new role. */
  follow(owner: Owner, { name, role }: Pick<StoredSession, 'name' | 'role'>): void {
    this.#changes++;
    const changed = [...this.#known.values()].filter((known) => isOf(known, owner));
    for (const known of changed) Object.assign(known, { name, role });
    this.#dependencies.onEnded(changed.map(({ id }) => id));
  }

  #forget(forgotten: readonly Known[], ending: Ending): void {
    for (const { hash, id } of forgotten) {
      this.#known.delete(hash);
      this.#endings.set(id, ending);
    }
    this.#ended.inc({ why: ending.why }, forgotten.length);
    this.#dependencies.onEnded(forgotten.map(({ id }) => id));
  }

  /** One more of the same owner ends the one that was used longest ago. */
  async #keepBound(owner: Owner): Promise<void> {
    const ofOwner = [...this.#known.values()].filter((known) => isOf(known, owner));
    const beyond = ofOwner.sort((a, b) => b.usedMono - a.usedMono || b.id - a.id).slice(MAX_SESSIONS_EACH);
    const ids = new Set(beyond.map(({ id }) => id));
    await this.end(({ id }) => ids.has(id), { why: 'bound', actor: 'siaga' });
  }

  async #endExpired(among: readonly Known[]): Promise<void> {
    const mono = this.#dependencies.monotonicNow();
    const old = new Set(among.filter(({ endsMono }) => endsMono <= mono));
    const idle = new Set(among.filter((each) => !old.has(each) && each.usedMono + IDLE_MS <= mono));
    const siaga = { actor: 'siaga' };
    // Nobody waits for a full disk: they are gone from memory, and found ended again after a restart.
    const warn = (error: unknown) =>
      this.#dependencies.log.warn({ err: error }, 'cannot write ends of sessions');
    await this.end((each) => old.has(each as Known), { why: 'age', ...siaga }).catch(warn);
    await this.end((each) => idle.has(each as Known), { why: 'idle', ...siaga }).catch(warn);
  }

  async #noteUse(known: Known): Promise<void> {
    const { database, log, monotonicNow } = this.#dependencies;
    known.usedMono = monotonicNow();
    if (known.usedMono - known.writtenMono < USE_PRECISION_MS) return;
    known.writtenMono = known.usedMono;
    // A full disk must not lock people out of seeing that it is full.
    await writeUse(database, known.id, this.#format(known)).catch((error: unknown) =>
      log.warn({ err: error, user: known.name }, 'cannot write when a session was last used'),
    );
  }

  /** With its times by the wall clock as it goes now. */
  #format(known: Known): StoredSession {
    const { now, monotonicNow } = this.#dependencies;
    const offsetMs = now() - monotonicNow();
    const { usedMono, writtenMono: _, endsMono, ...session } = known;
    return { ...session, usedAt: offsetMs + usedMono, expiresAt: offsetMs + endsMono };
  }

  async #readWhenOld(): Promise<void> {
    if (this.#dependencies.monotonicNow() - this.#readMono < CACHE_MS) return;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  async #read(): Promise<void> {
    const { database, monotonicNow } = this.#dependencies;
    const beganMono = monotonicNow();
    const before = new Set(this.#known.keys());
    const endedBefore = new Map(this.#endings);
    const changesBefore = this.#changes;
    const stored = await readOpenSessions(database);
    const hashes = new Set(stored.map(({ hash }) => hash));
    // Those that began while they were read are not among them.
    const gone = [...this.#known.values()].filter(({ hash }) => before.has(hash) && !hashes.has(hash));
    if (gone.length > 0) this.#forget(gone, { why: 'removed', actor: 'siaga' });
    // What was read before a change here is older than it.
    const isNewest = changesBefore === this.#changes;
    for (const session of stored) {
      const known = this.#known.get(session.hash);
      if (known) {
        const isOther = known.name !== session.name || known.role !== session.role;
        if (isOther && isNewest) this.follow(session.owner, session);
      } else if (!this.#endings.has(session.id)) this.#known.set(session.hash, this.#meet(session));
    }
    this.#readMono = beganMono;
    await this.#endAgain(stored, endedBefore);
  }

  /** What the database could not be told when it ended; else a restart would bring it back. */
  async #endAgain(stored: readonly StoredSession[], endings: ReadonlyMap<number, Ending>): Promise<void> {
    const { database, log, now } = this.#dependencies;
    const storedById = new Map(stored.map((session) => [session.id, session]));
    for (const [id, ending] of endings) {
      const session = storedById.get(id);
      if (!session) this.#endings.delete(id);
      else
        await endStored(database, [session], { ...ending, nowMs: now() }).catch((error: unknown) =>
          log.warn({ err: error, session: id }, 'cannot write the end of a session'),
        );
    }
  }

  /** One that the database tells of: what is left to it by the wall clock, and never more than a new one has. */
  #meet(session: StoredSession): Known {
    const { now, monotonicNow } = this.#dependencies;
    const mono = monotonicNow();
    const idleMs = Math.max(0, now() - session.usedAt);
    const leftMs = Math.min(AGE_MS, session.expiresAt - now());
    return { ...session, usedMono: mono - idleMs, writtenMono: mono - idleMs, endsMono: mono + leftMs };
  }
}
