/**
 * The outbox: notices written in the transaction of their alert, sent after the commit, tried again.
 *
 * At least once with an idempotency key: a crash between sending and noting it sends again, never less.
 * Invariants: machines get the revisions of one channel in order, so a failure stops that channel; people's
 * channels send the worst first, at a bounded rate; a table says when to try again and when to give up.
 */

import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Counter, Gauge } from 'prom-client';
import { isDue } from '../../clock/due.ts';
import type { Database } from '../../database/database.ts';
import type { Tables } from '../../database/tables.ts';
import { type Channel, type Notice, type NoticeBody, NoticeRefused } from './channel.ts';
import { ChannelHealth } from './channel-health.ts';
import type { NoticeDraft } from './plan.ts';
import { RateBound } from './rate-bound.ts';

/** Wait before attempt 2, 3, …, ms, before jitter; the last one repeats. */
const RETRY_MS = [1_000, 5_000, 15_000, 60_000, 300_000, 900_000] as const;
const LONGEST_RETRY_MS = 900_000;
/** A notice that nobody took for a day is news no more; a clock that jumps by a day alone does not end it. */
export const GIVE_UP_AFTER_MS = 24 * 3_600_000;
/** Notices read in one go. */
const BATCH = 200;
/** Waiting notices of one channel; beyond it the oldest of the lowest urgency are dropped, and counted. */
export const MAX_WAITING = 10_000;
/** One attempt may take this long, ms. */
const ATTEMPT_TIMEOUT_MS = 15_000;
/** How long done notices are kept for explanations, ms. */
const KEEP_DONE_MS = 90 * 24 * 3_600_000;

export interface OutboxOptions {
  readonly database: Database;
  readonly channels: readonly Channel[];
  readonly perMinute: number;
  readonly now: () => number;
  readonly monotonicNow: () => number;
  readonly random: () => number;
  readonly log: Logger;
  readonly sent: Counter<'channel' | 'outcome'>;
  readonly waiting: Gauge<'channel'>;
}

