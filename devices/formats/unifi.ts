/**
 * UniFi: the list of devices as its controller answers (`stat/device`), or one of them.
 *
 * Traps: `state` 1 is connected, everything else is not, and its last numbers are then old; `num_sta` counts users
 * and guests together; a list has switches and gateways too.
 */
import { parseCutObject } from '../cut-json.ts';
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
  takeMost,
} from './format.ts';
import { asFrom0, readNumber } from './measured.ts';

const CONNECTED = 1;
const MAX_DEVICES = 5_000;
const EXPECTED = 'expected devices with type "uap", as stat/device lists them';

export const unifi: Format = {
  name: 'unifi',
  description: 'UniFi access points as the controller lists them: clients, traffic, air time.',
  topics: ['unifi/#'],
  identity: 'by the MAC, or by the name in the controller',
  hasStatus: true,
  namesIn: () => [],
  decode,
};

function decode({ payload }: FormatMessage): Decoded {
  const listed = listOf(payload);
  if (isRejection(listed)) return listed;
  const { list, refused } = listed;
  const objects = list.filter(isJsonObject);
  const points = objects.filter(isAccessPoint);
  if (points.length === 0) return reject('bad-format', `${EXPECTED}${errorOf(objects)}`);
  const { taken, leftOut } = takeMost(points, MAX_DEVICES, 'access points');
  const strange = list.length - objects.length;
  const faults = [
    ...refused,
    ...(leftOut ? [leftOut] : []),
    ...(strange > 0 ? [reject('not-an-object', `${strange} of the list are no devices`)] : []),
  ];
  return besideRefused(taken.map(toClaim), faults, []);
}

/** A gateway with a radio of its own (Dream Machine, Dream Router) is an access point too. */
function isAccessPoint({ type, num_sta, radio_table: radios }: JsonObject): boolean {
  if (type === undefined) return num_sta !== undefined;
  return type === 'uap' || (num_sta !== undefined && Array.isArray(radios) && radios.length > 0);
}

/** What the controller says in place of a list: `{"meta": {"rc": "error", "msg": "api.err.LoginRequired"}}`. */
function errorOf([first]: readonly JsonObject[]): string {
  const said = isJsonObject(first?.['meta']) ? first['meta']['msg'] : undefined;
  return typeof said === 'string' ? `; the controller says ${said.slice(0, 80)}` : '';
}

/** `{meta, data: [...]}`, the list alone, or one device; of a list that ends early the complete ones. */
function listOf(payload: Buffer): { list: readonly unknown[]; refused: readonly Rejection[] } | Rejection {
  const json = parseJsonItems(payload);
  if (!(json instanceof JsonFailure)) {
    const [only] = json.items;
    const data = json.items.length === 1 && isJsonObject(only) ? only['data'] : undefined;
    return { list: Array.isArray(data) && data.length > 0 ? data : json.items, refused: rejectionsOf(json) };
  }
  const cut = parseCutObject(payload);
  const data = cut?.json['data'];
  if (!cut || !Array.isArray(data)) return json.rejection;
  return { list: data, refused: [cut.rejection] };
}

function toClaim(device: JsonObject): Claim {
  const { mac, name, state, num_sta, rx_bytes, tx_bytes, uptime, last_seen } = device;
  const aliases = aliasesOf(mac, name);
  if (state !== undefined && readNumber(state) !== CONNECTED)
    return { aliases, items: [], presence: 'offline' };
  const airTime = busiestRadio(device['radio_table_stats']);
  return {
    aliases,
    presence: 'online',
    items: [
      {
        clients: num_sta ?? 0,
        ...asFrom0('rxBytes', rx_bytes),
        ...asFrom0('txBytes', tx_bytes),
        ...asFrom0('uptimeS', uptime),
        ...(airTime === undefined ? {} : { channelUtilizationPct: airTime }),
        ...(last_seen === undefined ? {} : { measuredAt: last_seen }),
      },
    ],
  };
}

function busiestRadio(stats: unknown): number | undefined {
  const radios = (Array.isArray(stats) ? stats : []).filter(isJsonObject);
  const shares = radios.map(({ cu_total }) => readNumber(cu_total)).filter((share) => share !== undefined);
  return shares.length === 0 ? undefined : shares.reduce((busiest, each) => Math.max(busiest, each));
}
