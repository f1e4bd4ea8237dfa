/**
 * The table of contents of ingest: what happens to a publish up to its PUBACK.
 *
 *   accept: topic → decode → validate → quality → journal.append (group commit, fsync) → PUBACK
 *
 * After it, keep-draining.ts hands the journal to live, alerts and history. Invariant: a waiter is told `stored`
 * only when everything the message holds is on disk, be it as readings or as rejections with their raw payload;
 * it is refused only when that failed (JournalError, the state database), and then there must be no PUBACK.
 */
import { Counter, type Registry as Metrics } from 'prom-client';
import type { City } from '../cities/city.ts';
import type { Config } from '../config.ts';
import { deviceKinds } from '../devices/kinds/index.ts';
import { parsePresence } from '../devices/parse-presence.ts';
import type { Reading } from '../devices/reading.ts';
import { type Presence, parseDeviceTopic, type UpChannel } from '../devices/topics.ts';
import { type JsonObject, parseObject, parseTelemetry } from './decode.ts';
import { recordLeftOut, recordRejection } from './fleet/data-health.ts';
import type { Fleet } from './fleet/fleet.ts';
import type { Registry } from './fleet/registry.ts';
import type { Journal } from './journal/journal.ts';
import type { Quality } from './quality.ts';
import { isRejection, type RejectedMessage, type Rejection, reject } from './rejection.ts';
import { type LeftOut, type Target, validateReading } from './validate.ts';
import { joinParts, type Outcome, outcomeOf, type Waiter } from './waiter.ts';

export interface IncomingMessage {
  readonly topic: string;
  /** Read before `acceptFor` returns, and copied where it is kept. */
  readonly payload: Buffer;
  /** Epoch ms. */
  readonly receivedAt: number;
  readonly clientId: string;
  /** Who the connection proved to be; absent where devices need no credential. */
  readonly identity?: string;
}

export interface Pipeline {
  /** Takes one publish on any topic. Order of calls is order of the journal. */
  acceptFor(waiter: Waiter, message: IncomingMessage): void;
  /** The same as a promise. */
  accept(message: IncomingMessage): Promise<Outcome>;
}

export interface PipelineDependencies {
  readonly config: Pick<Config, 'CLOCK_AHEAD_MAX_MS'>;
  readonly city: City;
  readonly registry: Registry;
  readonly fleet: Fleet;
  readonly quality: Quality;
  readonly journal: Pick<Journal, 'appendFor'>;
  readonly metrics: Metrics;
  readonly onPresence: (device: string, presence: Presence, atMs: number) => void;
  /** Dispatch's answer to a unit's `ack`; resolves when it is on disk. A string says what is wrong with it. */
  readonly onAck: (device: string, body: JsonObject, atMs: number) => Promise<string | undefined>;
}

const NONE: readonly never[] = [];
/** Topics whose target is remembered, so that the grammar and the registry are asked once a device. */
const MAX_REMEMBERED_TOPICS = 50_000;
/** Readings of one message that go to the journal in one append; a buffer of thousands is taken in slices. */
const SLICE_READINGS = 500;
/** Refused readings of one message that are kept each by itself; what is more of them is kept as one array. */
const MAX_REJECTIONS_PER_MESSAGE = 100;

interface Route extends Target {
  readonly channel: UpChannel;
}

