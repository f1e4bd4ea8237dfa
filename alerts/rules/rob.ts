/**
 * Rob: the tide stands high and it rains, so that the city cannot drain.
 *
 * Either alone is ordinary; together they put water on the streets below the tide's own threshold. Rain is the
 * second highest of the city's buckets over three hours, so that one broken bucket drowns nobody; the mean of two, and
 * of those only that say what can fall. A bucket that is dry counts as one.
 */
import { isRiverGauge } from '../../devices/kinds/river-gauge.ts';
import type { Bilingual } from '../../devices/site.ts';
import type { Rank } from '../alert.ts';
import type { CityView } from '../judgement/city-view.ts';
import type { EngineChange } from '../judgement/engine-change.ts';
import type { Hearing } from '../judgement/hearing.ts';
import type { Recent } from '../levels/recent.ts';
import { smoothed } from '../levels/trend.ts';
import { formatMetres } from '../wording.ts';
import { isRainLasting, rainWithin } from './rain.ts';

const ROB = { name: 'rob', version: 3, unit: 'm' } as const;
const ROB_PARAMETERS = {
  /** Below the tide's lowest threshold by this much it is high already, m. */
  belowThresholdM: 0.2,
  rainWindowMs: 3 * 3_600_000,
  /** A gauge that has not told of rain for so long says nothing of it, ms; some report each hour. */
  rainFreshMs: 90 * 60_000,
  /** BMKG calls 50 mm a day heavy; in three hours it is more than canals carry against the tide. */
  rainMm: 20,
  heavyRainMm: 50,
  /** It ends below these shares, so that it does not flap. */
  endShare: 0.7,
  /** A tide reading older than this says nothing of now, ms. */
  freshMs: 30 * 60_000,
  /** No tide falls by more than this at once, m, and this in an hour. */
  fallM: 0.15,
  fallMPerH: 0.5,
} as const;

interface RobDetail {
  /** The sea fell faster than a tide: its level says nothing until it is back, only the rain does. */
  readonly isDoubted?: boolean;
}

const LABEL: Bilingual = { en: 'tide and rain', id: 'rob dan hujan' };

export function judgeRob(view: CityView): EngineChange[] {
  const changes: EngineChange[] = [];
  let rain: CityRain | undefined;
  for (const watch of view.watches.values()) {
    const { site } = watch.device;
    if (!isRiverGauge(site) || !site.tidal) continue;
    const { recent } = watch.timeline.head;
    const open = view.conditions.find(ROB.name, watch.subject.id);
    // One reading alone raises nothing.
    const lastM = recent.value.at(-1);
    const levelM = open ? lastM : Math.min(lastM ?? 0, recent.value.at(-2) ?? Number.NEGATIVE_INFINITY);
    const lowestM = site.thresholds[0]?.levelM;
    if (lastM === undefined || levelM === undefined || lowestM === undefined) continue;
    const isBlind = view.nowMs - watch.hearing.lastUsableAt > ROB_PARAMETERS.freshMs;
    // A blind tide gauge raises nothing, and ends nothing: only the rain that is over does.
    if (isBlind && !open) continue;
    rain ??= cityRain(view);
    const { mm: rainMm, isKnown } = rain;
    // That nobody tells of rain is no dry weather.
    if (open && !isKnown) continue;
    if (isBlind && rainMm >= ROB_PARAMETERS.rainMm * ROB_PARAMETERS.endShare) continue;
    const share = open ? ROB_PARAMETERS.endShare : 1;
    const limitM = lowestM - ROB_PARAMETERS.belowThresholdM * (open ? 1.5 : 1);
    const heavy = rainMm >= ROB_PARAMETERS.heavyRainMm * share && levelM >= lowestM;
    const wasDoubted = (open?.episode.detail as RobDetail | undefined)?.isDoubted === true;
    const isDoubted = open !== undefined && levelM < limitM && (wasDoubted || fellTooFast(recent));
    const isLow = levelM < limitM && !isDoubted;
    const rank: Rank = isLow || isBlind || rainMm < ROB_PARAMETERS.rainMm * share ? 0 : heavy ? 3 : 2;
    const { name } = watch.device;
    const change =
      rank === 0
        ? view.conditions.clear(
            ROB,
            watch.subject,
            describeEnd(name, levelM, rain, view.clock(view.nowMs, view.nowMs), lostOf(isDoubted, isBlind)),
            view.nowMs,
            view.nowMs,
          )
        : view.conditions.raise(
            ROB,
            watch.subject,
            {
              rank: Math.max(rank, open?.episode.rank ?? 0) as Rank,
              since: view.nowMs,
              value: levelM,
              simulated: watch.hearing.simulated,
              parameters: ROB_PARAMETERS,
              description: describe(name, levelM, rain, isDoubted),
              ...(isDoubted === wasDoubted ? {} : { detail: { isDoubted } }),
            },
            view.nowMs,
          );
    if (change) changes.push(change);
  }
  return changes;
}

/**
 * With so many gauges of rain one that is wrong is outvoted; with fewer, a good part of the world's record is doubted.
 */
const NEIGHBOURS = 3;
/** A logger that sends seldom is silent after so many of its pauses. */
const SENDINGS = 2;

interface CityRain {
  readonly mm: number;
  /** A gauge has told of rain, or of none, of late. */
  readonly isKnown: boolean;
  /** Gauges whose rain is more than can fall. */
  readonly doubted: readonly string[];
}

