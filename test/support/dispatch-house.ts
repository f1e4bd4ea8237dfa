/**
 * Dispatch over the real parts (fleet, registry, state database, alerts, roads) in a small city, with a clock that the
 * test moves and units whose orders are kept. The same state file may be opened again: that is a restart.
 */
import { pino } from 'pino';
import { Registry as Metrics } from 'prom-client';
import type { Alerts } from '../../alerts/alerts.ts';
import { openAlerts } from '../../alerts/open-alerts.ts';
import type { City } from '../../cities/city.ts';
import { type Database, openDatabase } from '../../database/database.ts';
import type { Reading } from '../../devices/reading.ts';
import type { Dispatch, DispatchDependencies } from '../../dispatch/dispatch.ts';
import { openDispatch } from '../../dispatch/open-dispatch.ts';
import { createFleet, type Fleet } from '../../fleet/fleet.ts';
import { createLiveConsumer, restorePresent } from '../../fleet/live-consumer.ts';
import { createLiveFeed } from '../../fleet/live-feed.ts';
import { type LiveRegistry, openRegistry } from '../../fleet/registry.ts';
import { createQuality } from '../../ingest/quality.ts';
import { openMemoryDatabase } from './memory-database.ts';
import { createMemoryJournal } from './memory-journal.ts';
import { ambulance, buildSmallCity, hospital } from './small-city.ts';

export const START_MS = Date.UTC(2026, 0, 15, 2, 30);
export const SCENE = { lat: -7, lng: 110.41 };
/** 1 km, degrees of latitude. */
export const KM = 1_000 / 111_195;

/** Two hundred calls at once for ten connections take more than 5 s on a machine that does much else. */
const PATIENT = { connectMs: 60_000, statementMs: 60_000, silenceMs: 70_000, idleInTransactionMs: 60_000 };

export interface DispatchHouse extends AsyncDisposable {
  readonly dispatch: Dispatch;
  readonly city: City;
  readonly database: Database;
  readonly fleet: Fleet;
  readonly registry: LiveRegistry;
  readonly metrics: Metrics;
  readonly alerts: Alerts;
  readonly clock: { ms: number };
  /** Orders and cancellations that were handed to the units' connections. */
  readonly orders: { unit: string; atMs: number; command: Record<string, unknown> }[];
  readonly events: { event: string; [key: string]: unknown }[];
  /** Units' connections that have opened and ended, as the stream says them. */
  readonly connections: { device: string; connectedSince: string | null; at: string }[];
  /** Messages and word of second units. */
  readonly words: DispatchHouse['orders'];
  /** Whether the broker takes commands, whether units' PUBACKs come back, and what a slow link waits for. */
  broker: { isDown: boolean; losesPubacks: boolean; slow?: Promise<void> };
  /** One reading of a unit, as the live consumer hands it over. */
  say(
    unit: string,
    values: Record<string, number | string>,
    measuredAt?: number,
    quality?: number,
    seq?: number,
  ): Promise<void>;
  /** A reading as ingest has judged it. */
  take(reading: Reading): Promise<void>;
  /** Somebody sets the clock of the server. */
  setClock(stepMs: number): void;
  /** Moves the clock in steps of a second, with a tick at each. */
  pass(seconds: number): Promise<void>;
  /** A call that is real and has a place. */
  report(more?: object): Promise<number>;
  assign(incident: number, unit: string, more?: object): ReturnType<Dispatch['assign']>;
}

/** The small city with these ambulances instead of its devices, three hospitals and two districts. */
export function dispatchCity(units = 4, roads?: object): City {
  // Odd ones are motorcycles: u1, u3 …; even ones transport: u2, u4 …
  const devices = Array.from({ length: units }, (_, index) =>
    ambulance(`u${index + 1}`, {
      name: `Unit ${index + 1}`,
      callSign: `S${index + 1}`,
      vehicle: index % 2 === 0 ? 'motorcycle' : 'transport',
    }),
  );
  return buildSmallCity(devices, {
    ...(roads ? { roads } : {}),
    kecamatan: [
      { id: 'tengah', name: 'Semarang Tengah', lat: -6.98, lng: 110.42 },
      { id: 'tembalang', name: 'Tembalang', lat: -7.05, lng: 110.45 },
    ],
    hospitals: [
      hospital('kariadi', { name: 'RSUP Dr. Kariadi', lat: -6.994, lng: 110.407, class: 'A' }),
      hospital('tugu', { name: 'RSUD Tugurejo', lat: -6.985, lng: 110.355 }),
      hospital('wongsonegoro', { name: 'RSUD Wongsonegoro', lat: -7.015, lng: 110.47 }),
    ],
  });
}

export interface HouseOptions {
  readonly units?: number;
  /** Main roads of the city, as in its folder; none where absent. */
  readonly roads?: object;
  /** A state database that another house left; in memory where absent. */
  readonly file?: string;
  readonly databaseUrl?: string;
  /** One that is open, and stays so: the house before this one was killed. */
  readonly database?: Database;
  readonly clock?: { ms: number };
  readonly config?: Partial<DispatchDependencies['config']>;
  /** Where the units stand: the n-th is n km north of the scene unless told. */
  readonly silent?: boolean;
  /** No unit is connected; else all are, and listen. */
  readonly disconnected?: boolean;
  /** What the journal holds at the start, as ingest has judged it, in its order: it is read back. */
  readonly journal?: readonly Reading[];
  /** Readings that are the present at the start. */
  readonly present?: readonly {
    device: string;
    values: Record<string, number | string>;
    measuredAt?: number;
    quality?: number;
  }[];
}

