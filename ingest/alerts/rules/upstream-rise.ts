/**
 * Upstream rise: a gauge above has an alert, and its wave has not arrived here yet.
 *
 * The lag is the city's own knowledge; waves take from less than half to twice of it (Katulampa to Manggarai:
 * median 11 h, 4 to 20). Ends when the water is here (the gauge's own alert takes over) or when the wave
 * should long have passed. Invariant: a wave that has been here is not announced again, unless it grows above.
 */
import { type Rank, severityOf } from '../alert.ts';
import { type CityView, openLevel } from '../city-view.ts';
import type { DeviceWatch } from '../device-watch.ts';
import type { EngineChange } from '../engine-change.ts';
import { formatIndonesian } from '../indonesian-number.ts';
import type { Episode } from '../track.ts';

export const UPSTREAM_RISE = { name: 'upstream-rise', version: 2, unit: 'm' } as const;
export const UPSTREAM_PARAMETERS = {
  /** Of the lag: from the start above to the soonest arrival here, and from the end above to the latest. */
  soonestShare: 0.4,
  latestShare: 2,
} as const;

interface UpstreamDetail {
  readonly upstream: string;
  readonly lagMin: number;
  readonly soonestAt: string;
  /** Null while the water is still high above. */
  readonly latestAt: string | null;
}

/** The level alert above whose water has been here, and its rank then, or the lowest since. */
export interface ArrivedWave {
  readonly startedAt: number;
  readonly rank: Rank;
}

/** Judges the gauges given; all of them on a tick. */
export function judgeUpstream(
  view: CityView,
  gauges: Iterable<DeviceWatch> = view.watches.values(),
): EngineChange[] {
  const changes: EngineChange[] = [];
  for (const watch of gauges) {
    const { site } = watch.device;
    if (site?.kind !== 'river-gauge' || site.upstream.length === 0) continue;
    const change = judgeGauge(view, watch, site.upstream);
    if (change) changes.push(change);
  }
  return changes;
}

/** The ids of the gauges above a device. */
export function gaugesAbove({ device: { site } }: DeviceWatch): readonly string[] {
  return site?.kind === 'river-gauge' ? site.upstream.map(({ gauge }) => gauge) : [];
}

function judgeGauge(
  view: CityView,
  watch: DeviceWatch,
  upstream: readonly { readonly gauge: string; readonly lagMin: number }[],
): EngineChange | undefined {
  const { conditions, nowMs } = view;
  const open = conditions.find(UPSTREAM_RISE.name, watch.subject.id);
  const end = () => conditions.clear(UPSTREAM_RISE, watch.subject, describe(watch, undefined), nowMs, nowMs);
  // The water is here: the ladder speaks for itself.
  if (openLevel(watch)) {
    noteArrivals(view, watch, upstream);
    return open ? end() : undefined;
  }
  const above = upstream
    .map(({ gauge, lagMin }) => ({
      lagMin,
      from: view.watches.get(gauge),
      level: openLevel(view.watches.get(gauge)),
    }))
    .filter(({ level, lagMin }) => level && nowMs - level.startedAt < latestMs(lagMin) + STALE_MS)
    .filter(({ from, level }) => from && level && !hasArrived(watch, from.device.id, level))
    .sort((a, b) => (b.level?.rank ?? 0) - (a.level?.rank ?? 0))[0];
  const known = open?.episode.detail as UpstreamDetail | undefined;
  if (!above?.level || !above.from) {
    if (!open || !known) return undefined;
    const latestAt = known.latestAt ?? new Date(nowMs + latestMs(known.lagMin)).toISOString();
    if (Date.parse(latestAt) <= nowMs) return end();
    if (known.latestAt !== null) return undefined;
    return raise(view, watch, open.episode.rank, open.episode.value, open.episode.simulated, {
      ...known,
      latestAt,
    });
  }
  const rank = Math.max(1, above.level.rank - 1) as Rank;
  if (
    open &&
    known?.upstream === above.from.device.id &&
    open.episode.rank === rank &&
    known.latestAt === null
  ) {
    return undefined;
  }
  return raise(view, watch, rank, above.level.value, above.level.simulated, {
    upstream: above.from.device.id,
    lagMin: above.lagMin,
    soonestAt: new Date(above.level.startedAt + soonestMs(above.lagMin)).toISOString(),
    latestAt: null,
  });
}

/** A level that has stood above for days is no wave that is still to come. */
const STALE_MS = 24 * 3_600_000;

/** The river is high here: whatever is high above, and could have come by now, has been here. */
function noteArrivals(
  { watches, nowMs }: CityView,
  { hearing }: DeviceWatch,
  upstream: readonly { readonly gauge: string; readonly lagMin: number }[],
): void {
  for (const { gauge, lagMin } of upstream) {
    const level = openLevel(watches.get(gauge));
    if (!level || nowMs - level.startedAt < soonestMs(lagMin)) continue;
    hearing.waves[gauge] = { startedAt: level.startedAt, rank: level.rank };
  }
}

/** A higher level above than that which was here, or than the lowest since, is another wave. */
function hasArrived({ hearing }: DeviceWatch, gauge: string, { startedAt, rank }: Episode): boolean {
  const wave = hearing.waves[gauge];
  if (wave?.startedAt !== startedAt) return false;
  if (rank < wave.rank) hearing.waves[gauge] = { startedAt, rank };
  return rank <= wave.rank;
}

function soonestMs(lagMin: number): number {
  return lagMin * 60_000 * UPSTREAM_PARAMETERS.soonestShare;
}

function latestMs(lagMin: number): number {
  return lagMin * 60_000 * UPSTREAM_PARAMETERS.latestShare;
}

function raise(
  { conditions, nowMs }: CityView,
  watch: DeviceWatch,
  rank: Rank,
  value: number,
  simulated: boolean,
  detail: UpstreamDetail,
): EngineChange | undefined {
  const description = describe(watch, detail, rank);
  const finding = {
    rank,
    since: nowMs,
    value,
    simulated,
    parameters: UPSTREAM_PARAMETERS,
    description,
    detail: { ...detail },
  };
  return conditions.raise(UPSTREAM_RISE, watch.subject, finding, nowMs);
}

function describe(
  { device }: DeviceWatch,
  detail: UpstreamDetail | undefined,
  rank: Rank = 1,
): EngineChange['description'] {
  const label = { en: 'water on its way', id: 'air kiriman' };
  if (!detail) {
    return {
      label,
      text: {
        en: `${device.name}: the wave from upstream has arrived or passed.`,
        id: `${device.name}: air kiriman dari hulu sudah tiba atau berlalu.`,
      },
    };
  }
  const hours = detail.lagMin / 60;
  return {
    label,
    text: {
      en: `${detail.upstream} is high, and its water reaches ${device.name} after about ${hours.toFixed(1)} h. Expect up to ${severityOf(rank)} here.`,
      id: `${detail.upstream} sedang tinggi, airnya mencapai ${device.name} setelah kira-kira ${formatIndonesian(hours, 1)} jam. Bersiaplah di sini.`,
    },
  };
}
