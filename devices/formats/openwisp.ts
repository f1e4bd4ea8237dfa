/**
 * OpenWISP: the monitoring report of an OpenWrt access point, NetJSON DeviceMonitoring.
 *
 * Traps: clients are a list of their addresses, of which only the number is read; counters are by interface, and
 * those of a bridge would count everything twice; a mesh lists its peers as clients.
 */
import { isJsonObject, type JsonObject } from '../parse-json.ts';
import { type Rejection, reject } from '../rejection.ts';
import { readEvents } from './event-list.ts';
import { aliasesOf, type Claim, type Decoded, type Format, type FormatMessage, takeMost } from './format.ts';
import { asFrom0, readNumber } from './measured.ts';

const MAX_INTERFACES = 64;

export const openwisp: Format = {
  name: 'openwisp',
  description: 'OpenWISP monitoring (NetJSON) of OpenWrt access points: clients, traffic, uptime.',
  topics: ['openwisp/+'],
  identity: 'by the topic `openwisp/<name>`, the host name, or the MAC of an interface',
  hasStatus: false,
  namesIn,
  decode,
};

function namesIn(topic: string): readonly string[] {
  const [root, name] = topic.split('/');
  return root === 'openwisp' ? aliasesOf(name) : [];
}

/** One report, or a list of them. One that ends early is none: its clients are counted over all of its interfaces. */
function decode({ topic, payload }: FormatMessage): Decoded {
  return readEvents(payload, 'NetJSON, an object', (report, cut) => cut?.rejection ?? toClaim(report, topic));
}

function toClaim(json: JsonObject, topic: string): Claim | Rejection {
  if (json['type'] !== 'DeviceMonitoring') {
    return reject('bad-format', 'expected NetJSON with type "DeviceMonitoring"');
  }
  const general = isJsonObject(json['general']) ? json['general'] : {};
  const listed = (Array.isArray(json['interfaces']) ? json['interfaces'] : []).filter(isJsonObject);
  const { taken: interfaces, leftOut } = takeMost(listed, MAX_INTERFACES, 'interfaces');
  const wireless = interfaces.filter((each) => each['type'] === 'wireless');
  const aliases = aliasesOf(...namesIn(topic), general['hostname'], ...interfaces.map((each) => each['mac']));
  const item = {
    clients: wireless.reduce((sum, each) => sum + clientsOf(each), 0),
    ...sumOf(wireless, 'rx_bytes', 'rxBytes'),
    ...sumOf(wireless, 'tx_bytes', 'txBytes'),
    ...asFrom0('uptimeS', general['uptime']),
    ...asFrom0('measuredAt', general['local_time']),
  };
  if (wireless.length > 0) return { aliases, items: [item], ...(leftOut ? { rejection: leftOut } : {}) };
  const rejection = reject('missing-quantity', 'no interface of type "wireless"');
  return { aliases, items: [], rejection: leftOut ?? rejection };
}

/** In another mode than `access_point` they are peers of a mesh, or the point that it hangs on itself. */
function clientsOf({ wireless }: JsonObject): number {
  if (!isJsonObject(wireless)) return 0;
  const { clients, mode = 'access_point' } = wireless;
  if (mode !== 'access_point') return 0;
  if (Array.isArray(clients)) return clients.length;
  return isJsonObject(clients) ? Object.keys(clients).length : 0;
}

function sumOf(interfaces: readonly JsonObject[], field: string, name: string): Record<string, number> {
  const values = interfaces
    .map(({ statistics }) => (isJsonObject(statistics) ? statistics[field] : undefined))
    .map(readNumber)
    .filter((value) => value !== undefined);
  return values.length === 0 ? {} : { [name]: values.reduce((sum, each) => sum + each, 0) };
}