export function createPipeline(dependencies: PipelineDependencies): Pipeline {
  const { city, registry, fleet, quality, journal } = dependencies;
  const clockAheadMaxMs = dependencies.config.CLOCK_AHEAD_MAX_MS;
  const rejections = new Counter({
    name: 'siaga_rejections_total',
    help: 'Messages, or readings of a batch, that were not understood.',
    labelNames: ['reason'],
    registers: [dependencies.metrics],
  });
  const leftOut = new Counter({
    name: 'siaga_left_out_total',
    help: 'Keys beside the quantities that could not be believed; the readings were kept.',
    labelNames: ['key'],
    registers: [dependencies.metrics],
  });
  const routes = new Map<string, Route>();
  let devices = registry.all();

  function routeOf({ topic, identity }: IncomingMessage): Route | Rejection {
    if (devices !== registry.all()) {
      // It has been reloaded.
      devices = registry.all();
      routes.clear();
    }
    let route = routes.get(topic);
    if (!route) {
      const fresh = findRoute(topic, city.id, registry);
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

  function setAside(message: IncomingMessage, rejection: Rejection, payload: Uint8Array): RejectedMessage {
    rejections.inc({ reason: rejection.reason });
    const { topic, receivedAt, clientId } = message;
    const device = message.identity ?? routes.get(topic)?.device.id;
    const health = device === undefined ? undefined : fleet.now(device)?.health;
    if (health) recordRejection(health, rejection.reason);
    if (device !== undefined) fleet.hear(device, receivedAt, rejection.detail);
    return {
      ...rejection,
      topic,
      payload,
      receivedAt,
      clientId,
      ...(device === undefined ? {} : { device }),
    };
  }

  function countLeftOut(device: string, keys: readonly LeftOut[]): void {
    const health = fleet.now(device)?.health;
    for (const key of keys) {
      leftOut.inc({ key });
      if (health) recordLeftOut(health, key);
    }
  }

  function refuse(waiter: Waiter, message: IncomingMessage, rejection: Rejection): void {
    journal.appendFor(waiter, [], [setAside(message, rejection, message.payload)]);
  }

  const optionsOf = ({ receivedAt }: IncomingMessage) => ({
    receivedAt,
    clockAheadMaxMs,
    bounds: city.bounds,
  });

  /** These three return why the whole message is refused, or have seen to it that the waiter is told. */
  function acceptTelemetry(waiter: Waiter, message: IncomingMessage, route: Route): Rejection | undefined {
    const items = parseTelemetry(message.payload);
    if (isRejection(items)) return items;
    if (items.length > 1) return acceptMany(waiter, message, route, items);
    // Nearly every message: no lists that grow.
    const { reading, rejection, leftOut } = validateReading(items[0], route, optionsOf(message));
    if (leftOut) countLeftOut(route.device.id, leftOut);
    const bad = rejection ? [setAside(message, rejection, message.payload)] : NONE;
    const good = reading ? [quality.assess(reading)] : NONE;
    journal.appendFor(waiter, good, bad);
    return undefined;
  }

  /** An offline buffer, in slices; the waiter is told when all of it is on disk. */
  function acceptMany(
    waiter: Waiter,
    message: IncomingMessage,
    route: Route,
    items: readonly unknown[],
  ): undefined {
    const options = optionsOf(message);
    const good: Reading[] = [];
    const refused: RefusedItem[] = [];
    for (const item of items) {
      const { reading, rejection, leftOut } = validateReading(item, route, options);
      if (leftOut) countLeftOut(route.device.id, leftOut);
      if (reading) good.push(reading);
      if (rejection) refused.push({ item, rejection });
    }
    const bad = gatherRefused(refused).map(({ item, rejection }) =>
      setAside(message, rejection, Buffer.from(JSON.stringify(item))),
    );
    const spaced = quality.space(good, message.payload, route.kind.reportIntervalS * 1000);
    const assessed = spaced.map((reading) => quality.assess(reading));
    const parts = Math.max(1, Math.ceil(assessed.length / SLICE_READINGS));
    const joint = parts === 1 ? waiter : joinParts(waiter, parts);
    for (let part = 0; part < parts; part++) {
      const slice = assessed.slice(part * SLICE_READINGS, (part + 1) * SLICE_READINGS);
      journal.appendFor(joint, slice, part === 0 ? bad : NONE);
    }
    return undefined;
  }

  function acceptStatus(waiter: Waiter, message: IncomingMessage, route: Route): Rejection | undefined {
    // An empty retained message clears the status: the device is being taken out.
    if (message.payload.length > 0) {
      const presence = parsePresence(message.payload);
      if (isRejection(presence)) return presence;
      dependencies.onPresence(route.device.id, presence, message.receivedAt);
    }
    waiter.stored(0, 0, 0);
    return undefined;
  }

  function acceptAck(waiter: Waiter, message: IncomingMessage, route: Route): Rejection | undefined {
    const body = parseObject(message.payload);
    if (isRejection(body)) return body;
    const kept = { ...message, payload: Buffer.from(message.payload) };
    dependencies.onAck(route.device.id, body, message.receivedAt).then(
      (problem) => {
        if (problem === undefined) waiter.stored(0, 0, 0);
        else refuse(waiter, kept, reject('bad-ack', problem));
      },
      (error: Error) => waiter.refused(error),
    );
    return undefined;
  }

  function acceptOn(route: Route, waiter: Waiter, message: IncomingMessage): Rejection | undefined {
    switch (route.channel) {
      case 'telemetry':
        return acceptTelemetry(waiter, message, route);
      case 'status':
        return acceptStatus(waiter, message, route);
      case 'ack':
        return acceptAck(waiter, message, route);
    }
  }

  function acceptFor(waiter: Waiter, message: IncomingMessage): void {
    try {
      const route = routeOf(message);
      const rejection = isRejection(route) ? route : acceptOn(route, waiter, message);
      if (rejection) refuse(waiter, message, rejection);
    } catch (error) {
      // A mistake of ours: one connection ends for it, not the process.
      waiter.refused(error as Error);
    }
  }

  return { acceptFor, accept: (message) => outcomeOf((waiter) => acceptFor(waiter, message)) };
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

interface RefusedItem {
  readonly item: unknown;
  readonly rejection: Rejection;
}

/** The same with everything beyond the bound as one array, which is replayed as one. */
function gatherRefused(refused: readonly RefusedItem[]): readonly RefusedItem[] {
  if (refused.length <= MAX_REJECTIONS_PER_MESSAGE) return refused;
  const single = refused.slice(0, MAX_REJECTIONS_PER_MESSAGE - 1);
  const rest = refused.slice(single.length);
  const { reason, detail } = (rest[0] as RefusedItem).rejection;
  const all = reject(reason, `${rest.length} readings of one message; the first: ${detail}`);
  return [...single, { item: rest.map(({ item }) => item), rejection: all }];
}