export class Outbox implements AsyncDisposable {
  readonly #options: OutboxOptions;
  readonly #abort = new AbortController();
  /** One send loop a channel at a time; a kick during it makes it look again. */
  readonly #running = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  readonly #rate: RateBound;
  readonly #health = new ChannelHealth();

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#rate = new RateBound(options.perMinute, options.monotonicNow);
  }

  get problem(): string | undefined {
    return this.#health.problem;
  }

  /** Writes drafts in the caller's transaction. A key that is there already is left alone. */
  async write(transaction: Kysely<Tables>, drafts: readonly NoticeDraft[], nowMs: number): Promise<void> {
    for (let from = 0; from < drafts.length; from += BATCH) {
      const rows = drafts.slice(from, from + BATCH).map((draft) => ({
        key: draft.key,
        channel: draft.channel,
        alert: draft.alert,
        revision: draft.revision,
        urgency: draft.urgency,
        body: JSON.stringify(draft.body),
        state: 'waiting',
        attempts: 0,
        next_at: draft.notBefore,
        created_at: nowMs,
        done_at: null,
        outcome: null,
      }));
      await transaction
        .insertInto('notices')
        .values(rows)
        .onConflict((conflict) => conflict.column('key').doNothing())
        .execute();
    }
  }

  /** Looks for due notices now. Resolves when every channel has nothing more to do. */
  async kick(): Promise<void> {
    await Promise.all(this.#options.channels.map((channel) => this.#kickChannel(channel)));
  }

  #kickChannel(channel: Channel): Promise<void> {
    const running = this.#running.get(channel.name);
    if (running) {
      this.#again.add(channel.name);
      return running;
    }
    const run = this.#drain(channel)
      .catch((error: unknown) => {
        this.#options.log.error({ err: error, channel: channel.name }, 'outbox: cannot read or note notices');
      })
      .finally(() => this.#running.delete(channel.name));
    this.#running.set(channel.name, run);
    return run;
  }

  async #drain(channel: Channel): Promise<void> {
    let more = true;
    while (more && !this.#abort.signal.aborted) {
      this.#again.delete(channel.name);
      const sent = await this.#sendDue(channel);
      more = sent === BATCH || this.#again.has(channel.name);
    }
  }

  /** Sends what is due, up to a batch. Returns how many went; 0 too when the channel must wait. */
  async #sendDue(channel: Channel): Promise<number> {
    const { database, now } = this.#options;
    const limit = channel.audience === 'machine' ? BATCH : Math.min(BATCH, this.#rate.left(channel.name));
    if (limit === 0) return 0;
    const people = channel.audience === 'people';
    let query = database
      .selectFrom('notices')
      .selectAll()
      .where('channel', '=', channel.name)
      .where('state', '=', 'waiting');
    // A machine's channel keeps its order: the head decides, due or not.
    if (people) {
      const nowMs = now();
      query = query
        .where(({ eb, or }) => or([eb('next_at', '<=', nowMs), eb('next_at', '>', nowMs + LONGEST_RETRY_MS)]))
        .orderBy('urgency', 'desc');
    }
    const rows = await query.orderBy('id').limit(limit).execute();
    let done = 0;
    const taken: number[] = [];
    for (const row of rows) {
      if (this.#abort.signal.aborted || !isDue(Number(row.next_at), now(), LONGEST_RETRY_MS)) break;
      const notice: Notice = {
        id: Number(row.id),
        key: row.key,
        channel: channel.name,
        createdAt: Number(row.created_at),
        // A row that version 0.1.0 left waiting speaks for itself alone.
        body: { also: [], ...(JSON.parse(row.body) as object) } as unknown as NoticeBody,
      };
      if (people) this.#rate.spend(channel.name);
      const outcome = await this.#attempt(channel, notice, row.attempts + 1);
      if (outcome === 'sent') taken.push(notice.id);
      if (outcome === 'later' && !people) break;
      done++;
    }
    await this.#noteSent(taken);
    return done;
  }

  /** One attempt. A failure is noted on disk at once; what was sent, with the rest of its batch. */
  async #attempt(channel: Channel, notice: Notice, attempts: number): Promise<'sent' | 'over' | 'later'> {
    const { now, random, log, sent } = this.#options;
    try {
      const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]);
      await channel.send(notice, signal);
    } catch (error) {
      if (this.#abort.signal.aborted) return 'later';
      const { message } = error as Error;
      const isRefused = error instanceof NoticeRefused;
      const isOld = now() - notice.createdAt > GIVE_UP_AFTER_MS && attempts > RETRY_MS.length;
      const over = isRefused || isOld;
      sent.inc({ channel: channel.name, outcome: over ? 'failed' : 'retried' });
      if (attempts === 1 || over) {
        log.warn(
          { channel: channel.name, alert: notice.body.alert.id, attempts, over },
          `notice: ${message}`,
        );
      }
      if (isRefused) this.#health.noteRefused(channel.name, message);
      else if (!channel.isAddressedByStrangers) this.#health.noteFailed(channel.name, message);
      const retryMs = RETRY_MS[Math.min(attempts, RETRY_MS.length) - 1] as number;
      await this.#note(
        notice.id,
        attempts,
        over ? 'failed' : 'waiting',
        message,
        now() + retryMs * (0.5 + random() / 2),
      );
      return over ? 'over' : 'later';
    }
    sent.inc({ channel: channel.name, outcome: 'sent' });
    this.#health.noteTaken(channel.name);
    return 'sent';
  }

  /** One statement for a batch: an fsync each would make a storm wait for the disk. */
  async #noteSent(ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    const { database, now } = this.#options;
    await database
      .updateTable('notices')
      .set(({ eb, ref }) => ({
        state: 'sent',
        outcome: 'taken',
        attempts: eb(ref('attempts'), '+', 1),
        done_at: now(),
      }))
      .where('id', 'in', ids)
      .execute();
  }

  async #note(id: number, attempts: number, state: string, outcome: string, nextAt: number): Promise<void> {
    const { database, now } = this.#options;
    await database
      .updateTable('notices')
      .set({
        attempts,
        state,
        outcome: outcome.slice(0, 500),
        next_at: Math.round(nextAt),
        done_at: state === 'waiting' ? null : now(),
      })
      .where('id', '=', id)
      .execute();
  }

  /** Once a minute: counts what waits, drops beyond the bound, forgets what is long done. */
  async tidy(): Promise<void> {
    const { database, now, waiting, sent, log } = this.#options;
    await database
      .deleteFrom('notices')
      .where('state', '!=', 'waiting')
      .where('done_at', '<', now() - KEEP_DONE_MS)
      .execute();
    const counts = await database
      .selectFrom('notices')
      .select(({ fn }) => ['channel', fn.countAll<number>().as('count')])
      .where('state', '=', 'waiting')
      .groupBy('channel')
      .execute();
    for (const { name } of this.#options.channels) {
      const count = Number(counts.find(({ channel }) => channel === name)?.count ?? 0);
      waiting.set({ channel: name }, count);
      const excess = count - MAX_WAITING;
      if (excess <= 0) continue;
      const of = database.selectFrom('notices').where('channel', '=', name).where('state', '=', 'waiting');
      const rows = await of.select('id').orderBy('urgency').orderBy('id').limit(excess).execute();
      for (const { id } of rows) await this.#note(Number(id), 0, 'dropped', 'too many waited', now());
      sent.inc({ channel: name, outcome: 'dropped' }, rows.length);
      log.warn(
        { channel: name, dropped: rows.length },
        'notices: too many waited, the least urgent were dropped',
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running.values());
  }
}
