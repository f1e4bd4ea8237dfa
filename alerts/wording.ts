/**
 * Wording: how the alarms' texts write levels, clock times and spans, in English and in Indonesian.
 *
 * Used by every rule's sentences, which go to people by Telegram, e-mail, CAP and the page. Invariant: a clock
 * time is the city's own, without seconds, and carries its date where that is not the day of the text.
 */
import type { Bilingual } from '../devices/site.ts';
import { formatLocalTime } from './notices/local-time.ts';

/**
 * The clock time of an instant in a text of `nowMs`: `08:41` and `pukul 08.41`, on another day
 * `08:41 on 3 February` and `pukul 08.41 tanggal 3 Februari`, with the year where that day is half a year away. In
 * the hour that a change of the clocks repeats it has its offset: `01:20 (+01:00)`.
 */
export type Clock = (atMs: number, nowMs: number) => Bilingual;

const MONTHS_EN =
  'January February March April May June July August September October November December'.split(' ');
const MONTHS_ID =
  'Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember'.split(' ');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const HALF_YEAR_MS = 183 * DAY_MS;

export function createClock(timeZone: string): Clock {
  return (atMs, nowMs) => {
    const local = formatLocalTime(atMs, timeZone);
    const time = local.slice(11, 16);
    const offset = isRepeated(local, timeZone) ? ` (${local.slice(19).replace('-00', '+00')})` : '';
    const clock = { en: `${time}${offset}`, id: `pukul ${time.replace(':', '.')}${offset}` };
    if (local.slice(0, 10) === formatLocalTime(nowMs, timeZone).slice(0, 10)) return clock;
    const day = Number(local.slice(8, 10));
    const month = Number(local.slice(5, 7)) - 1;
    const year = Math.abs(nowMs - atMs) < HALF_YEAR_MS ? '' : ` ${local.slice(0, 4)}`;
    return {
      en: `${clock.en} on ${day} ${MONTHS_EN[month]}${year}`,
      id: `${clock.id} tanggal ${day} ${MONTHS_ID[month]}${year}`,
    };
  };
}

/** There are two instants of this time of day: the clocks were set back. */
function isRepeated(local: string, timeZone: string): boolean {
  const plain = Temporal.PlainDateTime.from(local.slice(0, 19));
  const [first, last] = (['earlier', 'later'] as const).map(
    (disambiguation) => plain.toZonedDateTime(timeZone, { disambiguation }).epochMilliseconds,
  );
  return first !== last;
}

/** Rounds by the digits that people see, as the pages do: 1.285 is 1.29, which toFixed makes 1.28. */
const METRES = new Intl.NumberFormat('en', {
  ...{ minimumFractionDigits: 2, maximumFractionDigits: 2 },
  useGrouping: false,
});

/** `1.28 m` and `1,28 m`. */
export function formatMetres(metres: number): Bilingual {
  const digits = METRES.format(metres);
  return { en: `${digits} m`, id: `${digits.replace('.', ',')} m` };
}

/** In the largest unit that says enough: seconds below 90, minutes below two hours, then hours, then days. */
export function formatSpan(ms: number): Bilingual {
  if (ms < 90_000) return formatUnits(Math.max(1, Math.round(ms / 1000)), 's', 'detik');
  const minutes = Math.round(ms / MINUTE_MS);
  if (minutes % 60 !== 0 && minutes < 120) return formatUnits(minutes, 'min', 'menit');
  if (ms < 2 * DAY_MS)
    return join(formatUnits(Math.floor(minutes / 60), 'h', 'jam'), minutes % 60, 'min', 'menit');
  const hours = Math.round(ms / HOUR_MS);
  const days = Math.floor(hours / 24);
  return join(formatUnits(days, days === 1 ? 'day' : 'days', 'hari'), hours % 24, 'h', 'jam');
}

function formatUnits(count: number, en: string, id: string): Bilingual {
  return { en: `${count} ${en}`, id: `${count} ${id}` };
}

function join(span: Bilingual, rest: number, en: string, id: string): Bilingual {
  if (rest === 0) return span;
  return { en: `${span.en} ${rest} ${en}`, id: `${span.id} ${rest} ${id}` };
}
