/**
 * Clock cause: what makes a device's clock wrong by as much as it is, for who has to mend it.
 *
 * Said by `clock-skew`, the fleet and the API beside what is believed of the clock (device-clock.ts). Pure.
 */
import { type DeviceClock, isRacing, knownLagMs } from './device-clock.ts';

const QUARTER_HOUR_MS = 15 * 60_000;
/** The weeks of GPS are counted in ten bits. */
const GPS_ROLLOVER_MS = 1_024 * 7 * 86_400_000;
/** No time zone is further from UTC than 14 h, and none but UTC itself nearer than an hour. */
const ZONE_MAX_MS = 14 * 3_600_000;
const ZONE_MIN_MS = 3_600_000;
/** A clock that counts from 1970 or in seconds for milliseconds says a day of that January or February. */
const YEAR_MS = 365 * 86_400_000;

export type ClockCause =
  | 'time-zone'
  | 'gps-week-rollover'
  | 'never-set'
  | 'seconds-for-milliseconds'
  | 'reset';

/** What makes a clock wrong by as much as it is; a zone is not what drifts. */
export function causeOfClock(clock: DeviceClock): ClockCause | undefined {
  const cause = causeOf(knownLagMs(clock), clock.lastDeviceMs);
  return (clock.isDrifting || isRacing(clock)) && cause === 'time-zone' ? undefined : cause;
}

/** What makes a clock wrong by so much; undefined where nothing that is known does. `deviceMs` is what it says. */
export function causeOf(lagMs: number, deviceMs: number): ClockCause | undefined {
  const isNear = (valueMs: number, unitMs: number) =>
    Math.abs(valueMs - Math.round(valueMs / unitMs) * unitMs) <= 2 * 60_000;
  const offMs = Math.abs(lagMs);
  const ourMs = deviceMs + lagMs;
  if (deviceMs > 0 && Math.abs(deviceMs * 1_000 - ourMs) < YEAR_MS) return 'seconds-for-milliseconds';
  if (deviceMs < YEAR_MS) return 'never-set';
  if (offMs >= GPS_ROLLOVER_MS / 2 && isNear(offMs, GPS_ROLLOVER_MS)) return 'gps-week-rollover';
  if (offMs >= QUARTER_HOUR_MS / 2 && offMs <= ZONE_MAX_MS + QUARTER_HOUR_MS / 2) {
    const isZone = isNear(offMs, QUARTER_HOUR_MS) && offMs >= ZONE_MIN_MS - QUARTER_HOUR_MS / 2;
    return isZone ? 'time-zone' : undefined;
  }
  return lagMs > 3 * YEAR_MS ? 'reset' : undefined;
}