async function openDatabaseOf(
  { file, databaseUrl }: HouseOptions,
  config: Parameters<typeof openDatabase>[0],
): Promise<Database> {
  if (file === undefined && databaseUrl === undefined) return openMemoryDatabase();
  return openDatabase(config, file, PATIENT);
}

export async function openDispatchHouse(options: HouseOptions = {}): Promise<DispatchHouse> {
  const clock = options.clock ?? { ms: START_MS };
  const city = dispatchCity(options.units, options.roads);
  const config = {
    SIAGA_DATA_DIR: '/nonexistent',
    DATABASE_URL: options.databaseUrl,
    ROUTING_URL: undefined,
    ROUTING_ENGINE: 'osrm' as const,
    ROUTING_TIMEOUT_MS: 800,
    ...options.config,
  };
  const database = options.database ?? (await openDatabaseOf(options, config));
  const registry = await openRegistry(city, database);
  const fleet = createFleet(registry);
  const metrics = new Metrics();
  const orders: DispatchHouse['orders'] = [];
  const events: DispatchHouse['events'] = [];
  const connections: DispatchHouse['connections'] = [];
  const words: DispatchHouse['orders'] = [];
  const broker: DispatchHouse['broker'] = { isDown: false, losesPubacks: false };
  const readingOf = (
    device: string,
    values: Record<string, number | string>,
    measuredAt = clock.ms,
    quality = 0,
  ): Reading => ({
    city: city.id,
    kind: registry.find(device)?.kind ?? 'ambulance',
    device,
    measuredAt,
    receivedAt: clock.ms,
    simulated: false,
    quality,
    values,
  });
  if (!options.silent) {
    for (const [index, { id }] of city.devices.entries()) {
      const at = { lat: SCENE.lat + (index + 1) * KM, lng: SCENE.lng };
      fleet.observe(readingOf(id, { ...at, speedMps: 0, batteryPct: 80, status: 'available' }));
    }
  }
  for (const { device, values, measuredAt, quality } of options.present ?? [])
    fleet.observe(readingOf(device, values, measuredAt, quality));
  if (options.journal) {
    const journal = createMemoryJournal();
    await journal.append(options.journal, []);
    await restorePresent({ journal, fleet, quality: createQuality(), nowMs: clock.ms });
  }
  const feed = createLiveFeed(100, 'run-1');
  const alerts = await openAlerts({
    config: { NOTICES_PER_CHANNEL_PER_MIN: 20, CAP_SENDER: 'siaga.test' },
    city,
    registry,
    fleet,
    database,
    publish: async () => {},
    feed,
    journal: createMemoryJournal(),
    log: pino({ level: 'silent' }),
    metrics: new Metrics(),
    now: () => clock.ms,
    monotonicNow: () => performance.now(),
    random: () => 0.5,
    isDeaf: () => false,
  });
  const dispatch = await openDispatch({
    registry,
    config,
    database,
    fleet,
    alerts,
    metrics,
    now: () => clock.ms,
    log: pino({ level: 'silent' }),
    publishEvent: (type, body) => {
      if (type === 'fleet') connections.push(body as DispatchHouse['connections'][number]);
      else events.push(body as { event: string });
    },
    async sendCommand(unit, payload) {
      if (broker.isDown) throw new Error('the broker is down');
      const command = JSON.parse(payload) as Record<string, unknown>;
      const kept = command['command'] === 'dispatch' || command['command'] === 'cancel' ? orders : words;
      kept.push({ unit, atMs: clock.ms, command });
      await broker.slow;
      if (!broker.losesPubacks) dispatch.links.acknowledged(unit, Buffer.from(payload), clock.ms);
    },
  });
  if (!options.disconnected) {
    for (const unit of dispatch.board.ids()) {
      dispatch.links.opened(unit, clock.ms);
      dispatch.links.listens(unit, true);
    }
    await dispatch.settled();
  }
  const live = createLiveConsumer({
    journal: { lastId: 0 },
    fleet,
    feed,
    onPresent: (reading) => dispatch.observe(reading),
    onOther: (reading) => dispatch.observeWord(reading),
  });
  let nextId = 1;
  const house: DispatchHouse = {
    dispatch,
    city,
    database,
    fleet,
    registry,
    metrics,
    alerts,
    clock,
    orders,
    words,
    events,
    connections,
    broker,
    async say(unit, values, measuredAt, quality, seq) {
      const before = fleet.now(unit)?.last?.values ?? {};
      const said = readingOf(unit, { ...before, ...values }, measuredAt, quality);
      await this.take(seq === undefined ? said : { ...said, seq });
    },
    async take(reading) {
      await live.consume([{ id: nextId++, reading }]);
      await dispatch.settled();
    },
    setClock(stepMs) {
      clock.ms += stepMs;
      fleet.clockSet(clock.ms, stepMs);
      dispatch.clockSet(clock.ms, stepMs);
    },
    async pass(seconds) {
      for (let second = 0; second < seconds; second++) {
        clock.ms += 1_000;
        await dispatch.tick();
      }
    },
    async report(more = {}) {
      const call = {
        classification: 'real' as const,
        category: 'cardiac',
        priority: 1 as const,
        ...SCENE,
        ...more,
      };
      return (await dispatch.incidents.report(call, 'desk-1')).id;
    },
    assign(incident, unit, more = {}) {
      const unitVersion = dispatch.board.lockOf(unit).version;
      const request = { incident, unit, unitVersion, role: 'first-aid' as const, ...more };
      return dispatch.assign(request, `key-${incident}-${unit}-${unitVersion}`, 'dispatcher-1');
    },
    async [Symbol.asyncDispose]() {
      await dispatch[Symbol.asyncDispose]();
      await alerts[Symbol.asyncDispose]();
      if (!options.database) await database.destroy();
    },
  };
  return house;
}
