/**
 * ChirpStack 4 and 3, in JSON or (4 alone) protobuf: events of LoRaWAN nodes on its MQTT or from its HTTP integration.
 *
 * Traps: its protobuf leaves out what is a default (`fCnt` 0); a repeat of an event has the same
 * `deduplicationId` and the same `time`, by which the journal knows it; `status` has the battery and no measurement.
 */
import { isJsonObject, JsonFailure, type JsonObject, parseJson } from '../parse-json.ts';
import { reject } from '../rejection.ts';
import { unpackProtobuf } from './chirpstack-protobuf.ts';
import type { ReceivedEvent } from './event-list.ts';
import { aliasesOf, type Claim, type DownMessage, type DownOrder, type Format } from './format.ts';
import { CONFIG_PORT, decodeUplinks, type Uplink, type UplinkReader } from './lorawan.ts';
import type { RunMapping } from './run-mapping.ts';

export function createChirpstack(run?: RunMapping): Format {
  return {
    name: 'chirpstack',
    description: 'ChirpStack 4 and 3: uplinks of LoRaWAN nodes, decoded by their codec or by your mapping.',
    topics: ['application/+/device/+/event/+', 'application/+/device/+/rx'],
    identity: 'by the DevEUI, or by the name of the device in ChirpStack',
    hasStatus: false,
    namesIn,
    decode: (message) => decodeUplinks(unpackProtobuf(message), reader, run),
    down: { filters: ['application/+/device/+/command/+'], isRetained: false, formatConfig },
  };
}

/** Behind it stands the revision, so that the acknowledgement of the downlink names it. */
const ID_BEGIN = '51a6a000-0000-4000-8000-';
const ACKNOWLEDGED_ID = /^51a6a000-0000-4000-8000-(\d{12})$/;

/** Which application it is in, is known once it was heard; it listens only after an uplink anyway. */
function formatConfig({ config, revision, lastTopic = '' }: DownOrder): readonly DownMessage[] {
  const [, application, , devEui] = lastTopic.split('/');
  if (namesIn(lastTopic).length === 0) return [];
  const id = `${ID_BEGIN}${String(revision).padStart(12, '0')}`;
  const payload = JSON.stringify({ id, devEui, confirmed: true, fPort: CONFIG_PORT, object: config });
  return [{ topic: `application/${application}/device/${devEui}/command/down`, payload }];
}

/** The node has acknowledged a downlink of ours. */
function echoOf({ acknowledged, queueItemId }: JsonObject): Pick<Claim, 'config'> {
  const match = acknowledged === true ? ACKNOWLEDGED_ID.exec(String(queueItemId)) : null;
  return match ? { config: { revision: Number(match[1]) } } : {};
}

function namesIn(topic: string): readonly string[] {
  const levels = topic.split('/');
  return levels[0] === 'application' && levels[2] === 'device' ? aliasesOf(levels[3]) : [];
}

const reader: UplinkReader = { expected: 'an event of ChirpStack, a JSON object', readEvent };

function readEvent(
  { json: whole, cut }: ReceivedEvent,
  topic: string,
): ReturnType<UplinkReader['readEvent']> {
  const json = ofVersion3(whole);
  const { deviceInfo } = json;
  if (!isJsonObject(deviceInfo)) {
    return reject('bad-format', 'deviceInfo is missing: is it ChirpStack, and its marshaler JSON?');
  }
  const aliases = aliasesOf(deviceInfo['devEui'], deviceInfo['deviceName'], ...namesIn(topic));
  const event = eventOf(json, topic);
  if (event !== 'up') {
    return {
      ...{ aliases, items: [], presence: 'online', note: noteOf(json, event) },
      ...(event === 'ack' ? echoOf(json) : {}),
    };
  }
  const uplink: Uplink = {
    aliases,
    object: json['object'],
    ...{ bytes: json['data'], bytesKey: 'data', port: json['fPort'] },
    measuredAt: json['time'],
    frameCount: json['fCnt'],
    receptions: json['rxInfo'],
    codecPlace: 'in the device profile of ChirpStack',
    ...(cut ? { cut: { isInObject: cut.open[0] === 'object', rejection: cut.rejection } } : {}),
  };
  return { uplink };
}

/**
 * Version 3 says of the device at the top what 4 says in `deviceInfo`, has the decoded object as a text where its
 * marshaler is protobuf's JSON, and the EUI in base64 there; the time is that of the first gateway.
 */
function ofVersion3(json: JsonObject): JsonObject {
  const { deviceInfo, deviceName, devEUI, objectJSON, rxInfo } = json;
  if (deviceInfo !== undefined || (devEUI === undefined && deviceName === undefined)) return json;
  const heard = Array.isArray(rxInfo) ? rxInfo.filter(isJsonObject) : [];
  const time = json['time'] ?? json['publishedAt'] ?? heard.map((each) => each['time']).find((each) => each);
  const object = json['object'] ?? parseObject(objectJSON);
  return {
    ...json,
    deviceInfo: { deviceName, devEui: typeof devEUI === 'string' ? hexOfEui(devEUI) : devEUI },
    ...(object === undefined ? {} : { object }),
    ...(time === undefined ? {} : { time }),
  };
}

/** Eight bytes are eleven characters and a `=` in base64, sixteen in hexadecimal digits. */
function hexOfEui(eui: string): string {
  return /^[A-Za-z0-9+/]{11}=$/.test(eui) ? Buffer.from(eui, 'base64').toString('hex') : eui;
}

function parseObject(text: unknown): unknown {
  const json = typeof text === 'string' && text !== '' ? parseJson(Buffer.from(text)) : undefined;
  return json instanceof JsonFailure ? undefined : json;
}

/** What went wrong there, in its own words: `UPLINK_CODEC: TypeError …`. */
function noteOf(json: JsonObject, event: string): string {
  const said = [json['code'], json['type'], json['description'], json['error']].filter(
    (each) => typeof each === 'string',
  );
  const why = said.length > 0 ? `: ${said.join(' ').slice(0, 200)}` : '';
  return `an event ${event.slice(0, 20)}, no measurement${event === 'log' || event === 'error' ? why : ''}`;
}

/** The last level of the topic; by HTTP it stands in the query, and the body tells as well. */
function eventOf(json: JsonObject, topic: string): string {
  const levels = topic.split('/');
  if (levels[4] === 'event' && levels[5] !== undefined) return levels[5];
  if (levels[2] === 'device' && levels[4] === 'rx') return 'up';
  if ('margin' in json || 'batteryLevel' in json || 'externalPowerSource' in json) return 'status';
  if ('description' in json && ('level' in json || 'code' in json)) return 'log';
  if ('error' in json) return 'error';
  return 'object' in json || 'data' in json || 'fPort' in json ? 'up' : 'other';
}
