/**
 * What ChirpStack and The Things Stack have in common: uplinks of LoRaWAN nodes, decoded by their codec, or by a
 * mapping of the operator's that reads the bytes.
 *
 * The mapping of the node, or else that of the gateway that sends, is given the whole event and stands for the codec;
 * where it gives nothing, what the codec said counts. Invariant: an uplink without a good value is told as what its
 * sensor said, and its node is heard all the same.
 */
import { isJsonObject, type JsonObject } from '../parse-json.ts';
import { isRejection, type Rejection, reject } from '../rejection.ts';
import { gatherEvents, parseEvents, type ReceivedEvent } from './event-list.ts';
import { type Claim, type Decoded, type FormatMessage, joinFaults } from './format.ts';
import { failureOf, type RunMapping } from './run-mapping.ts';
import { asFlag, readSensorLists, readSensorObject } from './sensor-object.ts';

/** The port of downlinks with a config, by which the codec's encoder knows them. */
export const CONFIG_PORT = 1;

export interface Uplink {
  readonly aliases: readonly string[];
  /** What the codec made of the bytes. */
  readonly object: unknown;
  /** As they came, in base64; left out by both where there are none. */
  readonly bytes: unknown;
  /** The key that they stand under, for people. */
  readonly bytesKey: string;
  readonly port: unknown;
  readonly measuredAt: unknown;
  /** Left out by both when it is 0. */
  readonly frameCount: unknown;
  /** Of each gateway that heard it. */
  readonly receptions: unknown;
  readonly simulated?: boolean;
  /** Where the event ends early. */
  readonly cut?: { readonly isInObject: boolean; readonly rejection: Rejection };
  /** Where to set the codec, for people. */
  readonly codecPlace: string;
}

export interface UplinkReader {
  /** What a message must be, as the end of a sentence. */
  readonly expected: string;
  /** A claim, where the event is no uplink. */
  readEvent(event: ReceivedEvent, topic: string): { readonly uplink: Uplink } | Claim | Rejection;
}

export function decodeUplinks(
  message: FormatMessage,
  reader: UplinkReader,
  run: RunMapping | undefined,
): Decoded | Promise<Decoded> {
  const { topic, sender } = message;
  const received = parseEvents(message.payload, reader.expected);
  if (isRejection(received)) return received;
  let isMapped = false;
  const read = received.events.map((event) => {
    const each = reader.readEvent(event, topic);
    if (!('uplink' in each)) return each;
    const expression = run && !event.cut ? mappingOf(message, each.uplink.aliases) : undefined;
    if (!run || expression === undefined) return claimOfUplink(each.uplink);
    isMapped = true;
    return claimByMapping(
      each.uplink,
      { topic, expression, sender, payload: Buffer.from(JSON.stringify(event.json)) },
      run,
    );
  });
  if (!isMapped) return gatherEvents(received, read as readonly (Claim | Rejection)[]);
  return Promise.all(read).then((each) => gatherEvents(received, each));
}

function mappingOf({ options, optionsOf }: FormatMessage, aliases: readonly string[]): string | undefined {
  return optionsOf?.(aliases)?.['mapping'] ?? options?.['mapping'];
}

async function claimByMapping(
  uplink: Uplink,
  message: Parameters<RunMapping>[0],
  run: RunMapping,
): Promise<Claim> {
  const answer = await run(message);
  if (!('json' in answer)) return { aliases: uplink.aliases, items: [], rejection: failureOf(answer) };
  const object: unknown = JSON.parse(answer.json) ?? uplink.object;
  if (typeof object === 'object') return claimOfUplink({ ...uplink, object });
  const rejection = reject('bad-format', 'the mapping must give an object, or an array of them');
  return { aliases: uplink.aliases, items: [], rejection };
}

