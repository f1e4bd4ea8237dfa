/**
 * UniFi: the list of devices as its controller answers (`stat/device`), or one of them.
 *
 * Traps: `state` 1 is connected, everything else is not, and its last numbers are then old; `num_sta` counts users
 * and guests together; a list has switches and gateways too.
 */
import { isJsonObject, JsonFailure, type JsonObject, parseJson } from '../parse-json.ts';
import { reject } from '../rejection.ts';
import { aliasesOf, type Claim, type Decoded, type Format, type FormatMessage } from './format.ts';

const CONNECTED = 1;
const MAX_DEVICES = 5_000;
const MAX_RADIOS = 8;

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
  const json = parseJson(payload);
  if (json instanceof JsonFailure) return json.rejection;
  const list = isJsonObject(json) && Array.isArray(json['data']) ? json['data'] : json;
  const devices = (Array.isArray(list) ? list : [list]).slice(0, MAX_DEVICES).filter(isJsonObject);
  const points = devices.filter(
    ({ type, num_sta }) => type === 'uap' || (type === undefined && num_sta !== undefined),
  );
  if (points.length === 0)
    return reject('bad-format', 'expected devices with type "uap", as stat/device lists them');
  return points.map(toClaim);
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
  const radios = (Array.isArray(stats) ? stats.slice(0, MAX_RADIOS) : []).filter(isJsonObject);
  const shares = radios.map(({ cu_total }) => cu_total).filter((share) => typeof share === 'number');
  return shares.length === 0 ? undefined : Math.max(...shares);
}
