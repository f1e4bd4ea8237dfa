/**
 * What is believed of a device's clock, from its own times and those of receipt: the one judgement of the house.
 *
 * Ingest dates readings by it, the alarms raise `clock-skew` by it, the fleet shows it, dispatch asks it when a crew's
 * word was said. Nothing arrives before it was sent, so the least lag (receipt − the device's time) tells of the clock,
 * and larger ones of the way. Invariants: what comes in a burst is one witness; a link that stalls or crawls is
 * never called a wrong clock while its times go on where they stopped; plain data, saved as it is.
 */

export const CLOCK_BOUNDS = {
  /** Behind our clock by more than this, ms. Networks delay by seconds, batches by minutes. */
  behindMs: 10 * 60_000,
  /** Ahead by more than this, ms: no network delivers before it was sent. */
  aheadMs: 5_000,
  /** Readings that agree. */
  readings: 5,
  /** Lags that differ by less than this, ms, and this share of the time between the readings, agree. */
  steadyMs: 5_000,
  steadyShare: 0.02,
} as const;

/** Readings nearer than this come from a backlog and are one witness, ms. */
const WITNESS_APART_MS = 1_000;
/** A link that stalled goes on where it stopped. Alike for so many reports, it is taken for a clock that stood. */
const STALL_WITNESSES = 60;
/** The next reading after a stall is at most so many of the usual intervals after the last. */
const STALL_INTERVALS = 3;
/** No two receipts change places by so much, ms, but those of a replay. */
const REPLAYED_MS = 60_000;
/** Of one time, over so long, ms: less is one measurement in several messages. */
const STOOD_MS = 15_000;
/** What a mobile network delays when nothing is wrong, ms. */
export const USUAL_DELAY_MS = 2_000;

/** Lags are receipt − the device's time, ms: above zero the clock is behind, or the way long. */
export interface DeviceClock {
  leastLagMs: number;
  mostLagMs: number;
  /** Readings that agree with the least lag; 0 before the first. */
  witnesses: number;
  /** Epoch ms, of the last reading: our time and the device's. */
  lastReceivedAt: number;
  lastDeviceMs: number;
  /** Between two readings by the device's clock, ms; 0 before it is known. */
  intervalMs: number;
  /** Witnesses in a row whose time did not move on. */
  stood: number;
  /** Larger lags that agree with each other: a link that crawls, or a clock that was set back. */
  later: { leastLagMs: number; mostLagMs: number; witnesses: number; isStall: boolean } | undefined;
  /** It is known to be off; and whether its offset has moved since without a step. */
  isOff: boolean;
  isDrifting: boolean;
  /** The offset came about as a stalled link does: who must be sure does not go by it. */
  isUnproven: boolean;
}

export type ClockState = 'unknown' | 'right' | 'off' | 'drifting' | 'standing';

export function createDeviceClock(): DeviceClock {
  return {
    leastLagMs: 0,
    mostLagMs: 0,
    witnesses: 0,
    lastReceivedAt: 0,
    lastDeviceMs: 0,
    intervalMs: 0,
    stood: 0,
    later: undefined,
    isOff: false,
    isDrifting: false,
    isUnproven: false,
  };
}

/**
 * Learns from a reading that says its own time, be it impossible. In the order of receipt, repeats left out; one that
 * was received long before the last is replayed, and says nothing of now.
 */
export function observeDeviceClock(clock: DeviceClock, deviceMs: number, receivedAt: number): void {
  if (receivedAt < clock.lastReceivedAt - REPLAYED_MS) return;
  const lagMs = receivedAt - deviceMs;
  const apartMs = receivedAt - clock.lastReceivedAt;
  const isFirst = clock.witnesses === 0;
  const isWitness = isFirst || Math.abs(apartMs) >= WITNESS_APART_MS;
  const toleranceMs = CLOCK_BOUNDS.steadyMs + (isFirst ? 0 : CLOCK_BOUNDS.steadyShare * Math.abs(apartMs));
  const movedMs = deviceMs - clock.lastDeviceMs;
  if (isWitness && !isFirst) clock.stood = movedMs === 0 ? clock.stood + 1 : 0;
  // A backlog that comes faster than it was measured slides; a clock that is off does not.
  const isSliding = clock.witnesses < CLOCK_BOUNDS.readings && lagMs < clock.mostLagMs - toleranceMs;
  if (isFirst || isSliding || lagMs < clock.leastLagMs - toleranceMs) {
    // All before it was late, or the clock was set forward: either way this is what is known now.
    restart(clock, lagMs);
  } else if (lagMs <= clock.leastLagMs + toleranceMs) {
    clock.leastLagMs = Math.min(clock.leastLagMs, lagMs);
    clock.mostLagMs = Math.max(clock.mostLagMs, lagMs);
    clock.later = undefined;
    if (isWitness) clock.witnesses++;
  } else learnLater(clock, lagMs, movedMs, toleranceMs, isWitness);
  if (isWitness && movedMs > 0 && !isFirst && !clock.later) clock.intervalMs = movedMs;
  clock.lastReceivedAt = receivedAt;
  clock.lastDeviceMs = deviceMs;
  decide(clock);
}

function restart(clock: DeviceClock, lagMs: number): void {
  clock.leastLagMs = lagMs;
  clock.mostLagMs = lagMs;
  clock.witnesses = 1;
  clock.later = undefined;
  clock.isDrifting = false;
  clock.isUnproven = false;
}

