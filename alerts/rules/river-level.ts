/**
 * River level: the ladder of a gauge's thresholds, in the agency's own words, on one canonical rank.
 *
 * Raised at once by a level that the river could have reached since the last reading; a jump beyond that is
 * raised provisionally. Left by hysteresis and hold. Invariant: only the sensor's range (gross range)
 * suppresses a reading; whatever else looks odd may be the flood itself.
 */
import { isRiverGauge, type RiverGauge, type Threshold } from '../../devices/kinds/river-gauge.ts';
import { FAILED_QUALITY } from '../../devices/reading.ts';
import { type Rank, rankOf, severityOf } from '../alert.ts';
import { startDoubt } from '../judgement/doubt.ts';
import {
  doubtRank,
  holdMs,
  LADDER_START,
  type LadderParameters,
  type LadderState,
  resumeLadder,
  stepLadder,
} from '../judgement/ladder.ts';
import type { Observation } from '../judgement/observation.ts';
import { defineTrackRule } from '../judgement/rule.ts';
import { advanceTrack, isClaim, isProvisional } from '../judgement/track.ts';
import { formatMetres } from '../wording.ts';

export interface RiverLevelParameters {
  /** The gauge's own; empty until bound. */
  readonly thresholds: readonly Threshold[];
  readonly hysteresisM: number;
  /** A rise between two readings beyond this share of the ladder's span is doubted, not believed. */
  readonly jumpShare: number;
  /** … and never less than this, m: waves and rounding. */
  readonly jumpMinM: number;
  /** How long the level must be met, ms, by severity; the top step has none. */
  readonly pendingMs: number;
  readonly clearReadings: number;
  readonly holdIntervals: number;
  readonly holdMinMs: number;
  readonly holdMaxMs: number;
  /** Worked out from the above. */
  readonly ladder: LadderParameters | undefined;
}

