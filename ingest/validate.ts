/**
 * Validate: one JSON object of a known device → a Reading, or the reasons why not.
 *
 * A step of pipeline.ts, after the quota: the time, the envelope, then the kind's quantities. A message is kept for
 * its sound part: what is absurd is left out, flagged or refused by name, and the rest is a reading, so that neither a
 * broken battery sensor nor a clock that was never set hides a flood. Invariant: never throws; nothing is dropped
 * without a Rejection, a flag or a count.
 */

import type { DeviceKind, SiteFields } from '../devices/device-kind.ts';
import { judgeQuantities } from '../devices/judge-quantities.ts';
import { parseLocalTime } from '../devices/local-time.ts';
import { mendTexts } from '../devices/mend-texts.ts';
import { parseTime } from '../devices/parse-time.ts';
import { QualityFlag, type Reading, type Values } from '../devices/reading.ts';
import { type Rejection, reject } from '../devices/rejection.ts';
import type { RegisteredDevice } from '../fleet/registry.ts';
import { isJsonObject, type JsonObject } from './decode.ts';

/**
 * A time further back than three years is that of a clock that was never set, or was reset (1970, 1980, 2000,
 * 2007 by the rollover of the GPS weeks): no buffer in the field is as old.
 */
const BEHIND_MAX_MS = 1_096 * 86_400_000;
/** A clock may be ahead by this much without a word: resolution and rounding. */
const CLOCK_AHEAD_TOLERANCE_MS = 1_000;
/** Longest piece of a value that is repeated in a sentence. */
const SHOWN_CHARACTERS = 40;

export interface Target {
  readonly city: string;
  readonly kind: DeviceKind;
  readonly device: RegisteredDevice;
}

export interface ValidateOptions {
  readonly receivedAt: number;
  /** Of a replay: when it is. The time of receipt may be of a clock of ours that was wrong. */
  readonly replayedAt?: number | undefined;
  readonly clockAheadMaxMs: number;
  /** Of the city: what its devices mean by a time without an offset. */
  readonly timeZone: string;
  readonly bounds: { south: number; west: number; north: number; east: number };
}

/** Keys of the envelope that could not be believed; counted by these names. */
export type LeftOut = 'measuredAt' | 'seq' | 'simulated';

export interface Validated {
  readonly reading?: Reading;
  readonly rejection?: Rejection;
  readonly leftOut?: readonly LeftOut[];
}

const NO_SITE: SiteFields = {};

export function validateReading(item: unknown, target: Target, options: ValidateOptions): Validated {
  if (!isJsonObject(item)) {
    const hint = Array.isArray(item) ? ', and is a list within the list' : '';
    return { rejection: reject('not-an-object', `a reading must be a JSON object${hint}`) };
  }
  const { kind } = target;
  const quantities = parseQuantities(item, kind, options);
  if (!quantities.values) return quantities;
  const site = (target.device.site as SiteFields | undefined) ?? NO_SITE;
  const complete = kind.complete ? kind.complete(quantities.values, site) : quantities.values;
  if (typeof complete === 'string') return { rejection: reject('missing-quantity', complete) };

  const time = judgeTime(item['measuredAt'], options);
  const leftOut = findLeftOut(item, time);
  const quality =
    time.quality |
    (kind.assess?.(complete, site) ?? 0) |
    (hasUnknownFields(item, kind) ? QualityFlag.unknownFields : 0) |
    (leftOut?.some((key) => key !== 'measuredAt') ? QualityFlag.badEnvelope : 0);
  const values = time.refusedMs === undefined ? complete : { ...complete, deviceClockMs: time.refusedMs };
  const reading = toReading(item, target, options.receivedAt, time.measuredAt, quality, values);
  const rejection = time.rejection ? join(quantities.rejection, time.rejection) : quantities.rejection;
  if (!rejection && !leftOut) return { reading };
  return { reading, ...(rejection ? { rejection } : {}), ...(leftOut ? { leftOut } : {}) };
}

function toReading(
  item: JsonObject,
  { city, kind: { name: kind }, device: { id: device, simulated: isRegisteredSo } }: Target,
  receivedAt: number,
  measuredAt: number,
  quality: number,
  values: Values,
): Reading {
  const { seq } = item;
  // Of every reading this is decided here: many formats have no word for it, and a registered one needs none.
  const simulated = isRegisteredSo === true || item['simulated'] === true;
  // Two literals: spreading an optional seq into one costs more than all the rest.
  return isCount(seq)
    ? { city, kind, device, measuredAt, receivedAt, seq, simulated, quality, values }
    : { city, kind, device, measuredAt, receivedAt, simulated, quality, values };
}

