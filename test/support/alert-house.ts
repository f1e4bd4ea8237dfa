/**
 * The alarms over the real parts (registry, fleet, live feed, state database in memory) with a clock that the
 * test moves, and a broker that remembers what was published on it.
 */
import { pino } from 'pino';
import { Registry as Metrics } from 'prom-client';
import type { Alerts, AlertsDependencies } from '../../alerts/alerts.ts';
import type { NoticeBody } from '../../alerts/notices/channel.ts';
import { openAlerts } from '../../alerts/open-alerts.ts';

import type { City } from '../../cities/city.ts';
import type { Database } from '../../database/database.ts';
import type { Reading, Values } from '../../devices/reading.ts';
import { createFleet, type Fleet } from '../../fleet/fleet.ts';
import { createLiveFeed, type LiveFeed } from '../../fleet/live-feed.ts';
import { type LiveRegistry, openRegistry } from '../../fleet/registry.ts';
import type { JournalEntry } from '../../journal/journal.ts';
import { openMemoryDatabase } from './memory-database.ts';
import { smallCity } from './small-city.ts';

export const START_MS = Date.UTC(2026, 0, 15, 2, 30);

export interface Published {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
}

export interface AlertHouse extends AsyncDisposable {
  /** `ms` is time that goes by, `setByMs` what the wall clock was set by besides. */
  readonly clock: { ms: number; setByMs: number };
  readonly published: Published[];
  readonly database: Database;
  readonly feed: LiveFeed;
  readonly fleet: Fleet;
  readonly registry: LiveRegistry;
  /** What people were told, in order. */
  readonly told: NoticeBody[];
  alerts: Alerts;
  /** Hands readings to the alarms, as the journal would. */
  read(...readings: readonly Reading[]): Promise<void>;
  /** Moves the clock in steps of a second and ticks. */
  wait(ms: number, stepMs?: number): Promise<void>;
  /** Ends the alarms as a crash would, without saving, and opens them again on the same database. */
  crash(): Promise<void>;
}

/** A reading of a device of `smallCity`, measured and received at `atMs`. */
export function readingOf(
  device: string,
  atMs: number,
  values: Values,
  more: Partial<Reading> = {},
): Reading {
  const kind = smallCity.devices.find((each) => each.id === device)?.kind ?? 'river-gauge';
  return {
    city: 'semarang',
    kind,
    device,
    measuredAt: atMs,
    receivedAt: atMs,
    simulated: false,
    quality: 0,
    values,
    ...more,
  };
}

export async function openAlertHouse(
  overrides: Partial<AlertsDependencies> & { readonly city?: City } = {},
): Promise<AlertHouse> {
  const clock = { ms: START_MS, setByMs: 0 };
  const now = () => clock.ms + clock.setByMs;
  const city = overrides.city ?? smallCity;
  const database = await openMemoryDatabase();
  const registry = await openRegistry(city, database);
  const fleet = createFleet(registry);
  const feed = createLiveFeed(1_000, 'run-1');
  const published: Published[] = [];
  const told: NoticeBody[] = [];
  const journal: JournalEntry[] = [];
  const open = () =>
    openAlerts({
      config: { NOTICES_PER_CHANNEL_PER_MIN: 20, CAP_SENDER: 'siaga.test' },
      city,
      registry,
      fleet,
      database,
      publish: async (topic, payload, { retain }) => {
        published.push({ topic, payload: String(payload), retain });
      },
      feed,
      journal: readableJournal(journal),
      log: pino({ level: 'silent' }),
      metrics: new Metrics(),
      now,
      monotonicNow: () => clock.ms,
      random: () => 0.5,
      isDeaf: () => false,
      channels: [
        {
          name: 'people',
          audience: 'people',
          isPublic: false,
          send: async ({ body }) => void told.push(body),
        },
      ],
      ...overrides,
    });
  let nextId = 1;
  const house: AlertHouse = {
    clock,
    published,
    database,
    feed,
    fleet,
    registry,
    told,
    alerts: await open(),
    async read(...readings) {
      const entries = readings.map((reading) => ({ id: nextId++, reading }));
      journal.push(...entries);
      for (const { reading } of entries) clock.ms = Math.max(clock.ms, reading.receivedAt);
      await house.alerts.consumer.consume(entries);
    },
    async wait(ms, stepMs = 1_000) {
      const until = clock.ms + ms;
      while (clock.ms < until) {
        clock.ms = Math.min(until, clock.ms + stepMs);
        await house.alerts.tick(now());
        await house.alerts.sweep(now());
      }
    },
    async crash() {
      // What is under way would be cut off at any point; here it is let go, and nothing more is saved.
      house.alerts = await open();
      const after = await house.alerts.consumer.loadCursor();
      const again = journal.filter((entry) => entry.id > after);
      if (again.length > 0) await house.alerts.consumer.consume(again);
    },
    async [Symbol.asyncDispose]() {
      await house.alerts[Symbol.asyncDispose]();
      await database.destroy();
    },
  };
  return house;
}

/** What the house was given to read, as the journal would give it again. */
function readableJournal(entries: readonly JournalEntry[]): AlertsDependencies['journal'] {
  return {
    readAfter: async (afterId, limit) => entries.filter(({ id }) => id > afterId).slice(0, limit),
    async latest() {
      const byDevice = new Map<string, JournalEntry>();
      for (const entry of entries) {
        const last = byDevice.get(entry.reading.device);
        if (!last || last.reading.measuredAt <= entry.reading.measuredAt)
          byDevice.set(entry.reading.device, entry);
      }
      return [...byDevice.values()];
    },
  };
}
