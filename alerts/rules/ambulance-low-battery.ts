/**
 * Ambulance with a low battery: its tracker will fall silent soon. Counted in percent that are missing.
 *
 * Invariant: one reading far from the last says nothing until the next agrees: no battery is empty within a minute.
 */
import type { Bilingual } from '../../devices/site.ts';
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
import { formatIndonesian } from '../notices/indonesian-number.ts';

export interface LowBatteryParameters {
  readonly lowPct: number;
  readonly emptyPct: number;
  /** Above the limit by this it is charged again. */
  readonly hysteresisPct: number;
  /** … once it has been for so long, ms: load and charger move it by several percent; … */
  readonly chargedForMs: number;
  /** … or at once where it is above the limit by this. */
  readonly chargedPct: number;
  /** A fall of more than this between two readings waits for the next. */
  readonly jumpPct: number;
}

interface Ladders {
  readonly hovering: LadderParameters;
  readonly charged: LadderParameters;
  /** What is missing from a battery that is charged beyond doubt. */
  readonly chargedBelow: number;
}

/** So much is missing, percent. */
const NEARLY_EMPTY = 95;
const LABEL: Bilingual = { en: 'low battery', id: 'baterai lemah' };

export const ambulanceLowBattery = defineTrackRule<LowBatteryParameters, LadderState, Ladders>({
  name: 'ambulance-low-battery',
  version: 4,
  kind: 'ambulance',
  unit: '%',
  memory: LADDER_START,
  defaults: {
    lowPct: 20,
    emptyPct: 8,
    hysteresisPct: 5,
    chargedForMs: 30 * 60_000,
    chargedPct: 20,
    jumpPct: 20,
  },
  prepare: laddersOf,
  step(track, memory, reading, view, { hovering, charged, chargedBelow }) {
    const { batteryPct } = reading.values;
    if (typeof batteryPct !== 'number') return;
    const missing = 100 - batteryPct;
    // 0.85 is a share of 1, and no percent, but of one that was nearly empty: trackers count whole percent.
    const isShare = batteryPct > 0 && batteryPct < 1 && !(memory.previous && memory.previous >= NEARLY_EMPTY);
    if (isShare) return;
    const ladder = missing <= chargedBelow ? charged : hovering;
    stepLadder(memory, ladder, missing, reading.measuredAt, view.intervalMs);
    advanceTrack(track, reading, memory.rank, batteryPct);
  },
  rejudge: (memory, parameters) => rejudgeLadder(memory, laddersOf(parameters).charged),
  resume: (memory, { rank }) => resumeLadder(memory, rank),
  describe({ value }, _rank, _parameters, { name }) {
    return {
      label: LABEL,
      text: {
        en: `The tracker of ${name} is at ${value} %. It needs charging.`,
        id: `Baterai pelacak ${name} tinggal ${formatIndonesian(value)} %. Perlu diisi.`,
      },
    };
  },
  describeEnd({ value, endedAt }, _parameters, { name, clock }) {
    const at = clock(endedAt, endedAt);
    return {
      label: LABEL,
      text: {
        en: `The tracker of ${name} is charged again: ${value} % at ${at.en}.`,
        id: `Baterai pelacak ${name} sudah terisi lagi: ${formatIndonesian(value)} % ${at.id}.`,
      },
    };
  },
});

function laddersOf(parameters: LowBatteryParameters): Ladders {
  const { lowPct, emptyPct, hysteresisPct, chargedForMs, chargedPct, jumpPct } = parameters;
  const charged: LadderParameters = {
    steps: [
      { rank: 1, level: 100 - lowPct, comparator: '>=', pendingMs: 0 },
      { rank: 2, level: 100 - emptyPct, comparator: '>=', pendingMs: 0 },
    ],
    hysteresis: hysteresisPct,
    clearReadings: 2,
    holdIntervals: 2,
    holdMinMs: 10_000,
    holdMaxMs: 60_000,
    jump: jumpPct,
  };
  const hovering = { ...charged, holdMinMs: chargedForMs, holdMaxMs: chargedForMs };
  return { hovering, charged, chargedBelow: 100 - lowPct - chargedPct };
}
