/**
 * A hospital that reports its free beds: occupancy by the hour and by chance, a queue where it is full.
 *
 * Reports once an hour of the story, as the kind asks, so that a fast story still shows beds that change.
 * Invariant: never more free beds than the hospital has, and nobody waits while an emergency bed is free.
 */
import type { Hospital } from '../../devices/kinds/hospital.ts';
import type { Behaviour } from '../device/device.ts';
import { between, normal, type Random } from '../random.ts';
import type { StoryClock } from '../story-clock.ts';

const REPORT_EVERY_MS = 3_600_000;
/** A story of days in minutes still reports no faster than this. */
const FASTEST_MS = 30_000;
/** Share in use on the average, and how much it moves. The evening fills the emergency room. */
const USUAL = { emergency: 0.78, intensive: 0.85, ward: 0.74 } as const;
const SPREAD = { emergency: 0.16, intensive: 0.08, ward: 0.05 } as const;
const EVENING_PEAK = 0.12;
const BUSIEST_HOUR = 20;
/** Correlation of the occupancy from one report to the next. */
const MEMORY = 0.8;

type BedClass = keyof typeof USUAL;

export function createHospital(
  { beds }: Pick<Hospital, 'beds'>,
  /** Local hour of the city at the start of the story. */
  startHour: number,
  story: StoryClock,
  random: Random,
): Behaviour {
  const popularity = between(random, -0.05, 0.1);
  const deviation: Record<BedClass, number> = {
    emergency: normal(random),
    intensive: normal(random),
    ward: normal(random),
  };
  const intervalMs = Math.max(FASTEST_MS, REPORT_EVERY_MS / Math.max(1, story.speed));
  /** Patients for the beds of a class, more than there are beds where it is overrun. */
  const demand = (bedClass: BedClass, hour: number) => {
    deviation[bedClass] = MEMORY * deviation[bedClass] + Math.sqrt(1 - MEMORY ** 2) * normal(random);
    const evening =
      bedClass === 'emergency' ? EVENING_PEAK * Math.cos(((hour - BUSIEST_HOUR) / 12) * Math.PI) : 0;
    const share = USUAL[bedClass] + popularity + evening + SPREAD[bedClass] * deviation[bedClass];
    return Math.max(0, Math.round(beds[bedClass] * share));
  };
  return {
    intervalMs: () => intervalMs,
    measure(nowMs) {
      const hour = (startHour + story.minutes(nowMs) / 60) % 24;
      const emergency = demand('emergency', hour);
      return {
        emergencyFree: Math.max(0, beds.emergency - emergency),
        intensiveFree: Math.max(0, beds.intensive - demand('intensive', hour)),
        wardFree: Math.max(0, beds.ward - demand('ward', hour)),
        queue: Math.max(0, emergency - beds.emergency),
      };
    },
  };
}
