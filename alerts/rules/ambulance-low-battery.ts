/** Ambulance with a low battery: its tracker will fall silent soon. Counted in percent that are missing. */
import type { Bilingual } from '../../devices/site.ts';
import {
  LADDER_START,
  type LadderParameters,
  type LadderState,
  rejudgeLadder,
  resumeLadder,
  stepLadder,
} from '../judgement/ladder.ts';
import { defineTrackRule } from '../judgement/rule.ts';
import { advanceTrack } from '../judgement/track.ts';
import { formatIndonesian } from '../notices/indonesian-number.ts';

export interface LowBatteryParameters {
  readonly lowPct: number;
  readonly emptyPct: number;
  /** Above the limit by this it is charged again. */
  readonly hysteresisPct: number;
}

const LABEL: Bilingual = { en: 'low battery', id: 'baterai lemah' };

export const ambulanceLowBattery = defineTrackRule<LowBatteryParameters, LadderState, LadderParameters>({
  name: 'ambulance-low-battery',
  version: 1,
  kind: 'ambulance',
  unit: '%',
  memory: LADDER_START,
  defaults: { lowPct: 20, emptyPct: 8, hysteresisPct: 5 },
  prepare: ladderOf,
  step(track, memory, reading, view, ladder) {
    const { batteryPct } = reading.values;
    if (typeof batteryPct !== 'number') return;
    stepLadder(memory, ladder, 100 - batteryPct, reading.measuredAt, view.intervalMs);
    advanceTrack(track, reading, memory.rank, batteryPct);
  },
  rejudge: (memory, parameters) => rejudgeLadder(memory, ladderOf(parameters)),
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

function ladderOf({ lowPct, emptyPct, hysteresisPct }: LowBatteryParameters): LadderParameters {
  return {
    steps: [
      { rank: 1, level: 100 - lowPct, comparator: '>=', pendingMs: 0 },
      { rank: 2, level: 100 - emptyPct, comparator: '>=', pendingMs: 0 },
    ],
    hysteresis: hysteresisPct,
    clearReadings: 2,
    holdIntervals: 2,
    holdMinMs: 10_000,
    holdMaxMs: 60_000,
    jump: Number.POSITIVE_INFINITY,
  };
}
