/**
 * Is this server's own clock right? Told by the clocks of its devices: where most disagree alike, it is not they.
 *
 * Asked by the alarms each second, of what they believe of each device's clock (device-clock.ts). Invariants: one
 * device never doubts us, and a minority never; devices whose clock was never set, or stands, have no say; neither
 * have backlogs, which come late alike after an outage.
 */
import { causeOf } from './clock-cause.ts';
import { type DeviceClock, isBeyondBounds } from './device-clock.ts';

export const SERVER_CLOCK_BOUNDS = {
  /** Devices that disagree alike, at least … */
  devices: 2,
  /** … and their readings that say so: one of them may be garbled. */
  readings: 4,
  /** Alike: their lags differ by no more than this, ms. */
  alikeMs: 60_000,
  /** Behind us by more than this, ms: what a network delays is no doubt. */
  behindMs: 60_000,
  /** Who was not heard for so long has no say, ms: some report each hour. */
  recentMs: 70 * 60_000,
  /** A step of our clock by this is told, ms, … */
  stepMs: 60_000,
  /** … unless devices agree with the new time, for so long, ms. */
  stepDoubtedMs: 3_600_000,
} as const;

export interface ServerClockDoubt {
  /** By how much we are ahead of the devices, ms; below zero behind them. */
  readonly lagMs: number;
  /** So many devices say so, of so many that were heard. */
  readonly devices: number;
  readonly of: number;
}

const { devices: MIN_DEVICES, readings: MIN_READINGS, alikeMs: ALIKE_MS } = SERVER_CLOCK_BOUNDS;
/** Of one device count at most so many. */
const MAX_WITNESSES = 3;
/** What comes late must be as late three times over. */
const LATE_WITNESSES = 3;

/** The doubt, or undefined where there is none. */
export function doubtServerClock(clocks: Iterable<DeviceClock>, nowMs: number): ServerClockDoubt | undefined {
  let heard = 0;
  const off: DeviceClock[] = [];
  for (const clock of clocks) {
    if (!hasSay(clock, nowMs - SERVER_CLOCK_BOUNDS.recentMs)) continue;
    heard++;
    if (disagrees(clock)) off.push(clock);
  }
  if (off.length < MIN_DEVICES || off.length * 2 <= heard) return undefined;
  const alike = findAlike(off);
  if (alike.length < MIN_DEVICES || alike.length * 2 <= heard) return undefined;
  const readings = alike.reduce((sum, { witnesses }) => sum + Math.min(witnesses, MAX_WITNESSES), 0);
  if (readings < MIN_READINGS) return undefined;
  return { lagMs: (alike[alike.length >> 1] as DeviceClock).leastLagMs, devices: alike.length, of: heard };
}

/** Whether a device is as wrong as we are in doubt: then it is not the device. */
export function isAlike({ leastLagMs }: DeviceClock, doubt: ServerClockDoubt | undefined): boolean {
  return doubt !== undefined && Math.abs(leastLagMs - doubt.lagMs) <= ALIKE_MS;
}

/** Whether most devices that were heard since a moment agree with our clock, and there are any. */
export function agreesWithDevices(clocks: Iterable<DeviceClock>, sinceMs: number): boolean {
  let heard = 0;
  let agreeing = 0;
  for (const clock of clocks) {
    if (!hasSay(clock, sinceMs)) continue;
    heard++;
    if (!isBeyondBounds(clock.leastLagMs)) agreeing++;
  }
  return agreeing * 2 > heard;
}

function hasSay(
  { witnesses, stood, lastReceivedAt, lastDeviceMs, leastLagMs }: DeviceClock,
  sinceMs: number,
) {
  if (witnesses === 0 || stood > 0 || lastReceivedAt <= sinceMs) return false;
  // Nearly every device.
  if (!isBeyondBounds(leastLagMs)) return true;
  const cause = causeOf(leastLagMs, lastDeviceMs);
  return cause !== 'never-set' && cause !== 'seconds-for-milliseconds';
}

function disagrees({ leastLagMs, witnesses }: DeviceClock): boolean {
  if (leastLagMs > 0) return leastLagMs > SERVER_CLOCK_BOUNDS.behindMs && witnesses >= LATE_WITNESSES;
  return isBeyondBounds(leastLagMs);
}

/** The most that lie within ALIKE_MS of each other, by their lag. */
function findAlike(off: DeviceClock[]): DeviceClock[] {
  off.sort((a, b) => a.leastLagMs - b.leastLagMs);
  let [from, most] = [0, 0];
  for (let start = 0, end = 0; start < off.length; start++) {
    const limitMs = (off[start] as DeviceClock).leastLagMs + ALIKE_MS;
    while (end < off.length && (off[end] as DeviceClock).leastLagMs <= limitMs) end++;
    if (end - start > most) [from, most] = [start, end - start];
  }
  return off.slice(from, from + most);
}
