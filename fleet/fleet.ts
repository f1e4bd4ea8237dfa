/**
 * The fleet: the present of every device. Last reading, presence, liveness, data health.
 *
 * Moved by the live consumer (readings in order of the journal) and by `status` messages from the broker;
 * read by the API, the alert rules (silence) and dispatch. Held in memory and restored from the journal at
 * start. Invariant: `last` has the largest `measuredAt` of the readings of good quality; late, failed and
 * future-dated ones never become it. Liveness is judged by the time of receipt, and every word counts: a repeat
 * and a message that was refused say that their device is there.
 */

import { observeDeviceClock, shiftDeviceClock } from '../clock/device-clock.ts';
import { deviceKinds } from '../devices/kinds/index.ts';
import { FAILED_QUALITY, formatQuality, ownTimeOf, QualityFlag, type Reading } from '../devices/reading.ts';
import type { Presence } from '../devices/topics.ts';
import { createDataHealth, type DataHealth, recordArrival } from './data-health.ts';
import { fixOf } from './positions/position-filter.ts';
import type { Registry } from './registry.ts';

/** `silent` is without a word for longer than its kind allows; `unseen` never said one. */
export type Liveness = 'online' | 'sleeping' | 'offline' | 'silent' | 'unseen';

export interface DeviceNow {
  readonly id: string;
  readonly kind: string;
  last: Reading | undefined;
  /** The last of these that had a position: a crew's word may come without one. */
  lastFix: Reading | undefined;
  /** Its latest word, where that could not be judged, and why; undefined where it could. */
  unusable: UnusableWord | undefined;
  /** Epoch ms of the last word of any kind; 0 when unseen. */
  lastHeardAt: number;
  presence: Presence | undefined;
  /** When it said so, or was heard again; 0 where it has not. */
  presenceAt: number;
  readonly health: DataHealth;
}

export interface UnusableWord {
  /** Epoch ms. */
  readonly atMs: number;
  /** For a sentence: "sends, but nothing that can be judged: …". */
  readonly why: string;
}

export interface Fleet {
  /** The present of a registered device; created on first ask. */
  now(id: string): DeviceNow | undefined;
  all(): IterableIterator<DeviceNow>;
  /** Those that were asked for or have said a word: all that can have changed, without a look-up of each. */
  known(): Iterable<DeviceNow>;
  liveness(device: DeviceNow, atMs: number): Liveness;
  /** Takes one reading into the present. False when it belongs to history only. */
  observe(reading: Reading): boolean;
  /**
   * Takes its word on itself. False where it is a replayed one and the device has said something since. What it said
   * just now counts whatever the time: our clock may have been set back.
   */
  observePresence(id: string, presence: Presence, atMs: number, isReplay?: boolean): boolean;
  /**
   * Our clock was set by `stepMs`, and says `nowMs` now: nothing can have been heard or measured after it, and what
   * was dated later was dated by us.
   */
  clockSet(nowMs: number, stepMs: number): void;
  /** A reading came that the journal had already. */
  countRepeat(id: string, atMs: number): void;
  /** It said something that moves no present: what was refused, or came again. `why` is for people. */
  hear(id: string, atMs: number, why: string): void;
  /** What a reading from before a restart says of its device's clock; in the order of the journal. */
  restoreClock(reading: Reading): void;
  /** The position from before a restart, where the last reading has none. */
  restoreFix(reading: Reading): void;
}

const MOVES_NOTHING = FAILED_QUALITY | QualityFlag.late;

