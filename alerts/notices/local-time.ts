/**
 * Instants in a zone's local time, with the offset written out, as the Common Alerting Protocol wants them.
 *
 * Invariant: no fraction of a second and never `Z` (UTC is `-00:00`): the schema of CAP 1.2 refuses both.
 */
const formats = new Map<string, Intl.DateTimeFormat>();

/** What the zone's clocks are ahead of UTC at an instant, ms. */
export function offsetMs(atMs: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0;
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(timeZone, format);
  }
  const part = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(atMs / 1000) * 1000;
}

/** `2026-01-15T09:30:00+07:00`. */
export function formatLocalTime(atMs: number, timeZone: string): string {
  const offset = offsetMs(atMs, timeZone);
  const local = new Date(Math.floor(atMs / 1000) * 1000 + offset).toISOString().slice(0, 19);
  if (offset === 0) return `${local}-00:00`;
  const minutes = Math.abs(offset) / 60_000;
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${local}${offset < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}