/** What was sent and nobody decoded, and what to do about it. */
function undecoded({ bytes, bytesKey, port, codecPlace }: Uplink): Rejection {
  const length = Buffer.from(bytes as string, 'base64').length;
  const found = `${bytesKey} has ${length} bytes (${(bytes as string).slice(0, 60)}, port ${port ?? 0}) and no codec decoded them`;
  return reject(
    'bad-format',
    `${found}: set the maker's codec ${codecPlace}, or register a mapping that reads them, npm run devices -- set <id> --mapping FILE with $uint($bytes(${bytesKey}), 0, 2)`,
  );
}

function claimOfUplink(uplink: Uplink): Claim {
  const { aliases, object, bytes, measuredAt, frameCount = 0, receptions, cut } = uplink;
  const decoded = withCayennePlace(Array.isArray(object) ? ofList(object) : object);
  if (!isJsonObject(decoded)) {
    const hasBytes = typeof bytes === 'string' && bytes !== '';
    if (!hasBytes && !cut) {
      return { aliases, items: [], presence: 'online', note: 'an uplink without bytes, no measurement' };
    }
    return { aliases, items: [], rejection: cut?.rejection ?? undecoded(uplink) };
  }
  // Of an object that ends early a value may be what a later `simulated` takes back: its complete entries count alone.
  const { item, faults, unread } = cut?.isInObject ? NOTHING : readSensorObject(decoded);
  // What the server simulates is no measurement, whatever the codec says.
  const drill = uplink.simulated || asFlag(decoded['simulated']) === true ? { simulated: true } : {};
  const rssiDbm = strongest(receptions);
  const now = {
    ...(rssiDbm === undefined ? {} : { rssiDbm }),
    ...(measuredAt === undefined ? {} : { measuredAt }),
    seq: frameCount,
    ...item,
    ...drill,
  };
  const lists = readSensorLists(decoded);
  const past = lists.items.map((each) => ({ ...each, ...drill }));
  const hasValues = Object.keys(item).length > 0;
  const found = { hasValues: hasValues || past.length > 0, faults: [...faults, ...lists.faults] };
  const rejection = faultOf(decoded, found, [...(cut ? [cut.rejection] : []), ...lists.leftOut]);
  return { aliases, items: hasValues ? [...past, now] : past, unread, ...(rejection ? { rejection } : {}) };
}

/**
 * The place in what the codec for Cayenne LPP gives: `{"gpsLocation": {"1": {"latitude": …}}}` in ChirpStack, `gps_1`
 * in The Things Stack.
 */
function withCayennePlace(object: unknown): unknown {
  if (!isJsonObject(object)) return object;
  const { gpsLocation: channels } = object;
  const key = Object.keys(object).find((name) => /^gps_\d{1,3}$/.test(name));
  const place = isJsonObject(channels) ? Object.values(channels)[0] : key && object[key];
  return isJsonObject(place) ? { ...place, ...object } : object;
}

const NOTHING = { item: {}, faults: [], unread: {} } as const;

/** A codec may give its readings as a list. A single one may be of now. */
function ofList(list: readonly unknown[]): unknown {
  return list.length === 1 ? list[0] : { history: list };
}

function faultOf(
  object: JsonObject,
  { hasValues, faults }: { readonly hasValues: boolean; readonly faults: readonly string[] },
  leftOut: readonly Rejection[],
): Rejection | undefined {
  const [first] = leftOut;
  const told = [...faults, ...leftOut.map(({ detail }) => detail)];
  if (faults.length > 0 || first)
    return reject(faults.length > 0 ? 'missing-quantity' : (first as Rejection).reason, joinFaults(told));
  if (hasValues) return undefined;
  const keys = Object.keys(object)
    .slice(0, 20)
    .map((key) => key.slice(0, 40));
  return reject(
    'missing-quantity',
    `no quantity that we know; the decoded keys are ${keys.join(', ') || 'none'}`,
  );
}

/** The best signal of those that heard it, dBm. */
function strongest(receptions: unknown): number | undefined {
  if (!Array.isArray(receptions)) return undefined;
  let best: number | undefined;
  for (const reception of receptions) {
    const rssi = isJsonObject(reception) ? reception['rssi'] : undefined;
    if (typeof rssi === 'number' && (best === undefined || rssi > best)) best = rssi;
  }
  return best;
}
