/**
 * Routes: whose topic a message is on, and which channel, remembered until the registry changes.
 *
 * Invariant: what is remembered is what the registry says now.
 */
import { deviceKinds } from '../devices/kinds/index.ts';
import { isRejection, type Rejection, reject } from '../devices/rejection.ts';
import { parseDeviceTopic, type UpChannel } from '../devices/topics.ts';
import type { Registry } from '../fleet/registry.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { Target } from './validate.ts';

export interface Route extends Target {
  readonly channel: UpChannel;
}

export interface Routes {
  /** Where the topic has been found before. */
  known(topic: string): Route | undefined;
  /** Why not, where the topic is nobody's, or its sender may not use it. */
  find(message: IncomingMessage): Route | Rejection;
}

/** Topics that are remembered, so that the grammar and the registry are asked once a device. */
export const MAX_REMEMBERED_TOPICS = 50_000;

export function createRoutes(city: string, registry: Registry): Routes {
  const routes = new Map<string, Route>();
  let devices = registry.all();

  function known(topic: string): Route | undefined {
    if (devices !== registry.all()) {
      // It has been reloaded.
      devices = registry.all();
      routes.clear();
    }
    return routes.get(topic);
  }

  function find({ topic, identity }: IncomingMessage): Route | Rejection {
    let route = known(topic);
    if (!route) {
      const fresh = findRoute(topic, city, registry);
      if (isRejection(fresh)) return fresh;
      if (routes.size >= MAX_REMEMBERED_TOPICS) routes.clear();
      routes.set(topic, fresh);
      route = fresh;
    }
    if (identity !== undefined && identity !== route.device.id) {
      return reject('wrong-device', `${identity} may publish only below its own topics`);
    }
    return route;
  }

  return { known, find };
}

/** Whose topic it is, or why it is nobody's. */
function findRoute(topic: string, city: string, registry: Registry): Route | Rejection {
  const parsed = parseDeviceTopic(topic);
  if (typeof parsed === 'string') return reject('bad-topic', parsed);
  if (parsed.channel === 'command' || parsed.channel === 'config') {
    return reject('bad-topic', `${parsed.channel} goes down to the device; publish telemetry, status or ack`);
  }
  if (parsed.city !== city) return reject('unknown-city', `this is ${city}, not ${parsed.city}`);
  const kind = deviceKinds.get(parsed.kind);
  if (!kind)
    return reject('unknown-kind', `no kind ${parsed.kind}; there are ${[...deviceKinds.keys()].join(', ')}`);
  const device = registry.find(parsed.device);
  if (!device) return reject('unknown-device', `${parsed.device} is not registered; add it and replay this`);
  if (device.kind !== kind.name)
    return reject('wrong-kind', `${device.id} is a ${device.kind}, not a ${kind.name}`);
  return { city, kind, device, channel: parsed.channel };
}
