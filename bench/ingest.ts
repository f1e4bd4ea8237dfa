/**
 * `npm run bench -- ingest [--seconds 5] [--rounds 1] [--shape 2] [--only siaga,observed,aedes,mosquitto]
 * [--profile DIR]`: readings a second from the device's socket to its PUBACK.
 *
 * In one run, by the same load generator in a process of its own: (a) the whole server as `node start.js` with
 * credentials, journal, alerts and history, (b) Aedes alone, which stores nothing, (c) Mosquitto where it is
 * installed, which stores nothing either. CPU is that of the broker's process, 100 % is one core. Of several
 * rounds, in which the servers take turns, the one of median speed is shown. Invariant:
 * nothing is counted that was not acknowledged; each reading differs, so that none is taken for a repeat.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { LoadReport, LoadShape } from './ingest-load.child.ts';
import { ingestServers, type RunningServer, type ServerName } from './ingest-servers.child.ts';

const SHAPES: readonly LoadShape[] = [
  { name: '1,000 × 1', groups: [{ connections: 1_000, inFlight: 1 }] },
  { name: '100 × 20', groups: [{ connections: 100, inFlight: 20 }] },
  { name: '1 × 200', groups: [{ connections: 1, inFlight: 200 }] },
  {
    name: '10,000 quiet + 5,000/s',
    groups: [
      { connections: 10_000, inFlight: 1, perSecond: 10_000 / 60 },
      { connections: 200, inFlight: 20, perSecond: 5_000 },
    ],
  },
  { name: '1,000 quiet', groups: [{ connections: 1_000, inFlight: 1, perSecond: 1_000 / 60 }] },
  { name: '10,000 quiet', groups: [{ connections: 10_000, inFlight: 1, perSecond: 10_000 / 60 }] },
];

/** Compilers and caches get this long first. */
const WARM_UP_S = 2;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '1' },
      shape: { type: 'string' },
      only: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  const shapes = values.shape === undefined ? SHAPES : SHAPES.slice(Number(values.shape) - 1).slice(0, 1);
  const wanted = values.only?.split(',') as ServerName[] | undefined;
  const names = (['siaga', 'observed', 'aedes', 'mosquitto'] as const).filter(
    (name) => (wanted?.includes(name) ?? name !== 'observed') && (name !== 'mosquitto' || hasMosquitto()),
  );
  const rows: Record<string, string>[] = [];
  for (const shape of shapes) {
    const rounds = names.map((name) => ({ name, reports: [] as (LoadReport & Usage)[] }));
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const { name, reports } of rounds) {
        reports.push(await measure(name, shape, Number(values.seconds), values.profile));
      }
    }
    rows.push(...describe(shape, new Map(rounds.map(({ name, reports }) => [name, medianOf(reports)]))));
  }
  console.table(rows);
}

interface Usage {
  /** Share of one core, over the time that was measured. */
  readonly cpu: number;
  /** Microseconds of processor time for one reading: other programs on the machine change it little. */
  readonly cpuUs: number;
  /** Bytes: with no connection, when measuring begins, and at its end. */
  readonly idleRss: number;
  readonly firstRss: number;
  readonly rss: number;
}

async function measure(
  name: ServerName,
  shape: LoadShape,
  seconds: number,
  profile: string | undefined,
): Promise<LoadReport & Usage> {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-bench-'));
  const connections = shape.groups.reduce((sum, group) => sum + group.connections, 0);
  let server: RunningServer | undefined;
  try {
    server = await ingestServers[name]({ folder, connections, profile });
    const idleRss = server.rss();
    const orders = join(folder, 'load.json');
    writeFileSync(orders, JSON.stringify({ ...server.target, shape, seconds, warmUpS: WARM_UP_S }));
    const child = spawn(process.execPath, [join(import.meta.dirname, 'ingest-load.child.ts'), orders], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    let cpuBefore = 0;
    let cpuAfter = 0;
    let firstRss = 0;
    let rss = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      // The generator says when its measured time begins and ends.
      if (text.includes('begin')) {
        cpuBefore = (server as RunningServer).cpuS();
        firstRss = (server as RunningServer).rss();
      }
      if (text.includes('end')) {
        cpuAfter = (server as RunningServer).cpuS();
        rss = (server as RunningServer).rss();
      }
    });
    const [code] = (await once(child, 'close')) as [number];
    if (code !== 0) throw new Error(`${name}, ${shape.name}: the load generator failed\n${output}`);
    const report = JSON.parse(
      output.split('\n').find((line) => line.startsWith('{')) as string,
    ) as LoadReport;
    const cpu = (cpuAfter - cpuBefore) / seconds;
    return { ...report, cpu, cpuUs: (cpu * 1e6) / report.perSecond, idleRss, firstRss, rss };
  } finally {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** By readings a second. */
function medianOf(reports: readonly (LoadReport & Usage)[]): LoadReport & Usage {
  const sorted = reports.toSorted((a, b) => a.perSecond - b.perSecond);
  return sorted[Math.floor(sorted.length / 2)] as LoadReport & Usage;
}

function describe({ name: shape, groups }: LoadShape, reports: ReadonlyMap<ServerName, LoadReport & Usage>) {
  const connections = groups.reduce((sum, group) => sum + group.connections, 0);
  return [...reports].map(([name, report]) => {
    const ratio = (other: ServerName) => {
      const base = reports.get(other);
      return base && name !== other && (name === 'siaga' || other === 'siaga')
        ? (report.perSecond / base.perSecond).toFixed(2)
        : '';
    };
    return {
      shape,
      server: name,
      'readings/s': Math.round(report.perSecond).toLocaleString('en'),
      'p50 ms': report.p50Ms.toFixed(1),
      'p99 ms': report.p99Ms.toFixed(1),
      'CPU %': (report.cpu * 100).toFixed(0),
      'CPU µs each': report.cpuUs.toFixed(1),
      'load CPU %': (report.loadCpu * 100).toFixed(0),
      'idle MB': (report.idleRss / 1e6).toFixed(0),
      'RSS MB': `${(report.firstRss / 1e6).toFixed(0)} → ${(report.rss / 1e6).toFixed(0)}`,
      'KB a connection': ((report.rss - report.idleRss) / 1e3 / connections).toFixed(0),
      'bytes to the observer, each': name === 'observed' ? report.observedBytesEach.toFixed(0) : '',
      '/ Siaga': name === 'observed' ? ratio('siaga') : '',
      '/ Aedes': ratio('aedes'),
      '/ Mosquitto': ratio('mosquitto'),
    };
  });
}

function hasMosquitto(): boolean {
  try {
    execFileSync('mosquitto', ['-h'], { stdio: 'pipe' });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}
