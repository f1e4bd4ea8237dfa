/**
 * ChirpStack v4, JSON: events of LoRaWAN nodes on its MQTT or from its HTTP integration.
 *
 * Traps: its protobuf leaves out what is a default (`fCnt` 0); a repeat of an event has the same
 * `deduplicationId` and the same `time`, by which the journal knows it; `status` has the battery and no measurement.
 */
import { isJsonObject, type JsonObject } from '../parse-json.ts';
import { reject } from '../rejection.ts';
import type { ReceivedEvent } from './event-list.ts';
import { aliasesOf, type Claim, type DownMessage, type DownOrder, type Format } from './format.ts';
import { CONFIG_PORT, decodeUplinks, type Uplink, type UplinkReader } from './lorawan.ts';
import type { RunMapping } from './run-mapping.ts';

export function createChirpstack(run?: RunMapping): Format {
  return {
    name: 'chirpstack',
    description:
      'ChirpStack v4 with the JSON marshaler: uplinks of LoRaWAN nodes, decoded by their codec or by your mapping.',
    topics: ['application/+/device/+/event/+'],
    identity: 'by the DevEUI, or by the name of the device in ChirpStack',
    hasStatus: false,
    namesIn,
    decode: (message) => decodeUplinks(message, reader, run),
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

function readEvent({ json, cut }: ReceivedEvent, topic: string): ReturnType<UplinkReader['readEvent']> {
  const { deviceInfo } = json;
  if (!isJsonObject(deviceInfo)) {
    return reject('bad-format', 'deviceInfo is missing: is it ChirpStack 4, and its marshaler JSON?');
  }
  const aliases = aliasesOf(deviceInfo['devEui'], deviceInfo['deviceName'], ...namesIn(topic));
  const event = eventOf(json, topic);
  if (event !== 'up') {
    return {
      ...{ aliases, items: [], presence: 'online', note: `an event ${event.slice(0, 20)}, no measurement` },
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

/** The last level of the topic; by HTTP it stands in the query, and the body tells as well. */
function eventOf(json: JsonObject, topic: string): string {
  const levels = topic.split('/');
  if (levels[4] === 'event' && levels[5] !== undefined) return levels[5];
  if ('margin' in json || 'batteryLevel' in json || 'externalPowerSource' in json) return 'status';
  return 'object' in json || 'data' in json || 'fPort' in json ? 'up' : 'other';
}
