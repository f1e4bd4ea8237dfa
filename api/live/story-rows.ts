/**
 * The rows of the last six hours: each gauge's step, uplinks that were down and calls that were open, in windows of
 * five minutes.
 *
 * Read by story.ts from history, alerts and dispatch, once a minute for everybody who asks. Invariants: gauges are
 * asked for a few at a time, so that no other question waits for all of them; a window without a sound reading is
 * null, and never calm.
 */
import { type Alert, rankOf } from '../../alerts/alert.ts';
import type { Alerts } from '../../alerts/alerts.ts';
import { UPLINK_DOWN } from '../../alerts/rules/uplink-down.ts';
import type { City } from '../../cities/city.ts';
import { isRiverGauge, type RiverGauge } from '../../devices/kinds/river-gauge.ts';
import type { Incidents } from '../../dispatch/incidents/incidents.ts';
import type { History } from '../../history/history.ts';
import { stepAt } from '../../pages/public-city.ts';

export const WINDOW_MS = 5 * 60_000;
export const WINDOWS = 72;
/** As many as the public list has. */
export const MAX_GAUGES = 300;
const GAUGES_AT_ONCE = 4;
/** An uplink that comes and goes all day does so a hundred times. */
export const MAX_OUTAGES = 200;
/** The newest calls; of six hours of a disaster, and read in some 2 ms. */
export const MAX_CALLS = 1_000;

export interface StoryDependencies {
  readonly cityNow: () => City;
  readonly history: Pick<History, 'windows'>;
  readonly alerts: Pick<Alerts, 'open' | 'list'>;
  readonly incidents: Pick<Incidents, 'listSpans'>;
  readonly now: () => number;
}

export interface StoryRows {
  /** The start of the first window; the last one is the present's. */
  readonly fromMs: number;
  readonly gauges: readonly { readonly device: string; readonly steps: readonly (number | null)[] }[];
  readonly gaugesLeftOut: number;
  readonly uplinksDown: readonly number[];
  readonly openCalls: readonly number[];
}

interface Span {
  readonly fromMs: number;
  /** Undefined while it lasts. */
  readonly toMs: number | undefined;
}

/** Rejects where history does not answer. */
export async function readStoryRows(dependencies: StoryDependencies): Promise<StoryRows> {
  const { cityNow, alerts, incidents, now } = dependencies;
  const nowMs = now();
  const fromMs = Math.floor(nowMs / WINDOW_MS) * WINDOW_MS - (WINDOWS - 1) * WINDOW_MS;
  const sites = cityNow().devices.filter(isRiverGauge);
  // A range ends before its end, and what was measured this moment belongs to it.
  const gauges = await readGauges(dependencies, sites.slice(0, MAX_GAUGES), { fromMs, toMs: nowMs + 1 });
  const outages = [
    ...alerts.open().filter(({ rule }) => rule === UPLINK_DOWN.name),
    ...(await alerts.list({
      ...{ rule: UPLINK_DOWN.name, states: ['resolved'], audience: 'public', limit: MAX_OUTAGES },
    })),
  ];
  const calls = await incidents.listSpans(MAX_CALLS);
  return {
    ...{ fromMs, gauges, gaugesLeftOut: Math.max(0, sites.length - MAX_GAUGES) },
    uplinksDown: countSpans(outages.map(spanOfAlert), fromMs, nowMs),
    openCalls: countSpans(calls, fromMs, nowMs),
  };
}

async function readGauges(
  { history }: StoryDependencies,
  sites: readonly RiverGauge[],
  range: { readonly fromMs: number; readonly toMs: number },
): Promise<StoryRows['gauges']> {
  const rows: { device: string; steps: (number | null)[] }[] = sites.map(({ id }) => ({
    device: id,
    steps: [],
  }));
  let next = 0;
  const readNext = async (): Promise<void> => {
    for (let index = next++; index < sites.length; index = next++) {
      const { id, kind, thresholds } = sites[index] as RiverGauge;
      const { points } = await history.windows({
        ...{ kind, device: id, ...range, limit: WINDOWS, everyMs: WINDOW_MS },
        // Whole windows of five minutes begin at the same moments in every zone there is.
        ...{ fn: 'max', timeZone: 'UTC', quantities: ['levelM'] },
      });
      const steps = new Array<number | null>(WINDOWS).fill(null);
      for (const { atMs, values } of points) {
        const levelM = values['levelM'];
        if (typeof levelM !== 'number') continue;
        const step = stepAt(levelM, thresholds);
        steps[Math.round((atMs - range.fromMs) / WINDOW_MS)] = step ? rankOf(step.severity) : 0;
      }
      (rows[index] as (typeof rows)[number]).steps = steps;
    }
  };
  await Promise.all(Array.from({ length: GAUGES_AT_ONCE }, readNext));
  return rows;
}

function spanOfAlert({ startedAt, endedAt }: Alert): Span {
  return { fromMs: startedAt, toMs: endedAt };
}

/** How many there were in each window, at any moment of it. */
export function countSpans(spans: readonly Span[], fromMs: number, nowMs: number): number[] {
  const counts = new Array<number>(WINDOWS).fill(0);
  for (const span of spans) {
    const endMs = span.toMs ?? nowMs;
    if (endMs < fromMs || span.fromMs > nowMs) continue;
    const first = Math.max(0, Math.floor((span.fromMs - fromMs) / WINDOW_MS));
    const last = Math.min(WINDOWS - 1, Math.floor((endMs - fromMs) / WINDOW_MS));
    for (let window = first; window <= last; window++) counts[window] = (counts[window] ?? 0) + 1;
  }
  return counts;
}
