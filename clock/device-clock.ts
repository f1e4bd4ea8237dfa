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
export const WITNESS_APART_MS = 1_000;
/** A link that stalled goes on where it stopped. Alike for so many reports, it is taken for a clock that stood. */
const STALL_WITNESSES = 60;
/** The next reading after a stall is at most so many of the usual intervals after the last. */
const STALL_INTERVALS = 3;
/** No two receipts change places by so much, ms, but those of a replay. */
const REPLAYED_MS = 60_000;
/** Of one time, over so long, ms: less is one measurement in several messages. */
const STOOD_MS = 15_000;
/** Readings overtake each other by this, ms. */
const OVERTAKEN_MS = 120_000;
/** A clock that moves on by less than this share of ours stands, or runs backwards. No link is so slow for long. */
const STANDS_SHARE = 0.1;
/** No reading waits for so long to be sent, ms: three years. */
const OLDEST_MS = 3 * 365 * 86_400_000;
const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;
/** What a mobile network delays when nothing is wrong, ms. */
export const USUAL_DELAY_MS = 2_000;
/**
 * Ahead of our clock by more than this no time is one of measurement, ms: it was given by a clock of ours, or is none.
 */
export const AHEAD_MAX_MS = 60_000;

/** Larger lags that agree with each other: a link that crawls, or a clock that was set back. */
interface LaterLags {
  leastLagMs: number;
  mostLagMs: number;
  witnesses: number;
  isStall: boolean;
  isSetBack: boolean;
  /** Witnesses in a row that were later and later without agreeing. */
  grown: number;
}

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
  /**
   * Witnesses whose time did not move on, none between them whose time went further than all, and that furthest time.
   */
  stood: number;
  furthestMs: number;
  later: LaterLags | undefined;
  /**
   * Witnesses in a row that agree with none before, and whose time cannot be: of before it was sent, or of years ago.
   */
  impossible: number;
  /** It went back while its link worked: no way explains the lag since. */
  isSetBack: boolean;
  /** It is known to be off; and whether its offset has moved since without a step. */
  isOff: boolean;
  isDrifting: boolean;
  /** The offset came about as a stalled link does: who must be sure does not go by it. */
  isUnproven: boolean;
  /** Its times are whole multiples of this, ms: it cuts them to the minute or the second, or does not (1). */
  grainMs?: number;
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
    furthestMs: 0,
    later: undefined,
    impossible: 0,
    isSetBack: false,
    isOff: false,
    isDrifting: false,
    isUnproven: false,
    grainMs: MINUTE_MS,
  };
}

/**
 * Learns from a reading that says its own time, be it impossible. In the order of receipt, repeats left out; one that
 * was received long before the last is replayed, and says nothing of now.
 */
export function observeDeviceClock(clock: DeviceClock, deviceMs: number, receivedAt: number): void {
  if (receivedAt < clock.lastReceivedAt - REPLAYED_MS) return;
  clock.grainMs = grainOf(deviceMs, clock.grainMs ?? 1);
  const lagMs = receivedAt - deviceMs;
  const apartMs = receivedAt - clock.lastReceivedAt;
  const isFirst = clock.witnesses === 0;
  const isWitness = isFirst || Math.abs(apartMs) >= WITNESS_APART_MS;
  const toleranceMs = CLOCK_BOUNDS.steadyMs + (isFirst ? 0 : CLOCK_BOUNDS.steadyShare * Math.abs(apartMs));
  const movedMs = deviceMs - clock.lastDeviceMs;
  if (isWitness && !isFirst) noteProgress(clock, deviceMs, apartMs);
  // A backlog that comes faster than it was measured slides; a clock that is off does not.
  const isSliding = clock.witnesses < CLOCK_BOUNDS.readings && lagMs < clock.mostLagMs - toleranceMs;
  if (isFirst || isSliding || lagMs < clock.leastLagMs - toleranceMs) {
    // All before it was late, or the clock was set forward: either way this is what is known now.
    restart(clock, lagMs);
    if (isWitness) noteImpossible(clock, lagMs);
  } else if (lagMs <= clock.leastLagMs + toleranceMs) {
    clock.leastLagMs = Math.min(clock.leastLagMs, lagMs);
    clock.mostLagMs = Math.max(clock.mostLagMs, lagMs);
    clock.later = undefined;
    clock.impossible = 0;
    if (isWitness) clock.witnesses++;
    if (movedMs > 0) clock.stood = 0;
  } else learnLater(clock, lagMs, movedMs, toleranceMs, isWitness);
  if (isWitness && movedMs > 0 && !isFirst && !clock.later) clock.intervalMs = movedMs;
  clock.lastReceivedAt = receivedAt;
  clock.lastDeviceMs = deviceMs;
  decide(clock);
}

