/**
 * Instants in a zone's local time, with the offset written out, as the Common Alerting Protocol wants them.
 *
 * Invariant: no fraction of a second and never `Z` (UTC is `-00:00`): the schema of CAP 1.2 refuses both.
 */

/** `2026-01-15T09:30:00+07:00`. */
export function formatLocalTime(atMs: number, timeZone: string): string {
  const instant = Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs));
  return instant.toString({ timeZone, smallestUnit: 'second' }).replace(/\+00:00$/, '-00:00');
}
