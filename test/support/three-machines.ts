/**
 * Three machines of a cluster on this one, as the tests of test/cluster break them, and devices that come back to
 * HAProxy.
 *
 * Needs Debian's packages of a cluster (ops/cluster/local/debian-packages.ts). Invariant: a device is counted as sent
 * away each time that its connection ends, whoever ended it.
 */
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { describeMissing, findMissingPackages } from '../../ops/cluster/local/debian-packages.ts';
import type { LocalCluster } from '../../ops/cluster/local/local-cluster.ts';
import { startLocalCluster } from '../../ops/cluster/local/start-local-cluster.ts';
import type { Load, NumberedDevice } from './load-generator.ts';

const PATH = process.env['PATH'] ?? '';
const missing = findMissingPackages(PATH);
export const hasClusterPackages = missing.length === 0;
// A machine that was made for the tests has them: there, a missing one is a failure and not a skip.
if (!hasClusterPackages && process.env['CI'] === 'true') throw new Error(describeMissing(missing));

const LOOK_EVERY_MS = 50;

export const openThreeMachines = (): Promise<LocalCluster> =>
  startLocalCluster({ path: PATH, siaga: { MQTT_AUTH: 'false', API_AUTH: 'false' } });

/** One question to PostgreSQL's primary, by whichever way HAProxy leads now. */
export async function askPrimary<Row extends pg.QueryResultRow>(
  cluster: LocalCluster,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: cluster.databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** How often the log has each time of a device's readings; as `readCopies` of a journal. */
export async function readLogCopies(
  cluster: LocalCluster,
  device: string,
): Promise<ReadonlyMap<number, number>> {
  const rows = await askPrimary<{ at: string; copies: number }>(
    cluster,
    `select at, count(*)::int as copies from journal_log where series = 'readings' and device = $1 group by at`,
    [device],
  );
  return new Map(rows.map(({ at, copies }) => [Number(at), copies]));
}

/** Each id of the log's readings, and whose of when it is. */
export async function readLogIds(cluster: LocalCluster): Promise<ReadonlyMap<number, string>> {
  const rows = await askPrimary<{ id: string; at: string; device: string }>(
    cluster,
    `select id, at, device from journal_log where series = 'readings' order by id`,
  );
  return new Map(rows.map(({ id, at, device }) => [Number(id), `${device} ${Number(at)}`]));
}

/** The same of a journal. */
export function readJournalIds(dataDir: string): ReadonlyMap<number, string> {
  using journal = new DatabaseSync(`${dataDir}/journal.db`, { readOnly: true, timeout: 5_000 });
  const rows = journal
    .prepare(
      `select id, measured_at as at, devices.device from readings join devices on number = readings.device order by id`,
    )
    .all();
  return new Map(rows.map(({ id, at, device }) => [Number(id), `${device} ${at}`]));
}

/** Ids that are in one alone, or are another reading in the other; a few of them. */
export function findDiffering(
  one: ReadonlyMap<number, string>,
  other: ReadonlyMap<number, string>,
): readonly string[] {
  const ids = [...new Set([...one.keys(), ...other.keys()])].filter((id) => one.get(id) !== other.get(id));
  return ids.slice(0, 5).map((id) => `${id}: ${one.get(id)}, ${other.get(id)} (of ${ids.length})`);
}

/**
 * Of what a killed Siaga left of its journal, sometimes its log on the disk goes, or all of it. Says what went where.
 */
export function loseJournals(cluster: LocalCluster, random: () => number): readonly string[] {
  return cluster.machines.flatMap(({ name, dataDir, siaga }) => {
    if (siaga.isRunning) return [];
    const losses = [[], ['-wal'], ['', '-wal', '-shm']];
    const lost = losses[Math.floor(random() * losses.length)] as string[];
    for (const suffix of lost) rmSync(join(dataDir, `journal.db${suffix}`), { force: true });
    return lost.length === 0 ? [] : [`${name} lost ${lost.length > 1 ? 'its journal' : 'journal.db-wal'}`];
  });
}

/** The end of what the Siaga with this data folder has said of its journal, the log and the ownership. */
export function readOwnLog(dataDir: string): readonly string[] {
  const lines = readFileSync(join(dirname(dataDir), 'Siaga.log'), 'utf8').split('\n');
  return lines.filter((line) => /journal|owner|copied|city/.test(line)).slice(-60);
}

/** Keeps the devices of a load connected, and measures how long nothing is acknowledged. */
export class ReturningDevices implements AsyncDisposable {
  /** Connections that ended. */
  sentAway = 0;
  longestSilenceMs = 0;
  readonly #load: Load;
  readonly #portOf: (device: NumberedDevice) => number;
  readonly #connected = new Set<object>();
  readonly #connecting = new Set<object>();
  readonly #looking: Promise<void>;
  #isOver = false;
  #known = 0;
  #knownAtMs = performance.now();

  /** Where they come to; they may come to several nodes. */
  constructor(load: Load, portOf: number | ((device: NumberedDevice) => number)) {
    this.#load = load;
    this.#portOf = typeof portOf === 'number' ? () => portOf : portOf;
    this.#looking = this.#look();
  }

  /** From here on. */
  startMeasuring(): void {
    this.sentAway = 0;
    this.longestSilenceMs = 0;
    this.#knownAtMs = performance.now();
  }

  /** Resolves when nothing is in flight, and no device connected. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#load.finish();
    this.#isOver = true;
    await this.#looking;
    await this.#load.disconnect();
  }

  async #look(): Promise<void> {
    while (!this.#isOver) {
      const nowMs = performance.now();
      this.longestSilenceMs = Math.max(this.longestSilenceMs, nowMs - this.#knownAtMs);
      if (this.#load.acknowledgements !== this.#known) this.#knownAtMs = nowMs;
      this.#known = this.#load.acknowledgements;
      for (const device of this.#load.devices) {
        if (device.isConnected || this.#connecting.has(device)) continue;
        if (this.#connected.delete(device)) this.sentAway++;
        this.#connecting.add(device);
        device
          .connect(this.#portOf(device))
          .then(() => this.#connected.add(device))
          // Nobody owns the city now, or whoever did is gone: it comes again.
          .catch(() => undefined)
          .finally(() => this.#connecting.delete(device));
      }
      await delay(LOOK_EVERY_MS);
    }
  }
}
