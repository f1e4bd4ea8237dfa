/**
 * Puts values in place of a dashboard's variables as Grafana's data source for InfluxDB does it.
 *
 * The rules are those of `interpolateQueryExpr` in Grafana's plugin: a variable of several values is always
 * escaped for a regular expression and put in brackets; one of a single value stands as it is. Grafana's
 * server then replaces `$timeFilter` and the interval. Invariant: an unknown variable stays, and is an error.
 */
import type { Dashboard, VariableModel } from '@grafana/grafana-foundation-sdk/dashboard';
import { z } from 'zod';
import { panelsOf } from '../../dashboards/grafana/catalogue.ts';
import { type InfluxQlSeries, parseInfluxQlAnswer } from '../../influx/server/influxql.ts';

export interface Situation {
  readonly fromMs: number;
  readonly toMs: number;
  /** Grafana's own step for the range. What a panel says is the least that it takes. */
  readonly interval: string;
  /** As though no panel said a least step. */
  readonly everyPanel?: boolean;
  readonly values: ReadonlyMap<string, string | readonly string[]>;
}

const targets = z.array(z.object({ refId: z.string(), query: z.string() }));

export interface PanelQuery {
  readonly where: string;
  readonly query: string;
}

/** Every query of a dashboard: panels, those of folded rows too, and annotations, with variables in place. */
export function queriesOf(dashboard: Dashboard, situation: Situation): readonly PanelQuery[] {
  const found: PanelQuery[] = [];
  for (const panel of panelsOf(dashboard)) {
    for (const { refId, query } of targets.parse(panel.targets)) {
      const where = `${dashboard.uid} · ${panel.title} · ${refId}`;
      const interval = situation.everyPanel
        ? situation.interval
        : longer(panel.interval, stepFor(panel.maxDataPoints, situation));
      found.push({ where, query: substitute(query, { ...situation, interval }, where) });
    }
  }
  for (const annotation of dashboard.annotations?.list ?? []) {
    const [target] = targets.parse([annotation.target]);
    const where = `${dashboard.uid} · annotation ${annotation.name}`;
    if (target) found.push({ where, query: substitute(target.query, situation, where) });
  }
  return found;
}

/** What Grafana rounds a step to: up to the first, the second. Milliseconds. */
const ROUNDED: readonly (readonly [below: number, step: string])[] = [
  [15_000, '10s'],
  [25_000, '20s'],
  [45_000, '30s'],
  [90_000, '1m'],
  [210_000, '2m'],
  [450_000, '5m'],
  [750_000, '10m'],
  [1_050_000, '15m'],
  [1_500_000, '20m'],
  [2_700_000, '30m'],
  [5_400_000, '1h'],
  [9_000_000, '2h'],
];

/** A panel that says how many points it wants has a step of its own. */
function stepFor(points: number | null | undefined, { fromMs, toMs, interval }: Situation): string {
  if (!points) return interval;
  return ROUNDED.find(([below]) => (toMs - fromMs) / points < below)?.[1] ?? '3h';
}

const UNITS_S: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

function longer(least: string | null | undefined, own: string): string {
  return least && secondsOf(least) > secondsOf(own) ? least : own;
}

function secondsOf(step: string): number {
  const seconds = Number.parseInt(step, 10) * (UNITS_S[step.slice(-1)] ?? Number.NaN);
  if (Number.isNaN(seconds)) throw new Error(`${step} is no step`);
  return seconds;
}

export function substitute(query: string, situation: Situation, where: string): string {
  const { fromMs, toMs, interval, values } = situation;
  let text = query
    .replaceAll('$timeFilter', `time >= ${fromMs}ms and time <= ${toMs}ms`)
    .replaceAll('$__interval', interval)
    .replaceAll('$__from', String(fromMs))
    .replaceAll('$__to', String(toMs));
  for (const [name, value] of [...values].sort(([a], [b]) => b.length - a.length)) {
    const standing = typeof value === 'string' ? value : `(${value.map(escapeRegex).join('|')})`;
    text = text.replaceAll(`$${name}`, standing);
  }
  const left = /\$(?:__)?[a-z]\w*/i.exec(text.replaceAll('$/', ''));
  if (left) throw new Error(`${where}: nothing to put in place of ${left[0]}`);
  return text;
}

function escapeRegex(value: string): string {
  return value.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&');
}

export async function ask(url: string, query: string): Promise<readonly InfluxQlSeries[]> {
  const body = new URLSearchParams({ db: 'siaga', epoch: 'ms', q: query });
  const response = await fetch(`${url}/query`, { method: 'POST', body });
  return parseInfluxQlAnswer(response.status, await response.text());
}

/**
 * The variables' values as Grafana finds them: in the order in which they stand, "All" where it can be, else the
 * first.
 */
export async function resolveVariables(
  url: string,
  dashboard: Dashboard,
  city: string,
  range: Omit<Situation, 'values'>,
): Promise<Situation> {
  const values = new Map<string, string | readonly string[]>();
  const situation: Situation = { ...range, values };
  for (const variable of dashboard.templating?.list ?? []) {
    const found = await valuesOf(url, variable, situation, `${dashboard.uid} · $${variable.name}`);
    const [first] = found;
    if (first === undefined) throw new Error(`${dashboard.uid} · $${variable.name} has no values`);
    if (variable.name === 'city' && !found.includes(city))
      throw new Error(`${dashboard.uid} · no ${city} in ${found}`);
    values.set(variable.name, variable.multi ? found : variable.name === 'city' ? city : first);
  }
  return situation;
}

async function valuesOf(
  url: string,
  variable: VariableModel,
  situation: Situation,
  where: string,
): Promise<readonly string[]> {
  const text = String(variable.query);
  if (variable.type === 'custom') return text.split(',');
  const series = await ask(url, substitute(text, situation, where));
  return series.flatMap((each) => each.values.map((row) => String(row[1])));
}

/** Beside a query of the one grain stands one of the other, which then finds nothing (influx-query.ts). */
export function isOfOtherGrain({ query }: PanelQuery): boolean {
  return /_1\(h\)\{0\}|\(-none\)\{1\}/.test(query);
}

/** What is wrong with a query, if anything: an error, or no series with a value in it. */
export async function faultOf(url: string, { where, query }: PanelQuery): Promise<string | undefined> {
  try {
    const series = await ask(url, query);
    const cells = series.flatMap((each) => each.values.flatMap((row) => row.slice(1)));
    if (cells.some((cell) => cell !== null)) return undefined;
    return `${where}: no data from ${query}`;
  } catch (error) {
    return `${where}: ${(error as Error).message} from ${query}`;
  }
}
