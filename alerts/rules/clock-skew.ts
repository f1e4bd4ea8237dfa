/**
 * Clock skew: the device's clock is wrong, told from readings that are merely late.
 *
 * A backlog arrives in a burst, faster than it was measured; a wrong clock sends one reading after the other
 * at its own pace, each as far off as the last. While it is known to be wrong, readings are judged by the
 * time of receipt: a flood is seen all the same. Judged by our clock, one device at a time.
 */

import type { Reading } from '../../devices/reading.ts';
import type { Bilingual } from '../../devices/site.ts';
import type { Description } from '../judgement/rule.ts';
import { formatSpan } from '../wording.ts';

export const CLOCK_SKEW = { name: 'clock-skew', version: 1, unit: 's' } as const;
export const CLOCK_PARAMETERS = {
  /** Behind our clock by more than this, ms. Networks delay by seconds, batches by minutes. */
  behindMs: 10 * 60_000,
  /** Ahead by more than this, ms: no network delivers before it was sent. */
  aheadMs: 5_000,
  /** Readings in a row that agree. */
  readings: 5,
  /** Their lag may differ by this between two readings, ms, and by this share of the time between them. */
  steadyMs: 5_000,
  steadyShare: 0.25,
} as const;

/** Part of what is kept of a device. */
export interface ClockWatch {
  /** Readings in a row that are off by about the same. */
  run: number;
  lagMs: number;
  /** Readings in a row that are not off. */
  good: number;
  wrong: boolean;
  lastReceivedAt: number;
}

export function createClockWatch(): ClockWatch {
  return { run: 0, lagMs: 0, good: 0, wrong: false, lastReceivedAt: 0 };
}

/** Takes a reading's times; whether the clock is known to be wrong stands in `wrong` afterwards. */
export function observeClock(clock: ClockWatch, { measuredAt, receivedAt }: Reading): void {
  const lagMs = receivedAt - measuredAt;
  const apartMs = receivedAt - clock.lastReceivedAt;
  clock.lastReceivedAt = receivedAt;
  const off = lagMs > CLOCK_PARAMETERS.behindMs || lagMs < -CLOCK_PARAMETERS.aheadMs;
  if (!off) {
    clock.run = 0;
    clock.good++;
    if (clock.good >= CLOCK_PARAMETERS.readings) clock.wrong = false;
    return;
  }
  clock.good = 0;
  // Several at once are a backlog: whatever they say, it is not of the clock.
  const allowedMs = CLOCK_PARAMETERS.steadyMs + CLOCK_PARAMETERS.steadyShare * apartMs;
  const steady = apartMs >= 1_000 && Math.abs(lagMs - clock.lagMs) <= allowedMs;
  clock.run = steady ? clock.run + 1 : 1;
  clock.lagMs = lagMs;
  if (clock.run >= CLOCK_PARAMETERS.readings) clock.wrong = true;
}

const LABEL: Bilingual = { en: 'clock is wrong', id: 'jam alat salah' };

export function describeClock(name: string, lagMs: number): Description {
  const span = formatSpan(Math.abs(lagMs));
  const [en, id] = lagMs > 0 ? ['behind', 'lebih lambat'] : ['ahead', 'lebih cepat'];
  return {
    label: LABEL,
    text: {
      en: `The clock of ${name} is ${span.en} ${en}. Its readings are judged by the time they arrive.`,
      id: `Jam ${name} ${span.id} ${id}. Bacaannya dinilai menurut waktu tiba.`,
    },
  };
}

export function describeRightClock(name: string, at: Bilingual): Description {
  return {
    label: LABEL,
    text: {
      en: `The clock of ${name} is right again since ${at.en}.`,
      id: `Jam ${name} sudah benar lagi sejak ${at.id}.`,
    },
  };
}
