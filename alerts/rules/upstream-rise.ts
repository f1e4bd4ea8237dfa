/**
 * Upstream rise: a gauge above has an alert that promises more than stands here, and its wave has not arrived yet.
 *
 * The lag is the city's own knowledge; waves take from less than half to twice of it (Katulampa to Manggarai:
 * median 11 h, 4 to 20). Ends when the water is here (the gauge's own alert takes over) or when the wave
 * should long have passed. Invariant: a wave that has been here is not announced again, unless it grows above.
 */
import { isRiverGauge } from '../../devices/kinds/river-gauge.ts';
import type { Rank } from '../alert.ts';
import { type CityView, openLevel } from '../judgement/city-view.ts';
import type { DeviceWatch } from '../judgement/device-watch.ts';
import type { EngineChange } from '../judgement/engine-change.ts';
import { silenceOf } from '../judgement/judge-silence.ts';
import type { Episode } from '../judgement/track.ts';
import { describeWave, describeWaveEnd, stepUpTo, type UpstreamDetail } from './upstream-words.ts';

export const UPSTREAM_RISE = { name: 'upstream-rise', version: 3, unit: 'm' } as const;
export const UPSTREAM_PARAMETERS = {
  /** Of the lag: from the start above to the soonest arrival here, and from the end above to the latest. */
  soonestShare: 0.4,
  latestShare: 2,
} as const;

/** Judges the gauges given; all of them on a tick. */
export function judgeUpstream(
  view: CityView,
  gauges: Iterable<DeviceWatch> = view.watches.values(),
): EngineChange[] {
  const changes: EngineChange[] = [];
  for (const watch of gauges) {
    const { site } = watch.device;
    if (!isRiverGauge(site) || site.upstream.length === 0) continue;
    const change = judgeGauge(view, watch, site.upstream);
    if (change) changes.push(change);
  }
  return changes;
}

/** The ids of the gauges above a device. */
export function gaugesAbove({ device: { site } }: DeviceWatch): readonly string[] {
  return isRiverGauge(site) ? site.upstream.map(({ gauge }) => gauge) : [];
}

function judgeGauge(
  view: CityView,
  watch: DeviceWatch,
  upstream: readonly { readonly gauge: string; readonly lagMin: number }[],
): EngineChange | undefined {
  const { conditions, nowMs } = view;
  const open = conditions.find(UPSTREAM_RISE.name, watch.subject.id);
  const known = open?.episode.detail as UpstreamDetail | undefined;
  const end = (hasArrived: boolean, unseenSinceMs?: number) => {
    const description = describeWaveEnd(view, watch, hasArrived, known?.upstream ?? '', unseenSinceMs);
    return conditions.clear(UPSTREAM_RISE, watch.subject, description, nowMs, nowMs);
  };
  const hereRank = openLevel(watch)?.rank ?? 0;
  if (hereRank > 0) noteArrivals(view, watch, upstream, hereRank);
  // The water is here: the ladder speaks for itself.
  if (open && hereRank >= open.episode.rank) return end(true);
  const above = upstream
    .map(({ gauge, lagMin }) => ({
      lagMin,
      from: view.watches.get(gauge),
      level: openLevel(view.watches.get(gauge)),
    }))
    .filter(({ level }) => level && promisedRank(level) > hereRank)
    .filter(({ level, lagMin }) => level && nowMs - reachedAt(level) < latestMs(lagMin) + STALE_MS)
    .filter(({ from, level }) => from && level && !hasArrived(watch, from.device.id, level))
    .filter(({ from, lagMin }) => from && nowMs < latestArrivalMs(from, view, lagMin))
    .sort((a, b) => (b.level?.rank ?? 0) - (a.level?.rank ?? 0))[0];
  if (!above?.level || !above.from) {
    if (!open || !known) return undefined;
    const from = view.watches.get(known.upstream);
    if (from && openLevel(from) && nowMs >= latestArrivalMs(from, view, known.lagMin)) {
      return end(false, from.hearing.lastUsableAt);
    }
    const latestAt = known.latestAt ?? new Date(nowMs + latestMs(known.lagMin)).toISOString();
    if (Date.parse(latestAt) <= nowMs) return end(false);
    if (known.latestAt !== null) return undefined;
    return raise(view, watch, open.episode.rank, open.episode.value, open.episode.simulated, {
      ...known,
      latestAt,
    });
  }
  const rank = promisedRank(above.level);
  const expectedUntilMs = reachedAt(above.level) + latestMs(above.lagMin);
  const isLong = nowMs >= expectedUntilMs && !silenceOf(above.from, view);
  if (
    open &&
    known?.upstream === above.from.device.id &&
    open.episode.rank === rank &&
    known.latestAt === null &&
    (known.isLong ?? false) === isLong
  ) {
    return undefined;
  }
  return raise(view, watch, rank, above.level.value, above.level.simulated, {
    upstream: above.from.device.id,
    label: stepUpTo(above.from.device, above.level.rank),
    sinceMs: reachedAt(above.level),
    expectedUntilMs,
    isFalling: above.level.rank < above.level.highestRank,
    isLong,
    lagMin: above.lagMin,
    soonestAt: new Date(reachedAt(above.level) + soonestMs(above.lagMin)).toISOString(),
    latestAt: null,
  });
}

/** A level that has stood above for days is no wave that is still to come. */
const STALE_MS = 24 * 3_600_000;

/**
 * Until when water from above may come: for ever while it is seen there, since it may be high; else since it was
 * seen.
 */
function latestArrivalMs(from: DeviceWatch, view: CityView, lagMin: number): number {
  return silenceOf(from, view) ? from.hearing.lastUsableAt + latestMs(lagMin) : Number.POSITIVE_INFINITY;
}

/** What a level above may become here: one step less, and never nothing. */
function promisedRank({ rank }: Episode): Rank {
  return Math.max(1, rank - 1) as Rank;
}

/** When the level above came to be as high as it ever was; a fall since then starts no wave. */
function reachedAt({ startedAt, changedAt, rank, highestRank }: Episode): number {
  return rank === highestRank ? changedAt : startedAt;
}

/**
 * The river is high here: whatever promised this much above, and could have come by now, has been here. What promises
 * more is still to come.
 */
function noteArrivals(
  { watches, nowMs }: CityView,
  { hearing }: DeviceWatch,
  upstream: readonly { readonly gauge: string; readonly lagMin: number }[],
  hereRank: Rank,
): void {
  for (const { gauge, lagMin } of upstream) {
    const level = openLevel(watches.get(gauge));
    if (!level || nowMs - level.startedAt < soonestMs(lagMin)) continue;
    const rank = Math.min(level.rank, hereRank + 1) as Rank;
    hearing.waves[gauge] = { startedAt: level.startedAt, rank };
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
  view: CityView,
  watch: DeviceWatch,
  rank: Rank,
  value: number,
  simulated: boolean,
  detail: UpstreamDetail,
): EngineChange | undefined {
  const finding = {
    rank,
    since: view.nowMs,
    value,
    simulated,
    parameters: UPSTREAM_PARAMETERS,
    description: describeWave(view, watch, rank, detail),
    detail: { ...detail },
  };
  return view.conditions.raise(UPSTREAM_RISE, watch.subject, finding, view.nowMs);
}
