/**
 * A soak: a hundred devices that number their readings, people who read, and a fault every few minutes, for hours.
 *
 *   npm run soak -- --hours 24 [--fault-min 5] [--seed 1] [--rate 100] [--influx]
 *
 * The faults take turns: kill -9, TERM, the process stopped for 20 s, ten thousand messages of garbage, connections
 * that say nothing. With --influx a real InfluxDB stands beside it, which is killed, wiped, written to by a stranger
 * and robbed of points, and is compared with history in the end, value by value. --rate is readings a second of all
 * devices. Every ten seconds it looks at memory, open files and what waits to be judged; at the end it holds
 * what was acknowledged against the journal. It ends with exit code 1 where a reading was lost or stands twice, or
 * where the copy is not the same.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import mqtt from 'mqtt';
import { createRandom, type Random } from '../firmware-sim/random.ts';
import { drawPayload, drawTopic } from '../test/support/garbage.ts';
import { startInfluxd } from '../test/support/influxd.ts';
import { createDataFolder, type RunningSiaga, startSiaga } from '../test/support/start-siaga.ts';
import { compareTwin, createTwin, TWIN_FAULTS, type Twin } from './soak/influx-twin.ts';
import {
  compareWithJournal,
  connectDevices,
  keepReporting,
  type NumberedDevice,
} from './soak/numbered-devices.ts';

const LOOK_EVERY_MS = 10_000;
const READERS = 5;
const GARBAGE = 10_000;
const SILENT_CONNECTIONS = 500;
const STOPPED_MS = 20_000;
/** Bytes of a page of memory, as Linux counts them in statm. */
const PAGE_BYTES = 4_096;
const MIB = 1024 ** 2;
/** Lines of the report: the run in so many equal parts. */
const PARTS = 8;

interface Look {
  readonly atMs: number;
  readonly rssMib: number;
  readonly files: number;
  readonly waiting: number;
}

interface Soak {
  readonly dataDir: string;
  readonly random: Random;
  readonly twin: Twin | undefined;
  server: RunningSiaga;
  /** Since when it is meant to answer; not while it is being killed or stopped. */
  isUp: boolean;
  readonly looks: Look[];
  readonly faults: Map<string, number>;
  unanswered: number;
  answered: number;
}

const FAULTS: Readonly<Record<string, (soak: Soak) => Promise<void>>> = {
  'kill -9': (soak) => restart(soak, () => soak.server.kill()),
  TERM: (soak) => restart(soak, async () => void (await soak.server.stop())),
  'stopped for 20 s': async ({ server }) => {
    process.kill(server.pid, 'SIGSTOP');
    await delay(STOPPED_MS);
    process.kill(server.pid, 'SIGCONT');
  },
  garbage: sendGarbage,
  'silent connections': async ({ server }) => {
    const sockets = Array.from({ length: SILENT_CONNECTIONS }, () =>
      connect(server.mqttPort, '127.0.0.1').on('error', () => undefined),
    );
    await delay(STOPPED_MS);
    for (const socket of sockets) socket.destroy();
  },
};

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      hours: { type: 'string', default: '1' },
      'fault-min': { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      rate: { type: 'string', default: '100' },
      influx: { type: 'boolean', default: false },
    },
  });
  const hours = Number(values.hours);
  const faultMin = Number(values['fault-min']);
  const rate = Number(values.rate);
  if (!(hours > 0 && faultMin > 0 && rate > 0)) {
    throw new Error('--hours, --fault-min and --rate are numbers above 0');
  }
  await using folder = await createDataFolder();
  await using influxd = values.influx ? await startInfluxd() : undefined;
  const twin = influxd && createTwin(influxd);
  const server = await startSiaga({ dataDir: folder.path, environment: { ...twin?.environment } });
  const startedMs = Date.now();
  const soak: Soak = {
    ...{ dataDir: folder.path, random: createRandom(Number(values.seed), 'soak'), server, isUp: true, twin },
    ...{ looks: [], faults: new Map(), unanswered: 0, answered: 0 },
  };
  const endMs = performance.now() + hours * 3_600_000;
  const isOn = () => performance.now() < endMs;
  const devices = connectDevices(server.mqttPort);
  const everyMs = (devices.length * 1_000) / rate;
  const running = [
    ...devices.map((device, index) => keepReporting(device, index, everyMs, isOn)),
    ...Array.from({ length: READERS }, () => keepReading(soak, isOn)),
    keepLooking(soak, isOn),
  ];
  await keepBreaking(soak, faultMin * 60_000, isOn);
  await Promise.all(running);
  await Promise.all(devices.map(({ client }) => client.endAsync()));
  const copy = twin && (await compareTwin(twin, soak.server, devices, startedMs));
  await soak.server.stop();
  report(soak, devices);
  if (!copy) return;
  console.log(
    `copy: ${copy.values} values in history, ${copy.different} of them not so in InfluxDB, ${copy.beyond} points beyond; all there ${copy.caughtUpS.toFixed(1)} s after the last reading`,
  );
  if (copy.values === 0 || copy.different > 0 || copy.beyond > 0) process.exitCode = 1;
}

