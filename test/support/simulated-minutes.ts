/**
 * A simulated city over the real ingest and alarms, without a network: seconds pass when the test says so.
 *
 * Devices hand their messages to a link of this file, which buffers while the network is cut and lets the will speak,
 * as their MQTT connection would. The clock is the simulation's own.
 */
import { Registry as Metrics } from 'prom-client';
import type { Alert } from '../../alerts/alert.ts';
import type { City } from '../../cities/city.ts';
import { createFormats } from '../../devices/formats/index.ts';
import { formatDeviceTopic, type Presence } from '../../devices/topics.ts';
import { type CityRun, startCity } from '../../firmware-sim/city-run.ts';
import type { Clock } from '../../firmware-sim/clock.ts';
import type { ConnectionSettings } from '../../firmware-sim/device/connection.ts';
import type { DeviceLink } from '../../firmware-sim/device/device.ts';
import { FAULT_NAMES } from '../../firmware-sim/faults.ts';
import { createTotals } from '../../firmware-sim/totals.ts';
import { createPresenceConsumer } from '../../fleet/presence-consumer.ts';
import { createInbox } from '../../ingest/inbox.ts';
import { createPipeline } from '../../ingest/pipeline.ts';
import { createQuality } from '../../ingest/quality.ts';
import { createManualClock } from '../unit/firmware-sim/support/manual-clock.ts';
import { openAlertHouse } from './alert-house.ts';
import { createMemoryJournal } from './memory-journal.ts';
import { unlimitedQuota } from './unlimited-quota.ts';

interface Sent {
  readonly topic: string;
  readonly text: string;
  readonly device: string;
}

export interface SimulatedMinutes extends AsyncDisposable {
  readonly run: CityRun;
  /** The simulation's clock; `pass` turns it. */
  readonly clock: Clock;
  /** Lets seconds pass; each ends with a tick of the alarms. */
  pass(seconds: number): Promise<void>;
  /** Readings that the ingest has taken. */
  readonly heard: number;
  /** Every alert so far, open or ended, oldest first. */
  alerts(): Promise<readonly Alert[]>;
}

/** All faults on, a dispatcher elsewhere: what `npm run demo` plays. */
export async function playCity(city: City, startedAtMs: number, seed = 1): Promise<SimulatedMinutes> {
  const clock = createManualClock(startedAtMs);
  const journal = createMemoryJournal();
  const house = await openAlertHouse({ journal, city });
  house.clock.ms = startedAtMs;
  const pipeline = createPipeline({
    config: { CLOCK_AHEAD_MAX_MS: 60_000 },
    city,
    registry: house.registry,
    fleet: house.fleet,
    quality: createQuality(),
    quota: unlimitedQuota,
    formats: createFormats(),
    waiting: { note: () => undefined },
    inbox: createInbox(() => house.clock.ms),
    journal,
    metrics: new Metrics(),
    findAckFault: () => undefined,
  });
  const presence = createPresenceConsumer({ journal, fleet: house.fleet, feed: house.feed });
  const outgoing: Sent[] = [];
  let drained = 0;
  let drainedMessages = 0;
  const run = startCity(
    {
      ...{ city, url: 'mqtt://nowhere.invalid', credentials: new Map(), seed, speed: undefined },
      ...{ without: new Set(), faults: new Set(FAULT_NAMES), ownCases: false },
      ...{ silentChance: undefined, refuseChance: undefined },
      link: (settings) => createLink(settings, outgoing),
    },
    clock,
    createTotals(),
  );
  return {
    run,
    clock,
    get heard() {
      return journal.lastId;
    },
    async pass(seconds) {
      for (let second = 0; second < seconds; second++) {
        clock.advance(1_000);
        house.clock.ms = clock.now();
        for (const { topic, text, device } of outgoing.splice(0)) {
          const payload = Buffer.from(text);
          await pipeline.accept({ topic, payload, receivedAt: house.clock.ms, clientId: device });
        }
        await presence.consume(await journal.messages.readAfter(drainedMessages, 2_000));
        drainedMessages = journal.messages.lastId;
        const entries = await journal.readAfter(drained, 2_000);
        for (const { reading } of entries) house.fleet.observe(reading);
        if (entries.length > 0) await house.alerts.consumer.consume(entries);
        drained = journal.lastId;
        await house.alerts.tick(house.clock.ms);
      }
    },
    async alerts() {
      const page = await house.alerts.list({ limit: 1_000, audience: 'staff' });
      return page.toSorted((a, b) => a.raisedAt - b.raisedAt);
    },
    async [Symbol.asyncDispose]() {
      await run.fleet.finish(0);
      await house[Symbol.asyncDispose]();
    },
  };
}

function createLink({ identity, clock, firmware }: ConnectionSettings, outgoing: Sent[]): DeviceLink {
  const { city, kind, id } = identity;
  const waiting: { readonly channel: 'telemetry' | 'ack'; readonly text: string }[] = [];
  let isConnected = false;
  const put = (channel: 'telemetry' | 'ack' | 'status', text: string) =>
    outgoing.push({ topic: formatDeviceTopic({ city, kind, device: id, channel }), text, device: id });
  const say = (status: Presence) => put('status', JSON.stringify({ status, firmware }));
  const flush = () => {
    for (const { channel, text } of waiting.splice(0)) put(channel, text);
  };
  const connect = () => {
    isConnected = true;
    say('online');
    flush();
  };
  return {
    get connected() {
      return isConnected;
    },
    get unacknowledged() {
      return waiting.length;
    },
    start: (delayMs) => void clock.after(delayMs, connect),
    send(message) {
      waiting.push(message);
      if (isConnected) flush();
    },
    setReachable(isReachable) {
      if (isReachable) return connect();
      isConnected = false;
      say('offline');
    },
    close: async () => undefined,
  };
}
