/**
 * Local time for windows: how far a zone is east of UTC, and where a window starts.
 *
 * The zone's transitions within the range are found once, so that a query asks Intl some dozens of times and
 * not once a window. Invariant: the window of an instant starts at or before it, at a multiple of `every` in
 * local time; where the clocks change within, it starts at the local time that it would have had.
 */

/** No zone has two transitions within a week. */
const STEP_MS = 7 * 86_400_000;
/** Beyond this many steps (eight years) a query is asked for in parts anyway. */
const MAX_STEPS = 420;

/** Offset in ms, positive east of Greenwich, of instants in [fromMs, toMs) and some way around. */
export type ZoneOffset = (atMs: number) => number;

export function createZoneOffset(timeZone: string, fromMs: number, toMs: number): ZoneOffset {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset', year: 'numeric' });
  const stepMs = Math.max(STEP_MS, (toMs - fromMs) / MAX_STEPS);
  const untilMs: number[] = [];
  const offsets: number[] = [];
  // A window can start up to `every` before the range: one step more on either side.
  let atMs = fromMs - stepMs;
  let offset = offsetOf(format, atMs);
  while (atMs < toMs + stepMs) {
    const nextMs = atMs + stepMs;
    const next = offsetOf(format, nextMs);
    if (next !== offset) {
      untilMs.push(transitionBetween(format, atMs, nextMs, offset));
      offsets.push(offset);
      offset = next;
    }
    atMs = nextMs;
  }
  return (instantMs) => {
    const index = untilMs.findIndex((until) => instantMs < until);
    return index < 0 ? offset : (offsets[index] as number);
  };
}

/** The first instant of the new offset, to the millisecond. */
function transitionBetween(format: Intl.DateTimeFormat, beforeMs: number, afterMs: number, offset: number) {
  let before = Math.floor(beforeMs);
  let after = Math.ceil(afterMs);
  while (after - before > 1) {
    const middle = before + Math.floor((after - before) / 2);
    if (offsetOf(format, middle) === offset) before = middle;
    else after = middle;
  }
  return after;
}

function offsetOf(format: Intl.DateTimeFormat, atMs: number): number {
  const name = format.formatToParts(atMs).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
  const [, sign, hours, minutes, seconds] = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(name) ?? [];
  const sizeMs = (Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0)) * 1000;
  return sign === '-' ? -sizeMs : sizeMs;
}

/** Where the window that holds `atMs` starts. */
export function windowStart(atMs: number, everyMs: number, offset: ZoneOffset): number {
  const here = offset(atMs);
  const into = (atMs + here) % everyMs;
  const startMs = atMs - (into < 0 ? into + everyMs : into);
  return startMs + here - offset(startMs);
}
