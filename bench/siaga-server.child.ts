/**
 * The whole of Siaga as a process of its own, on ports that the system chose, for the benches that measure it.
 *
 * Invariant: it is started as `npm start` starts it; what a bench wants otherwise it says in `environment`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { writeDevices } from '../broker/credentials/device-list.ts';
import { loadCity } from '../cities/city.ts';
import { openDatabase } from '../database/database.ts';

/** Everybody may connect and ask. */
export const OPEN_TO_ALL = { MQTT_AUTH: 'false', API_AUTH: 'false' };

export interface SiagaServer {
  readonly child: ChildProcess;
  readonly httpUrl: string;
  readonly mqttPort: number;
  stop(): Promise<void>;
}

export interface SiagaServerOptions {
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Of Node. */
  readonly flags?: readonly string[];
  /** Told of the process before it is ready. */
  readonly onSpawn?: (child: ChildProcess) => void;
}

export async function startSiaga({
  folder,
  environment,
  flags = [],
  onSpawn,
}: SiagaServerOptions): Promise<SiagaServer> {
  const child = spawn(process.execPath, [...flags, join(import.meta.dirname, '../start.js')], {
    env: {
      SIAGA_DATA_DIR: folder,
      HTTP_PORT: '0',
      MQTT_PORT: '0',
      MQTT_MAX_CONNECTS_PER_ADDRESS_PER_S: '20000',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onSpawn?.(child);
  const line = await firstLine(child, (text) => text.includes('Siaga is ready'));
  const { http, mqtt } = JSON.parse(line) as { http: string; mqtt: string[] };
  const mqttPort = Number(mqtt[0]?.split(':').at(-1));
  return { child, httpUrl: http, mqttPort, stop: () => stop(child) };
}

/** Gauges that the city's folder does not know. Before the server starts. */
export async function registerGauges(folder: string, ids: readonly string[]): Promise<void> {
  const database = await openDatabase({ SIAGA_DATA_DIR: folder, DATABASE_URL: undefined });
  const devices = ids.map((id) => ({ id, kind: 'river-gauge', name: id, lat: null, lng: null, site: null }));
  await writeDevices(database, loadCity('semarang'), devices, Date.now());
  await database.destroy();
}

/** Of what it prints; all that follows is read and thrown away. */
export function firstLine(child: ChildProcess, matches: (line: string) => boolean): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  lines.on('line', (line) => matches(line) && resolve(line));
  child.once('close', (code) => reject(new Error(`the server ended with ${code} before it was ready`)));
  return promise;
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}
