/**
 * The fleet: the present of every device. Last reading, presence, liveness, data health.
 *
 * Moved by the live consumer (readings in order of the journal) and by `status` messages from the broker;
 * read by the API, the alert rules (silence) and dispatch. Held in memory and restored from the journal at
 * start. Invariant: `last` has the largest `measuredAt` of the readings of good quality; late, failed and
 * future-dated ones never become it. Liveness is judged by the time of receipt.
 */

import { deviceKinds } from '../devices/kinds/index.ts';
import { FAILED_QUALITY, QualityFlag, type Reading } from '../devices/reading.ts';
import type { Presence } from '../devices/topics.ts';
import { createDataHealth, type DataHealth, recordArrival } from './data-health.ts';
import type { Registry } from './registry.ts';

/** `silent` is without a word for longer than its kind allows; `unseen` never said one. */
export type Liveness = 'online' | 'sleeping' | 'offline' | 'silent' | 'unseen';

export interface DeviceNow {
  readonly id: string;
  readonly kind: string;
  last: Reading | undefined;
  /** Epoch ms of the last word of any kind; 0 when unseen. */
  lastHeardAt: number;
  presence: Presence | undefined;
  readonly health: DataHealth;
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
  observePresence(id: string, presence: Presence, atMs: number): void;
  /** Our clock was set, and says `nowMs` now: nothing can have been heard after it. */
  clockSet(nowMs: number): void;
  /** A reading came that the journal had already. */
  countRepeat(id: string): void;
}

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
      lastHeardAt: 0,
      presence: undefined,
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
      if (device.presence === 'offline') device.presence = 'online';
      recordArrival(device.health, reading);
      if (reading.quality & (FAILED_QUALITY | QualityFlag.late)) return false;
      if (device.last && device.last.measuredAt > reading.measuredAt) return false;
      device.last = reading;
      return true;
    },
    clockSet(nowMs) {
      for (const device of devices.values()) device.lastHeardAt = Math.min(device.lastHeardAt, nowMs);
    },
    countRepeat(id) {
      const device = now(id);
      if (device) device.health.repeats++;
    },
    observePresence(id, presence, atMs) {
      const device = now(id);
      if (!device) return;
      device.presence = presence;
      if (presence !== 'offline') device.lastHeardAt = Math.max(device.lastHeardAt, atMs);
    },
  };
}

function judgeLiveness(device: DeviceNow, atMs: number): Liveness {
  if (device.lastHeardAt === 0) return 'unseen';
  if (device.presence === 'offline') return 'offline';
  if (device.presence === 'sleeping') return 'sleeping';
  const silentAfterMs = (deviceKinds.get(device.kind)?.silentAfterS ?? 300) * 1000;
  return atMs - device.lastHeardAt > silentAfterMs ? 'silent' : 'online';
}