function learnLater(
  clock: DeviceClock,
  lagMs: number,
  movedMs: number,
  toleranceMs: number,
  isWitness: boolean,
): void {
  const { later } = clock;
  const isUsual = clock.intervalMs === 0 || movedMs <= STALL_INTERVALS * clock.intervalMs;
  const goesOn = movedMs >= 0 && isUsual;
  if (!later || Math.abs(lagMs - later.leastLagMs) > toleranceMs) {
    const isStall = later ? later.isStall && goesOn : goesOn;
    clock.later = { leastLagMs: lagMs, mostLagMs: lagMs, witnesses: 1, isStall };
    return;
  }
  later.leastLagMs = Math.min(later.leastLagMs, lagMs);
  later.mostLagMs = Math.max(later.mostLagMs, lagMs);
  if (isWitness) later.witnesses++;
  // One that is off anyway need not be proven again.
  const needed = later.isStall && !clock.isOff ? STALL_WITNESSES : CLOCK_BOUNDS.readings;
  if (later.witnesses < needed) return;
  clock.leastLagMs = later.leastLagMs;
  clock.mostLagMs = later.mostLagMs;
  clock.witnesses = later.witnesses;
  clock.isDrifting = clock.isOff && later.isStall;
  clock.isUnproven = later.isStall;
  clock.later = undefined;
}

function decide(clock: DeviceClock): void {
  if (isStanding(clock)) clock.isOff = true;
  else if (clock.witnesses >= CLOCK_BOUNDS.readings) clock.isOff = isBeyondBounds(clock.leastLagMs);
}

function isStanding({ stood, lastReceivedAt, lastDeviceMs, leastLagMs }: DeviceClock): boolean {
  return stood >= CLOCK_BOUNDS.readings - 1 && lastReceivedAt - lastDeviceMs - leastLagMs >= STOOD_MS;
}

/** Our own clock was set by `stepMs` (0: not known by how much) and says `nowMs`: what was learnt holds by the new time. */
export function shiftDeviceClock(clock: DeviceClock, stepMs: number, nowMs: number): void {
  if (clock.witnesses === 0) return;
  clock.leastLagMs += stepMs;
  clock.mostLagMs += stepMs;
  clock.lastReceivedAt = Math.min(nowMs, clock.lastReceivedAt + stepMs);
  clock.later = undefined;
  decide(clock);
}

/** No way explains the lag, or none that is usual. */
export function isBeyondBounds(lagMs: number): boolean {
  return lagMs > CLOCK_BOUNDS.behindMs || lagMs < -CLOCK_BOUNDS.aheadMs;
}

export function stateOf(clock: DeviceClock): ClockState {
  if (clock.witnesses === 0) return 'unknown';
  if (isStanding(clock)) return 'standing';
  if (clock.isOff) return clock.isDrifting ? 'drifting' : 'off';
  const isKnown = !isBeyondBounds(clock.leastLagMs) && clock.leastLagMs <= USUAL_DELAY_MS;
  return isKnown || clock.witnesses >= CLOCK_BOUNDS.readings ? 'right' : 'unknown';
}

/**
 * When a reading was measured by our clock, epoch ms, where the device's is known to be off; undefined where it is
 * taken at its word. To be asked after the reading was observed.
 */
export function correctedTime(clock: DeviceClock, deviceMs: number, receivedAt: number): number | undefined {
  if (!clock.isOff) return undefined;
  // A clock that stands says nothing of the time.
  if (isStanding(clock)) return receivedAt;
  if (!isBeyondBounds(receivedAt - deviceMs)) return undefined;
  return Math.min(receivedAt, deviceMs + clock.leastLagMs);
}

/** A span of our clock, epoch ms; `earliestMs` is −Infinity where only the receipt is known. */
export interface SaidAt {
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** Witnesses that make an offset known to who asks when a word was said. */
const WORD_WITNESSES = 3;

/** When a reading was measured, as far as it is certain. To be asked after the reading was observed. */
export function saidAtOf(clock: DeviceClock, deviceMs: number, receivedAt: number): SaidAt {
  const { leastLagMs, witnesses, later } = clock;
  const agreesWithOurs = leastLagMs >= 0 && leastLagMs <= USUAL_DELAY_MS;
  const isInDoubt = (later !== undefined && later.witnesses > 1) || clock.isUnproven;
  const isKnown = agreesWithOurs || witnesses >= WORD_WITNESSES;
  if (isInDoubt || !isKnown || clock.stood > 0) {
    return { earliestMs: Number.NEGATIVE_INFINITY, latestMs: receivedAt };
  }
  const lateMs = receivedAt - deviceMs - leastLagMs;
  const isLive = lateMs <= USUAL_DELAY_MS;
  // A clock that agrees with ours is taken at its word while the link is sound. Else the way of the quickest
  // reading is unknown, up to the usual delay.
  const earliestMs =
    agreesWithOurs && isLive ? deviceMs : deviceMs + (agreesWithOurs ? 0 : leastLagMs) - USUAL_DELAY_MS;
  // A clock that was set back by so little looks like a link that is a little slow.
  const isEither = !isLive && lateMs <= CLOCK_BOUNDS.steadyMs;
  return { earliestMs, latestMs: isEither ? receivedAt : Math.min(receivedAt, deviceMs + leastLagMs) };
}

const QUARTER_HOUR_MS = 15 * 60_000;
/** The weeks of GPS are counted in ten bits. */
const GPS_ROLLOVER_MS = 1_024 * 7 * 86_400_000;
/** No time zone is further from UTC than 14 h. */
const ZONE_MAX_MS = 14 * 3_600_000;
/** A clock that counts from 1970 or in seconds for milliseconds says a day of that January or February. */
const YEAR_MS = 365 * 86_400_000;

export type ClockCause =
  | 'time-zone'
  | 'gps-week-rollover'
  | 'never-set'
  | 'seconds-for-milliseconds'
  | 'reset';

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
    return isNear(offMs, QUARTER_HOUR_MS) ? 'time-zone' : undefined;
  }
  return lagMs > 3 * YEAR_MS ? 'reset' : undefined;
}