function cityRain({ watches, nowMs }: CityView): CityRain {
  const sinceMs = nowMs - ROB_PARAMETERS.rainWindowMs;
  // What fell since its last word nobody knows of a gauge that is silent.
  const isHeard = ({ rainAt = 0, sending }: Hearing) =>
    nowMs - rainAt <= Math.max(ROB_PARAMETERS.rainFreshMs, SENDINGS * sending.everyMs);
  const reporting = [...watches.values()].filter(({ hearing }) => isHeard(hearing));
  // Who speaks without neighbours must say what is likely, and for some time.
  const isAlone = reporting.length < NEIGHBOURS;
  const sums: number[] = [];
  const doubted: string[] = [];
  for (const { device, hearing } of watches.values()) {
    const { rain, rainDoubtedAt = 0, rainExtreme } = hearing;
    const isExtreme = rainExtreme !== undefined && rainExtreme.at > sinceMs;
    const isImpossible = isExtreme && (isAlone || rainExtreme.share > 1);
    if (isImpossible || rainDoubtedAt > sinceMs) doubted.push(device.name);
    if (isImpossible || !isHeard(hearing)) continue;
    sums.push(isAlone && !isRainLasting(rain, sinceMs) ? 0 : rainWithin(rain, sinceMs));
  }
  sums.sort((a, b) => b - a);
  const [most = 0, second = most] = sums;
  const isKnown = reporting.length > 0 || doubted.length > 0;
  return { mm: sums.length === 2 ? (most + second) / 2 : second, isKnown, doubted };
}

/** A sentence that follows; empty where every bucket is believed. */
function describeDoubted({ doubted }: CityRain): Bilingual {
  if (doubted.length === 0) return { en: '', id: '' };
  const names = doubted.join(', ');
  return {
    en: ` The rain that ${names} reports is more than can fall: it is in doubt, and is not counted.`,
    id: ` Hujan yang dilaporkan ${names} melebihi yang mungkin turun: datanya diragukan dan tidak dihitung.`,
  };
}

/** Whether a level among the last lies further above the newest than a tide falls in between. */
function fellTooFast({ at, value }: Recent): boolean {
  const last = value.length - 1;
  const { fallM, fallMPerH } = ROB_PARAMETERS;
  return value.some((_, index) => {
    const hours = ((at[last] as number) - (at[index] as number)) / 3_600_000;
    return smoothed(value, index) - (value[last] as number) > fallM + fallMPerH * hours;
  });
}

function describe(
  name: string,
  levelM: number,
  rain: CityRain,
  isDoubted: boolean,
): EngineChange['description'] {
  const { mm: rainMm } = rain;
  const level = formatMetres(levelM);
  const doubt = describeDoubted(rain);
  if (isDoubted) {
    return {
      label: LABEL,
      text: {
        en: `Tidal flooding: ${rainMm.toFixed(0)} mm of rain fell in 3 h, and the gauge ${name} says ${level.en}, faster than a tide falls: it is in doubt, and the alert stays.${doubt.en}`,
        id: `Rob: hujan ${rainMm.toFixed(0)} mm dalam 3 jam, dan ${name} melaporkan ${level.id}, lebih cepat daripada surutnya laut: alatnya diragukan dan peringatan tetap berlaku.${doubt.id}`,
      },
    };
  }
  return {
    label: LABEL,
    text: {
      en: `Tidal flooding: the sea at ${name} is at ${level.en} and ${rainMm.toFixed(0)} mm of rain fell in 3 h; low streets will drain slowly.${doubt.en}`,
      id: `Rob: muka laut di ${name} ${level.id} dan hujan ${rainMm.toFixed(0)} mm dalam 3 jam. Genangan di jalan-jalan rendah akan lama surut.${doubt.id}`,
    },
  };
}

/** Why the level of the sea is not known; undefined where it is. */
type Lost = 'doubted' | 'blind' | undefined;

function lostOf(isDoubted: boolean, isBlind: boolean): Lost {
  return isBlind ? 'blind' : isDoubted ? 'doubted' : undefined;
}

function describeEnd(
  name: string,
  levelM: number,
  rain: CityRain,
  at: Bilingual,
  lost: Lost,
): EngineChange['description'] {
  const { mm: rainMm } = rain;
  const level = formatMetres(levelM);
  const doubt = describeDoubted(rain);
  if (lost === 'blind') {
    return {
      label: LABEL,
      text: {
        en: `Tide and rain no longer add up: only ${rainMm.toFixed(0)} mm of rain fell in the 3 h before ${at.en}. ${name} sends no level; its last was ${level.en}, and where the sea stands now is not known.${doubt.en}`,
        id: `Rob berakhir: hujan tinggal ${rainMm.toFixed(0)} mm dalam 3 jam sampai ${at.id}. ${name} tidak mengirim data; muka laut terakhir ${level.id}, keadaan sekarang tidak diketahui.${doubt.id}`,
      },
    };
  }
  if (lost === 'doubted') {
    return {
      label: LABEL,
      text: {
        en: `Tide and rain no longer add up: only ${rainMm.toFixed(0)} mm of rain fell in the 3 h before ${at.en}. The level of the gauge ${name}, ${level.en}, is in doubt.${doubt.en}`,
        id: `Rob berakhir: hujan tinggal ${rainMm.toFixed(0)} mm dalam 3 jam sampai ${at.id}. Muka laut di ${name}, ${level.id}, diragukan.${doubt.id}`,
      },
    };
  }
  return {
    label: LABEL,
    text: {
      en: `Tide and rain no longer add up: the sea at ${name} was at ${level.en} at ${at.en}, and ${rainMm.toFixed(0)} mm of rain fell in the last 3 h.${doubt.en}`,
      id: `Rob berakhir: muka laut di ${name} ${level.id} ${at.id}, dan hujan ${rainMm.toFixed(0)} mm dalam 3 jam terakhir.${doubt.id}`,
    },
  };
}
