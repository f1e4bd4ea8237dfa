/**
 * Tasmota: sensors on an ESP8266 or ESP32 with its firmware, `tele/<name>/SENSOR`, and its will on `tele/<name>/LWT`.
 *
 * Traps: `Time` carries no offset, so it is not used and a reading counts from its receipt; each sensor is an
 * object by the name of its chip, and the ultrasonic ones measure in centimetres.
 */
import { isJsonObject, JsonFailure, type JsonObject, parseJson } from '../parse-json.ts';
import { parsePresence } from '../parse-presence.ts';
import { isRejection, reject } from '../rejection.ts';
import { aliasesOf, type Decoded, type Format, type FormatMessage } from './format.ts';
import { readSensorObject } from './sensor-object.ts';

/** Chips that say a distance in centimetres; the time-of-flight ones (VL53…) say millimetres. */
const IN_CENTIMETRES = /^(?:SR04|HC-?SR04|HCSR04|A02YYUW|ME007|DYP)/i;
const MAX_SENSORS = 20;

export const tasmota: Format = {
  name: 'tasmota',
  description: 'Tasmota firmware: sensor messages and its will.',
  topics: ['tele/+/+', 'stat/+/+'],
  identity: 'by the topic that is set in Tasmota, `tele/<name>/…`',
  hasStatus: true,
  namesIn,
  decode,
};

function namesIn(topic: string): readonly string[] {
  const [root, name] = topic.split('/');
  return root === 'tele' || root === 'stat' ? aliasesOf(name) : [];
}

function decode({ topic, payload }: FormatMessage): Decoded {
  const aliases = namesIn(topic);
  const word = topic.split('/')[2];
  if (word === 'LWT') {
    const presence = parsePresence(payload);
    return isRejection(presence) ? presence : [{ aliases, items: [], presence }];
  }
  const json = parseJson(payload);
  if (json instanceof JsonFailure) {
    // `stat/<name>/POWER ON`: the answer to a command.
    return word === 'SENSOR'
      ? json.rejection
      : [{ aliases, items: [], presence: 'online', note: `its ${word}` }];
  }
  if (!isJsonObject(json)) return reject('not-an-object', 'expected a JSON object');
  const sensors = Object.entries(json).filter(([name, value]) => name !== '__proto__' && isJsonObject(value));
  if (word !== undefined && word !== 'SENSOR')
    return [{ aliases, items: [], presence: 'online', note: `its ${word}` }];
  const { item, faults } = readSensors(sensors.slice(0, MAX_SENSORS) as [string, JsonObject][]);
  if (Object.keys(item).length > 0 || faults.length > 0) {
    const rejection = faults.length > 0 ? { rejection: reject('missing-quantity', faults.join('; ')) } : {};
    return [{ aliases, items: Object.keys(item).length > 0 ? [item] : [], ...rejection }];
  }
  const found = sensors.map(([name]) => name.slice(0, 40)).join(', ') || 'none';
  const detail = `no quantity that we know; the sensors are ${found}`;
  return [{ aliases, items: [], rejection: reject('missing-quantity', detail) }];
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