export function createFleet(registry: Registry): Fleet {
  const devices = new Map<string, DeviceNow>();
  const now = (id: string): DeviceNow | undefined => {
    const known = devices.get(id);
    if (known) return known;
    const registered = registry.find(id);
    if (!registered) return undefined;
    const { kind } = registered;
    const fresh: DeviceNow = {
      id,
      kind,
      last: undefined,
      lastFix: undefined,
      unusable: undefined,
      lastHeardAt: 0,
      presence: undefined,
      presenceAt: 0,
      health: createDataHealth(),
    };
    devices.set(id, fresh);
    return fresh;
  };
  return {
    now,
    *all() {
      for (const { id } of registry.all()) yield now(id) as DeviceNow;
    },
    known: () => devices.values(),
    liveness: judgeLiveness,
    observe(reading) {
      const device = now(reading.device);
      if (!device) return false;
      device.lastHeardAt = Math.max(device.lastHeardAt, reading.receivedAt);
      endOffline(device, reading.receivedAt);
      recordArrival(device.health, reading);
      const why = formatQuality(reading.quality & MOVES_NOTHING);
      if (why.length > 0) device.unusable = { atMs: reading.receivedAt, why: why.join(', ') };
      if (why.length > 0 || isBefore(reading, device.last)) return false;
      device.unusable = undefined;
      device.last = reading;
      if (fixOf(reading)) device.lastFix = reading;
      return true;
    },
    clockSet(nowMs, stepMs) {
      for (const device of devices.values()) {
        device.lastHeardAt = Math.min(device.lastHeardAt, nowMs);
        device.presenceAt = Math.min(device.presenceAt, nowMs);
        device.last = noLaterThan(device.last, nowMs);
        device.lastFix = noLaterThan(device.lastFix, nowMs);
        shiftDeviceClock(device.health.clock, stepMs, nowMs);
      }
    },
    countRepeat(id, atMs) {
      const device = now(id);
      if (!device) return;
      device.health.repeats++;
      hear(device, atMs, 'the same reading again');
    },
    hear(id, atMs, why) {
      const device = now(id);
      if (device) hear(device, atMs, why);
    },
    restoreClock(reading) {
      const clock = now(reading.device)?.health.clock;
      const ownMs = ownTimeOf(reading);
      if (clock && ownMs !== undefined) observeDeviceClock(clock, ownMs, reading.receivedAt);
    },
    restoreFix(reading) {
      const device = now(reading.device);
      if (!device || reading.quality & MOVES_NOTHING || !fixOf(reading)) return;
      if (reading.measuredAt >= (device.lastFix?.measuredAt ?? 0)) device.lastFix = reading;
    },
    observePresence(id, presence, atMs, isReplay = false) {
      const device = now(id);
      if (!device || (isReplay && atMs < device.presenceAt)) return false;
      device.presence = presence;
      device.presenceAt = atMs;
      if (presence !== 'offline') device.lastHeardAt = Math.max(device.lastHeardAt, atMs);
      return true;
    },
  };
}

/** A device's clock is ahead by as much as this without a word; see CLOCK_AHEAD_MAX_MS. */
const AHEAD_MAX_MS = 60_000;

function noLaterThan(reading: Reading | undefined, nowMs: number): Reading | undefined {
  if (!reading) return reading;
  const isDatedByUs = (reading.quality & (QualityFlag.serverTime | QualityFlag.clockOff)) !== 0;
  if (reading.measuredAt <= nowMs + (isDatedByUs ? 0 : AHEAD_MAX_MS)) return reading;
  return { ...reading, measuredAt: nowMs, receivedAt: Math.min(reading.receivedAt, nowMs) };
}

/** What a clock said before it was known to be ahead holds nothing up. */
function isBefore({ measuredAt, quality }: Reading, last: Reading | undefined): boolean {
  if (!last) return false;
  const isOff = (quality & QualityFlag.clockOff) !== 0;
  return (isOff ? Math.min(last.measuredAt, last.receivedAt) : last.measuredAt) > measuredAt;
}

function hear(device: DeviceNow, atMs: number, why: string): void {
  device.lastHeardAt = Math.max(device.lastHeardAt, atMs);
  endOffline(device, atMs);
  device.unusable = { atMs, why };
}

/** Readings and words come by two logs: one that was received before the device left does not bring it back. */
function endOffline(device: DeviceNow, heardAt: number): void {
  if (device.presence !== 'offline' || heardAt < device.presenceAt) return;
  device.presence = 'online';
  device.presenceAt = heardAt;
}

function judgeLiveness(device: DeviceNow, atMs: number): Liveness {
  if (device.lastHeardAt === 0) return 'unseen';
  if (device.presence === 'offline') return 'offline';
  if (device.presence === 'sleeping') return 'sleeping';
  const silentAfterMs = (deviceKinds.get(device.kind)?.silentAfterS ?? 300) * 1000;
  return atMs - device.lastHeardAt > silentAfterMs ? 'silent' : 'online';
}
