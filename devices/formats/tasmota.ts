/**
 * Tasmota: sensors on an ESP8266 or ESP32 with its firmware, `tele/<name>/SENSOR`, and its will on `tele/<name>/LWT`.
 *
 * Traps: `Time` carries no offset, so it is not used and a reading counts from its receipt; each sensor is an
 * object by the name of its chip, and the ultrasonic ones measure in centimetres.
 */
import { type CutObject, parseCutObject } from '../cut-json.ts';
import { isJsonObject, JsonFailure, type JsonObject, parseJson } from '../parse-json.ts';
import { parsePresence } from '../parse-presence.ts';
import { isRejection, reject } from '../rejection.ts';
import {
  aliasesOf,
  besideRefused,
  type Claim,
  type Decoded,
  type DownMessage,
  type DownOrder,
  type Format,
  type FormatMessage,
  joinFaults,
  ofNobody,
  takeMost,
} from './format.ts';
import { readSensorObject } from './sensor-object.ts';

/** Chips that say a distance in centimetres; the time-of-flight ones (VL53…) say millimetres. */
const IN_CENTIMETRES = /^(?:SR04|HC-?SR04|HCSR04|A02YYUW|ME007|DYP)/i;
const MAX_SENSORS = 20;
/** What the firmware tells Home Assistant of itself, unasked. */
const DISCOVERY = /^(?:tasmota\/discovery|homeassistant)\//;

export const tasmota: Format = {
  name: 'tasmota',
  description: 'Tasmota firmware: sensor messages and its will.',
  topics: ['tele/+/+', 'stat/+/+', '+/tele/+', '+/stat/+', 'tasmota/discovery/+/+'],
  identity: 'by the topic that is set in Tasmota, `tele/<name>/…`',
  hasStatus: true,
  namesIn,
  decode,
  down: { filters: ['cmnd/+/#', '+/cmnd/#'], isRetained: true, formatConfig },
};

/** Bounds of TelePeriod, s; 0 and 1 mean something else to it. */
const MIN_PERIOD_S = 10;
const MAX_PERIOD_S = 3_600;

/** Under the name as it writes it: topics tell upper case from lower, and an alias does not. */
function formatConfig({ config, lastTopic = '' }: DownOrder): readonly DownMessage[] | string {
  const { reportIntervalS: periodS, ...others } = config;
  if (Object.keys(others).length > 0 || periodS === undefined)
    return 'Tasmota can be told reportIntervalS (its TelePeriod) and nothing else';
  if (periodS < MIN_PERIOD_S || periodS > MAX_PERIOD_S)
    return `the TelePeriod of Tasmota is from ${MIN_PERIOD_S} to ${MAX_PERIOD_S} s`;
  if (namesIn(lastTopic).length === 0) return [];
  const [first, second] = lastTopic.split('/');
  const topic = isPrefix(first) ? `cmnd/${second}/TelePeriod` : `${first}/cmnd/TelePeriod`;
  return [{ topic, payload: String(periodS) }];
}

/** `stat/<name>/RESULT {"TelePeriod":60}`: its answer to the command. */
function echoOf(json: unknown): Pick<Claim, 'config'> {
  const period = isJsonObject(json) ? Number(json['TelePeriod']) : Number.NaN;
  return period > 0 ? { config: { settings: { reportIntervalS: period } } } : {};
}

/** `tele/<name>/SENSOR`, and `<name>/tele/SENSOR`, which is as usual: its FullTopic is %topic%/%prefix%. */
function namesIn(topic: string): readonly string[] {
  const [first, second] = topic.split('/');
  if (isPrefix(first)) return aliasesOf(second);
  return isPrefix(second) ? aliasesOf(first) : [];
}

function isPrefix(level: string | undefined): boolean {
  return level === 'tele' || level === 'stat';
}

