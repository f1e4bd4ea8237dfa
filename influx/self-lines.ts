/**
 * Siaga's own figures as points of `siaga_self`, for the dashboard "Siaga itself" where no Prometheus runs.
 *
 * Every metric of the registry becomes `siaga_self,metric=<name>,<labels> value=…`. InfluxQL cannot compute a
 * percentile from buckets, so those of a histogram are computed here over what came since the last snapshot.
 * Invariant: at most MAX_SERIES lines a snapshot, whatever labels someone adds.
 */
import type { MetricObjectWithValues, MetricValueWithName, Registry } from 'prom-client';
import { formatLine } from '../history/line-protocol.ts';

export interface SelfSampler {
  /** One line a series: the figures now, and of histograms those since the last call. */
  sample(atMs: number): Promise<{ readonly lines: readonly string[]; readonly left: number }>;
}

const MAX_SERIES = 2_000;
interface HistogramCounts {
  readonly bounds: number[];
  /** Cumulative, as Prometheus has them. */
  readonly counts: number[];
  sum: number;
  count: number;
}
type Labels = Record<string, string>;

export function createSelfSampler(registry: Registry, city: string): SelfSampler {
  let before = new Map<string, HistogramCounts>();
  return {
    async sample(atMs) {
      const lines: string[] = [];
      const after = new Map<string, HistogramCounts>();
      const metrics = (await registry.getMetricsAsJSON()) as MetricObjectWithValues<
        MetricValueWithName<string>
      >[];
      for (const metric of metrics) {
        if (!metric.name.startsWith('siaga_')) continue;
        const tags = { city, metric: metric.name };
        if (String(metric.type) !== 'histogram') {
          for (const { labels, value } of metric.values) {
            const line = formatLine('siaga_self', { ...textLabels(labels), ...tags }, { value }, atMs);
            if (line) lines.push(line);
          }
          continue;
        }
        for (const [key, { labels, counts }] of histogramsOf(metric.values)) {
          const id = `${metric.name} ${key}`;
          after.set(id, counts);
          const fields = histogramFields(counts, before.get(id));
          const line = formatLine('siaga_self', { ...labels, ...tags }, fields, atMs);
          if (line) lines.push(line);
        }
      }
      before = after;
      return { lines: lines.slice(0, MAX_SERIES), left: Math.max(0, lines.length - MAX_SERIES) };
    },
  };
}

/** Percentiles of what came since `before`, in the metric's own unit; absent when nothing came. */
function histogramFields(now: HistogramCounts, before: HistogramCounts | undefined) {
  const fresh = now.counts.map((count, index) => count - (before?.counts[index] ?? 0));
  const total = now.count - (before?.count ?? 0);
  return {
    value: now.count,
    sum: now.sum,
    p50: percentile(now.bounds, fresh, total, 0.5),
    p99: percentile(now.bounds, fresh, total, 0.99),
  };
}

/** As Prometheus' histogram_quantile: linear within the bucket; the last finite bound when beyond it. */
export function percentile(
  bounds: readonly number[],
  cumulative: readonly number[],
  total: number,
  share: number,
): number | undefined {
  if (total <= 0) return undefined;
  const rank = share * total;
  const index = cumulative.findIndex((count) => count >= rank);
  const upper = bounds[index];
  if (upper === undefined || !Number.isFinite(upper))
    return bounds.findLast((bound) => Number.isFinite(bound));
  const lower = index === 0 ? 0 : (bounds[index - 1] as number);
  const below = index === 0 ? 0 : (cumulative[index - 1] as number);
  const inside = (cumulative[index] as number) - below;
  return inside === 0 ? upper : lower + (upper - lower) * ((rank - below) / inside);
}

function histogramsOf(values: readonly MetricValueWithName<string>[]) {
  const found = new Map<string, { labels: Labels; counts: HistogramCounts }>();
  for (const { labels, value, metricName } of values) {
    const { le, ...rest } = labels as Record<string, string | number>;
    const text = textLabels(rest);
    const key = JSON.stringify(text);
    const entry = found.get(key) ?? { labels: text, counts: { bounds: [], counts: [], sum: 0, count: 0 } };
    found.set(key, entry);
    if (metricName?.endsWith('_bucket')) {
      entry.counts.bounds.push(le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le));
      entry.counts.counts.push(value);
    } else if (metricName?.endsWith('_sum')) entry.counts.sum = value;
    else if (metricName?.endsWith('_count')) entry.counts.count = value;
  }
  return found;
}

function textLabels(labels: Partial<Record<string, string | number>>): Labels {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}
