/**
 * SenML in JSON, RFC 8428: an array of records with names, units, values and times.
 *
 * Traps: base values (`bn`, `bt`, `bu`, `bv`) hold for all records after them; a time below 2²⁸ is relative to now
 * [RFC 8428, 4.5.3]; the name of a record is the base name with its own behind it, and only a convention says where
 * the device ends and the quantity begins: at the last separator, or where the base name ends.
 */
import { isJsonObject, JsonFailure, type JsonObject, parseJson } from '../parse-json.ts';
import { type Rejection, reject } from '../rejection.ts';
import {
  aliasesOf,
  besideRefused,
  type Claim,
  type Decoded,
  type Format,
  type FormatMessage,
} from './format.ts';
import { readSensorObject } from './sensor-object.ts';

/** [RFC 8428, 4.5.3] "values greater than or equal to 2**28 represent an absolute time". */
const ABSOLUTE_FROM_S = 2 ** 28;
/** [RFC 8428, 4.4] the version that we know. */
const VERSION = 10;

export const senml: Format = {
  name: 'senml',
  description: 'SenML (RFC 8428) in JSON: packs of records with base names, units and times.',
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
  value: number;
}

/** The records of one device at one time. */
interface Group {
  readonly device: string;
  readonly time: number | undefined;
  readonly object: Record<string, unknown>;
}

function decode({ payload, receivedAt }: FormatMessage): Decoded {
  const json = parseJson(payload);
  if (json instanceof JsonFailure) return json.rejection;
  if (!Array.isArray(json)) return reject('not-an-object', 'expected a SenML pack, an array of records');
  const groups = new Map<string, Group>();
  const base: Base = { name: '', time: 0, unit: undefined, value: 0 };
  const refused: Rejection[] = [];
  for (const record of json) {
    if (!isJsonObject(record)) {
      refused.push(reject('bad-format', 'a record must be an object'));
      continue;
    }
    // A version that we do not know may mean anything [RFC 8428, 4.4].
    const problem = takeRecord(record, base, groups);
    if (problem !== undefined) return reject('bad-format', problem);
  }
  const claims = claimsOf([...groups.values()], receivedAt);
  return claims.length === 0 && refused.length === 0
    ? reject('empty-batch', 'the pack has no record with a value')
    : besideRefused(claims, refused, []);
}

/** Says what is wrong with the record, or adds it to its group. */
function takeRecord(record: JsonObject, base: Base, groups: Map<string, Group>): string | undefined {
  const { bver, bn, bt, bu, bv, n, u, v, vs, t } = record;
  if (typeof bver === 'number' && bver > VERSION) return `bver is ${bver}; known is ${VERSION}`;
  if (bn !== undefined) base.name = String(bn);
  if (typeof bt === 'number') base.time = bt;
  if (bu !== undefined) base.unit = bu;
  if (typeof bv === 'number') base.value = bv;
  if (v === undefined && vs === undefined) return undefined;
  const { device, quantity } = splitName(base.name, typeof n === 'string' ? n : '');
  const ownTime = typeof t === 'number' ? t : 0;
  const time = base.time + ownTime;
  const key = `${device}\n${time}`;
  let group = groups.get(key);
  if (!group) {
    group = { device, time: time === 0 ? undefined : time, object: {} };
    groups.set(key, group);
  }
  const unit = u ?? base.unit;
  const value = typeof v === 'number' ? v + base.value : (v ?? vs);
  const name = nameByUnit(quantity, unit);
  if (name !== '__proto__')
    group.object[name] = typeof unit === 'string' && v !== undefined ? { value, unit } : value;
  return undefined;
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
  if (faults.length > 0) return reject('missing-quantity', faults.slice(0, 20).join('; '));
  if (hasItems) return undefined;
  const names = groups
    .flatMap(({ object }) => Object.keys(object))
    .slice(0, 20)
    .map((name) => name.slice(0, 40));
  return reject('missing-quantity', `no quantity that we know; the names are ${names.join(', ')}`);
}
