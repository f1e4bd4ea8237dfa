/**
 * Local time for windows: how far a zone is east of UTC, and where a window starts.
 *
 * The zone's transitions within the range are found once, and not once a window. Invariant: the window of an instant
 * starts at or before it, at a multiple of `every` in local time; where the clocks change within, it starts at the
 * local time that it would have had.
 */

/** A window can start up to `every` before the range: transitions of a year more on either side are known. */
const MARGIN_MS = 366 * 86_400_000;
/** Two a year for two centuries; whoever asks for more gets the last offset beyond. */
const MAX_TRANSITIONS = 400;

/** Offset in ms, positive east of Greenwich, of instants in [fromMs, toMs) and some way around. */
export type ZoneOffset = (atMs: number) => number;

export function createZoneOffset(timeZone: string, fromMs: number, toMs: number): ZoneOffset {
  const untilMs: number[] = [];
  const offsets: number[] = [];
  let at = zonedAt(fromMs - MARGIN_MS, timeZone);
  while (untilMs.length < MAX_TRANSITIONS) {
    const next = at.getTimeZoneTransition('next');
    if (next === null || next.epochMilliseconds > toMs + MARGIN_MS) break;
    untilMs.push(next.epochMilliseconds);
    offsets.push(offsetMs(at));
    at = next;
  }
  const last = offsetMs(at);
  return (instantMs) => {
    const index = untilMs.findIndex((until) => instantMs < until);
    return index < 0 ? last : (offsets[index] as number);
  };
}

function zonedAt(atMs: number, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs)).toZonedDateTimeISO(timeZone);
}

function offsetMs({ offsetNanoseconds }: Temporal.ZonedDateTime): number {
  return offsetNanoseconds / 1_000_000;
}

/** Where the window that holds `atMs` starts. */
export function windowStart(atMs: number, everyMs: number, offset: ZoneOffset): number {
  const here = offset(atMs);
  const into = (atMs + here) % everyMs;
  const startMs = atMs - (into < 0 ? into + everyMs : into);
  return startMs + here - offset(startMs);
}
