/**
 * The fleet: the present of every device. Last reading, presence, liveness, data health.
 *
 * Moved by the live consumer (readings in order of the journal) and by `status` messages from the broker;
 * read by the API, the alert rules (silence) and dispatch. Held in memory and restored from the journal at
 * start. Invariant: `last` has the largest `measuredAt` of the readings of good quality, but that one that was ahead of
 * its receipt gives way to the next that is right; late, failed and future-dated ones never become it. Liveness is
 * judged by the time of receipt, and every word counts: a repeat and a message that was refused say that their device
 * is there.
 */

import { AHEAD_MAX_MS, observeDeviceClock, shiftDeviceClock } from '../clock/device-clock.ts';
import { isOfBefore } from '../clock/earlier-time.ts';
import { deviceKinds } from '../devices/kinds/index.ts';
import {
  FAILED_QUALITY,
  formatQuality,
  ownTimeOf,
  QualityFlag,
  type Reading,
  TRUTH_LASTS_MS,
} from '../devices/reading.ts';
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
  /** How often it has confirmed to report, while its readings cannot show it yet. */
  told: { readonly intervalMs: number; readonly untilMs: number } | undefined;
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
  /** Without a word for longer than this it is silent, ms. */
  silentAfterMs(device: DeviceNow): number;
  /** Goes by what the alarms know of each device's rhythm, so that pages and alarms say the same of its silence. */
  askAlarms(silentAfterMs: (id: string) => number | undefined): void;
  /** It has confirmed to report so often from now on. */
  expectInterval(id: string, intervalMs: number, nowMs: number): void;
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

/** So many reports later its readings show its new rhythm. */
const SHOWN_AFTER_INTERVALS = 6;
const MOVES_NOTHING = FAILED_QUALITY | QualityFlag.late;

export function createFleet(registry: Registry): Fleet {
  const devices = new Map<string, DeviceNow>();
  const now = (id: string): DeviceNow | undefined => {
    const known = devices.get(id);
    if (known) return known;
    const registered = registry.find(id);
    if (!registered) return undefined;
    const fresh = createPresent(id, registered.kind);
    devices.set(id, fresh);
    return fresh;
  };
  let askSilentAfterMs: (id: string) => number | undefined = () => undefined;
  const silentAfterMs = ({ id, kind }: DeviceNow) =>
    askSilentAfterMs(id) ?? (deviceKinds.get(kind)?.silentAfterS ?? 300) * 1000;
  return {
    now,
    *all() {
      for (const { id } of registry.all()) yield now(id) as DeviceNow;
    },
    known: () => devices.values(),
    liveness: (device, atMs) => judgeLiveness(device, atMs, silentAfterMs(device)),
    silentAfterMs,
    askAlarms(ask) {
      askSilentAfterMs = ask;
    },
    expectInterval(id, intervalMs, nowMs) {
      const device = now(id);
      if (device) device.told = { intervalMs, untilMs: nowMs + SHOWN_AFTER_INTERVALS * intervalMs };
    },
    observe(reading) {
      const device = now(reading.device);
      if (!device) return false;
      device.lastHeardAt = Math.max(device.lastHeardAt, reading.receivedAt);
      endOffline(device, reading.receivedAt);
      recordArrival(device.health, reading);
      const why: string[] = formatQuality(reading.quality & MOVES_NOTHING);
      if (isBesideTruth(reading, device.last)) why.push('simulated, beside real readings');
      if (why.length > 0) device.unusable = { atMs: reading.receivedAt, why: why.join(', ') };
      if (why.length > 0 || isBefore(reading, device.last)) return false;
      device.unusable = undefined;
      device.last = reading;
      if (fixOf(reading)) device.lastFix = reading;
      return true;
    },
    clockSet(nowMs, stepMs) {
      for (const device of devices.values()) setClock(device, nowMs, stepMs);
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

function createPresent(id: string, kind: string): DeviceNow {
  return {
    id,
    kind,
    last: undefined,
    lastFix: undefined,
    unusable: undefined,
    lastHeardAt: 0,
    presence: undefined,
    presenceAt: 0,
    told: undefined,
    health: createDataHealth(),
  };
}

function setClock(device: DeviceNow, nowMs: number, stepMs: number): void {
  device.lastHeardAt = Math.min(device.lastHeardAt, nowMs);
  device.presenceAt = Math.min(device.presenceAt, nowMs);
  device.last = noLaterThan(device.last, nowMs);
  device.lastFix = noLaterThan(device.lastFix, nowMs);
  shiftDeviceClock(device.health.clock, stepMs, nowMs);
}

/** Who tests a device while it measures does not change what people see of it. */
export function isBesideTruth({ simulated, receivedAt }: Reading, last: Reading | undefined): boolean {
  return simulated && last?.simulated === false && receivedAt - last.receivedAt < TRUTH_LASTS_MS;
}

function noLaterThan(reading: Reading | undefined, nowMs: number): Reading | undefined {
  if (!reading) return reading;
  const isDatedByUs = (reading.quality & (QualityFlag.serverTime | QualityFlag.clockOff)) !== 0;
  if (reading.measuredAt <= nowMs + (isDatedByUs ? 0 : AHEAD_MAX_MS)) return reading;
  return { ...reading, measuredAt: nowMs, receivedAt: Math.min(reading.receivedAt, nowMs) };
}

/** What a clock said before it was known to be ahead, or before it was set right, holds nothing up. */
function isBefore(reading: Reading, last: Reading | undefined): boolean {
  if (!last) return false;
  if (!(reading.quality & QualityFlag.clockOff)) return isOfBefore(reading, last);
  return Math.min(last.measuredAt, last.receivedAt) > reading.measuredAt;
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

function judgeLiveness(device: DeviceNow, atMs: number, silentAfterMs: number): Liveness {
  if (device.lastHeardAt === 0) return 'unseen';
  if (device.presence === 'offline') return 'offline';
  if (device.presence === 'sleeping') return 'sleeping';
  return atMs - device.lastHeardAt > silentAfterMs ? 'silent' : 'online';
}
