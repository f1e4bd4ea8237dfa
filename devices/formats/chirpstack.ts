/**
 * ChirpStack v4, JSON: events of LoRaWAN nodes on its MQTT or from its HTTP integration.
 *
 * Traps: its protobuf leaves out what is a default (`fCnt` 0); a repeat of an event has the same
 * `deduplicationId` and the same `time`, by which the journal knows it; `status` has the battery and no measurement.
 */
import { isJsonObject, JsonFailure, type JsonObject, parseJson } from '../parse-json.ts';
import { reject } from '../rejection.ts';
import { aliasesOf, type Decoded, type Format, type FormatMessage } from './format.ts';
import { claimOfUplink } from './lorawan.ts';

export const chirpstack: Format = {
  name: 'chirpstack',
  description: 'ChirpStack v4 with the JSON marshaler: uplinks of LoRaWAN nodes, decoded by their codec.',
  topics: ['application/+/device/+/event/+'],
  identity: 'by the DevEUI, or by the name of the device in ChirpStack',
  hasStatus: false,
  namesIn,
  decode,
};

function namesIn(topic: string): readonly string[] {
  const levels = topic.split('/');
  return levels[0] === 'application' && levels[2] === 'device' ? aliasesOf(levels[3]) : [];
}

function decode({ topic, payload }: FormatMessage): Decoded {
  const json = parseJson(payload);
  if (json instanceof JsonFailure) return json.rejection;
  if (!isJsonObject(json)) return reject('not-an-object', 'expected an event of ChirpStack, a JSON object');
  const { deviceInfo } = json;
  if (!isJsonObject(deviceInfo)) {
    return reject('bad-format', 'deviceInfo is missing: is it ChirpStack 4, and its marshaler JSON?');
  }
  const aliases = aliasesOf(deviceInfo['devEui'], deviceInfo['deviceName'], ...namesIn(topic));
  const event = eventOf(json, topic);
  if (event !== 'up') {
    return [
      { aliases, items: [], presence: 'online', note: `an event ${event.slice(0, 20)}, no measurement` },
    ];
  }
  return [
    claimOfUplink({
      aliases,
      object: json['object'],
      measuredAt: json['time'],
      frameCount: json['fCnt'],
      receptions: json['rxInfo'],
      codecPlace: 'in the device profile of ChirpStack',
    }),
  ];
}

/** The last level of the topic; by HTTP it stands in the query, and the body tells as well. */
function eventOf(json: JsonObject, topic: string): string {
  const levels = topic.split('/');
  if (levels[4] === 'event' && levels[5] !== undefined) return levels[5];
  if ('margin' in json || 'batteryLevel' in json || 'externalPowerSource' in json) return 'status';
  return 'object' in json || 'data' in json || 'fPort' in json ? 'up' : 'other';
}