export const riverLevel = defineTrackRule<RiverLevelParameters, LadderState>({
  name: 'river-level',
  version: 2,
  kind: 'river-gauge',
  unit: 'm',
  memory: LADDER_START,
  defaults: {
    thresholds: [],
    hysteresisM: 0.1,
    jumpShare: 0.2,
    jumpMinM: 0.15,
    pendingMs: 0,
    clearReadings: 2,
    holdIntervals: 3,
    holdMinMs: 15_000,
    holdMaxMs: 30 * 60_000,
    ladder: undefined,
  },
  forDevice(parameters, { site }) {
    if (!isRiverGauge(site)) return undefined;
    const { thresholds, hysteresisM, normalLevelM } = site;
    const jump = Math.max(parameters.jumpMinM, parameters.jumpShare * ladderSpanM(site));
    const top = thresholds.length - 1;
    const ladder: LadderParameters = {
      steps: thresholds.map((each, index) => ({
        rank: rankOf(each.severity),
        level: each.levelM,
        comparator: each.comparator,
        // The worst cannot wait.
        pendingMs: index === top ? 0 : parameters.pendingMs,
      })),
      hysteresis: hysteresisM,
      clearReadings: parameters.clearReadings,
      holdIntervals: parameters.holdIntervals,
      holdMinMs: parameters.holdMinMs,
      holdMaxMs: parameters.holdMaxMs,
      jump,
      ordinary: normalLevelM,
    };
    return { ...parameters, thresholds, hysteresisM, ladder };
  },
  step(track, memory, reading, view, parameters) {
    const levelM = levelOf(reading);
    if (levelM === undefined || !parameters.ladder) return;
    stepLadder(memory, parameters.ladder, levelM, reading.measuredAt, view.intervalMs);
    advanceTrack(track, reading, memory.rank, levelM, doubtRank(memory));
  },
  resume(memory, { rank, doubtRank, value, changedAt }, { ladder }) {
    if (rank > 0) return resumeLadder(memory, rank);
    const base = Math.min(value, ladder?.ordinary ?? value);
    return { ...memory, doubt: startDoubt(base, value, doubtRank, changedAt), previous: value, before: base };
  },
  describe(episode, rank, { thresholds }, { name }) {
    const { label, levelM } = thresholdOf(thresholds, rank);
    const value = formatMetres(episode.value);
    const limit = formatMetres(levelM);
    const unsure = isProvisional(episode) || isClaim(episode);
    return {
      label,
      text: {
        en: `${name}: ${value.en}, ${label.en} (from ${limit.en}).${
          unsure ? ' After a jump, and not confirmed yet.' : ''
        }`,
        id: `${name}: ${value.id}, ${label.id} (mulai ${limit.id}).${
          unsure ? ' Setelah lonjakan, belum terkonfirmasi.' : ''
        }`,
      },
    };
  },
  describeEnd(episode, { thresholds }, { name, clock }) {
    const { value, peak, peakAt, highestRank, endedAt } = episode;
    const now = formatMetres(value);
    const highest = formatMetres(peak);
    const at = peakAt === undefined ? undefined : clock(peakAt, endedAt);
    const when = at ? { en: ` at ${at.en}`, id: ` ${at.id}` } : { en: '', id: '' };
    if (highestRank === 0) {
      return {
        label: thresholdOf(thresholds, 1).label,
        text: {
          en: `${name}: the jump to ${highest.en}${when.en} was not confirmed; the level is ${now.en}.`,
          id: `${name}: lonjakan ke ${highest.id}${when.id} tidak terkonfirmasi; tinggi air ${now.id}.`,
        },
      };
    }
    const lowest = thresholdOf(thresholds, 1);
    const limit = formatMetres(lowest.levelM);
    return {
      label: thresholdOf(thresholds, highestRank).label,
      text: {
        en: `${name} has fallen to ${now.en}, below ${lowest.label.en} (${limit.en}). It peaked at ${highest.en}${when.en}.`,
        id: `${name} sudah surut: ${now.id}, di bawah ambang ${lowest.label.id} (${limit.id}). Tertinggi ${highest.id}${when.id}.`,
      },
    };
  },
  timers(memory, { ladder }, view) {
    const timers: Record<string, number> = {};
    if (!ladder) return timers;
    for (const [index, since] of (memory.metSince ?? []).entries()) {
      const step = ladder.steps[index];
      if (since !== null && step) timers[`pendingUntil:${severityOf(step.rank)}`] = since + step.pendingMs;
    }
    for (const [index, run] of (memory.below ?? []).entries()) {
      const step = ladder.steps[index];
      if (run && step) {
        timers[`holdUntil:${severityOf(step.rank)}`] = run.since + holdMs(ladder, view.intervalMs);
      }
    }
    return timers;
  },
});

/** The step of a rank, or the lowest: a ladder has at least one, and may begin above `minor`. */
function thresholdOf(thresholds: readonly Threshold[], rank: Rank): Pick<Threshold, 'label' | 'levelM'> {
  const label = { id: severityOf(rank), en: severityOf(rank) };
  const otherwise = thresholds[0] ?? { label, levelM: Number.NaN };
  return thresholds.find((each) => rankOf(each.severity) === rank) ?? otherwise;
}

/** From the lowest to the highest threshold, m; with a single one, from an ordinary day to it. */
export function ladderSpanM({ thresholds, normalLevelM }: RiverGauge): number {
  const lowest = thresholds[0]?.levelM ?? 0;
  const highest = thresholds.at(-1)?.levelM ?? lowest;
  return highest > lowest ? highest - lowest : Math.abs(lowest - normalLevelM);
}

/** The level of a reading that may move the present; undefined where it has none or its quality failed. */
export function levelOf(reading: Observation): number | undefined {
  if (reading.quality & FAILED_QUALITY) return undefined;
  const { levelM } = reading.values;
  return typeof levelM === 'number' ? levelM : undefined;
}
