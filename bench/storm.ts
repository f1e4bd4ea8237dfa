/**
 * `npm run bench -- storm [--devices 1000,5000] [--cut 60] [--quick] [--only siaga,mosquitto] [--transport plain,tls]`:
 * how soon a city is back after the server was ended, killed, or cut off.
 *
 * The same devices, in a process of their own, against the whole of Siaga with credentials and against Mosquitto, which
 * stores nothing and asks for none; the two take turns. Three storms each: TERM and kill -9, with a start at once, and
 * a cut in which every link is reset, and comes back for all in one moment. Time counts from when the server answers or
 * the links are up; processor time is that of the server's process, until the last is back, and after TERM and kill -9
 * what is left of its start with it: read that of the cut. Below each table stands which aims were met. `--quick` is
 * 300 devices and a cut of 3 s. With nothing said eight servers are tried, whose waits alone are 69 s each, nine
 * minutes. The machine's load is said, since these figures follow it: above 1 read the ratios only.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { StormMessage, StormReport } from './storm-devices.child.ts';
import { createStormServer, type StormServer, type StormServerName } from './storm-servers.child.ts';

/** What a storm may cost: against Mosquitto's time, in processor time of a device that comes back, and in silence. */
const AIMS = { ofMosquitto: 1.5, cpuMsADevice: 0.5, gapS: 1 } as const;
const STORMS = ['TERM', 'kill -9', 'cut'] as const;
type Storm = (typeof STORMS)[number];

/** After this a storm counts as one that did not pass. */
const LIMIT_MS = 120_000;
const ASK_EVERY_MS = 200;
/** So that all of them have published once before it begins. */
const CALM_MS = 3_000;

interface Outcome {
  readonly server: StormServerName;
  readonly storm: Storm;
  readonly startMs: number;
  /** Since the server answers, ms, of each device. */
  readonly backMs: readonly number[];
  readonly gapMs: number;
  readonly pubackP99Ms: number;
  readonly cpuMs: number;
  readonly rss: number;
  readonly attempts: number;
}

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      devices: { type: 'string' },
      cut: { type: 'string' },
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: 'siaga,mosquitto' },
      transport: { type: 'string', default: 'plain,tls' },
    },
  });
  const beganMs = performance.now();
  const counts = (values.devices ?? (values.quick ? '300' : '1000,5000')).split(',').map(Number);
  const cutMs = Number(values.cut ?? (values.quick ? 3 : 60)) * 1_000;
  const names = values.only.split(',') as StormServerName[];
  for (const count of counts) {
    for (const transport of values.transport.split(',')) {
      console.log(`${count} devices, ${transport}; load ${loadavg()[0]?.toFixed(1)} before`);
      const outcomes: Outcome[] = [];
      for (const name of names) outcomes.push(...(await measure(name, count, transport === 'tls', cutMs)));
      console.table(STORMS.flatMap((storm) => describe(storm, outcomes, count)));
      for (const line of judge(outcomes, count)) console.log(line);
    }
  }
  console.log(`${((performance.now() - beganMs) / 60_000).toFixed(1)} minutes in all`);
}

