/**
 * Clock skew: what people are told of a device whose clock is known to be wrong.
 *
 * What is believed of it is the one judgement of the house (clock/device-clock.ts); the alarms keep theirs with what
 * else they save of a device. While a clock is off, readings are judged by ours: a flood is seen all the same.
 */
import { type ClockCause, causeOfClock } from '../../clock/clock-cause.ts';
import {
  CLOCK_BOUNDS,
  type ClockState,
  createDeviceClock,
  type DeviceClock,
  knownLagMs,
  stateOf,
} from '../../clock/device-clock.ts';
import type { Bilingual } from '../../devices/site.ts';
import type { Description } from '../judgement/rule.ts';
import { formatSpan } from '../wording.ts';

export const CLOCK_SKEW = { name: 'clock-skew', version: 3, unit: 's' } as const;
export const CLOCK_PARAMETERS = CLOCK_BOUNDS;

/** As it was saved; before version 2 it was kept as `wrong` and `lagMs`. */
export function resumeClock(saved: Partial<DeviceClock> & { wrong?: boolean; lagMs?: number }): DeviceClock {
  const { wrong, lagMs } = saved;
  const fresh = createDeviceClock();
  if (saved.witnesses === undefined && wrong && lagMs !== undefined) return knownToBeOff(fresh, lagMs);
  for (const key of Object.keys(fresh) as (keyof DeviceClock)[]) {
    if (saved[key] !== undefined) Object.assign(fresh, { [key]: saved[key] });
  }
  return fresh;
}

/** The same, known to be off by so much. */
export function knownToBeOff(clock: DeviceClock, lagMs: number): DeviceClock {
  const witnesses = CLOCK_BOUNDS.readings;
  return Object.assign(clock, { leastLagMs: lagMs, mostLagMs: lagMs, witnesses, isOff: true });
}

const LABEL: Bilingual = { en: 'clock is wrong', id: 'jam alat salah' };

const CAUSES: Readonly<Record<ClockCause, Bilingual>> = {
  'time-zone': { en: 'local time sent as UTC?', id: 'waktu setempat dikirim sebagai UTC?' },
  'gps-week-rollover': {
    en: 'its GPS counts weeks from a wrong start (1,024 weeks)?',
    id: 'GPS-nya salah menghitung minggu (1.024 minggu)?',
  },
  'never-set': { en: 'was its clock never set?', id: 'jamnya belum pernah disetel?' },
  'seconds-for-milliseconds': {
    en: 'seconds sent as milliseconds?',
    id: 'detik dikirim sebagai milidetik?',
  },
  reset: { en: 'was its clock reset by a power cut?', id: 'jamnya kembali ke awal karena listrik padam?' },
};

/** What is wrong with a clock, for a sentence: `7 h ahead: local time sent as UTC?`. */
export function sayClock(clock: DeviceClock): Bilingual {
  const state: ClockState = stateOf(clock);
  if (state === 'standing') return { en: 'stands still or goes back', id: 'berhenti atau mundur' };
  const lagMs = knownLagMs(clock);
  const span = formatSpan(Math.abs(lagMs));
  const [en, id] = lagMs > 0 ? ['behind', 'lebih lambat'] : ['ahead', 'lebih cepat'];
  const cause = causeOfClock(clock);
  const why = cause ? CAUSES[cause] : undefined;
  const drifts = { en: ', and drifts', id: ', dan terus bergeser' };
  return {
    en: `is ${span.en} ${en}${state === 'drifting' ? drifts.en : ''}${why ? `: ${why.en}` : ''}`,
    id: `${span.id} ${id}${state === 'drifting' ? drifts.id : ''}${why ? `: ${why.id}` : ''}`,
  };
}

export function describeClock(name: string, clock: DeviceClock): Description {
  const { en, id } = sayClock(clock);
  const end = (text: string) => (text.endsWith('?') ? text : `${text}.`);
  return {
    label: LABEL,
    text: {
      en: `The clock of ${name} ${end(en)} Its readings are judged by the time they arrive.`,
      id: `Jam ${name} ${end(id)} Bacaannya dinilai menurut waktu tiba.`,
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

/** Of one that is off as the others are: then it is our clock that is in doubt. */
export function describeOurClock(name: string): Description {
  return {
    label: LABEL,
    text: {
      en: `The clock of ${name} agrees with those of most devices: the server's own is in doubt.`,
      id: `Jam ${name} sama dengan jam kebanyakan alat: jam server sendiri yang diragukan.`,
    },
  };
}
