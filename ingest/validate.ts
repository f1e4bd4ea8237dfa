/**
 * Validate: one JSON object of a known device → a Reading, or the reasons why not.
 *
 * Second step of the pipeline: the time, the envelope, then the kind's schema. A quantity that is absurd is
 * left out and the rest of the reading is kept, so that a broken battery sensor does not hide a flood; the
 * refusal is kept beside it. Invariant: never throws; nothing is dropped without a Rejection or a flag.
 */
import type { z } from 'zod';
import type { DeviceKind, SiteFields } from '../devices/device-kind.ts';
import { QualityFlag, type Reading, type Values } from '../devices/reading.ts';
import { type Rejection, reject } from '../devices/rejection.ts';
import type { RegisteredDevice } from '../fleet/registry.ts';
import { isJsonObject, type JsonObject } from './decode.ts';

/** Readings before this are from a clock that was never set (1970, 2000, year 1). */
const EARLIEST_MS = Date.UTC(2020, 0, 1);
/** Numbers below it are seconds, not milliseconds: 10¹¹ ms is 1973. */
const LOOKS_LIKE_SECONDS = 1e11;
/** RFC 3339: the offset is not optional; a local time without one is seven hours wrong in Semarang. */
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;
/** A clock may be ahead by this much without a word: resolution and rounding. */
const CLOCK_AHEAD_TOLERANCE_MS = 1_000;

export interface Target {
  readonly city: string;
  readonly kind: DeviceKind;
  readonly device: RegisteredDevice;
}

export interface ValidateOptions {
  readonly receivedAt: number;
  readonly clockAheadMaxMs: number;
  readonly bounds: { south: number; west: number; north: number; east: number };
}

export interface Validated {
  readonly reading?: Reading;
  readonly rejection?: Rejection;
}

const NO_SITE: SiteFields = {};

export function validateReading(item: unknown, target: Target, options: ValidateOptions): Validated {
  if (!isJsonObject(item)) return { rejection: reject('not-an-object', 'a reading must be a JSON object') };
  const time = parseMeasuredAt(item['measuredAt'], options);
  if ('reason' in time) return { rejection: time };
  const { seq } = item;
  if (seq !== undefined && !(Number.isSafeInteger(seq) && (seq as number) >= 0)) {
    return { rejection: reject('bad-seq', 'seq must be a whole number from 0') };
  }
  if (item['simulated'] !== undefined && typeof item['simulated'] !== 'boolean') {
    return { rejection: reject('wrong-type', 'simulated must be true or false') };
  }
  const swapped = findSwappedCoordinates(item, target.kind, options);
  if (swapped) return { rejection: swapped };

  const { values, rejection } = parseValues(item, target.kind);
  if (!values) return rejection ? { rejection } : {};
  const site = (target.device.site as SiteFields | undefined) ?? NO_SITE;
  const complete = target.kind.complete ? target.kind.complete(values, site) : values;
  if (typeof complete === 'string') return { rejection: reject('missing-quantity', complete) };
  const quality =
    time.quality |
    (target.kind.assess?.(complete, site) ?? 0) |
    (hasUnknownFields(item, target.kind) ? QualityFlag.unknownFields : 0);
  const { city } = target;
  const kind = target.kind.name;
  const device = target.device.id;
  const { measuredAt } = time;
  const { receivedAt } = options;
  const simulated = item['simulated'] === true;
  // Two literals: spreading an optional seq into one costs more than all the rest.
  const reading: Reading =
    seq === undefined
      ? { city, kind, device, measuredAt, receivedAt, simulated, quality, values: complete }
      : {
          city,
          kind,
          device,
          measuredAt,
          receivedAt,
          seq: seq as number,
          simulated,
          quality,
          values: complete,
        };
  return rejection ? { reading, rejection } : { reading };
}

/** RFC 3339 text, epoch ms, or nothing: then the time of receipt. */
function parseMeasuredAt(
  value: unknown,
  { receivedAt, clockAheadMaxMs }: ValidateOptions,
): { measuredAt: number; quality: number } | Rejection {
  if (value === undefined || value === null) {
    return { measuredAt: receivedAt, quality: QualityFlag.serverTime };
  }
  let measuredAt: number;
  if (typeof value === 'number') measuredAt = Math.round(value);
  else if (typeof value === 'string' && RFC_3339.test(value)) measuredAt = Date.parse(value);
  else return reject('bad-time', 'measuredAt must be RFC 3339 with an offset, or epoch milliseconds');
  if (Number.isNaN(measuredAt)) return reject('bad-time', `measuredAt ${String(value)} is no date`);
  if (measuredAt < EARLIEST_MS) {
    const hint = typeof value === 'number' && measuredAt < LOOKS_LIKE_SECONDS && measuredAt > 1e9;
    return reject('bad-time', `measuredAt is before 2020${hint ? '; it looks like seconds, send ms' : ''}`);
  }
  const aheadMs = measuredAt - receivedAt;
  if (aheadMs > clockAheadMaxMs) {
    return reject(
      'too-far-ahead',
      `measuredAt is ${Math.round(aheadMs / 1000)} s ahead; set the device's clock`,
    );
  }
  return { measuredAt, quality: aheadMs > CLOCK_AHEAD_TOLERANCE_MS ? QualityFlag.clockAhead : 0 };
}

/** Position outside the city whose swapped twin is inside. Seen even in official examples. */
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
  if (inside(lat, lng) || !inside(lng, lat)) return undefined;
  return reject('swapped-coordinates', `lat ${lat}, lng ${lng} looks swapped: the city lies at lat ${lng}`);
}

function hasUnknownFields(item: JsonObject, kind: DeviceKind): boolean {
  for (const key in item) if (!kind.payloadKeys.has(key)) return true;
  return false;
}

/** The kind's quantities; the absurd ones left out where a meaningful reading remains. */
function parseValues(item: JsonObject, kind: DeviceKind): { values?: Values; rejection?: Rejection } {
  const quick = kind.quickParse(item);
  if (quick) return { values: quick };
  const whole = kind.schema.safeParse(item);
  if (whole.success) return { values: whole.data };
  const rejection = toRejection(whole.error.issues[0] as z.core.$ZodIssue, item);
  const bad = new Set(whole.error.issues.map((issue) => issue.path[0]));
  if (bad.has(undefined)) return { rejection };
  const rest = Object.fromEntries(Object.entries(item).filter(([key]) => !bad.has(key)));
  const remaining = kind.schema.safeParse(rest);
  return remaining.success ? { values: remaining.data, rejection } : { rejection };
}

function toRejection(issue: z.core.$ZodIssue, item: JsonObject): Rejection {
  const name = String(issue.path[0] ?? '');
  if (issue.code === 'custom') return reject('missing-quantity', issue.message);
  const value = item[name];
  if (value === undefined) return reject('missing-quantity', `${name} is required`);
  const found = JSON.stringify(value)?.slice(0, 40);
  switch (issue.code) {
    case 'too_small':
      return reject('out-of-range', `${name} is ${found}; the least possible is ${issue.minimum}`);
    case 'too_big':
      return reject('out-of-range', `${name} is ${found}; the most possible is ${issue.maximum}`);
    case 'invalid_value':
      return reject('out-of-range', `${name} is ${found}; expected one of ${issue.values.join(', ')}`);
    default:
      return reject('wrong-type', `${name} is ${found}; ${issue.message}`);
  }
}
