/**
 * The Things Stack v3: uplinks of LoRaWAN nodes from its MQTT server or its webhooks.
 *
 * Traps: fields that are "", 0 or false are left out; `simulated: true` comes from a button in its console and must
 * never alert; times have nanoseconds.
 */
import { isJsonObject, type JsonObject } from '../parse-json.ts';
import { reject } from '../rejection.ts';
import type { ReceivedEvent } from './event-list.ts';
import { aliasesOf, type Claim, type DownMessage, type DownOrder, type Format } from './format.ts';
import { CONFIG_PORT, decodeUplinks, type Uplink, type UplinkReader } from './lorawan.ts';
import type { RunMapping } from './run-mapping.ts';
import { asFlag } from './sensor-object.ts';

export function createTheThingsStack(run?: RunMapping): Format {
  return {
    name: 'the-things-stack',
    description:
      'The Things Stack v3: uplinks of LoRaWAN nodes, decoded by their payload formatter or by your mapping.',
    topics: ['v3/+/devices/+/#'],
    identity: 'by the DevEUI, or by the end device id',
    hasStatus: false,
    namesIn,
    decode: (message) => decodeUplinks(message, reader, run),
    down: {
      filters: ['v3/+/devices/+/down/push', 'v3/+/devices/+/down/replace'],
      isRetained: false,
      formatConfig,
    },
  };
}

/** Comes back with every event of the downlink. */
const CORRELATION = /^siaga:config:(\d{1,15})$/;

/** Replaces what waits for the node: an older config is of no use. */
function formatConfig({ config, revision, lastTopic = '' }: DownOrder): readonly DownMessage[] {
  const [, application, , device] = lastTopic.split('/');
  if (namesIn(lastTopic).length === 0) return [];
  const downlink = {
    ...{ f_port: CONFIG_PORT, decoded_payload: config, confirmed: true, priority: 'NORMAL' },
    correlation_ids: [`siaga:config:${revision}`],
  };
  const payload = JSON.stringify({ downlinks: [downlink] });
  return [{ topic: `v3/${application}/devices/${device}/down/replace`, payload }];
}

/** `downlink_ack`: the node has acknowledged a downlink of ours. */
function echoOf({ downlink_ack: ack, correlation_ids: outer }: JsonObject): Pick<Claim, 'config'> {
  if (!isJsonObject(ack)) return {};
  const ids = [ack['correlation_ids'], outer].flatMap((each) => (Array.isArray(each) ? each : []));
  const match = ids.map((id) => CORRELATION.exec(String(id))).find((found) => found !== null);
  return match ? { config: { revision: Number(match[1]) } } : {};
}

/** `simulated` is the last of its fields: a level without it could be one of an exercise. */
const WITHOUT_END =
  'the message ends early, and at its end stands whether it is simulated: nothing of it is taken';

function namesIn(topic: string): readonly string[] {
  const levels = topic.split('/');
  return levels[0] === 'v3' && levels[2] === 'devices' ? aliasesOf(levels[3]) : [];
}

const reader: UplinkReader = { expected: 'a message of The Things Stack, a JSON object', readEvent };

/** In the answers of its storage a message stands under `result`, in the stream of its events under `data`. */
function unwrap(json: JsonObject): JsonObject {
  const inner = [json['result'], json['data']].find((each) => isJsonObject(each) && 'end_device_ids' in each);
  return 'end_device_ids' in json || inner === undefined ? json : (inner as JsonObject);
}

function readEvent(
  { json: whole, cut }: ReceivedEvent,
  topic: string,
): ReturnType<UplinkReader['readEvent']> {
  const json = unwrap(whole);
  const { end_device_ids: ids, uplink_message: uplink } = json;
  if (!isJsonObject(ids))
    return reject('bad-format', 'end_device_ids is missing: is it The Things Stack v3?');
  const aliases = aliasesOf(ids['dev_eui'], ids['device_id'], ...namesIn(topic));
  if (cut) return { aliases, items: [], presence: 'online', rejection: reject('not-json', WITHOUT_END) };
  if (!isJsonObject(uplink))
    return { aliases, items: [], presence: 'online', note: 'no uplink, no measurement', ...echoOf(json) };
  const read: Uplink = {
    aliases,
    object: uplink['decoded_payload'],
    ...{ bytes: uplink['frm_payload'], bytesKey: 'uplink_message.frm_payload', port: uplink['f_port'] },
    measuredAt: uplink['received_at'] ?? json['received_at'],
    frameCount: uplink['f_cnt'],
    receptions: uplink['rx_metadata'],
    simulated: asFlag(json['simulated']) === true,
    codecPlace: 'as payload formatter of the device or the application',
  };
  return { uplink: read };
}
