/**
 * Identities: whose a message is that names its device in its own way, and whether its sender may speak for it.
 *
 * Stands between the formats and validate. Invariant: nobody speaks for a device that is not his: a device only for
 * itself, a gateway only for the devices that are assigned to it (or, where it is the only gateway of its format,
 * for those of that format that are assigned to none); what a name belongs to nobody is told apart from that.
 */
import { type FormatOptions, normaliseAlias } from '../devices/formats/format.ts';
import { type Rejection, reject } from '../devices/rejection.ts';
import { GATEWAY_PREFIX } from '../devices/topics.ts';
import type { Gateway, RegisteredDevice, Registry } from './registry.ts';

/** Who brings a message. `anyone`: no credential is asked for (loopback), or an operator brings it. */
export type Sender =
  | { readonly role: 'device'; readonly device: RegisteredDevice }
  | { readonly role: 'gateway'; readonly gateway: Gateway }
  | { readonly role: 'anyone' };

/** Names of which nobody has claimed one. */
export interface Unclaimed {
  readonly unclaimed: string;
}

export interface Identities {
  /** The device that goes by this id or alias. */
  find(alias: string): RegisteredDevice | undefined;
  /** Who `identity` is; undefined where it is nobody that may publish. */
  senderOf(identity: string | undefined): Sender | undefined;
  /** Whose a claim with these names is, coming from `sender` on a topic with those. */
  ownerOf(
    sender: Sender,
    claimed: readonly string[],
    topicNames: readonly string[],
  ): RegisteredDevice | Unclaimed | Rejection;
}

export function createIdentities(registry: Registry): Identities {
  let devices: readonly RegisteredDevice[] | undefined;
  let byAlias = new Map<string, RegisteredDevice>();
  let soleGatewayOf = new Map<string, string>();

  function look(): void {
    const now = registry.all();
    if (devices === now) return;
    devices = now;
    byAlias = new Map();
    // An id is nearer than an alias: nobody takes a device over by giving another one its name.
    for (const device of now) for (const alias of device.aliases ?? []) byAlias.set(alias, device);
    for (const device of now) byAlias.set(device.id, device);
    const gateways = Map.groupBy(registry.gateways(), ({ format }) => format);
    const sole = [...gateways].filter(([, all]) => all.length === 1);
    soleGatewayOf = new Map(sole.map(([format, [only]]) => [format, (only as Gateway).id]));
  }

  function find(alias: string): RegisteredDevice | undefined {
    look();
    return byAlias.get(normaliseAlias(alias));
  }

  function isSentBy(device: RegisteredDevice, gateway: Gateway): boolean {
    if (device.gateway !== undefined) return device.gateway === gateway.id;
    return device.format === gateway.format && soleGatewayOf.get(gateway.format) === gateway.id;
  }

  function ofGateway(gateway: Gateway, names: readonly string[]): RegisteredDevice | Unclaimed | Rejection {
    const known = names.map(find).filter((device) => device !== undefined);
    const own = known.find((device) => isSentBy(device, gateway));
    if (own) return own;
    const [other] = known;
    if (!other) return { unclaimed: names[0] ?? '' };
    return reject('wrong-device', `${other.id} is not assigned to ${gateway.id}; claim ${names[0]} for it`);
  }

  return {
    find,
    senderOf(identity) {
      if (identity === undefined) return { role: 'anyone' };
      if (identity.startsWith(GATEWAY_PREFIX)) {
        const gateway = registry.gateways().find(({ id }) => id === identity);
        return gateway && { role: 'gateway', gateway };
      }
      const device = registry.find(identity);
      return device && { role: 'device', device };
    },
    ownerOf(sender, claimed, topicNames) {
      look();
      switch (sender.role) {
        case 'device':
          return ofDevice(sender.device, claimed, topicNames, find);
        case 'gateway':
          return ofGateway(sender.gateway, claimed.length > 0 ? claimed : topicNames);
        case 'anyone': {
          const names = claimed.length > 0 ? claimed : topicNames;
          return names.map(find).find((device) => device !== undefined) ?? { unclaimed: names[0] ?? '' };
        }
      }
    },
  };
}

/** Whoever sends, in topics after ThingsBoard: `v1/devices/me/telemetry`. */
const ITSELF = 'me';

/** A device speaks for itself, under one of its own names where the topic has one. */
function ofDevice(
  device: RegisteredDevice,
  claimed: readonly string[],
  topicNames: readonly string[],
  find: Identities['find'],
): RegisteredDevice | Rejection {
  const isOwn = (name: string) => (find(name)?.id ?? (name === ITSELF ? device.id : undefined)) === device.id;
  if (topicNames.length > 0 && !topicNames.some(isOwn)) {
    const detail = `${device.id} may publish under its own name; the topic is of ${topicNames.join(', ')}: where one of them is its own, npm run devices -- set ${device.id} --alias NAME`;
    return reject('wrong-device', detail);
  }
  const others = claimed.filter((name) => find(name) !== undefined);
  if (others.length === 0 || others.some(isOwn)) return device;
  return reject('wrong-device', `${device.id} may not speak for ${others[0]}`);
}

/** What the operator said of who sends: columns, a mapping. */
export function optionsOf(sender: Sender): FormatOptions | undefined {
  if (sender.role === 'device') return sender.device.options;
  return sender.role === 'gateway' ? sender.gateway.options : undefined;
}