function decode({ topic, payload }: FormatMessage): Decoded {
  if (DISCOVERY.test(topic)) return ofNobody('how it is set up');
  const aliases = namesIn(topic);
  // By HTTP there is no topic: a bare word is its will.
  const word = aliases.length > 0 ? topic.split('/')[2] : undefined;
  const presence = word === 'LWT' || word === undefined ? parsePresence(payload) : undefined;
  if (presence !== undefined && !isRejection(presence)) return [{ aliases, items: [], presence }];
  if (presence !== undefined && word === 'LWT') return presence;
  const whole = parseJson(payload);
  // The firmware's buffer is small: a message of many sensors ends in the middle of one.
  const isSensor = word === undefined || word === 'SENSOR';
  const cut = whole instanceof JsonFailure && isSensor ? parseCutObject(payload) : undefined;
  const json = cut ? omit(cut.json, cut.open[0]) : whole;
  if (json instanceof JsonFailure) {
    // `stat/<name>/POWER ON`: the answer to a command.
    return isSensor ? json.rejection : [{ aliases, items: [], presence: 'online', note: `its ${word}` }];
  }
  if (!isJsonObject(json)) return reject('not-an-object', 'expected a JSON object');
  // What it answers to `Status 8` or `Status 10`.
  const { StatusSNS: asked } = json;
  if (!isSensor && !isJsonObject(asked))
    return [{ aliases, items: [], presence: 'online', note: `its ${word}`, ...echoOf(json) }];
  return claimsOfSensors(isJsonObject(asked) ? asked : json, aliases, cut);
}

/** Messages of nodes behind it, which have names of their own: Zigbee, LoRaWAN. */
const BRIDGED = ['ZbReceived', 'LwReceived'] as const;

function claimsOfSensors(json: JsonObject, aliases: readonly string[], cut?: CutObject): Decoded {
  const own = Object.entries(json).filter(([name]) => !BRIDGED.some((each) => each === name));
  const nodes = BRIDGED.flatMap((name) => Object.entries(isJsonObject(json[name]) ? json[name] : {})).filter(
    (entry): entry is [string, JsonObject] => isJsonObject(entry[1]),
  );
  const { taken, leftOut } = takeMost(nodes, MAX_SENSORS, 'nodes');
  const bridged = taken.map(([name, node]) => claimOfNode(name, node));
  const hasOwn = bridged.length === 0 || own.some(([, value]) => isJsonObject(value));
  const claims = hasOwn ? [...bridged, claimOfSensors(Object.fromEntries(own), aliases, cut)] : bridged;
  return besideRefused(claims, leftOut ? [leftOut] : [], aliases);
}

function claimOfNode(name: string, node: JsonObject): Claim {
  const { item, faults, unread } = readSensorObject(node);
  const items = Object.keys(item).length > 0 ? [item] : [];
  const nothing = items.length === 0 ? ['no quantity that we know'] : [];
  const told = faults.length > 0 ? faults : nothing;
  return {
    ...{ aliases: aliasesOf(node['Name'], node['Device'], name), items, unread, presence: 'online' },
    ...(told.length > 0 ? { rejection: reject('missing-quantity', joinFaults(told)) } : {}),
  };
}

function claimOfSensors(json: JsonObject, aliases: readonly string[], cut?: CutObject): Claim {
  const sensors = Object.entries(json).filter(([name, value]) => name !== '__proto__' && isJsonObject(value));
  const { taken, leftOut } = takeMost(sensors as [string, JsonObject][], MAX_SENSORS, 'sensors');
  const { item, faults } = readSensors(taken);
  const items = Object.keys(item).length > 0 ? [item] : [];
  if (items.length === 0 && faults.length === 0 && !cut) {
    const found = taken.map(([name]) => name.slice(0, 40)).join(', ') || 'none';
    faults.push(`no quantity that we know; the sensors are ${found}`);
  }
  const refused = [...(cut ? [cut.rejection] : []), ...(leftOut ? [leftOut] : [])];
  const told = [...faults, ...refused.map(({ detail }) => detail)];
  const reason = faults.length > 0 ? 'missing-quantity' : refused[0]?.reason;
  return { aliases, items, ...(reason ? { rejection: reject(reason, joinFaults(told)) } : {}) };
}

/** Without the sensor in the middle of which it ends. */
function omit(json: JsonObject, name: string | undefined): JsonObject {
  return Object.fromEntries(Object.entries(json).filter(([each]) => each !== name));
}

function readSensors(sensors: readonly [string, JsonObject][]) {
  const item: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const [chip, object] of sensors) {
    const inUnit = IN_CENTIMETRES.test(chip) ? withCentimetres(object) : object;
    const read = readSensorObject(inUnit);
    for (const [name, value] of Object.entries(read.item)) {
      if (name in item) faults.push(`${chip.slice(0, 40)} says ${name} too; the first sensor is taken`);
      else item[name] = value;
    }
    faults.push(...read.faults.map((fault) => `${chip.slice(0, 40)} ${fault}`));
  }
  return { item, faults };
}

function withCentimetres(object: JsonObject): JsonObject {
  const { Distance: distance } = object;
  return typeof distance === 'number' || typeof distance === 'string'
    ? { ...object, Distance: { value: distance, unit: 'cm' } }
    : object;
}
