/**
 * Compares the copy in InfluxDB with history: how many points each holds, by kind and day.
 *
 * Invariants: it is compared only up to what the copy has confirmed; what InfluxDB may no longer hold by its
 * retention is not asked for; each question is of one day, which 3 Core can answer.
 */
import type { DeviceKind } from '../../devices/device-kind.ts';
import type { InfluxServer } from '../server/influx-server.ts';
import { InfluxQueryError, quoteLiteral } from '../server/influxql.ts';

export const DAY_MS = 86_400_000;

export interface Difference {
  readonly kind: string;
  /** A day of UTC. */
  readonly dayMs: number;
  readonly inHistory: number;
  readonly inInflux: number;
}

export interface CompareOptions {
  readonly city: string;
  readonly kinds: ReadonlyMap<string, DeviceKind>;
  readonly server: Pick<InfluxServer, 'query'>;
  /** Points in history; days without any are left out. */
  readonly countDays: (question: {
    kind: string;
    fromMs: number;
    toMs: number;
  }) => Promise<readonly { readonly dayMs: number; readonly points: number }[]>;
  /** Resolves when all that history counts is in InfluxDB, as far as the copy knows. */
  readonly caughtUp: () => Promise<void>;
}

export interface Comparison {
  /** Points in history that were compared. */
  readonly points: number;
  /** Days of a kind of which InfluxDB has less. */
  readonly less: readonly Difference[];
  /** Of which it has more: what history has trimmed or thinned, or what others write. */
  readonly more: readonly Difference[];
}

/** [fromMs, toMs), whole days of UTC. */
export async function compareCopy(
  options: CompareOptions,
  fromMs: number,
  toMs: number,
): Promise<Comparison> {
  const less: Difference[] = [];
  const more: Difference[] = [];
  let points = 0;
  for (const kind of options.kinds.values()) {
    const history = await options.countDays({ kind: kind.name, fromMs, toMs });
    await options.caughtUp();
    for (const { dayMs, points: inHistory } of history.toSorted((a, b) => a.dayMs - b.dayMs)) {
      const inInflux = await countOfDay(options, kind.measurement, dayMs);
      points += inHistory;
      const difference = { kind: kind.name, dayMs, inHistory, inInflux };
      if (inInflux < inHistory) less.push(difference);
      if (inInflux > inHistory) more.push(difference);
    }
  }
  return { points, less, more };
}

/** What InfluxDB can be asked about: its retention, and in 3 Core some 72 hours. */
export function earliestDay(
  { retentionMs, generation }: Pick<InfluxServer, 'retentionMs' | 'generation'>,
  nowMs: number,
): number {
  const today = Math.floor(nowMs / DAY_MS) * DAY_MS;
  if (generation === 3) return today - DAY_MS;
  return retentionMs ? Math.ceil((nowMs - retentionMs) / DAY_MS) * DAY_MS : 0;
}

async function countOfDay({ server, city }: CompareOptions, measurement: string, dayMs: number) {
  try {
    const [series] = await server.query(
      `SELECT count("quality") FROM "${measurement}" WHERE "city" = ${quoteLiteral(city)} ` +
        `AND time >= ${dayMs}ms AND time < ${dayMs + DAY_MS}ms`,
    );
    return Number(series?.values[0]?.[1] ?? 0);
  } catch (error) {
    if (error instanceof InfluxQueryError && error.isMissing) return 0;
    throw error;
  }
}

/** Days that follow each other as one range, by kind. */
export function rangesOf(
  differences: readonly Difference[],
): { kind: string; fromMs: number; toMs: number }[] {
  const ranges: { kind: string; fromMs: number; toMs: number }[] = [];
  for (const { kind, dayMs } of differences) {
    const last = ranges.at(-1);
    if (last?.kind === kind && last.toMs === dayMs) last.toMs = dayMs + DAY_MS;
    else ranges.push({ kind, fromMs: dayMs, toMs: dayMs + DAY_MS });
  }
  return ranges;
}

/** `river-gauge 2026-01-14: 1,040 of 1,440`. */
export function formatDifference({ kind, dayMs, inHistory, inInflux }: Difference): string {
  const day = new Date(dayMs).toISOString().slice(0, 10);
  return `${kind} ${day}: ${inInflux.toLocaleString('en')} of ${inHistory.toLocaleString('en')}`;
}