/** All three storms over one server. */
async function measure(
  name: StormServerName,
  count: number,
  isTls: boolean,
  cutMs: number,
): Promise<Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-storm-'));
  const server = await createStormServer(name, { folder, count, isTls });
  let devices: ChildProcess | undefined;
  try {
    await server.start();
    const orders = join(folder, 'orders.json');
    writeFileSync(orders, JSON.stringify(server.orders));
    devices = fork(join(import.meta.dirname, 'storm-devices.child.ts'), [orders]);
    await whenOver(devices, name);
    const outcomes: Outcome[] = [];
    for (const storm of STORMS) {
      await delay(CALM_MS);
      outcomes.push(await raise(name, storm, server, devices, cutMs));
    }
    return outcomes;
  } finally {
    devices?.kill('SIGKILL');
    await server.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function raise(
  name: StormServerName,
  storm: Storm,
  server: StormServer,
  devices: ChildProcess,
  cutMs: number,
): Promise<Outcome> {
  const tell = (message: StormMessage) => devices.send(message);
  let startMs = 0;
  if (storm === 'cut') tell({ begin: { isCut: true, cutMs } });
  else {
    await server.end(storm === 'TERM' ? 'SIGTERM' : 'SIGKILL');
    tell({ begin: { isCut: false, cutMs: 0 } });
    const endedAt = Date.now();
    await server.start();
    startMs = Date.now() - endedAt;
  }
  console.error(`${name}: ${storm}, waiting for ${server.orders.devices.length} devices`);
  const answersAt = Date.now();
  const cpuBefore = server.cpuS();
  const report = await whenOver(devices, `${name} after ${storm}`);
  const since = report.linkUpAt || answersAt;
  const backMs = report.backAt.map((at) => Math.max(0, at - since));
  return {
    server: name,
    storm,
    startMs,
    backMs,
    gapMs: Math.max(0, ...backMs.map((each, index) => each - (backMs[index - 1] ?? 0))),
    pubackP99Ms: report.pubackP99Ms,
    cpuMs: (server.cpuS() - cpuBefore) * 1_000,
    rss: server.rss(),
    attempts: report.attempts,
  };
}

/** What the devices say once all are back. Throws when that takes too long. */
async function whenOver(devices: ChildProcess, what: string): Promise<StormReport> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    devices.send({ report: true } satisfies StormMessage);
    const [report] = (await once(devices, 'message')) as [StormReport];
    if (report.isOver) return report;
    if (Date.now() > deadline) throw new Error(`${what}: only ${report.backAt.length} devices are back`);
    await delay(ASK_EVERY_MS);
  }
}

/** Which aims Siaga met in each storm; what has no Mosquitto beside it is not compared. */
function judge(outcomes: readonly Outcome[], count: number): string[] {
  return STORMS.flatMap((storm) => {
    const of = (name: StormServerName) =>
      outcomes.find((each) => each.server === name && each.storm === storm);
    const siaga = of('siaga');
    if (!siaga) return [];
    const lastMs = siaga.backMs.at(-1) ?? Number.POSITIVE_INFINITY;
    const base = of('mosquitto')?.backMs.at(-1);
    const verdict = (what: string, isMet: boolean) => `${isMet ? 'met' : 'MISSED'}: ${what}`;
    return [
      `${storm}: ${[
        ...(base === undefined
          ? []
          : [verdict(`all back within ${AIMS.ofMosquitto} × Mosquitto`, lastMs <= AIMS.ofMosquitto * base)]),
        verdict(`no ${AIMS.gapS} s without a new connection`, siaga.gapMs <= AIMS.gapS * 1_000),
        ...(storm === 'cut'
          ? [verdict(`${AIMS.cpuMsADevice} ms a device`, siaga.cpuMs / count <= AIMS.cpuMsADevice)]
          : []),
      ].join('; ')}`,
    ];
  });
}

function describe(storm: Storm, outcomes: readonly Outcome[], count: number): Record<string, string>[] {
  const own = outcomes.filter((outcome) => outcome.storm === storm);
  const lastMs = (outcome: Outcome | undefined) => outcome?.backMs.at(-1) ?? 0;
  const base = lastMs(own.find(({ server }) => server === 'mosquitto'));
  return own.map((outcome) => {
    const { server, backMs, startMs, gapMs, pubackP99Ms, cpuMs, rss, attempts } = outcome;
    const secondsTo = (share: number) => ((backMs[Math.ceil(count * share) - 1] ?? 0) / 1_000).toFixed(2);
    return {
      storm,
      server,
      'start s': (startMs / 1_000).toFixed(2),
      '50 % s': secondsTo(0.5),
      '99 % s': secondsTo(0.99),
      '100 % s': secondsTo(1),
      '/ Mosquitto': server === 'siaga' && base > 0 ? (lastMs(outcome) / base).toFixed(2) : '',
      'longest gap s': (gapMs / 1_000).toFixed(2),
      'PUBACK p99 ms': pubackP99Ms.toFixed(0),
      'CPU ms a device': (cpuMs / count).toFixed(2),
      'RSS MB': (rss / 1e6).toFixed(0),
      'tries a device': (attempts / count).toFixed(2),
    };
  });
}
