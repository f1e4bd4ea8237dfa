/**
 * `npm run bench -- journal-log [--seconds 10] [--rounds 1]`: what the log in PostgreSQL costs (JOURNAL_URL,
 * docs/cluster.md).
 *
 * The whole server as `node start.js` with its state in SQLite, in PostgreSQL, with the log there, and with a
 * synchronous standby; at 2,000 readings a second and as fast as it goes, by the load generator of `bench -- ingest`.
 * PostgreSQL is a server of its own with fsync, on this machine and its disk. Invariant: nothing is counted that was
 * not acknowledged.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { writeDevices } from '../broker/credentials/device-list.ts';
import { loadCity } from '../cities/city.ts';
import { openDatabase } from '../database/database.ts';
import { type RunningPostgres, startPostgres } from '../test/support/postgres.ts';
import type { LoadReport, LoadShape } from './ingest-load.child.ts';
import { OPEN_TO_ALL, startSiaga } from './siaga-server.child.ts';

const SHAPES: readonly LoadShape[] = [
  { name: '2,000/s', groups: [{ connections: 200, inFlight: 20, perSecond: 2_000 }] },
  { name: '100 × 20', groups: [{ connections: 100, inFlight: 20 }] },
];
const WARM_UP_S = 2;
const SET_UPS = ['SQLite', 'PostgreSQL', 'with the log', 'with the log, two'] as const;
type SetUp = (typeof SET_UPS)[number];

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { seconds: { type: 'string', default: '10' }, rounds: { type: 'string', default: '1' } },
  });
  const rows: Record<string, string>[] = [];
  for (const shape of SHAPES) {
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const setUp of SET_UPS) {
        const row = await measure(setUp, shape, Number(values.seconds));
        console.log(Object.values(row).join('  '));
        rows.push(row);
      }
    }
  }
  console.table(rows);
}

async function measure(setUp: SetUp, shape: LoadShape, seconds: number): Promise<Record<string, string>> {
  await using opened = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'siaga-bench-'));
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const environment: { readonly DATABASE_URL?: string } =
    setUp === 'SQLite' ? {} : await openPostgres(opened, setUp);
  const connections = shape.groups.reduce((sum, group) => sum + group.connections, 0);
  const ids = Array.from({ length: connections }, (_, index) => `bench-${index + 1}`);
  await register(folder, environment.DATABASE_URL, ids);
  const server = await startSiaga({ folder, environment: { ...OPEN_TO_ALL, ...environment } });
  opened.defer(() => server.stop());
  const orders = join(folder, 'load.json');
  const target = { port: server.mqttPort, devices: ids.map((id) => ({ id })) };
  writeFileSync(orders, JSON.stringify({ ...target, shape, seconds, warmUpS: WARM_UP_S }));
  const load = spawn(process.execPath, [join(import.meta.dirname, 'ingest-load.child.ts'), orders], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  load.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = (await once(load, 'close')) as [number];
  if (code !== 0) throw new Error(`${setUp}, ${shape.name}: the load generator failed\n${output}`);
  const report = JSON.parse(output.split('\n').find((line) => line.startsWith('{')) as string) as LoadReport;
  return {
    shape: shape.name,
    'set-up': setUp,
    'readings/s': Math.round(report.perSecond).toLocaleString('en'),
    'p50 ms': report.p50Ms.toFixed(1),
    'p99 ms': report.p99Ms.toFixed(1),
    'load of the machine': (loadavg()[0] as number).toFixed(1),
  };
}

async function openPostgres(opened: AsyncDisposableStack, setUp: SetUp) {
  const postgres = opened.use(await startPostgres({ fsync: true }));
  const { url } = postgres;
  if (setUp === 'PostgreSQL') return { DATABASE_URL: url };
  if (setUp === 'with the log') return { DATABASE_URL: url, JOURNAL_URL: url };
  opened.use(await openStandby(postgres));
  return { DATABASE_URL: url, JOURNAL_URL: url, JOURNAL_SYNC: 'two' };
}

async function openStandby(postgres: RunningPostgres): Promise<RunningPostgres> {
  const standby = await postgres.startStandby('two');
  const admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  await admin.query(`alter system set synchronous_standby_names = 'two'`);
  await admin.query('select pg_reload_conf()');
  for (;;) {
    const { rowCount } = await admin.query(`select 1 from pg_stat_replication where sync_state = 'sync'`);
    if (rowCount) break;
    await delay(50);
  }
  await admin.end();
  return standby;
}

async function register(folder: string, url: string | undefined, ids: readonly string[]): Promise<void> {
  const database = await openDatabase({ SIAGA_DATA_DIR: folder, DATABASE_URL: url });
  const devices = ids.map((id) => ({ id, kind: 'river-gauge', name: id, lat: null, lng: null, site: null }));
  await writeDevices(database, loadCity('semarang'), devices, Date.now());
  await database.destroy();
}
