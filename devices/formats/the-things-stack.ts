/**
 * The Things Stack v3: uplinks of LoRaWAN nodes from its MQTT server or its webhooks.
 *
 * Traps: fields that are "", 0 or false are left out; `simulated: true` comes from a button in its console and must
 * never alert; times have nanoseconds.
 */
import { isJsonObject, JsonFailure, parseJson } from '../parse-json.ts';
import { reject } from '../rejection.ts';
import { aliasesOf, type Decoded, type Format, type FormatMessage } from './format.ts';
import { claimOfUplink } from './lorawan.ts';

export const theThingsStack: Format = {
  name: 'the-things-stack',
  description: 'The Things Stack v3: uplinks of LoRaWAN nodes, decoded by their payload formatter.',
  topics: ['v3/+/devices/+/#'],
  identity: 'by the DevEUI, or by the end device id',
  hasStatus: false,
  namesIn,
  decode,
};

function namesIn(topic: string): readonly string[] {
  const levels = topic.split('/');
  return levels[0] === 'v3' && levels[2] === 'devices' ? aliasesOf(levels[3]) : [];
}

function decode({ topic, payload }: FormatMessage): Decoded {
  const json = parseJson(payload);
  if (json instanceof JsonFailure) return json.rejection;
  if (!isJsonObject(json))
    return reject('not-an-object', 'expected a message of The Things Stack, a JSON object');
  const { end_device_ids: ids, uplink_message: uplink } = json;
  if (!isJsonObject(ids))
    return reject('bad-format', 'end_device_ids is missing: is it The Things Stack v3?');
  const aliases = aliasesOf(ids['dev_eui'], ids['device_id'], ...namesIn(topic));
  if (!isJsonObject(uplink))
    return [{ aliases, items: [], presence: 'online', note: 'no uplink, no measurement' }];
  return [
    claimOfUplink({
      aliases,
      object: uplink['decoded_payload'],
      measuredAt: uplink['received_at'] ?? json['received_at'],
      frameCount: uplink['f_cnt'],
      receptions: uplink['rx_metadata'],
      simulated: json['simulated'] === true,
      codecPlace: 'as payload formatter of the device or the application',
    }),
  ];
}
