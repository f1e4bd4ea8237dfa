/**
 * SenML in JSON or CBOR, RFC 8428: an array of records with names, units, values and times.
 *
 * Traps: base values (`bn`, `bt`, `bu`, `bv`, `bs`) hold for all records after them, so that behind a broken record
 * nobody knows whose the next is; a time below 2²⁸ is relative to now [RFC 8428, 4.5.3]; a value may be missing where
 * its base stands for it; the name of a record is the base name with its own behind it, and only a convention says
 * where the device ends and the quantity begins: at the last separator, or where the base name ends.
 */
import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, JsonFailure, type JsonObject } from '../parse-json.ts';
import { parseJsonItems, rejectionsOf } from '../parse-json-items.ts';
import { isRejection, type Rejection, reject } from '../rejection.ts';
import {
  aliasesOf,
  besideRefused,
  type Claim,
  type Decoded,
  type Format,
  type FormatMessage,
  joinFaults,
} from './format.ts';
import { readNumber } from './measured.ts';
import { unpackCbor } from './senml-cbor.ts';
import { findBaseFault, findUnknownVersion, isNoNumber, shown } from './senml-faults.ts';
import { isSensorKey } from './sensor-keys.ts';
import { readSensorObject } from './sensor-object.ts';

/** [RFC 8428, 4.5.3] "values greater than or equal to 2**28 represent an absolute time". */
const ABSOLUTE_FROM_S = 2 ** 28;
/** A record that stands alone has one of these: what a stream sends, or a pack of a draft. */
const RECORD_KEYS = ['n', 'bn', 'e'] as const;
/** What has been counted since some moment; of these alone a sum says what the quantity says. */
const SUMMED = /total|bytes$/i;

export const senml: Format = {
  name: 'senml',
  description: 'SenML (RFC 8428) in JSON or CBOR: packs of records with base names, units and times.',
  topics: [],
  identity: 'by the base name `bn` (a URN with the MAC or EUI, or a word), or by a level of the topic',
  hasStatus: false,
  namesIn: () => [],
  decode,
};

interface Base {
  name: string;
  time: number;
  unit: unknown;
  value: number | undefined;
  sum: number | undefined;
}

/** The records of one device at one time. */
interface Group {
  readonly device: string;
  readonly time: number | undefined;
  readonly object: Record<string, unknown>;
}

interface Pack {
  readonly groups: Map<string, Group>;
  /** How many other values of one name at one time were there before. */
  readonly copies: Map<string, number>;
}

function decode({ payload: sent, receivedAt }: FormatMessage): Decoded {
  const payload = unpackCbor(sent);
  if (isRejection(payload)) return payload;
  const json = parseJsonItems(payload);
  if (json instanceof JsonFailure) return json.rejection;
  const [only] = json.items;
  const isPack = json.isList || (isJsonObject(only) && RECORD_KEYS.some((key) => key in only));
  if (!isPack) return reject('not-an-object', 'expected a SenML pack, an array of records');
  const pack: Pack = { groups: new Map(), copies: new Map() };
  const base: Base = { name: '', time: 0, unit: undefined, value: undefined, sum: undefined };
  const refused: Rejection[] = [...rejectionsOf(json)];
  const known = json.items.slice(0, json.soundUntil).flatMap(recordsOf);
  const left = json.items.length - json.soundUntil;
  if (left > 0) {
    const detail = `${left} records behind a broken one are left out: their base values may have stood in it`;
    refused.push(reject('bad-format', detail));
  }
  for (const record of known) {
    if (!isJsonObject(record)) {
      refused.push(reject('bad-format', 'a record must be an object'));
      continue;
    }
    const problem = findUnknownVersion(record) ?? findBaseFault(record);
    if (problem !== undefined) return reject('bad-format', problem);
    if (isNoNumber(record['t']))
      refused.push(reject('bad-format', `a time t that is no number: ${shown(record['t'])}`));
    else takeRecord(record, base, pack);
  }
  const claims = claimsOf([...pack.groups.values()], receivedAt);
  return claims.length === 0 && refused.length === 0
    ? reject('empty-batch', 'the pack has no record with a value')
    : besideRefused(claims, refused, []);
}

/** Drafts before the RFC: an object with the base values, and its records in `e`. */
function recordsOf(item: unknown): readonly unknown[] {
  if (!isJsonObject(item) || !Array.isArray(item['e'])) return [item];
  const { e, ver: _, ...base } = item;
  return [
    base,
    ...(e as unknown[]).map((each) => (isJsonObject(each) ? { ...each, ...textOfSv(each) } : each)),
  ];
}

function textOfSv({ sv }: JsonObject): JsonObject {
  return typeof sv === 'string' ? { vs: sv } : {};
}

