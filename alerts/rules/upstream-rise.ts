/**
 * Upstream rise: a gauge above has an alert that promises more than stands here, and its wave has not arrived yet.
 *
 * The lag is the city's own knowledge; waves take from less than half to twice of it (Katulampa to Manggarai:
 * median 11 h, 4 to 20). Ends when the water is here (the gauge's own alert takes over) or when the wave
 * should long have passed. Invariant: a wave that has been here is not announced again, unless it grows above.
 */
import { isRiverGauge } from '../../devices/kinds/river-gauge.ts';
import type { Bilingual } from '../../devices/site.ts';
import type { RegisteredDevice } from '../../fleet/registry.ts';
import { type Rank, rankOf, severityOf } from '../alert.ts';
import { type CityView, openLevel } from '../judgement/city-view.ts';
import type { DeviceWatch } from '../judgement/device-watch.ts';
import type { EngineChange } from '../judgement/engine-change.ts';
import type { Episode } from '../judgement/track.ts';
import { formatMetres } from '../wording.ts';

export const UPSTREAM_RISE = { name: 'upstream-rise', version: 3, unit: 'm' } as const;
export const UPSTREAM_PARAMETERS = {
  /** Of the lag: from the start above to the soonest arrival here, and from the end above to the latest. */
  soonestShare: 0.4,
  latestShare: 2,
} as const;

const LABEL: Bilingual = { en: 'water on its way', id: 'air kiriman' };

interface UpstreamDetail {
  readonly upstream: string;
  /** What it reached there and when, epoch ms, and until when its water is expected while it is still high there. */
  readonly label?: Bilingual;
  readonly sinceMs?: number;
  readonly expectedUntilMs?: number;
  readonly lagMin: number;
  readonly soonestAt: string;
  /** Null while the water is still high above. */
  readonly latestAt: string | null;
}

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
  const end = (hasArrived: boolean) => {
    const description = describeEnd(view, watch, hasArrived, known?.upstream ?? '');
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
    .sort((a, b) => (b.level?.rank ?? 0) - (a.level?.rank ?? 0))[0];
  if (!above?.level || !above.from) {
    if (!open || !known) return undefined;
    const latestAt = known.latestAt ?? new Date(nowMs + latestMs(known.lagMin)).toISOString();
    if (Date.parse(latestAt) <= nowMs) return end(false);
    if (known.latestAt !== null) return undefined;
    return raise(view, watch, open.episode.rank, open.episode.value, open.episode.simulated, {
      ...known,
      latestAt,
    });
  }
  const rank = promisedRank(above.level);
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
    label: stepUpTo(above.from.device, above.level.rank),
    sinceMs: reachedAt(above.level),
    expectedUntilMs: reachedAt(above.level) + latestMs(above.lagMin),
    lagMin: above.lagMin,
    soonestAt: new Date(reachedAt(above.level) + soonestMs(above.lagMin)).toISOString(),
    latestAt: null,
  });
}

/** A level that has stood above for days is no wave that is still to come. */
const STALE_MS = 24 * 3_600_000;

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
    description: describe(view, watch, rank, detail),
    detail: { ...detail },
  };
  return view.conditions.raise(UPSTREAM_RISE, watch.subject, finding, view.nowMs);
}

function describe(
  view: CityView,
  { device }: DeviceWatch,
  rank: Rank,
  detail: UpstreamDetail,
): EngineChange['description'] {
  const { clock, nowMs } = view;
  const above = nameOf(view, detail.upstream);
  const soonestMs = Date.parse(detail.soonestAt);
  const since = clock(detail.sinceMs ?? soonestMs, nowMs);
  const from = clock(soonestMs, nowMs);
  const to = clock(
    detail.latestAt ? Date.parse(detail.latestAt) : (detail.expectedUntilMs ?? soonestMs),
    nowMs,
  );
  const label = detail.label ?? { en: 'a high level', id: 'tinggi' };
  const here = stepUpTo(device, rank);
  return {
    label: LABEL,
    text: {
      en: `${above} reached ${label.en} at ${since.en}. Its water should reach ${device.name} between ${from.en} and ${to.en}; the level here may rise to ${here.en}.`,
      id: `Air kiriman: ${above} naik ke ${label.id} ${since.id}. Airnya diperkirakan tiba di ${device.name} antara ${from.id} dan ${to.id}; di sini bisa sampai ${here.id}.`,
    },
  };
}

function describeEnd(
  view: CityView,
  { device, timeline }: DeviceWatch,
  hasArrived: boolean,
  upstream: string,
): EngineChange['description'] {
  const at = view.clock(view.nowMs, view.nowMs);
  const above = nameOf(view, upstream);
  const levelM = timeline.head.recent.value.at(-1);
  const level = levelM === undefined ? undefined : formatMetres(levelM);
  const now = level ? { en: `: ${level.en} at ${at.en}`, id: `: ${level.id} ${at.id}` } : { en: '', id: '' };
  return {
    label: LABEL,
    text: hasArrived
      ? {
          en: `The water from ${above} has arrived at ${device.name}${now.en}.`,
          id: `Air kiriman dari ${above} sudah tiba di ${device.name}${now.id}.`,
        }
      : {
          en: `No more water is expected at ${device.name} from ${above}${now.en}.`,
          id: `Air kiriman dari ${above} tidak ditunggu lagi di ${device.name}${now.id}.`,
        },
  };
}

function nameOf({ watches }: CityView, gauge: string): string {
  return watches.get(gauge)?.device.name ?? gauge;
}

/** The ladder's own word for what a rank means there: its highest step up to it, or its lowest. */
function stepUpTo({ site }: RegisteredDevice, rank: Rank): Bilingual {
  const thresholds = isRiverGauge(site) ? site.thresholds : [];
  const step = thresholds.findLast(({ severity }) => rankOf(severity) <= rank) ?? thresholds[0];
  return step?.label ?? { en: severityOf(rank), id: severityOf(rank) };
}
