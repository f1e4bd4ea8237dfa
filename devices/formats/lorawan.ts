/**
 * What ChirpStack and The Things Stack have in common: one uplink of a LoRaWAN node, decoded by its codec.
 *
 * Invariant: an uplink without a good value is told as what its sensor said, and its node is heard all the same.
 */
import { isJsonObject, type JsonObject } from '../parse-json.ts';
import { type Rejection, reject } from '../rejection.ts';
import type { Claim } from './format.ts';
import { readSensorHistory, readSensorObject } from './sensor-object.ts';

export interface Uplink {
  readonly aliases: readonly string[];
  /** What the codec made of the bytes. */
  readonly object: unknown;
  readonly measuredAt: unknown;
  /** Left out by both when it is 0. */
  readonly frameCount: unknown;
  /** Of each gateway that heard it. */
  readonly receptions: unknown;
  readonly simulated?: boolean;
  /** Where to set the codec, for people. */
  readonly codecPlace: string;
}

export function claimOfUplink(uplink: Uplink): Claim {
  const { aliases, object, measuredAt, frameCount = 0, receptions, simulated, codecPlace } = uplink;
  if (!isJsonObject(object)) {
    const detail = `the uplink is not decoded: set a codec ${codecPlace}`;
    return { aliases, items: [], rejection: reject('bad-format', detail) };
  }
  const { item, faults } = readSensorObject(object);
  // What the server simulates is no measurement, whatever the codec says.
  const drill = simulated ? { simulated } : {};
  const rssiDbm = strongest(receptions);
  const now = {
    ...(rssiDbm === undefined ? {} : { rssiDbm }),
    ...(measuredAt === undefined ? {} : { measuredAt }),
    seq: frameCount,
    ...item,
    ...drill,
  };
  const history = readSensorHistory(object);
  const past = history.items.map((each) => ({ ...each, ...drill }));
  const hasValues = Object.keys(item).length > 0;
  const rejection = faultOf(object, hasValues || past.length > 0, [...faults, ...history.faults]);
  return { aliases, items: hasValues ? [...past, now] : past, ...(rejection ? { rejection } : {}) };
}

function faultOf(object: JsonObject, hasValues: boolean, faults: readonly string[]): Rejection | undefined {
  if (faults.length > 0) return reject('missing-quantity', faults.join('; '));
  if (hasValues) return undefined;
  const keys = Object.keys(object)
    .slice(0, 20)
    .map((key) => key.slice(0, 40));
  return reject(
    'missing-quantity',
    `no quantity that we know; the decoded keys are ${keys.join(', ') || 'none'}`,
  );
}

/** The best signal of those that heard it, dBm. */
function strongest(receptions: unknown): number | undefined {
  if (!Array.isArray(receptions)) return undefined;
  let best: number | undefined;
  for (const reception of receptions) {
    const rssi = isJsonObject(reception) ? reception['rssi'] : undefined;
    if (typeof rssi === 'number' && (best === undefined || rssi > best)) best = rssi;
  }
  return best;
}
