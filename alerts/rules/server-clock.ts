/**
 * Server clock: this server's own clock is in doubt, for those who run it.
 *
 * It is where most devices disagree with it alike (clock/server-clock.ts), and after it was set by a minute or more,
 * until devices agree with the new time. While it stands no device of those is called wrong. Nothing is thrown away
 * meanwhile: what devices date impossibly is judged by receipt, and keeps what they said. The engine holds one.
 */
import { causeOf } from '../../clock/clock-cause.ts';
import type { DeviceClock } from '../../clock/device-clock.ts';
import {
  agreesWithDevices,
  doubtServerClock,
  SERVER_CLOCK_BOUNDS,
  type ServerClockDoubt,
} from '../../clock/server-clock.ts';
import type { Bilingual } from '../../devices/site.ts';
import type { Rank } from '../alert.ts';
import type { CityView } from '../judgement/city-view.ts';
import type { EngineChange, Subject } from '../judgement/engine-change.ts';
import { formatSpan } from '../wording.ts';

export const SERVER_CLOCK = { name: 'server-clock', version: 1, unit: 's' } as const;
export const SERVER: Subject = { id: 'siaga', name: 'Siaga', kind: 'server', group: undefined };

/** Our clock was set while we ran; ms, below zero when it was set back. */
export interface ServerClockStep {
  readonly atMs: number;
  readonly stepMs: number;
}

const LABEL: Bilingual = { en: "the server's clock is in doubt", id: 'jam server diragukan' };

export class ServerClockWatch {
  #doubt: ServerClockDoubt | undefined;
  #step: ServerClockStep | undefined;

  /** As it was judged last. */
  get doubt(): ServerClockDoubt | undefined {
    return this.#doubt;
  }

  noteStep(step: ServerClockStep): void {
    this.#step = step;
  }

  /** Raises or ends the alert; undefined where nothing is new. */
  judge(view: CityView): EngineChange | undefined {
    const { conditions, nowMs, watches } = view;
    const doubt = doubtServerClock(clocksOf(watches), nowMs);
    const step = this.#step && isStepDoubted(view, this.#step) ? this.#step : undefined;
    this.#doubt = doubt;
    if (!doubt && !step) {
      if (!conditions.find(SERVER_CLOCK.name, SERVER.id)) return undefined;
      return conditions.clear(SERVER_CLOCK, SERVER, { label: LABEL, text: END }, nowMs, nowMs);
    }
    const lagMs = doubt?.lagMs ?? step?.stepMs ?? 0;
    const finding = {
      rank: 2 as Rank,
      since: nowMs,
      value: lagMs / 1_000,
      simulated: false,
      parameters: SERVER_CLOCK_BOUNDS,
      description: { label: LABEL, text: doubt ? sayDoubt(doubt, nowMs) : sayStep(lagMs) },
    };
    return conditions.raise(SERVER_CLOCK, SERVER, finding, nowMs);
  }
}

/** Not where devices agree with the new time: then it was the old one that was wrong. */
function isStepDoubted({ watches, nowMs }: CityView, { atMs, stepMs }: ServerClockStep): boolean {
  if (Math.abs(stepMs) < SERVER_CLOCK_BOUNDS.stepMs) return false;
  if (nowMs - atMs >= SERVER_CLOCK_BOUNDS.stepDoubtedMs) return false;
  // What devices said before the step counts too: it is known by how much it was.
  return !agreesWithDevices(clocksOf(watches), nowMs - SERVER_CLOCK_BOUNDS.recentMs);
}

function* clocksOf(watches: CityView['watches']): Generator<DeviceClock> {
  for (const { hearing } of watches.values()) yield hearing.clock;
}

const END: Bilingual = {
  en: "Nothing speaks against this server's clock any more.",
  id: 'Jam server ini tidak lagi diragukan.',
};

function sayDoubt({ lagMs, devices, of }: ServerClockDoubt, nowMs: number): Bilingual {
  const span = formatSpan(Math.abs(lagMs));
  const [en, id] = lagMs > 0 ? ['ahead', 'lebih cepat'] : ['behind', 'lebih lambat'];
  const isZone = causeOf(lagMs, nowMs - lagMs) === 'time-zone';
  return {
    en:
      `By the clocks of ${devices} of ${of} devices this server's clock is ${span.en} ${en}. Check its time and NTP first` +
      `${isZone ? '; or do all of them send local time as UTC?' : '.'} Readings are judged by the time they arrive, and none is lost.`,
    id:
      `Menurut jam ${devices} dari ${of} alat, jam server ini ${span.id} ${id}. Periksa dulu waktu dan NTP-nya` +
      `${isZone ? '; atau semuanya mengirim waktu setempat sebagai UTC?' : '.'} Bacaan dinilai menurut waktu tiba, dan tidak ada yang hilang.`,
  };
}

function sayStep(stepMs: number): Bilingual {
  const span = formatSpan(Math.abs(stepMs));
  const [en, id] = stepMs > 0 ? ['forward', 'maju'] : ['back', 'mundur'];
  return {
    en: `The clock of this server was set ${en} by ${span.en}, and no devices have shown yet that it is right. Check its time and NTP.`,
    id: `Jam server ini disetel ${id} ${span.id}, dan belum ada alat yang menunjukkan bahwa jamnya benar. Periksa waktu dan NTP-nya.`,
  };
}