/** The coarsest that this time allows, and those before it. */
function grainOf(deviceMs: number, grainMs: number): number {
  if (grainMs >= MINUTE_MS && deviceMs % MINUTE_MS === 0) return MINUTE_MS;
  return grainMs >= SECOND_MS && deviceMs % SECOND_MS === 0 ? SECOND_MS : 1;
}

/** Whether the time of a witness went on. Said before anything else is learnt of it. */
function noteProgress(clock: DeviceClock, deviceMs: number, apartMs: number): void {
  const { lastDeviceMs, intervalMs, witnesses } = clock;
  const movedMs = deviceMs - lastDeviceMs;
  const furthestMs = clock.stood > 0 ? Math.max(clock.furthestMs ?? 0, lastDeviceMs) : lastDeviceMs;
  const isUsual = witnesses >= CLOCK_BOUNDS.readings && movedMs >= intervalMs / 2 && movedMs > 0;
  if (movedMs >= STANDS_SHARE * apartMs || isUsual) {
    // Below the furthest it may go on from where it fell back to with each wake.
    if (deviceMs > furthestMs + STOOD_MS) clock.stood = 0;
    return;
  }
  // A backlog that comes newest first goes back as well, faster than it was measured.
  const isLive = movedMs >= -apartMs || apartMs >= Math.max(STOOD_MS, intervalMs / 2);
  if (!isLive) return;
  clock.furthestMs = furthestMs;
  clock.stood++;
}

function restart(clock: DeviceClock, lagMs: number): void {
  clock.leastLagMs = lagMs;
  clock.mostLagMs = lagMs;
  clock.witnesses = 1;
  clock.later = undefined;
  clock.isDrifting = false;
  clock.isUnproven = false;
  clock.isSetBack = false;
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
  // One that is off anyway need not be proven again; one that only stood for a while is not known to be.
  const isKnownOff = clock.isOff && isWrongBy(clock, clock.leastLagMs);
  const neededOfStall = isKnownOff ? CLOCK_BOUNDS.readings : STALL_WITNESSES;
  if (!later || Math.abs(lagMs - later.leastLagMs) > toleranceMs) {
    const isStall = later ? later.isStall && goesOn : goesOn;
    const isSetBack = movedMs < -toleranceMs;
    const isGrowing = isWitness && goesOn && lagMs > (later?.leastLagMs ?? clock.leastLagMs);
    const grown = isGrowing ? (later?.grown ?? 0) + 1 : 0;
    clock.later = { leastLagMs: lagMs, mostLagMs: lagMs, witnesses: 1, isStall, isSetBack, grown };
    if (isWitness) noteImpossible(clock, lagMs);
    // Later and later for so long: a clock that loses time, or a link that never catches up.
    if (grown >= neededOfStall && clock.stood === 0) adoptLater(clock, clock.later, true);
    return;
  }
  clock.impossible = 0;
  later.leastLagMs = Math.min(later.leastLagMs, lagMs);
  later.mostLagMs = Math.max(later.mostLagMs, lagMs);
  if (isWitness) later.witnesses++;
  if (isWitness && goesOn && (later.grown ?? 0) > 0) later.grown++;
  if (later.witnesses < (later.isStall ? neededOfStall : CLOCK_BOUNDS.readings)) return;
  adoptLater(clock, later, clock.isOff && later.isStall);
}

function adoptLater(clock: DeviceClock, later: LaterLags, isDrifting: boolean): void {
  clock.leastLagMs = later.leastLagMs;
  clock.mostLagMs = later.mostLagMs;
  clock.witnesses = Math.max(later.witnesses, CLOCK_BOUNDS.readings);
  clock.isDrifting = isDrifting;
  clock.isUnproven = later.isStall;
  clock.isSetBack = later.isSetBack;
  clock.stood = 0;
  clock.later = undefined;
}

