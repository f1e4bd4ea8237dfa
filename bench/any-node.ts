/**
 * `npm run bench -- any-node [--connections 1000] [--said 500] [--seconds 10]`: what the hop over a standby costs
 * (SIAGA_NODE_HOST, docs/cluster.md).
 *
 * An owner and a standby as `node start.js` on one PostgreSQL with fsync and its log: one device that says a reading
 * when the last was acknowledged, by turns at either; 100 connections as fast as they go; idle connections, for the
 * memory that each takes. All of it shares this machine. Invariant: nothing is counted that was not acknowledged.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeDevices } from '../broker/credentials/device-list.ts';
import { loadCity } from '../cities/city.ts';
import { openDatabase } from '../database/database.ts';
import { createClusterDatabase } from '../test/support/cluster-house.ts';
import { createNodes, dialFrom, introduce, standbyMetric, untilItLeads } from '../test/support/node-house.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { publishPacket, type RawMqttClient } from '../test/support/raw-mqtt-client.ts';
import type { LoadReport, LoadShape } from './ingest-load.child.ts';

const SHAPE: LoadShape = { name: '100 × 20', groups: [{ connections: 100, inFlight: 20 }] };
const WARM_UP_S = 2;
/** The readings of a turn, at the one and at the other. */
const TURN = 25;
const RSS = 'siaga_process_resident_memory_bytes';

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      connections: { type: 'string', default: '1000' },
      said: { type: 'string', default: '500' },
      seconds: { type: 'string', default: '10' },
    },
  });
  await using opened = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'siaga-bench-'));
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const postgres = opened.use(await startPostgres({ fsync: true }));
  const database = opened.use(await createClusterDatabase(postgres.url));
  const ids = Array.from({ length: 100 }, (_, index) => `bench-${index + 1}`);
  await register(folder, database.urlOf('bench'), ids);
  const nodes = createNodes(database, opened);
  const owner = await nodes.startOwner();
  const standby = await nodes.startStandby();
  await untilItLeads(standby);
  const ports = { owner: owner.mqttPort, standby: standby.mqttPorts['tcp'] as number };

  const times = await askByTurns(ports, Number(values.said));
  const rates = {
    owner: await sayAsFastAsItGoes(ports.owner, ids, folder, Number(values.seconds)),
    standby: await sayAsFastAsItGoes(ports.standby, ids, folder, Number(values.seconds)),
  };
  const count = Number(values.connections);
  const rss = async () => [await owner.metric(RSS), await standbyMetric(standby, RSS)] as const;
  const idle: RawMqttClient[] = [];
  opened.defer(() => {
    for (const client of idle) client.destroy();
  });
  const [before, memory] = [await rss(), [] as string[]];
  let last = before;
  for (const [name, port] of Object.entries(ports)) {
    for (let n = 0; n < count; n++) {
      const client = await dialFrom('127.0.0.1', port);
      await introduce(client, `idle-${name}-${n}`);
      idle.push(client);
    }
    const now = await rss();
    const each = now.map((bytes, at) => ((bytes - (last[at] as number)) / count / 1_024).toFixed(1));
    memory.push(
      `${count} idle at the ${name}: ${each[0]} KB each at the owner, ${each[1]} KB at the standby`,
    );
    last = now as typeof before;
  }
  console.table(
    (['owner', 'standby'] as const).map((at) => ({
      at,
      'PUBACK p50, p99 ms': `${quantile(times[at], 0.5)}, ${quantile(times[at], 0.99)}`,
      [`${SHAPE.name}, readings/s`]: Math.round(rates[at].perSecond).toLocaleString('en'),
      'p50, p99 ms': `${rates[at].p50Ms.toFixed(1)}, ${rates[at].p99Ms.toFixed(1)}`,
    })),
  );
  for (const line of memory) console.log(line);
  console.log(`load of the machine ${(loadavg()[0] as number).toFixed(1)}`);
}

async function askByTurns(ports: Readonly<Record<'owner' | 'standby', number>>, count: number) {
  const times = { owner: [] as number[], standby: [] as number[] };
  const clients = {
    owner: await dial(ports.owner, 'bench-1'),
    standby: await dial(ports.standby, 'bench-2'),
  };
  for (let said = 0; said < count; said += TURN) {
    for (const at of ['owner', 'standby'] as const) {
      const topic = `siaga/semarang/river-gauge/${at === 'owner' ? 'bench-1' : 'bench-2'}/telemetry`;
      for (let n = said; n < said + TURN; n++) {
        const body = JSON.stringify({ measuredAt: Date.now(), seq: n, levelM: 0.2 });
        const sentAtMs = performance.now();
        clients[at].send(publishPacket(topic, body, { qos: 1, messageId: (n % 65_535) + 1 }));
        await clients[at].next('puback');
        times[at].push(performance.now() - sentAtMs);
      }
    }
  }
  for (const client of Object.values(clients)) client.destroy();
  return times;
}

async function dial(port: number, id: string): Promise<RawMqttClient> {
  const client = await dialFrom('127.0.0.1', port);
  if (!(await introduce(client, id))) throw new Error(`${id} was not taken`);
  return client;
}

async function sayAsFastAsItGoes(
  port: number,
  ids: readonly string[],
  folder: string,
  seconds: number,
): Promise<LoadReport> {
  const orders = join(folder, `load-${port}.json`);
  const target = { port, devices: ids.map((id) => ({ id })) };
  writeFileSync(orders, JSON.stringify({ ...target, shape: SHAPE, seconds, warmUpS: WARM_UP_S }));
  const load = spawn(process.execPath, [join(import.meta.dirname, 'ingest-load.child.ts'), orders], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  load.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = (await once(load, 'close')) as [number];
  if (code !== 0) throw new Error(`the load generator failed\n${output}`);
  return JSON.parse(output.split('\n').find((line) => line.startsWith('{')) as string) as LoadReport;
}

async function register(folder: string, url: string, ids: readonly string[]): Promise<void> {
  const database = await openDatabase({ SIAGA_DATA_DIR: folder, DATABASE_URL: url });
  const devices = ids.map((id) => ({ id, kind: 'river-gauge', name: id, lat: null, lng: null, site: null }));
  await writeDevices(database, loadCity('semarang'), devices, Date.now());
  await database.destroy();
}

function quantile(times: number[], share: number): string {
  return (times.sort((a, b) => a - b)[Math.floor(times.length * share)] as number).toFixed(1);
}
