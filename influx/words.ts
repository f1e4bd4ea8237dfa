/** Words of the command lines: days, and what is wrong with a word. */

/** A word that is wrong. */
export class UsageError extends Error {
  readonly code = 'USAGE';
}

/** Epoch ms of `2026-01-15`, or of a time with its zone; undefined where nothing is said. Throws UsageError. */
export function parseDay(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const isDay = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(\.\d+)?(Z|[+-]\d{2}:\d{2}))?$/.test(text);
  const ms = isDay ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms))
    throw new UsageError(`--${name} ${text}: a day (2026-01-15) or a time with its zone is wanted`);
  return ms;
}

/** `2026-01-15`, with the time of day where there is one. */
export function formatDay(ms: number): string {
  return new Date(ms).toISOString().replace(/T00:00:00\.000Z$/, '');
}
