/**
 * OwnTracks: a phone as a tracker. MQTT mode and HTTP mode send the same JSON.
 *
 * Traps: `vel` is in km/h; `acc`, `cog` and `vel` are left out when they are zero, and −1 when they are not known; a
 * ping (`t: "p"`) says its last place again with the time of now; what is not `_type: "location"` is no fix.
 */
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
} from './format.ts';
import { asFrom0 } from './measured.ts';

const KMH_IN_MPS = 1 / 3.6;
/** They speak of other things than a place. */
const NO_FIX: ReadonlySet<unknown> = new Set([
  ...[
    'transition',
    'waypoint',
    'waypoints',
    'status',
    'steps',
    'card',
    'cards',
    'cmd',
    'configuration',
    'request',
    'dump',
    'beacon',
  ],
]);

export const owntracks: Format = {
  name: 'owntracks',
  description: 'OwnTracks on Android or iOS, over MQTT or HTTP: position, speed, battery.',
  topics: ['owntracks/#'],
  identity: 'by the topic, `owntracks/<user>/<device>`: the device, the user, or both with a slash between',
  hasStatus: true,
  namesIn,
  decode: (message) => decode(message),
};

function namesIn(topic: string): readonly string[] {
  const [root, user, device] = topic.split('/');
  if (root !== 'owntracks' || !user) return [];
  return device ? aliasesOf(`${user}/${device}`, device, user) : aliasesOf(user);
}

function decode({ topic, payload }: FormatMessage): Decoded {
  const json = parseJsonItems(payload);
  if (json instanceof JsonFailure) return json.rejection;
  const claims: Claim[] = [];
  const refused: Rejection[] = [...rejectionsOf(json)];
  for (const message of json.items) {
    const claim = toClaim(message, topic);
    if (isRejection(claim)) refused.push(claim);
    else claims.push(claim);
  }
  return besideRefused(claims, refused, namesIn(topic));
}

function toClaim(message: unknown, topic: string): Claim | Rejection {
  if (!isJsonObject(message)) return reject('not-an-object', 'expected a JSON object with _type');
  const aliases = namesOf(message, topic);
  const { _type: type } = message;
  if (type === 'encrypted') return reject('bad-format', 'it is encrypted: take the secret out of the app');
  if (type === 'lwt') return { aliases, items: [], presence: 'offline' };
  if (NO_FIX.has(type)) return { aliases, items: [], presence: 'online', note: `a ${type}, no place` };
  if (type !== 'location') return reject('bad-format', `_type is ${shown(type)}; expected "location"`);
  if (message['t'] === 'p') {
    return { aliases, items: [], presence: 'online', note: 'a ping, which says an old place again' };
  }
  return { aliases, items: [toItem(message)] };
}

/** In HTTP mode the app writes its topic into the body. */
function namesOf(message: JsonObject, topic: string): readonly string[] {
  const named = namesIn(topic);
  if (named.length > 0) return named;
  return typeof message['topic'] === 'string' ? namesIn(message['topic']) : [];
}

function toItem(message: JsonObject): JsonObject {
  const { lat, lon, tst, acc, vel, cog, batt } = message;
  return {
    lat,
    lng: lon,
    ...(tst === undefined ? {} : { measuredAt: tst }),
    ...asFrom0('accuracyM', acc),
    // Left out when it stands still.
    ...(vel === undefined ? { speedMps: 0 } : asFrom0('speedMps', vel, KMH_IN_MPS)),
    ...asFrom0('headingDeg', cog),
    ...asFrom0('batteryPct', batt),
  };
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 40) ?? 'absent';
}
