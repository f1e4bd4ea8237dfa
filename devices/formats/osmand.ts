/**
 * OsmAnd: positions as a query, `id=…&lat=…&lon=…&timestamp=…`: Traccar Client up to 8, OsmAnd's own tracking, loggers.
 *
 * Traps: `speed` is in knots, as Traccar reads it; `timestamp` is in seconds or milliseconds, or a date that is meant
 * in UTC where it has no offset; `batt` is 0 to 100; a position may come as `location=lat,lon`; `valid=false` is no
 * fix.
 */
import { isJsonObject, JsonFailure } from '../parse-json.ts';
import { parseJsonItems, rejectionsOf } from '../parse-json-items.ts';
import { textOf, withoutEnd } from '../payload-text.ts';
import { isRejection, type Rejection, reject } from '../rejection.ts';
import {
  aliasesOf,
  besideRefused,
  type Claim,
  type Decoded,
  type Format,
  type FormatMessage,
  takeMost,
} from './format.ts';
import { asFrom0 } from './measured.ts';
import { asFlag } from './sensor-object.ts';
import { toClaim } from './traccar.ts';

const KNOT_IN_MPS = 1852 / 3600;
const NUMBER = /^[+-]?\d{1,15}(?:\.\d{0,15})?$/;
/** Of one message. */
const MAX_LINES = 10_000;
/** No server takes a longer URL. */
const MAX_QUERY_CHARACTERS = 8_192;
/** A date without an offset; the protocol means UTC. */
const UTC_DATE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?$/;

export const osmand: Format = {
  name: 'osmand',
  description: 'The OsmAnd protocol of Traccar Client up to 8: a position as a query, by GET or POST.',
  topics: [],
  identity: "by `id` (or `deviceid`), the client's device identifier",
  hasStatus: false,
  namesIn: () => [],
  decode,
};

/** A buffer of positions, a line each. */
function decode({ payload }: FormatMessage): Decoded {
  const text = withoutEnd(textOf(payload)).replace(/^[?\s]+/, '');
  // What Traccar Client 9 posts to the same port.
  if (/^[{[]/.test(text)) return decodeJson(payload);
  const { taken, leftOut } = takeMost(text.split(/[\r\n]+/), MAX_LINES, 'lines');
  const claims: Claim[] = [];
  const refused: Rejection[] = leftOut ? [leftOut] : [];
  for (const line of taken) {
    if (line.length > MAX_QUERY_CHARACTERS) {
      refused.push(reject('bad-format', `a query of more than ${MAX_QUERY_CHARACTERS} characters`));
      continue;
    }
    const pairs = [...new URLSearchParams(line.replace(/^(?:https?:\/\/[^?\s]*|\/)\?/, ''))];
    const read = readSaid(new Map(pairs.map(([name, value]) => [name.toLowerCase(), value.trim()])));
    if (isRejection(read)) refused.push(read);
    else claims.push(read);
  }
  return besideRefused(claims, refused, []);
}

/** The client's own JSON, or the names of the query as keys. */
function decodeJson(payload: Buffer): Decoded {
  const json = parseJsonItems(payload);
  if (json instanceof JsonFailure) return json.rejection;
  const read = json.items.map((item): Claim | Rejection => {
    if (!isJsonObject(item)) return reject('not-an-object', 'expected a query, or a JSON object');
    const entries = Object.entries(item).filter(([, value]) => typeof value !== 'object');
    return (
      toClaim(item) ?? readSaid(new Map(entries.map(([name, value]) => [name.toLowerCase(), String(value)])))
    );
  });
  const claims = read.filter((each): each is Claim => !isRejection(each));
  return besideRefused(claims, [...rejectionsOf(json), ...read.filter(isRejection)], []);
}

function readSaid(said: Said): Claim | Rejection {
  const aliases = aliasesOf(said.get('id'), said.get('deviceid'));
  const place = placeOf(said);
  if (place === undefined) {
    const keys = [...said.keys()].slice(0, 20).map((key) => key.slice(0, 40));
    const found = keys.join(', ') || 'nothing';
    const rejection = reject('missing-quantity', `expected lat and lon as numbers; found ${found}`);
    return aliases.length === 0 ? rejection : { aliases, items: [], rejection };
  }
  if (/^(?:false|0)$/i.test(said.get('valid') ?? '')) {
    return { aliases, items: [], rejection: reject('bad-format', 'the receiver has no fix: valid is false') };
  }
  return claimOf(aliases, place, said);
}

type Said = ReadonlyMap<string, string>;

function placeOf(said: Said): { lat: number; lng: number } | undefined {
  const [first, second] = (said.get('location') ?? '').split(',');
  const lat = numberOf(said.get('lat') ?? said.get('latitude') ?? first);
  const lng = numberOf(said.get('lon') ?? said.get('lng') ?? said.get('longitude') ?? second);
  return lat === undefined || lng === undefined ? undefined : { lat, lng };
}

function claimOf(aliases: readonly string[], place: { lat: number; lng: number }, said: Said): Claim {
  const at = said.get('timestamp') || said.get('time') || undefined;
  const speedKn = numberOf(said.get('speed'));
  const accuracyM = numberOf(said.get('accuracy'));
  const headingDeg = numberOf(said.get('bearing') ?? said.get('heading'));
  const batteryPct = numberOf(said.get('batt') ?? said.get('battery'));
  return {
    aliases,
    items: [
      {
        ...place,
        ...(at === undefined ? {} : { measuredAt: UTC_DATE.test(at) ? `${at}Z` : at }),
        // 0 stands for "not known": a fix without an error there is none.
        ...(accuracyM === 0 ? {} : asFrom0('accuracyM', accuracyM)),
        ...asFrom0('speedMps', speedKn, KNOT_IN_MPS),
        ...asFrom0('headingDeg', headingDeg),
        ...asFrom0('batteryPct', batteryPct),
        ...(said.has('simulated') ? { simulated: asFlag(said.get('simulated')) } : {}),
      },
    ],
  };
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && NUMBER.test(text.trim()) ? Number(text) : undefined;
}
