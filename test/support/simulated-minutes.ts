/**
 * A simulated city over the real ingest and alarms, without a network: seconds pass when the test says so.
 *
 * Devices hand their messages to a link of this file, which buffers while the network is cut and lets the will speak,
 * as their MQTT connection would. The clock is the simulation's own.
 */
import type { Alert } from '../../alerts/alert.ts';
import type { NoticeBody } from '../../alerts/notices/channel.ts';
import { runCommand } from '../../broker/credentials/device-commands.ts';
import { parseCommand } from '../../broker/credentials/parse-command.ts';
import type { City } from '../../cities/city.ts';
import type { Database } from '../../database/database.ts';
import { formatDeviceTopic, type Presence } from '../../devices/topics.ts';
import { type CityRun, startCity } from '../../firmware-sim/city-run.ts';
import type { Clock } from '../../firmware-sim/clock.ts';
import { formatDeviceFile, gatewaysOf } from '../../firmware-sim/demo/demo-registration.ts';
import type { ConnectionSettings } from '../../firmware-sim/device/connection.ts';
import type { DeviceLink } from '../../firmware-sim/device/device.ts';
import type { OutboxMessage } from '../../firmware-sim/device/outbox.ts';
import { FAULT_NAMES } from '../../firmware-sim/faults.ts';
import { planFormats } from '../../firmware-sim/formats-plan.ts';
import { createTotals } from '../../firmware-sim/totals.ts';
import { createPresenceConsumer } from '../../fleet/presence-consumer.ts';
import { createManualClock } from '../unit/firmware-sim/support/manual-clock.ts';
import { openAlertHouse } from './alert-house.ts';
import { createMemoryJournal } from './memory-journal.ts';
import { createTestPipeline } from './test-pipeline.ts';

interface Sent {
  readonly topic: string;
  readonly text: string | Buffer;
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
  /** Of the readings, those that the city does not say are simulated. */
  readonly real: number;
  /** What could not be understood, by reason and device. */
  refused(): Promise<readonly string[]>;
  /** What people were told, in order, with the moment of each. */
  readonly told: readonly { readonly atMs: number; readonly body: NoticeBody }[];
  /** Every alert so far, open or ended, oldest first. */
  alerts(): Promise<readonly Alert[]>;
}

/** All faults on, a dispatcher elsewhere: what `npm run demo` plays. */
export async function playCity(
  city: City,
  startedAtMs: number,
  seed = 1,
  formats: ReadonlySet<string> = new Set(['siaga']),
): Promise<SimulatedMinutes> {
  const clock = createManualClock(startedAtMs);
  const journal = createMemoryJournal();
  const house = await openAlertHouse({ journal, city });
  house.clock.ms = startedAtMs;
  await registerFormats(house.database, city, formats);
  await house.registry.reload();
  const pipeline = createTestPipeline({
    ...{ city, journal, registry: house.registry, fleet: house.fleet },
    now: () => house.clock.ms,
  });
  const presence = createPresenceConsumer({ journal, fleet: house.fleet, feed: house.feed });
  const outgoing: Sent[] = [];
  const told: { atMs: number; body: NoticeBody }[] = [];
  let drained = 0;
  let drainedMessages = 0;
  let real = 0;
  const run = startCity(
    {
      ...{ city, url: 'mqtt://nowhere.invalid', credentials: new Map(), seed, speed: undefined },
      ...{ without: new Set(), faults: new Set(FAULT_NAMES), ownCases: false, formats },
      ...{ silentChance: undefined, refuseChance: undefined },
      link: (settings) => createLink(settings, outgoing),
    },
    clock,
    createTotals(),
  );
  return {
    run,
    clock,
    told,
    get heard() {
      return journal.lastId;
    },
    get real() {
      return real;
    },
    async refused() {
      const kept = await journal.rejections({ limit: 1_000 });
      return kept.map(({ device, reason, detail }) => `${device}: ${reason}: ${detail}`);
    },
    async pass(seconds) {
      for (let second = 0; second < seconds; second++) {
        clock.advance(1_000);
        house.clock.ms = clock.now();
        for (const { topic, text, device } of outgoing.splice(0)) {
          const payload = typeof text === 'string' ? Buffer.from(text) : text;
          const receivedAt = house.clock.ms;
          await pipeline.accept({ topic, payload, receivedAt, clientId: device, identity: device });
        }
        await presence.consume(await journal.messages.readAfter(drainedMessages, 2_000));
        drainedMessages = journal.messages.lastId;
        const entries = await journal.readAfter(drained, 2_000);
        for (const { reading } of entries) house.fleet.observe(reading);
        real += entries.filter(({ reading }) => !reading.simulated).length;
        if (entries.length > 0) await house.alerts.consumer.consume(entries);
        drained = journal.lastId;
        await house.alerts.tick(house.clock.ms);
        await house.alerts.sweep(house.clock.ms);
        for (const body of house.told.splice(0)) told.push({ atMs: house.clock.ms, body });
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

/** As the demo does, with the commands of `npm run devices`. */
async function registerFormats(database: Database, city: City, formats: ReadonlySet<string>): Promise<void> {
  const plan = planFormats(city, formats);
  if (plan.foreign.size === 0) return;
  const run = (...words: string[]) =>
    runCommand(parseCommand(words), {
      ...{ database, city, actor: 'test', now: Date.UTC(2026, 0, 1) },
      ...{ print: () => undefined, note: () => undefined },
      readText: () => formatDeviceFile(city, plan),
      createSecretFile: () => () => undefined,
    });
  for (const [id, format] of gatewaysOf(city, plan)) await run('add', id, '--format', format);
  await run('import', 'devices.csv');
}

function createLink(settings: ConnectionSettings, outgoing: Sent[]): DeviceLink {
  const { identity, clock, firmware, formatPresence, onConnecting } = settings;
  const { city, kind, id } = identity;
  const waiting: OutboxMessage[] = [];
  let isConnected = false;
  const say = (presence: Presence) => {
    if (formatPresence === 'nothing') return;
    const words = formatPresence?.(identity, presence, firmware);
    if (words) outgoing.push({ topic: words.topic, text: words.payload, device: id });
  };
  const flush = () => {
    for (const { channel, text, topic } of waiting.splice(0)) {
      outgoing.push({
        topic: topic ?? formatDeviceTopic({ city, kind, device: id, channel }),
        text,
        device: id,
      });
    }
  };
  const connect = () => {
    onConnecting?.(clock.now());
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
      if (message.isMomentary && !isConnected) return;
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
