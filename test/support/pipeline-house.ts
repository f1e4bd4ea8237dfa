/**
 * The real pipeline over a journal in memory, with a clock that the test moves: what becomes of what devices send.
 *
 * Invariant: readings reach the fleet as the live consumer brings them, after the commit.
 */
import { Registry as Metrics } from 'prom-client';
import type { City } from '../../cities/city.ts';
import { publishersOf } from '../../cities/publishers.ts';
import type { Format } from '../../devices/formats/format.ts';
import { createFormats, type Formats } from '../../devices/formats/index.ts';
import type { MappedFormat } from '../../devices/formats/mapped.ts';
import type { Reading } from '../../devices/reading.ts';
import type { RejectedMessage } from '../../devices/rejection.ts';
import type { Presence } from '../../devices/topics.ts';
import { createFleet, type Fleet } from '../../fleet/fleet.ts';
import type { Gateway, RegisteredDevice, Registry } from '../../fleet/registry.ts';
import { createInbox, type Inbox } from '../../ingest/inbox.ts';
import { createPipeline, type Pipeline } from '../../ingest/pipeline.ts';
import { createQuality } from '../../ingest/quality.ts';
import type { Quota } from '../../ingest/quota.ts';
import { presenceOf } from '../../journal/device-messages.ts';
import { type Outcome, outcomeOf } from '../../journal/waiter.ts';
import { createMemoryJournal } from './memory-journal.ts';
import { smallCity } from './small-city.ts';
import { unlimitedQuota } from './unlimited-quota.ts';

export interface PipelineHouse {
  readonly pipeline: Pipeline;
  readonly inbox: Inbox;
  readonly waiting: readonly string[];
  readonly fleet: Fleet;
  readonly metrics: Metrics;
  readonly clock: { ms: number };
  readonly readings: readonly Reading[];
  readonly rejections: readonly RejectedMessage[];
  readonly presences: readonly (readonly [string, Presence])[];
  /** How many readings each append to the journal had. */
  readonly appends: readonly number[];
  /** `identity` absent: whoever the topic names. */
  publish(topic: string, payload: unknown, identity?: string): Promise<Outcome>;
}

export const HOUSE_START_MS = Date.UTC(2026, 0, 15, 2, 30);

export interface PipelineHouseOptions {
  readonly city?: City;
  /** Of the city's devices, by id: format, aliases, gateway. */
  readonly devices?: Readonly<Record<string, Partial<RegisteredDevice>>>;
  readonly gateways?: readonly Gateway[];
  /** False: the journal takes everything and keeps nothing, for a bench. */
  readonly stores?: boolean;
  /** Formats besides those that need nothing. */
  readonly formats?: readonly Format[];
  /** All that there are, instead of every one that is registered. */
  readonly onlyFormats?: Formats;
  readonly mapped?: MappedFormat;
  /** One that nobody reaches where it is not said. */
  readonly quota?: Quota;
}

export function createPipelineHouse(options: PipelineHouseOptions = {}): PipelineHouse {
  const { city = smallCity, gateways = [] } = options;
  const clock = { ms: HOUSE_START_MS };
  const devices = publishersOf(city).map(
    (site): RegisteredDevice => ({ ...site, site, ...options.devices?.[site.id] }),
  );
  const inbox = createInbox(() => clock.ms);
  const waiting: string[] = [];
  const registry: Registry = {
    city: city.id,
    find: (id) => devices.find((device) => device.id === id),
    all: () => devices,
    gateways: () => gateways,
    reload: async () => undefined,
  };
  const fleet = createFleet(registry);
  const journal = createMemoryJournal();
  const metrics = new Metrics();
  const rejections: RejectedMessage[] = [];
  const presences: (readonly [string, Presence])[] = [];
  const appends: number[] = [];
  const pipeline = createPipeline({
    config: { CLOCK_AHEAD_MAX_MS: 60_000 },
    city,
    registry,
    fleet,
    quality: createQuality(),
    quota: options.quota ?? unlimitedQuota,
    formats: options.onlyFormats ?? createFormats(options.mapped, ...(options.formats ?? [])),
    waiting: { note: ({ alias, gateway }) => waiting.push(`${gateway} ${alias}`) },
    inbox,
    journal: {
      appendFor(waiter, fresh, refused, messages = []) {
        if (options.stores === false) {
          waiter.stored(fresh.length, 0, refused.length);
          return;
        }
        if (fresh.length + refused.length > 0) appends.push(fresh.length);
        for (const message of messages) {
          const said = presenceOf(message);
          if (said) presences.push([message.device, said]);
          if (said) fleet.observePresence(message.device, said, message.receivedAt, message.isReplay);
        }
        rejections.push(...refused.map((each) => ({ ...each, payload: Buffer.from(each.payload) })));
        void outcomeOf((inner) => journal.appendFor(inner, fresh, refused, messages)).then(
          ({ stored, repeated, rejected }) => {
            if (repeated > 0) for (const { device } of fresh) fleet.countRepeat(device, clock.ms);
            waiter.stored(stored, repeated, rejected);
          },
        );
      },
    },
    metrics,
    findAckFault: () => undefined,
    hearConfig: () => undefined,
  });
  let observed = 0;
  return {
    ...{ pipeline, inbox, waiting, fleet, metrics, clock, rejections, presences, appends },
    get readings() {
      return journal.entries.map(({ reading }) => reading);
    },
    async publish(topic, payload, identity) {
      const outcome = await pipeline.accept({
        topic,
        payload: toBytes(payload),
        receivedAt: clock.ms,
        clientId: identity ?? 'test',
        ...(identity === undefined ? {} : { identity }),
      });
      for (; observed < journal.entries.length; observed++) {
        fleet.observe((journal.entries[observed] as { reading: Reading }).reading);
      }
      return outcome;
    },
  };
}

function toBytes(payload: unknown): Buffer {
  if (Buffer.isBuffer(payload)) return payload;
  return Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
}
