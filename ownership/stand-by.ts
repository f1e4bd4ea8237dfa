/**
 * standBy: waits until the city has no owner, and takes it.
 *
 * A standby writes nothing and migrates nothing: it looks once a second, and says on its API's port who owns the city
 * (standby-server.ts). It listens to no device, but to carry it to the owner (relay/). A database that does not answer
 * is waited for, once it has answered before; at the start it is an error, as an address may be wrong. When it was away
 * for both, as in a failover, the owner of before goes first: its devices stay, and an heir would begin with a start.
 * Invariant: it ends with an epoch of its own, or throws.
 */
import type { Logger } from 'pino';
import { LEASE, type Lease, type Owner } from './lease.ts';

/** Some looks of the others; where there is none that can, an owner that holds its devices is better than none. */
export const HINDERED_YIELDS_MS = 10_000;

const OWNER_FIRST = 'standby: the database answers again, and the owner of before goes first';
const OTHERS_FIRST =
  'standby: nobody owns the city, and another server goes first: this one cannot write its journal';

export interface StandByOptions {
  readonly lease: Lease;
  /** Asked before each try: why this server cannot work with the database, whoever owns the city. */
  readonly findUnfit: () => Promise<Error | undefined>;
  readonly monotonicNow: () => number;
  readonly log: Logger;
  /** Aborted where the process is to end; then `standBy` rejects with its reason. */
  readonly ended: AbortSignal;
  /** Called when it becomes a standby, and with each new sentence; the first is waited for. */
  readonly onStandingBy: (sentence: string) => Promise<void> | void;
  /**
   * Where it cannot do the owner's work now, as with a full disk: a city without an owner is left to others at first.
   */
  readonly isHindered?: () => boolean;
  /** Called after each look, with whether somebody owns the city; not where the database did not answer. */
  readonly onLook?: (isOwned: boolean) => Promise<void>;
}

export interface TakenCity {
  readonly epoch: number;
  /** By the monotonic clock, from before the lease was asked for. */
  readonly takenAtMs: number;
}

export async function standBy(options: StandByOptions): Promise<TakenCity> {
  const { lease, findUnfit, log, monotonicNow, ended, onStandingBy, onLook, isHindered } = options;
  let told: string | undefined;
  let wasAway = false;
  /** Until then a city without an owner is left to the one of before. */
  let yieldsUntilMs = Number.NEGATIVE_INFINITY;
  let wasOwned = false;
  /** What the database refuses though it answers: said until somebody owns the city. */
  let isRefused = false;
  const say = async (sentence: string, error?: unknown) => {
    if (sentence === told) return;
    told = sentence;
    await onStandingBy(sentence);
    if (error) log.warn({ err: error }, sentence);
    else log.info(sentence);
  };
  for (;;) {
    ended.throwIfAborted();
    let unfit: Error | undefined;
    try {
      const owner = await lease.findOwner();
      if (wasAway) yieldsUntilMs = monotonicNow() + LEASE.lastsMs;
      wasAway = false;
      if (wasOwned && !owner && isHindered?.()) yieldsUntilMs = monotonicNow() + HINDERED_YIELDS_MS;
      wasOwned = owner !== undefined;
      if (wasOwned) isRefused = false;
      await onLook?.(owner !== undefined);
      if (owner) await say(describeOwner(owner));
      else if (await lease.isBeingRenewed()) {
        wasAway = true;
        await say('standby: the renewal of the owner waits in the database');
      } else if (monotonicNow() < yieldsUntilMs) {
        if (!isRefused) await say(isHindered?.() ? OTHERS_FIRST : OWNER_FIRST);
      } else {
        unfit = await findUnfit();
        const takenAtMs = monotonicNow();
        const epoch = unfit ? undefined : await lease.take();
        if (epoch !== undefined) return { epoch, takenAtMs };
      }
    } catch (error) {
      if (told === undefined || isOfPort(error)) throw error;
      wasAway = true;
      isRefused = (error as { severity?: string }).severity !== undefined;
      await say(describeAway(error), error);
    }
    if (unfit) throw unfit;
    await pause(LEASE.lookEveryMs, ended);
  }
}

/** By the clock of the database; the same sentence in the log and in `/readyz`. */
function describeOwner({ holder, since }: Owner): string {
  return `standby: ${holder} owns the city since ${new Date(since).toISOString()}`;
}

/** With its words, where it has some: one that refuses, as a copy that is read-only or full of clients, does answer. */
function describeAway(error: unknown): string {
  const { message, severity } = error as Error & { severity?: string };
  const what = 'standby: the database that says who owns the city';
  return severity === undefined ? `${what} does not answer (${message})` : `${what} refuses: ${message}`;
}

/** The port to stand by on is taken, or not for this account: no waiting mends that. */
function isOfPort(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'MQTT_LISTEN' || code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL';
}

/** Resolves after this time, or when `signal` aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
