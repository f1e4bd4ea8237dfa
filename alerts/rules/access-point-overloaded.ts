/**
 * Access point overloaded: more clients than it serves well, for several reports in a row.
 *
 * The limits are shares of the site's own capacity, so that one rule holds for a kiosk and for a square.
 */
import { isAccessPoint } from '../../devices/kinds/wifi-access-point.ts';
import type { Bilingual } from '../../devices/site.ts';
import type { Rank } from '../alert.ts';
import { defineTrackRule } from '../judgement/rule.ts';
import { advanceTrack } from '../judgement/track.ts';
import {
  LADDER_START,
  type LadderParameters,
  type LadderState,
  rejudgeLadder,
  resumeLadder,
  stepLadder,
} from '../levels/ladder.ts';

export interface OverloadParameters {
  readonly capacityClients: number;
  /** Shares of the capacity that raise the two steps. */
  readonly minorShare: number;
  readonly moderateShare: number;
  readonly hysteresisShare: number;
  /** It must last this many report intervals, and at most so long, ms. */
  readonly pendingIntervals: number;
  readonly pendingMaxMs: number;
}

export const accessPointOverloaded = defineTrackRule<OverloadParameters, LadderState, LadderParameters>({
  name: 'access-point-overloaded',
  version: 1,
  kind: 'wifi-access-point',
  unit: 'clients',
  memory: LADDER_START,
  defaults: {
    capacityClients: 0,
    minorShare: 1,
    moderateShare: 1.5,
    hysteresisShare: 0.1,
    pendingIntervals: 3,
    pendingMaxMs: 10 * 60_000,
  },
  forDevice(parameters, { site }) {
    if (parameters.capacityClients > 0) return parameters;
    if (!isAccessPoint(site)) return undefined;
    return { ...parameters, capacityClients: site.capacityClients };
  },
  prepare: ladderOf,
  step(track, memory, reading, view, ladder) {
    const { clients } = reading.values;
    if (typeof clients !== 'number') return;
    stepLadder(memory, ladder, clients, reading.measuredAt, view.intervalMs);
    advanceTrack(track, reading, memory.rank, clients);
  },
  rejudge: (memory, parameters) => rejudgeLadder(memory, ladderOf(parameters)),
  resume: (memory, { rank }) => resumeLadder(memory, rank),
  describe({ value }, rank, { capacityClients }, { name }) {
    return {
      label: labelOf(rank),
      text: {
        en: `${name}: ${Math.round(value)} clients, built for ${capacityClients}.`,
        id: `${name}: ${Math.round(value)} pengguna, kapasitas ${capacityClients}.`,
      },
    };
  },
  describeEnd({ value, peak, highestRank, endedAt }, { capacityClients }, { name, clock }) {
    const at = clock(endedAt, endedAt);
    return {
      label: labelOf(highestRank),
      text: {
        en: `${name} is no longer overloaded: ${Math.round(value)} clients at ${at.en}, built for ${capacityClients}. There were up to ${Math.round(peak)}.`,
        id: `${name} tidak lagi kelebihan beban: ${Math.round(value)} pengguna ${at.id}, kapasitas ${capacityClients}. Tertinggi ${Math.round(peak)} pengguna.`,
      },
    };
  },
});

function labelOf(rank: Rank): Bilingual {
  return rank >= 2
    ? { en: 'heavily overloaded', id: 'sangat kelebihan beban' }
    : { en: 'overloaded', id: 'kelebihan beban' };
}

function ladderOf(parameters: OverloadParameters): LadderParameters {
  const { capacityClients, minorShare, moderateShare, hysteresisShare, pendingIntervals } = parameters;
  const pending = { pendingMs: parameters.pendingMaxMs, pendingIntervals };
  return {
    steps: [
      { rank: 1, level: capacityClients * minorShare, comparator: '>', ...pending },
      { rank: 2, level: capacityClients * moderateShare, comparator: '>', ...pending },
    ],
    hysteresis: capacityClients * hysteresisShare,
    clearReadings: 2,
    holdIntervals: parameters.pendingIntervals,
    holdMinMs: 15_000,
    holdMaxMs: parameters.pendingMaxMs,
    jump: Number.POSITIVE_INFINITY,
  };
}
