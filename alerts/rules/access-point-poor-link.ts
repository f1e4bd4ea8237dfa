/**
 * Access point with a poor link: packets lost or slow round trips, for several reports in a row.
 *
 * Both quantities become one score, in units of their own limit, so that the worse one speaks.
 */
import type { Bilingual } from '../../devices/site.ts';
import { defineTrackRule } from '../judgement/rule.ts';
import { advanceTrack } from '../judgement/track.ts';
import {
  LADDER_START,
  type LadderParameters,
  type LadderState,
  resumeLadder,
  stepLadder,
} from '../levels/ladder.ts';
import { formatIndonesian } from '../notices/indonesian-number.ts';

export interface PoorLinkParameters {
  readonly lossPct: number;
  readonly rttMs: number;
  /** Of the limits: raises the second step. */
  readonly badShare: number;
  readonly hysteresisShare: number;
  readonly pendingIntervals: number;
  readonly pendingMaxMs: number;
}

interface Prepared extends PoorLinkParameters {
  readonly ladder: LadderParameters;
}

const LABEL: Bilingual = { en: 'poor link', id: 'sambungan buruk' };

export const accessPointPoorLink = defineTrackRule<PoorLinkParameters, LadderState, Prepared>({
  name: 'access-point-poor-link',
  version: 1,
  kind: 'wifi-access-point',
  unit: 'of the limit',
  memory: LADDER_START,
  defaults: {
    lossPct: 10,
    rttMs: 400,
    badShare: 3,
    hysteresisShare: 0.2,
    pendingIntervals: 3,
    pendingMaxMs: 10 * 60_000,
  },
  prepare: (parameters) => ({ ...parameters, ladder: ladderOf(parameters) }),
  step(track, memory, reading, view, limits) {
    const { lossPct, rttMs } = reading.values;
    if (typeof lossPct !== 'number' && typeof rttMs !== 'number') return;
    const loss = typeof lossPct === 'number' ? lossPct / limits.lossPct : 0;
    const delay = typeof rttMs === 'number' ? rttMs / limits.rttMs : 0;
    const score = Number(Math.max(loss, delay).toFixed(2));
    stepLadder(memory, limits.ladder, score, reading.measuredAt, view.intervalMs);
    advanceTrack(track, reading, memory.rank, score);
  },
  resume: (memory, { rank }) => resumeLadder(memory, rank),
  describe({ value }, _rank, { lossPct, rttMs }, { name }) {
    return {
      label: LABEL,
      text: {
        en: `${name}: loss or delay at ${value} times the limit (${lossPct} %, ${rttMs} ms).`,
        id: `${name}: kehilangan paket atau tunda ${formatIndonesian(value)} kali batas (${formatIndonesian(lossPct)} %, ${formatIndonesian(rttMs)} ms).`,
      },
    };
  },
  describeEnd({ peak, endedAt }, { lossPct, rttMs }, { name, clock }) {
    const at = clock(endedAt, endedAt);
    return {
      label: LABEL,
      text: {
        en: `${name} has a good link again since ${at.en}. Loss or delay was up to ${peak} times the limit (${lossPct} %, ${rttMs} ms).`,
        id: `Sambungan ${name} baik lagi sejak ${at.id}. Kehilangan paket atau tunda sampai ${formatIndonesian(peak)} kali batas (${formatIndonesian(lossPct)} %, ${formatIndonesian(rttMs)} ms).`,
      },
    };
  },
});

function ladderOf(parameters: PoorLinkParameters): LadderParameters {
  const pending = { pendingMs: parameters.pendingMaxMs, pendingIntervals: parameters.pendingIntervals };
  return {
    steps: [
      { rank: 1, level: 1, comparator: '>=', ...pending },
      { rank: 2, level: parameters.badShare, comparator: '>=', ...pending },
    ],
    hysteresis: parameters.hysteresisShare,
    clearReadings: 2,
    holdIntervals: parameters.pendingIntervals,
    holdMinMs: 15_000,
    holdMaxMs: parameters.pendingMaxMs,
    jump: Number.POSITIVE_INFINITY,
  };
}
