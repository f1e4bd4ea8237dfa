/**
 * Traccar: positions that its server forwards as JSON, and what Traccar Client 9 posts by itself.
 *
 * Traps: the server says speed in knots and the battery in percent; the client says m/s, a battery of 0 to 1, and −1
 * for what it does not know; `fixTime` is the time of the fix, `deviceTime` that of the message.
 */
import { isJsonObject, JsonFailure, type JsonObject } from '../parse-json.ts';
import { parseJsonItems, rejectionsOf } from '../parse-json-items.ts';
import { type Rejection, reject } from '../rejection.ts';
import type { Presence } from '../topics.ts';
import {
  aliasesOf,
  besideRefused,
  type Claim,
  type Decoded,
  type Format,
  type FormatMessage,
} from './format.ts';
import { asFrom0, readNumber } from './measured.ts';

/** One knot is a nautical mile, 1,852 m, an hour. */
const KNOT_IN_MPS = 1852 / 3600;
const PRESENCE_OF_EVENT: Readonly<Record<string, Presence>> = {
  deviceOnline: 'online',
  deviceOffline: 'offline',
};

const EXPECTED = 'expected {position, device} of the server, or {location, device_id}';

export const traccar: Format = {
  name: 'traccar',
  description: 'Traccar: position and event forwarding of the server, or Traccar Client 9.',
  topics: [],
  identity: "by the device's unique id in Traccar (the client's identifier), or by its name",
  hasStatus: true,
  namesIn: () => [],
  decode,
};

function decode({ payload }: FormatMessage): Decoded {
  const json = parseJsonItems(payload);
  if (json instanceof JsonFailure) return json.rejection;
  const claims: Claim[] = [];
  const refused: Rejection[] = [...rejectionsOf(json)];
  for (const message of json.items) {
    const claim = isJsonObject(message) ? toClaim(message) : undefined;
    if (claim) claims.push(claim);
    else refused.push(reject('bad-format', EXPECTED));
  }
  return besideRefused(claims, refused, []);
}

/** Undefined where it is neither the server's message nor the client's. */
export function toClaim(message: JsonObject): Claim | undefined {
  const { device, position, event, location, device_id: clientId } = message;
  // In a batch, what it kept while it had no link.
  const locations = (Array.isArray(location) ? location : [location]).filter(isJsonObject);
  if (locations.length > 0) return { aliases: aliasesOf(clientId), items: locations.map(ofClient) };
  if (!isJsonObject(device)) return undefined;
  const aliases = aliasesOf(device['uniqueId'], device['name']);
  const type = isJsonObject(event) ? String(event['type']) : undefined;
  if (type !== undefined) {
    // The position of an event is forwarded by itself as well.
    const presence = Object.hasOwn(PRESENCE_OF_EVENT, type) ? PRESENCE_OF_EVENT[type] : undefined;
    return { aliases, items: [], note: `an event ${type.slice(0, 40)}`, ...(presence ? { presence } : {}) };
  }
  if (!isJsonObject(position)) return undefined;
  if (position['valid'] === false) {
    return { aliases, items: [], rejection: reject('bad-format', 'the receiver has no fix: valid is false') };
  }
  return { aliases, items: [ofServer(position)] };
}

function ofServer(position: JsonObject): JsonObject {
  const { latitude, longitude, speed, course, accuracy, fixTime, deviceTime, attributes } = position;
  const battery = isJsonObject(attributes) ? attributes['batteryLevel'] : undefined;
  return {
    lat: latitude,
    lng: longitude,
    measuredAt: fixTime ?? deviceTime,
    // 0 stands for "not known": a fix without an error there is none.
    ...(readNumber(accuracy) === 0 ? {} : asFrom0('accuracyM', accuracy)),
    ...asFrom0('speedMps', speed, KNOT_IN_MPS),
    ...asFrom0('headingDeg', course),
    ...asFrom0('batteryPct', battery),
  };
}

function ofClient(location: JsonObject): JsonObject {
  const coords = isJsonObject(location['coords']) ? location['coords'] : location;
  const battery = isJsonObject(location['battery']) ? location['battery']['level'] : location['battery'];
  const { latitude, longitude, accuracy, speed, heading } = coords;
  return {
    lat: latitude,
    lng: longitude,
    measuredAt: location['timestamp'],
    ...asFrom0('accuracyM', accuracy),
    ...asFrom0('speedMps', speed),
    ...asFrom0('headingDeg', heading),
    ...asFrom0('batteryPct', battery, 100),
  };
}
