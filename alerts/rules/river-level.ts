/**
 * River level: the ladder of a gauge's thresholds, in the agency's own words, on one canonical rank.
 *
 * Raised at once by a level that the river could have reached since the last reading; a jump beyond that is
 * raised provisionally. Left by hysteresis and hold, once the fall is believed (fall.ts). Invariant: only the
 * sensor's range (gross range) suppresses a reading that is high; whatever else looks odd may be the flood itself.
 */

import { isRiverGauge, type RiverGauge, type Threshold } from '../../devices/kinds/river-gauge.ts';
import { FAILED_QUALITY } from '../../devices/reading.ts';
import { type Rank, rankOf, severityOf } from '../alert.ts';
import type { Observation } from '../judgement/observation.ts';
import { defineTrackRule } from '../judgement/rule.ts';
import { advanceTrack, isClaim, isProvisional, NO_DETAIL } from '../judgement/track.ts';
import { startDoubt } from '../levels/doubt.ts';
import { mayEnd, nextEnding } from '../levels/ending.ts';
import { believe, explainedAt, farJumpM, isAwaited, isBelieved, isDropOut } from '../levels/fall.ts';
import {
  FALL_START,
  type FallParameters,
  type FallState,
  fallOfNoisy,
  learntOfFalls,
  ordinaryOf,
} from '../levels/fall-state.ts';
import {
  doubtRank,
  holdMs,
  LADDER_START,
  type LadderParameters,
  type LadderState,
  rejudgeLadder,
  resumeLadder,
  stepLadder,
} from '../levels/ladder.ts';
import { noiseOf } from '../levels/noise.ts';
import { formatMetres } from '../wording.ts';
import {
  type DoubtDetail,
  describeDoubt,
  describePresent,
  describeStanding,
  describeWasInDoubt,
} from './river-words.ts';

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
  readonly fall: FallParameters | undefined;
}

interface RiverMemory extends LadderState, FallState {}

/** Said of with the second reading that is not believed: a single drop-out is nothing to speak of. */
const DOUBT_SAID_AFTER = 2;
/** Without an alert a gauge that fell too far is to be looked at after so many readings, and so long, ms. */
const CALM_ROWS = 8;
const CALM_MS = 15 * 60_000;