/** Somebody who looks at everything in turn. */
async function keepReading(soak: Soak, isOn: () => boolean): Promise<void> {
  const paths = [
    'v1/devices',
    'v1/alerts?state=open',
    'v1/devices/bendung-simongan/readings?every=5m',
    '',
    'v1/cap',
  ];
  for (let turn = 0; isOn(); turn++) {
    const wasUp = soak.isUp;
    try {
      const answer = await fetch(`${soak.server.httpUrl}/${paths[turn % paths.length]}`, {
        signal: AbortSignal.timeout(30_000),
      });
      await answer.arrayBuffer();
      if (answer.status >= 500) throw new Error(String(answer.status));
      soak.answered++;
    } catch {
      if (wasUp && soak.isUp) soak.unanswered++;
    }
    await delay(200);
  }
}

async function keepLooking(soak: Soak, isOn: () => boolean): Promise<void> {
  while (isOn()) {
    if (soak.isUp) {
      const look = await lookAt(soak).catch(() => undefined);
      if (look) soak.looks.push(look);
    }
    await delay(LOOK_EVERY_MS);
  }
}

async function lookAt({ server }: Soak): Promise<Look> {
  const [, pages = '0'] = readFileSync(`/proc/${server.pid}/statm`, 'utf8').split(' ');
  return {
    atMs: performance.now(),
    rssMib: (Number(pages) * PAGE_BYTES) / MIB,
    files: readdirSync(`/proc/${server.pid}/fd`).length,
    waiting: await server.metric('siaga_backlog_entries', { consumer: 'alerts' }),
  };
}

async function keepBreaking(soak: Soak, everyMs: number, isOn: () => boolean): Promise<void> {
  const faults = faultsOf(soak);
  const names = Object.keys(faults);
  for (let turn = 0; isOn(); turn++) {
    await delay(everyMs);
    if (!isOn()) return;
    const name = names[turn % names.length] as string;
    soak.isUp = false;
    await faults[name]?.();
    soak.isUp = true;
    soak.faults.set(name, (soak.faults.get(name) ?? 0) + 1);
    console.log(`${new Date().toISOString()} ${name}`);
  }
}

/** By name; those of the copy where there is one, each of which leaves Siaga as it is. */
function faultsOf(soak: Soak): Readonly<Record<string, () => Promise<void>>> {
  const { twin, dataDir } = soak;
  const own = Object.entries(FAULTS).map(([name, fault]) => [name, () => fault(soak)] as const);
  const ofTwin = Object.entries(twin ? TWIN_FAULTS : {}).map(
    ([name, fault]) => [name, () => fault(twin as Twin, dataDir)] as const,
  );
  return Object.fromEntries([...ofTwin, ...own]);
}

/** Starts again on the same ports, where devices and readers look for it. */
async function restart(soak: Soak, end: () => Promise<void>): Promise<void> {
  const environment = {
    MQTT_PORT: String(soak.server.mqttPort),
    HTTP_PORT: new URL(soak.server.httpUrl).port,
    ...soak.twin?.environment,
  };
  await end();
  soak.server = await startSiaga({ dataDir: soak.dataDir, environment });
}

async function sendGarbage({ server, random }: Soak): Promise<void> {
  const client = await mqtt.connectAsync({ port: server.mqttPort, host: '127.0.0.1', clientId: 'motor-02' });
  client.on('error', () => undefined);
  for (let sent = 0; sent < GARBAGE && client.connected; sent++) {
    client.publish(drawTopic(random), drawPayload(random), { qos: 0 });
    if (sent % 100 === 0) await delay(10);
  }
  await client.endAsync(true);
}

function report(
  { looks, faults, dataDir, answered, unanswered }: Soak,
  devices: readonly NumberedDevice[],
): void {
  console.log('\n| part | RSS MiB, median / highest | open files | waited to be judged |\n|---|--:|--:|--:|');
  const size = Math.max(1, Math.ceil(looks.length / PARTS));
  for (let at = 0, part = 1; at < looks.length; at += size, part++) {
    const of = looks.slice(at, at + size);
    const rss = of.map(({ rssMib }) => rssMib).sort((a, b) => a - b);
    const highest = (pick: (look: Look) => number) => Math.max(...of.map(pick));
    const median = rss[Math.floor(rss.length / 2)] ?? 0;
    console.log(
      `| ${part} | ${median.toFixed(0)} / ${highest(({ rssMib }) => rssMib).toFixed(0)} | ${highest(({ files }) => files)} | ${highest(({ waiting }) => waiting)} |`,
    );
  }
  const found = compareWithJournal(`${dataDir}/journal.db`, devices);
  console.log(`\nfaults: ${[...faults].map(([name, count]) => `${count} × ${name}`).join(', ')}`);
  console.log(`readers: ${answered} answers, ${unanswered} calls without one while it was up`);
  console.log(
    `readings: ${found.acknowledged} acknowledged, ${found.lost} of them lost, ${found.doubled} doubled`,
  );
  if (found.lost > 0 || found.doubled > 0) process.exitCode = 1;
}
