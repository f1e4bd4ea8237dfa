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

const CONNECTED = 1;
const MAX_DEVICES = 5_000;

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
  const points = objects.filter(
    ({ type, num_sta }) => type === 'uap' || (type === undefined && num_sta !== undefined),
  );
  if (points.length === 0)
    return reject('bad-format', 'expected devices with type "uap", as stat/device lists them');
  const { taken, leftOut } = takeMost(points, MAX_DEVICES, 'access points');
  const strange = list.length - objects.length;
  const faults = [
    ...refused,
    ...(leftOut ? [leftOut] : []),
    ...(strange > 0 ? [reject('not-an-object', `${strange} of the list are no devices`)] : []),
  ];
  return besideRefused(taken.map(toClaim), faults, []);
}

/** `{meta, data: [...]}`, the list alone, or one device; of a list that ends early the complete ones. */
function listOf(payload: Buffer): { list: readonly unknown[]; refused: readonly Rejection[] } | Rejection {
  const json = parseJsonItems(payload);
  if (!(json instanceof JsonFailure)) {
    const [only] = json.items;
    const isWrapped = json.items.length === 1 && isJsonObject(only) && Array.isArray(only['data']);
    return { list: isWrapped ? (only['data'] as unknown[]) : json.items, refused: rejectionsOf(json) };
  }
  const cut = parseCutObject(payload);
  const data = cut?.json['data'];
  if (!cut || !Array.isArray(data)) return json.rejection;
  return { list: data, refused: [cut.rejection] };
}

function toClaim(device: JsonObject): Claim {
  const { mac, name, state, num_sta, rx_bytes, tx_bytes, uptime, last_seen } = device;
  const aliases = aliasesOf(mac, name);
  if (state !== undefined && state !== CONNECTED) return { aliases, items: [], presence: 'offline' };
  const airTime = busiestRadio(device['radio_table_stats']);
  return {
    aliases,
    presence: 'online',
    items: [
      {
        clients: num_sta ?? 0,
        ...(typeof rx_bytes === 'number' ? { rxBytes: rx_bytes } : {}),
        ...(typeof tx_bytes === 'number' ? { txBytes: tx_bytes } : {}),
        ...(typeof uptime === 'number' ? { uptimeS: uptime } : {}),
        ...(airTime === undefined ? {} : { channelUtilizationPct: airTime }),
        ...(last_seen === undefined ? {} : { measuredAt: last_seen }),
      },
    ],
  };
}

function busiestRadio(stats: unknown): number | undefined {
  const radios = (Array.isArray(stats) ? stats : []).filter(isJsonObject);
  const shares = radios.map(({ cu_total }) => cu_total).filter((share) => typeof share === 'number');
  return shares.length === 0 ? undefined : shares.reduce((busiest, each) => Math.max(busiest, each));
}