function decide(clock: DeviceClock): void {
  if (isStanding(clock)) clock.isOff = true;
  else if (isRacing(clock)) clock.isOff = true;
  else if (clock.witnesses >= CLOCK_BOUNDS.readings) clock.isOff = isWrongBy(clock, clock.leastLagMs);
}

/** It runs so fast that no few of its lags agree; none of them is one of the way. */
export function isRacing({ impossible = 0 }: DeviceClock): boolean {
  return impossible >= CLOCK_BOUNDS.readings;
}

/** By how much it is wrong, as far as that is known: of one that races, with its last reading. */
export function knownLagMs(clock: DeviceClock): number {
  return isRacing(clock) ? clock.lastReceivedAt - clock.lastDeviceMs : clock.leastLagMs;
}

function isStanding({ stood, furthestMs, lastReceivedAt, lastDeviceMs, leastLagMs }: DeviceClock): boolean {
  if (stood < CLOCK_BOUNDS.readings - 1) return false;
  const stoodMs = lastReceivedAt - lastDeviceMs - leastLagMs;
  // Other times may be of readings that were overtaken.
  return stoodMs >= OVERTAKEN_MS || (stoodMs >= STOOD_MS && (furthestMs ?? lastDeviceMs) === lastDeviceMs);
}

/**
 * Our own clock was set by `stepMs` (0: not known by how much) and says `nowMs`: what was learnt holds by the new time.
 */
export function shiftDeviceClock(clock: DeviceClock, stepMs: number, nowMs: number): void {
  if (clock.witnesses === 0) return;
  clock.leastLagMs += stepMs;
  clock.mostLagMs += stepMs;
  clock.lastReceivedAt = Math.min(nowMs, clock.lastReceivedAt + stepMs);
  clock.later = undefined;
  decide(clock);
}

/** As isBeyondBounds, of a device: one whose clock went back is behind by less. */
function isWrongBy({ isSetBack }: DeviceClock, lagMs: number): boolean {
  return isBeyondBounds(lagMs) || (isSetBack && lagMs > OVERTAKEN_MS);
}

function noteImpossible(clock: DeviceClock, lagMs: number): void {
  clock.impossible = isImpossible(lagMs) ? (clock.impossible ?? 0) + 1 : 0;
}

/** Nothing comes before it was sent, and nothing was on its way for years. */
function isImpossible(lagMs: number): boolean {
  return lagMs < -CLOCK_BOUNDS.aheadMs || lagMs > OLDEST_MS;
}

/** No way explains the lag, or none that is usual. */
export function isBeyondBounds(lagMs: number): boolean {
  return lagMs > CLOCK_BOUNDS.behindMs || lagMs < -CLOCK_BOUNDS.aheadMs;
}

export function stateOf(clock: DeviceClock): ClockState {
  if (clock.witnesses === 0) return 'unknown';
  if (isStanding(clock)) return 'standing';
  if (clock.isOff) return clock.isDrifting || isRacing(clock) ? 'drifting' : 'off';
  const isKnown = !isBeyondBounds(clock.leastLagMs) && clock.leastLagMs <= USUAL_DELAY_MS;
  return isKnown || clock.witnesses >= CLOCK_BOUNDS.readings ? 'right' : 'unknown';
}

/**
 * When a reading was measured by our clock, epoch ms, where the device's is known to be off; undefined where it is
 * taken at its word. To be asked after the reading was observed.
 */
export function correctedTime(clock: DeviceClock, deviceMs: number, receivedAt: number): number | undefined {
  if (!clock.isOff) return undefined;
  // A clock that stands says nothing of the time, nor does one that races.
  if (isStanding(clock) || isRacing(clock)) return receivedAt;
  if (!isWrongBy(clock, receivedAt - deviceMs)) return undefined;
  // Neither does one of which it is not known by how much it is wrong now.
  if (clock.witnesses < CLOCK_BOUNDS.readings) return receivedAt;
  return Math.min(receivedAt, deviceMs + clock.leastLagMs);
}