/** Numbers may come as texts: a time that was left out for its quotes would date the past now. */
function takeBase({ bn, bt, bu, bv, bs }: JsonObject, base: Base): void {
  if (bn !== undefined) base.name = String(bn);
  if (bu !== undefined) base.unit = bu;
  base.time = readNumber(bt) ?? base.time;
  base.value = readNumber(bv) ?? base.value;
  base.sum = readNumber(bs) ?? base.sum;
}

/** Adds the record to its group, unless it only sets base values. */
function takeRecord(record: JsonObject, base: Base, pack: Pack): void {
  takeBase(record, base);
  const { n, u, t } = record;
  const { device, quantity } = splitName(base.name, typeof n === 'string' ? n : '');
  const unit = u ?? base.unit;
  const name = nameByUnit(quantity, unit);
  const isHeader = n === undefined && !isSensorKey(name);
  const value = valueFor(record, name, base, isHeader);
  if (value === undefined || name === '__proto__') return;
  const time = base.time + (readNumber(t) ?? 0);
  const hasUnit = typeof unit === 'string' && (typeof value === 'number' || record['v'] !== undefined);
  const said = hasUnit ? { value, unit } : value;
  groupOf(pack, device, time, [name, said]).object[name] = said;
}

/** The group of the device at that time that has no other value of this name yet: a second one is a second reading. */
function groupOf(
  { groups, copies }: Pack,
  device: string,
  time: number,
  [name, value]: readonly [string, unknown],
): Group {
  const moment = `${device}\n${time}`;
  const copy = copies.get(`${moment}\n${name}`) ?? 0;
  const key = `${moment}\n${copy}`;
  const known = groups.get(key);
  if (known && Object.hasOwn(known.object, name) && !isDeepStrictEqual(known.object[name], value)) {
    copies.set(`${moment}\n${name}`, copy + 1);
    return groupOf({ groups, copies }, device, time, [name, value]);
  }
  const group = known ?? { device, time: time === 0 ? undefined : time, object: {} };
  groups.set(key, group);
  return group;
}

/** What the record says, its base added; a missing value or sum is zero where its base is there [RFC 8428, 4.5.4]. */
function valueFor({ v, vs, vb, vd, s }: JsonObject, name: string, base: Base, isHeader: boolean): unknown {
  if (typeof v === 'number') return v + (base.value ?? 0);
  const given = v ?? vs ?? vb;
  if (given !== undefined) return given;
  if (typeof vd === 'string') return { value: 'data (vd), no number' };
  if (isHeader) return undefined;
  const sum = typeof s === 'number' ? s + (base.sum ?? 0) : base.value === undefined ? base.sum : undefined;
  if (sum === undefined) return base.value;
  // The integral over time of a level is no level.
  return SUMMED.test(name) ? sum : { value: 'only a sum (s), and no value (v)' };
}

/** Where the device ends and the quantity begins. */
function splitName(base: string, own: string): { device: string; quantity: string } {
  if (base !== '' && own !== '') return { device: base.replace(/[:/_.-]+$/, ''), quantity: own };
  const whole = base + own;
  const at = Math.max(...[':', '/', '_'].map((separator) => whole.lastIndexOf(separator)));
  return at < 0
    ? { device: '', quantity: whole }
    : { device: whole.slice(0, at), quantity: whole.slice(at + 1) };
}

/** Units that say what is measured [RFC 8428, 12.1]. */
function nameByUnit(quantity: string, unit: unknown): string {
  switch (unit) {
    case 'lat':
    case 'lon':
      return unit;
    case '%EL':
      return 'batteryPct';
    case 'V':
      return 'batteryV';
    case 'm/s':
      return 'speedMps';
    default:
      return quantity;
  }
}

function claimsOf(groups: readonly Group[], receivedAt: number): readonly Claim[] {
  const byDevice = Map.groupBy(groups, ({ device }) => device);
  return [...byDevice].map(([device, all]): Claim => {
    const faults: string[] = [];
    const items = all.flatMap(({ time, object }) => {
      const read = readSensorObject(object);
      faults.push(...read.faults);
      if (Object.keys(read.item).length === 0) return [];
      return [{ ...read.item, ...(time === undefined ? {} : { measuredAt: absoluteMs(time, receivedAt) }) }];
    });
    const rejection = faultOf(faults, items.length > 0, all);
    return {
      aliases: aliasesOf(device, device.split(':').at(-1)),
      items,
      ...(rejection ? { rejection } : {}),
    };
  });
}

function absoluteMs(time: number, receivedAt: number): number {
  return Math.round(time >= ABSOLUTE_FROM_S ? time * 1000 : receivedAt + time * 1000);
}

function faultOf(
  faults: readonly string[],
  hasItems: boolean,
  groups: readonly Group[],
): Rejection | undefined {
  if (faults.length > 0) return reject('missing-quantity', joinFaults(faults));
  if (hasItems) return undefined;
  const names = groups
    .flatMap(({ object }) => Object.keys(object))
    .slice(0, 20)
    .map((name) => name.slice(0, 40));
  return reject('missing-quantity', `no quantity that we know; the names are ${names.join(', ')}`);
}
