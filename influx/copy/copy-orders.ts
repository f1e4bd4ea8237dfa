/**
 * keepWorkingOrders: does what was asked for the copy in InfluxDB, one order after the other.
 *
 * `npm run influx` and the nightly comparison write orders into the state database; here they are done while the
 * copy runs: `verify` compares with history, names differences and mends them; `rewrite` writes a range again;
 * `replay` tries what was set aside. Invariants: an order is done once, also over a restart, and says what it came
 * to; while InfluxDB does not answer it waits.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../database/database.ts';
import { describeError } from '../server/influx-error.ts';
import {
  type CompareOptions,
  compareCopy,
  DAY_MS,
  type Difference,
  formatDifference,
  rangesOf,
} from './compare-copy.ts';
import type { CopyHealth } from './copy-health.ts';
import { type DeliveryTools, replaySetAside } from './deliver-lines.ts';
import type { RewriteRange } from './rewrite-range.ts';

export type OrderAction = 'verify' | 'rewrite' | 'replay';

export interface Order {
  readonly id: number;
  readonly action: OrderAction;
  readonly fromMs: number;
  readonly toMs: number;
  readonly position: number | undefined;
}

export interface CopyOrdersOptions {
  readonly database: Database;
  readonly compare: CompareOptions;
  readonly rewrite: (range: RewriteRange) => Promise<number>;
  readonly delivery: DeliveryTools;
  readonly health: CopyHealth;
  /** The first day that InfluxDB can be asked about, epoch ms. */
  readonly earliestMs: () => number;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly pollMs?: number;
}

const POLL_MS = 2_000;
const RETRY_MS = 30_000;
/** What the night compares; where something is missing, as many days before are looked at as well, and so on. */
const NIGHTLY_DAYS = 30;
/** Orders that are done stay to be read for a while. */
const KEPT_MS = 30 * DAY_MS;
const MAX_NAMED = 20;

/** Writes an order; the id is for who waits. One of the same kind that nobody has begun is enough. */
export async function placeOrder(
  database: Database,
  { action, fromMs, toMs, now }: { action: OrderAction; fromMs: number; toMs: number; now: number },
): Promise<number> {
  const same = await database
    .selectFrom('influx_orders')
    .select('id')
    .where('action', '=', action)
    .where('from_ms', '=', fromMs)
    .where('to_ms', '=', toMs)
    .where('done_at', 'is', null)
    .executeTakeFirst();
  if (same) return Number(same.id);
  const row = await database
    .insertInto('influx_orders')
    .values({ action, from_ms: fromMs, to_ms: toMs, asked_at: now })
    .returning('id')
    .executeTakeFirstOrThrow();
  return Number(row.id);
}

/** The days that a comparison takes where nobody names them: [from, to), whole days of UTC, today among them. */
export function recentDays(nowMs: number): { fromMs: number; toMs: number } {
  const toMs = (Math.floor(nowMs / DAY_MS) + 1) * DAY_MS;
  return { fromMs: toMs - NIGHTLY_DAYS * DAY_MS, toMs };
}

/** Runs until the signal aborts; never throws. */
export async function keepWorkingOrders(options: CopyOrdersOptions): Promise<void> {
  const { signal, health, pollMs = POLL_MS } = options;
  while (!signal.aborted) {
    let waitMs = pollMs;
    try {
      if (await workNextOrder(options)) waitMs = 0;
    } catch (error) {
      if (signal.aborted) return;
      health.fails('orders', `an order waits: ${describeError(error)}`);
      waitMs = RETRY_MS;
    }
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Does the oldest order that is open; false when there is none. */
async function workNextOrder(options: CopyOrdersOptions): Promise<boolean> {
  const { database, now, health } = options;
  const row = await database
    .selectFrom('influx_orders')
    .selectAll()
    .where('done_at', 'is', null)
    .orderBy('id')
    .executeTakeFirst();
  if (!row) return false;
  const order: Order = {
    id: Number(row.id),
    action: row.action as OrderAction,
    fromMs: Number(row.from_ms),
    toMs: Number(row.to_ms),
    position: row.position === null ? undefined : Number(row.position),
  };
  const outcome = await ACTIONS[order.action](options, order);
  health.works('orders');
  await database
    .updateTable('influx_orders')
    .set({ done_at: now(), outcome })
    .where('id', '=', order.id)
    .execute();
  await database
    .deleteFrom('influx_orders')
    .where('done_at', '<', now() - KEPT_MS)
    .execute();
  return true;
}

const ACTIONS: Readonly<Record<OrderAction, (options: CopyOrdersOptions, order: Order) => Promise<string>>> =
  {
    verify,
    rewrite,
    replay: async ({ delivery }) => {
      const { written, left } = await replaySetAside(delivery);
      return `${written} lines that were set aside are written, ${left} are still refused`;
    },
  };

async function rewrite({ database, rewrite: write }: CopyOrdersOptions, order: Order): Promise<string> {
  const { id, fromMs, toMs, position } = order;
  const saveProgress = async (done: number) => {
    await database.updateTable('influx_orders').set({ position: done }).where('id', '=', id).execute();
  };
  await saveProgress(position ?? 0);
  const from = position ? { position } : {};
  const written = await write({ fromMs, toMs, ...from, onProgress: saveProgress });
  return `${written.toLocaleString('en')} readings are written again`;
}

async function verify(options: CopyOrdersOptions, { fromMs, toMs }: Order): Promise<string> {
  const { compare, health } = options;
  const found = await compareBack(options, fromMs, toMs);
  const left: Difference[] = [];
  for (const range of rangesOf(found.less)) {
    await options.rewrite(range);
    const kinds = new Map([...compare.kinds].filter(([kind]) => kind === range.kind));
    left.push(...(await compareCopy({ ...compare, kinds }, range.fromMs, range.toMs)).less);
  }
  if (left.length === 0) health.works('comparing');
  else
    health.fails(
      'comparing',
      `InfluxDB has less than history though it was written again: ${listDays(left)}`,
    );
  return [
    `${found.points.toLocaleString('en')} points of history compared`,
    found.less.length === 0
      ? 'InfluxDB has all of them'
      : `InfluxDB had less (${listDays(found.less)}), which was written again`,
    ...(left.length === 0 ? [] : [`it still has less: ${listDays(left)}`]),
    ...(found.more.length === 0
      ? []
      : [`it has more than history, which has trimmed or thinned, or others write: ${listDays(found.more)}`]),
  ].join('; ');
}

/** Where something is missing, what lies before is compared as well: a whole measurement may be gone. */
async function compareBack({ compare, earliestMs }: CopyOrdersOptions, fromMs: number, toMs: number) {
  const firstMs = earliestMs();
  let startMs = Math.max(fromMs, firstMs);
  let window = await compareCopy(compare, startMs, toMs);
  const { points } = window;
  const found = { points, less: [...window.less], more: [...window.more] };
  while (window.less.length > 0 && startMs > firstMs) {
    const endMs = startMs;
    startMs = Math.max(firstMs, endMs - NIGHTLY_DAYS * DAY_MS);
    window = await compareCopy(compare, startMs, endMs);
    found.points += window.points;
    found.less.push(...window.less);
    found.more.push(...window.more);
  }
  return found;
}

function listDays(differences: readonly Difference[]): string {
  const more = differences.length - MAX_NAMED;
  const named = differences.slice(0, MAX_NAMED).map(formatDifference).join(', ');
  return more > 0 ? `${named} and ${more} more` : named;
}
