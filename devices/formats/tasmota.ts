/**
 * Tasmota: sensors on an ESP8266 or ESP32 with its firmware, `tele/<name>/SENSOR`, and its will on `tele/<name>/LWT`.
 *
 * Traps: `Time` carries no offset, so it is not used and a reading counts from its receipt; each sensor is an
 * object by the name of its chip, and the ultrasonic ones measure in centimetres.
 */
import { parseCutObject } from '../cut-json.ts';
import { isJsonObject, JsonFailure, type JsonObject, parseJson } from '../parse-json.ts';
import { parsePresence } from '../parse-presence.ts';
import { isRejection, reject } from '../rejection.ts';
import {
  aliasesOf,
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
  topics: ['tele/+/+', 'stat/+/+', 'tasmota/discovery/+/+'],
  identity: 'by the topic that is set in Tasmota, `tele/<name>/…`',
  hasStatus: true,
  namesIn,
  decode,
  down: { filters: ['cmnd/+/#'], isRetained: true, formatConfig },
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
  const name = lastTopic.split('/')[1];
  if (name === undefined || namesIn(lastTopic).length === 0) return [];
  return [{ topic: `cmnd/${name}/TelePeriod`, payload: String(periodS) }];
}

/** `stat/<name>/RESULT {"TelePeriod":60}`: its answer to the command. */
function echoOf(json: unknown): Pick<Claim, 'config'> {
  const period = isJsonObject(json) ? Number(json['TelePeriod']) : Number.NaN;
  return period > 0 ? { config: { settings: { reportIntervalS: period } } } : {};
}

function namesIn(topic: string): readonly string[] {
  const [root, name] = topic.split('/');
  return root === 'tele' || root === 'stat' ? aliasesOf(name) : [];
}

function decode({ topic, payload }: FormatMessage): Decoded {
  if (DISCOVERY.test(topic)) return ofNobody('how it is set up');
  const aliases = namesIn(topic);
  const word = topic.split('/')[2];
  if (word === 'LWT') {
    const presence = parsePresence(payload);
    return isRejection(presence) ? presence : [{ aliases, items: [], presence }];
  }
  const whole = parseJson(payload);
  // The firmware's buffer is small: a message of many sensors ends in the middle of one.
  const cut = whole instanceof JsonFailure && word === 'SENSOR' ? parseCutObject(payload) : undefined;
  const json = cut ? omit(cut.json, cut.open[0]) : whole;
  if (json instanceof JsonFailure) {
    // `stat/<name>/POWER ON`: the answer to a command.
    return word === 'SENSOR'
      ? json.rejection
      : [{ aliases, items: [], presence: 'online', note: `its ${word}` }];
  }
  if (!isJsonObject(json)) return reject('not-an-object', 'expected a JSON object');
  const sensors = Object.entries(json).filter(([name, value]) => name !== '__proto__' && isJsonObject(value));
  if (word !== undefined && word !== 'SENSOR')
    return [{ aliases, items: [], presence: 'online', note: `its ${word}`, ...echoOf(json) }];
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
  return [{ aliases, items, ...(reason ? { rejection: reject(reason, joinFaults(told)) } : {}) }];
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
