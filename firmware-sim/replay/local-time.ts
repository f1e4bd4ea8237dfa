/**
 * Times as hydrologists write them: local, without an offset, year first or day first.
 *
 * Invariant: a text that is no time is `undefined`; a time that a change of the clocks skips or repeats is
 * read with the offset from before the change.
 */
import { parseTime } from '../../devices/parse-time.ts';

const YEAR_FIRST = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?$/;
const DAY_FIRST = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?: (\d{1,2}):(\d{2})(?::(\d{2}))?)?$/;

/** A parser to epoch ms of times in `timeZone`, and of those that carry their own offset. */
export function createLocalTimeParser(timeZone: string): (text: string) => number | undefined {
  // Made once: making a format is slow, and a file has many times in one zone.
  const format = new Intl.DateTimeFormat('en', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (text) => parseLocalTime(text, format);
}

function parseLocalTime(text: string, format: Intl.DateTimeFormat): number | undefined {
  const trimmed = text.trim();
  const moment = parseTime(trimmed);
  if (moment !== undefined) return moment;
  const yearFirst = YEAR_FIRST.exec(trimmed);
  const dayFirst = DAY_FIRST.exec(trimmed);
  const match = yearFirst ?? dayFirst;
  if (!match) return undefined;
  const [first, month, last, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [year, day] = yearFirst ? [first, last] : [last, first];
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second);
  // Date.UTC rolls 31 February over into March, and a thirteenth month into January: then it was no date.
  if (new Date(asUtc).getUTCDate() !== day || month > 12 || hour > 23) return undefined;
  return asUtc - offsetMs(asUtc - offsetMs(asUtc, format), format);
}

/** What a clock in the zone shows at an instant, minus UTC. */
function offsetMs(instant: number, format: Intl.DateTimeFormat): number {
  const parts = format.formatToParts(instant);
  const read = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const shown = Date.UTC(
    read('year'),
    read('month') - 1,
    read('day'),
    read('hour'),
    read('minute'),
    read('second'),
  );
  return shown - Math.floor(instant / 1000) * 1000;
}