interface JudgedTime {
  readonly measuredAt: number;
  readonly quality: number;
  /** What the device gave, where that is impossible. */
  readonly refusedMs?: number;
  /** It gave what is no moment; what it was stands in the raw payload. */
  readonly rejection?: Rejection;
}

/** The device's time; that of receipt where it gave none, or one that cannot be. */
function judgeTime(
  value: unknown,
  { receivedAt, replayedAt = receivedAt, clockAheadMaxMs, timeZone }: ValidateOptions,
): JudgedTime {
  if (value === undefined || value === null) {
    return { measuredAt: receivedAt, quality: QualityFlag.serverTime };
  }
  const measuredAt = parseTime(value) ?? parseLocalTime(value, timeZone);
  if (typeof measuredAt !== 'number') {
    const found =
      typeof value === 'number' ? String(value) : JSON.stringify(value)?.slice(0, SHOWN_CHARACTERS);
    const why = measuredAt?.why ?? 'expected RFC 3339 with an offset, or epoch seconds or milliseconds';
    const detail = `measuredAt is ${found}; ${why}`;
    return {
      measuredAt: receivedAt,
      quality: QualityFlag.serverTime | QualityFlag.clockRefused,
      rejection: reject('bad-time', detail),
    };
  }
  const aheadMs = measuredAt - Math.max(receivedAt, replayedAt);
  if (aheadMs > clockAheadMaxMs || aheadMs < -BEHIND_MAX_MS) {
    return {
      measuredAt: receivedAt,
      quality: QualityFlag.serverTime | QualityFlag.clockRefused,
      refusedMs: measuredAt,
    };
  }
  return { measuredAt, quality: aheadMs > CLOCK_AHEAD_TOLERANCE_MS ? QualityFlag.clockAhead : 0 };
}

function isCount(seq: unknown): seq is number {
  return Number.isSafeInteger(seq) && (seq as number) >= 0;
}

function findLeftOut(item: JsonObject, time: JudgedTime): readonly LeftOut[] | undefined {
  const { seq, simulated } = item;
  const isTimeBad = (time.quality & QualityFlag.clockRefused) !== 0;
  const isSeqBad = seq !== undefined && seq !== null && !isCount(seq);
  const isSimulatedBad = simulated !== undefined && simulated !== null && typeof simulated !== 'boolean';
  if (!isTimeBad && !isSeqBad && !isSimulatedBad) return undefined;
  const keys = { measuredAt: isTimeBad, seq: isSeqBad, simulated: isSimulatedBad };
  return (Object.keys(keys) as LeftOut[]).filter((key) => keys[key]);
}

function hasUnknownFields(item: JsonObject, kind: DeviceKind): boolean {
  for (const key in item) if (!kind.payloadKeys.has(key)) return true;
  return false;
}

/** The kind's quantities; what is absurd left out where a meaningful reading remains. */
function parseQuantities(
  sent: JsonObject,
  kind: DeviceKind,
  options: ValidateOptions,
): { values?: Values; rejection?: Rejection } {
  if (!findSwappedCoordinates(sent, kind, options)) {
    const values = kind.quickParse(sent);
    if (values) return { values };
  }
  const item = mendTexts(sent, kind);
  const swapped = findSwappedCoordinates(item, kind, options);
  if (!swapped) return judgeQuantities(item, kind);
  const { lat: _lat, lng: _lng, ...rest } = item;
  const { values, rejection } = judgeQuantities(rest, kind);
  return { ...(values ? { values } : {}), rejection: values ? join(swapped, rejection) : swapped };
}

function join(first: Rejection | undefined, second: Rejection | undefined): Rejection {
  const both = [first, second].filter((each) => each !== undefined);
  return reject((both[0] as Rejection).reason, both.map(({ detail }) => detail).join('; '));
}

/** Position outside the city whose swapped twin, or the one with another sign, is inside. Seen even in official examples. */
function findSwappedCoordinates(
  item: JsonObject,
  kind: DeviceKind,
  { bounds }: ValidateOptions,
): Rejection | undefined {
  if (!kind.quantityNames.has('lat')) return undefined;
  const { lat, lng } = item;
  if (typeof lat !== 'number' || typeof lng !== 'number') return undefined;
  const inside = (south: number, west: number) =>
    south >= bounds.south && south <= bounds.north && west >= bounds.west && west <= bounds.east;
  if (inside(lat, lng)) return undefined;
  const isSignLost = inside(-lat, lng) || inside(lat, -lng) || inside(-lat, -lng);
  if (isSignLost) {
    return reject(
      'swapped-coordinates',
      `lat ${lat}, lng ${lng}: is a sign lost? South and west are below zero`,
    );
  }
  if (!inside(lng, lat)) return undefined;
  return reject('swapped-coordinates', `lat ${lat}, lng ${lng} looks swapped: the city lies at lat ${lng}`);
}
