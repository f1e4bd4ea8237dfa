/**
 * The table of contents of ingest: what happens to a publish up to its PUBACK.
 *
 *   accept: topic → decode → quota → validate → quality → journal.append (group commit, fsync) → PUBACK
 *
 * What is not on our own topics, or comes through a gateway, goes by foreign-intake.ts. After the PUBACK,
 * keep-draining.ts hands readings to live and alerts, and `status` and `ack` to fleet and dispatch; history follows by
 * itself. Invariant: a waiter is told `stored` only when everything the message holds is on disk, be it as readings, as
 * a status, as an ack, or as rejections with their raw payload; it is refused only when that failed (JournalError), and
 * then there must be no PUBACK.
 */
import type { Registry as Metrics } from 'prom-client';
import type { CityFrame } from '../cities/city.ts';
import type { Config } from '../config/config.ts';
import type { Formats } from '../devices/formats/index.ts';
import type { Reading } from '../devices/reading.ts';
import { isRejection, type RejectedMessage, type Rejection, reject } from '../devices/rejection.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { createIdentities } from '../fleet/identities.ts';
import type { Registry } from '../fleet/registry.ts';
import type { WaitingAliases } from '../fleet/waiting-aliases.ts';
import type { Journal } from '../journal/journal.ts';
import { type Outcome, outcomeOf, type Waiter } from '../journal/waiter.ts';
import { appendSlices } from './append-slices.ts';
import { type JsonObject, parseTelemetry } from './decode.ts';
import { hintOf } from './describe-readings.ts';
import { explainUnread } from './explain-unread.ts';
import { createForeignIntake, isForeign } from './foreign-intake.ts';
import type { Inbox } from './inbox.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { Quality } from './quality.ts';
import type { Quota } from './quota.ts';
import { createRoutes, type Route } from './routes.ts';
import { createSetAside } from './set-aside.ts';
import { createTakeReadings } from './take-readings.ts';
import { createTakeWords, type HearConfig } from './take-words.ts';

export type { IncomingMessage } from './incoming-message.ts';

/** What ingest itself needs of it besides. */
export interface OpenedPipeline extends Pipeline {
  /** Sets aside what turned out to be wrong after its PUBACK. */
  refuse(waiter: Waiter, message: IncomingMessage, rejection: Rejection): void;
}

export interface Pipeline {
  /** Takes one publish on any topic. Order of calls is order of the journal. */
  acceptFor(waiter: Waiter, message: IncomingMessage): void;
  /** The same as a promise. */
  accept(message: IncomingMessage): Promise<Outcome>;
}

export interface PipelineDependencies {
  readonly config: Pick<Config, 'CLOCK_AHEAD_MAX_MS'>;
  readonly city: CityFrame;
  readonly registry: Registry;
  readonly fleet: Fleet;
  readonly quality: Quality;
  readonly quota: Quota;
  readonly formats: Formats;
  readonly waiting: Pick<WaitingAliases, 'note'>;
  readonly inbox: Inbox;
  readonly journal: Pick<Journal, 'appendFor'>;
  readonly metrics: Metrics;
  /** What is wrong with a unit's `ack` by itself; undefined where dispatch can judge it. */
  readonly findAckFault: (body: JsonObject) => string | undefined;
  /** Told where devices were heard, and what they say of their configs. */
  readonly hearConfig: HearConfig;
}

const NONE: readonly never[] = [];

export function createPipeline(dependencies: PipelineDependencies): OpenedPipeline {
  const { city, registry, fleet, quality, quota, journal, inbox } = dependencies;
  const setAside = createSetAside(fleet, dependencies.metrics);
  const validate = { clockAheadMaxMs: dependencies.config.CLOCK_AHEAD_MAX_MS, ...frameOf(city) };
  const takeReadings = createTakeReadings({ quality, quota, setAside, validate });
  const identities = createIdentities(registry);
  const words = createTakeWords({ ...dependencies, setAside });
  const foreign = createForeignIntake({ ...dependencies, city: city.id, identities, setAside, takeReadings });
  const routes = createRoutes(city.id, registry);

  function refuse(waiter: Waiter, message: IncomingMessage, rejection: Rejection): void {
    waiter.told?.(rejection);
    const device = message.identity ?? routes.known(message.topic)?.device.id;
    const follower = device === undefined ? waiter : inbox.follow(waiter, device, message, rejection.detail);
    journal.appendFor(follower, NONE, [setAside.keep(message, rejection, message.payload, device)]);
  }

  /** Returns why the whole message is refused, or has seen to it that the waiter is told. */
  function acceptTelemetry(waiter: Waiter, message: IncomingMessage, route: Route): Rejection | undefined {
    const items = parseTelemetry(message.payload);
    if (isRejection(items)) return items;
    const { id } = route.device;
    const { good, bad } = takeReadings(message, route, items, message.identity ?? id);
    const unread = explainUnread(message.payload, items.items, good, route.kind);
    const advice = adviseDevice(route, good, bad, unread);
    if (bad[0]) waiter.told?.({ reason: bad[0].reason, detail: advice });
    const isShown = advice !== '' || inbox.isWatched(id);
    const follower = isShown ? inbox.follow(waiter, id, message, advice) : waiter;
    appendSlices(journal, follower, good, bad);
    return undefined;
  }

  function acceptOn(route: Route, waiter: Waiter, message: IncomingMessage): Rejection | undefined {
    switch (route.channel) {
      case 'telemetry':
        return acceptTelemetry(waiter, message, route);
      case 'status':
        return words.status(waiter, message, route);
      case 'ack':
        return words.ack(waiter, message, route);
    }
  }

  function acceptFor(waiter: Waiter, message: IncomingMessage): void {
    try {
      const known = routes.known(message.topic);
      // Nearly every message: telemetry of a device that we know, on its own topic.
      if (known && known.device.id === message.identity && isPlain(message)) {
        const refused = acceptOn(known, waiter, message);
        if (refused) refuse(waiter, message, refused);
      } else if (message.wholeBytes !== undefined) refuse(waiter, message, tooLarge(message.wholeBytes));
      else if (isForeign(message)) foreign.take(waiter, message);
      else {
        const route = routes.find(message);
        const rejection = isRejection(route) ? route : acceptOn(route, waiter, message);
        if (rejection) refuse(waiter, message, rejection);
      }
    } catch (error) {
      // A mistake of ours: one connection ends for it, not the process.
      waiter.refused(error as Error);
    }
  }

  return { acceptFor, refuse, accept: (message) => outcomeOf((waiter) => acceptFor(waiter, message)) };
}

function frameOf({ bounds, timeZone }: CityFrame) {
  return { bounds, timeZone };
}

function isPlain({ format, wholeBytes }: IncomingMessage): boolean {
  return format === undefined && wholeBytes === undefined;
}

function tooLarge(bytes: number): Rejection {
  const detail = `the packet has ${bytes} bytes, more than the server takes; send the buffer in smaller parts`;
  return reject('too-large', detail);
}

/** What the owner of the device should know of the message; nearly always nothing, which is ''. */
function adviseDevice(
  route: Route,
  good: readonly Reading[],
  bad: readonly RejectedMessage[],
  unread: string,
): string {
  const hint = hintOf(good, route);
  if (bad.length === 0 && unread === '') return hint;
  return [...bad.map(({ detail }) => detail), hint, unread].filter((part) => part !== '').join('; ');
}