export const riverLevel = defineTrackRule<RiverLevelParameters, RiverMemory>({
  name: 'river-level',
  version: 8,
  kind: 'river-gauge',
  unit: 'm',
  screens: true,
  memory: { ...LADDER_START, ...FALL_START },
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
    fall: undefined,
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
    const floodM = thresholds[0]?.levelM ?? normalLevelM;
    const fall: FallParameters = {
      floodM,
      clearM: floodM - hysteresisM,
      ordinaryM: normalLevelM,
      spanM: ladderSpanM(site),
      leastHeightM: ladderSpanM(site) * LEAST_HEIGHT_SHARE,
      rippleM: parameters.jumpMinM,
      newRippleM: Math.max(NEW_RIPPLE_M, ladderSpanM(site) * NEW_RIPPLE_SHARE),
      jumpM: jump,
      waveM: 0,
    };
    return { ...parameters, thresholds, hysteresisM, ladder, fall };
  },
  step(track, memory, reading, view, { ladder, fall: cleanFall }) {
    const levelM = levelOf(reading);
    if (levelM === undefined || !ladder || !cleanFall) return;
    const noise = noiseOf(view.noise);
    const fall = noise > 0 ? fallOfNoisy(memory, cleanFall, noise) : cleanFall;
    const { measuredAt: at } = reading;
    const { intervalMs } = view;
    const { believedM, believedAt } = memory;
    const { doubtedSince, fellAt, wasInDoubt } = (track.episode?.detail ?? {}) as DoubtDetail;
    const isSaid = doubtedSince !== undefined;
    const { standsFromM, lowSince } = memory;
    const previousM = memory.previous ?? levelM;
    const below = { levelM, at, intervalMs, previousM, standsFromM, lowSince };
    const isConfirmed = memory.confirmedAt !== null && at >= memory.confirmedAt;
    const isAsked = memory.rank > 0 || (!memory.doubt && isDropOut(memory, fall, levelM, at, intervalMs));
    if (isAsked && !isBelieved(memory, fall, levelM, at, intervalMs)) {
      // A level that is doubted has one before it that was believed.
      const keptM = believedM as number;
      // Nobody need look at a sensor at once where no alert rests on it.
      const inAlert = memory.rank > 0;
      const isSuspect = inAlert ? !isAwaited(memory) : memory.lows >= CALM_ROWS && at - believedAt >= CALM_MS;
      const rows = isSuspect ? memory.lows : 0;
      view.suspicion = { rows, inAlert, believedM: keptM, believedAt };
      const detail =
        inAlert && rows >= DOUBT_SAID_AFTER && !isSaid
          ? { doubtedSince: at, doubtedM: levelM, believedAt }
          : undefined;
      advanceTrack(track, reading, memory.rank, keptM, doubtRank(memory), detail);
      return;
    }
    memory.ending = memory.rank > 0 && !isConfirmed ? nextEnding(memory, fall, below) : null;
    const isEnd = mayEnd(memory.ending, levelM, at, intervalMs);
    const [far, low] = [farJumpM(memory, fall), ordinaryOf(memory, fall)];
    const hysteresis = fall.floodM - fall.clearM;
    stepLadder(memory, ladder, levelM, at, intervalMs, { far, low, mayEnd: isEnd, noise, hysteresis });
    // A jump is the river's level only once it has stood.
    if (!memory.doubt) believe(memory, fall, levelM, at, intervalMs);
    // Said until the level is back in the flood, and not anew with each wave.
    const waits = !isEnd && (levelM <= fall.clearM || fellAt !== undefined);
    const isLow = levelM <= fall.clearM && !isConfirmed;
    const isNews = isSaid || waits !== (fellAt !== undefined) || (wasInDoubt !== undefined && !isLow);
    const doubted = isSaid
      ? { since: doubtedSince, levelM: believedM as number, at: believedAt }
      : wasInDoubt;
    const fell = waits ? { fellAt: memory.ending?.since } : NO_DETAIL;
    const detail = isNews ? (isLow && doubted ? { ...fell, wasInDoubt: doubted } : fell) : undefined;
    advanceTrack(track, reading, memory.rank, levelM, doubtRank(memory), detail);
  },
  learnt: learntOfFalls,
  // A claim is not the river's level yet, and one that is doubted has its own sentence.
  sayPresent: ({ believedM, believedAt, doubt, lowSince }, episode, { clock }) =>
    doubt || lowSince !== null || believedM === null
      ? undefined
      : describePresent(episode, believedM, believedAt, clock),
  rejudge: (memory, { ladder }) => (ladder ? rejudgeLadder(memory, ladder) : memory),
  vouch: (memory, confirmedAt) => ({ ...memory, confirmedAt }),
  resume(memory, { rank, doubtRank, value, changedAt, detail }, { ladder }) {
    if (rank > 0) {
      const { believedAt = changedAt, doubtedSince, doubtedM } = detail as DoubtDetail;
      const resumed = { ...resumeLadder(memory, rank), believedM: value, believedAt };
      if (doubtedSince === undefined || doubtedM === undefined) return resumed;
      // It was said to be in doubt, and is until the level is back or explained.
      return { ...resumed, lowSince: doubtedSince, lows: DOUBT_SAID_AFTER, lowM: doubtedM };
    }
    const base = Math.min(value, ladder?.ordinary ?? value);
    return { ...memory, doubt: startDoubt(base, value, doubtRank, changedAt), previous: value, before: base };
  },
  describe(episode, rank, { thresholds }, { name, clock }) {
    const step = thresholdOf(thresholds, rank);
    const stands = describeStanding(episode, step, clock);
    const doubt = describeDoubt(episode, clock);
    const unsure = isProvisional(episode) || isClaim(episode);
    return {
      label: step.label,
      text: {
        en: `${name}: ${stands.en}.${unsure ? ' After a jump, and not confirmed yet.' : ''}${doubt.en}`,
        id: `${name}: ${stands.id}.${unsure ? ' Setelah lonjakan, belum terkonfirmasi.' : ''}${doubt.id}`,
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
    const doubt = describeWasInDoubt(episode, clock);
    const lowest = thresholdOf(thresholds, 1);
    const limit = formatMetres(lowest.levelM);
    return {
      label: thresholdOf(thresholds, highestRank).label,
      text: {
        en: `${name} has fallen to ${now.en}, below ${lowest.label.en} (${limit.en}). It peaked at ${highest.en}${when.en}.${doubt.en}`,
        id: `${name} sudah surut: ${now.id}, di bawah ambang ${lowest.label.id} (${limit.id}). Tertinggi ${highest.id}${when.id}.${doubt.id}`,
      },
    };
  },
  timers(memory, { ladder, fall }, view) {
    const timers: Record<string, number> = {};
    if (!ladder || !fall) return timers;
    const believedFrom = explainedAt(memory, fall, view.intervalMs);
    if (believedFrom !== undefined) timers['fallBelievedAt'] = believedFrom;
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

/** A height counts as no less than this share of the ladder: just above an ordinary day every fall is a large one. */
const LEAST_HEIGHT_SHARE = 1 / 3;
/** A gauge of which nothing is known may fall by this share of the ladder between two reports, or by this, m. */
const NEW_RIPPLE_SHARE = 0.4;
const NEW_RIPPLE_M = 0.5;

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
