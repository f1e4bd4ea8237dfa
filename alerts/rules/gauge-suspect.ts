/**
 * Suspect gauge: it reports a level below what its river can have fallen to, or leapt up and has stood still since.
 *
 * The judgement of a fall is river-level's, which keeps its alert meanwhile; this is the notice to whoever looks after
 * the gauge. In a flood it is raised with the second such reading, so that a single drop-out is none; without one,
 * later; it ends when the level is believed. A leap is told once it has stood at flood height (standing-jump.ts).
 */

import { isRiverGauge } from '../../devices/kinds/river-gauge.ts';
import { defineTrackRule } from '../judgement/rule.ts';
import { advanceTrack } from '../judgement/track.ts';
import {
  firstStandingJump,
  nextStandingJump,
  type StandingJump,
  standsStill,
} from '../levels/standing-jump.ts';
import { ladderSpanM, levelOf } from './river-level.ts';
import { areFeet, describeSuspect, describeSuspectEnd, type SuspectDetail } from './suspect-words.ts';

export interface GaugeSuspectParameters {
  /** Readings in a row that are not believed. */
  readonly rows: number;
  /** Of the ladder's span, and in m: a step of no more is no leap. */
  readonly jumpShare: number;
  readonly jumpMinM: number;
  /** Worked out for the gauge, m: what is a leap, and from where on one matters. */
  readonly jumpM: number;
  readonly floodM: number;
  readonly ordinaryM: number;
}

interface Memory {
  /** It was heard before, be what was said of it lost. */
  isKnown: boolean;
  lastM: number | null;
  jump: StandingJump | null;
}

/** The ordinary level of a gauge that nobody knows is what the city says: it may be off by this share. */
const FIRST_FEET_SHARE = 0.1;
const START: Readonly<Memory> = Object.freeze({ isKnown: false, lastM: null, jump: null });

export const gaugeSuspect = defineTrackRule<GaugeSuspectParameters, Memory>({
  name: 'gauge-suspect',
  version: 2,
  kind: 'river-gauge',
  unit: 'm',
  memory: START,
  defaults: { rows: 2, jumpShare: 0.2, jumpMinM: 0.15, jumpM: 0, floodM: 0, ordinaryM: 0 },
  forDevice(parameters, { site }) {
    if (!isRiverGauge(site)) return undefined;
    const { thresholds, hysteresisM, normalLevelM: ordinaryM } = site;
    const jumpM = Math.max(parameters.jumpMinM, parameters.jumpShare * ladderSpanM(site));
    const floodM = (thresholds[0]?.levelM ?? Number.POSITIVE_INFINITY) - hysteresisM;
    return { ...parameters, jumpM, floodM, ordinaryM };
  },
  step(track, memory, reading, { suspicion, noise }, { rows, jumpM, floodM, ordinaryM }) {
    const levelM = levelOf(reading);
    if (levelM === undefined) return;
    const at = reading.measuredAt;
    if (suspicion) {
      memory.jump = null;
      // After a leap that was doubted the fall is another doubt.
      const isSaid = track.episode && !(track.episode.detail as Partial<SuspectDetail>).isLeap;
      if (isSaid || suspicion.rows < rows) return;
      const { believedM, believedAt, inAlert } = suspicion;
      const detail: SuspectDetail = { believedM, believedAt, levelM, ...(inAlert ? {} : { isCalm: true }) };
      advanceTrack(track, reading, inAlert ? 2 : 1, levelM, 0, { ...detail });
      return;
    }
    const { lastM, jump } = memory;
    memory.lastM = levelM;
    if (!memory.isKnown) {
      memory.isKnown = true;
      // It may be in a flood: but for its factor nothing speaks against it.
      const isLeap = levelM - ordinaryM > jumpM && areFeet(levelM, ordinaryM, FIRST_FEET_SHARE);
      memory.jump = isLeap ? firstStandingJump(ordinaryM, levelM, at) : null;
    } else if (jump || (lastM !== null && levelM - lastM > jumpM)) {
      const scatterM = Math.sqrt(Math.max(0, noise.varianceM2));
      memory.jump = nextStandingJump(jump, lastM, levelM, at, jumpM, scatterM);
    }
    const stands = memory.jump !== null && levelM >= floodM && standsStill(memory.jump, at);
    if (!stands) {
      if (track.episode) advanceTrack(track, reading, 0, levelM);
    } else if (!track.episode) {
      const { fromM, toM, since, isFirst } = memory.jump as StandingJump;
      const detail: SuspectDetail = {
        ...{ believedM: fromM, believedAt: since, levelM: toM, isLeap: true },
        ...(isFirst ? { isFirst } : {}),
      };
      advanceTrack(track, reading, 2, levelM, 0, { ...detail });
    }
  },
  learnt: (memory) => ({ isKnown: memory !== undefined }),
  // A person has looked: what stands there is the river.
  vouch: (memory) => ({ ...memory, jump: null }),
  describe: (episode, _rank, _parameters, facts) => describeSuspect(episode, facts),
  describeEnd: (episode, _parameters, facts) => describeSuspectEnd(episode, facts),
});
