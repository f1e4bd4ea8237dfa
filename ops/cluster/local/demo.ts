/**
 * `npm run demo:cluster`: three machines with Siaga, PostgreSQL under Patroni and etcd, and HAProxy, all on this one.
 *
 *   packages there? → the cluster → a few gauges → a line each few seconds, keys that break something → end
 *
 * It says what it counts: readings that were acknowledged, and of these those that the log has not or has twice.
 * Invariant: whatever ends it, no process that it started stays behind, and no folder but where it was itself killed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { describeMissing, findMissingPackages } from './debian-packages.ts';
import type { LocalCluster } from './local-cluster.ts';
import type { LocalProgram } from './local-program.ts';
import { type PlayedGauge, PlayedGauges } from './played-gauges.ts';
import { startLocalCluster } from './start-local-cluster.ts';

const HELP = `npm run demo:cluster

Starts three machines of a cluster on this one, from the files in ops/cluster: three Siagas, three PostgreSQL under Patroni,
three etcd, and HAProxy. A few gauges report. Then break something:

  o  kill the owner of the city (kill -9); it is started again after 10 s
  p  kill PostgreSQL's primary (kill -9)
  s  stop the owner for 20 s (SIGSTOP): it hangs, and then wakes
  e  end; Ctrl-C too

Needs Debian's packages patroni, etcd-server, python3-etcd, haproxy and postgresql.`;

const GAUGES = 4;
const SAY_EVERY_MS = 3_000;
/** As a service manager would; long enough that a standby is faster. */
const RESTART_AFTER_MS = 10_000;
const WAKE_AFTER_MS = 20_000;
/** For people: a count that is not answered so soon is left out of the line. */
const COUNT_WITHIN_MS = 2_000;

async function main(words: readonly string[], path: string): Promise<number> {
  if (words.includes('--help')) {
    console.log(HELP);
    return 0;
  }
  const missing = findMissingPackages(path);
  if (missing.length > 0) {
    console.error(describeMissing(missing));
    return 1;
  }
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ending.abort());
  const isOpen = { MQTT_AUTH: 'false', API_AUTH: 'false', LOG_LEVEL: 'warn' };
  await using cluster = await startLocalCluster({
    ...{ path, siaga: isOpen, signal: ending.signal },
    onProgress: (sentence) => console.log(`${sentence} …`),
  });
  const gauges = await findGauges(cluster);
  await using played = new PlayedGauges('semarang', cluster.mqttPort, gauges);
  console.log(`the room: ${cluster.httpUrl}/room   keys: o kill the owner, p kill PostgreSQL's primary,`);
  console.log('                                         s stop the owner, e end');
  using _keys = listenToKeys(cluster, ending);
  const restarts = new Map<LocalProgram, number>();
  while (!ending.signal.aborted) {
    startEnded(cluster, restarts);
    console.log(await describeState(cluster, played));
    await delay(SAY_EVERY_MS, undefined, { signal: ending.signal }).catch(() => undefined);
  }
  console.log('ending all of it …');
  return 0;
}

async function findGauges({ httpUrl }: LocalCluster): Promise<readonly PlayedGauge[]> {
  const response = await fetch(`${httpUrl}/v1/city`);
  const { city } = (await response.json()) as { city: { gauges: readonly PlayedGauge[] } };
  return city.gauges.slice(0, GAUGES);
}

async function describeState(cluster: LocalCluster, played: PlayedGauges): Promise<string> {
  const [owner, primary, counted] = await Promise.all([
    cluster.findOwner(),
    cluster.findPrimary(),
    countIn(cluster, played),
  ]);
  const parts = [
    `owner: ${owner?.name ?? 'nobody'}${counted ? `, epoch ${counted.epoch}` : ''}`,
    `PostgreSQL's primary: ${primary?.name ?? 'none'}`,
    `acknowledged ${(counted?.acknowledged ?? played.acknowledgedCount).toLocaleString('en')}`,
    counted
      ? `lost ${counted.lost}, doubled ${counted.doubled}`
      : 'not counted, the database does not answer',
  ];
  if (played.silentMs > SAY_EVERY_MS) parts.push(`no PUBACK for ${Math.round(played.silentMs / 1_000)} s`);
  return `${new Date().toTimeString().slice(0, 8)}  ${parts.join(' · ')}`;
}

/** Undefined where the database does not answer. */
async function countIn({ databaseUrl }: LocalCluster, played: PlayedGauges) {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: COUNT_WITHIN_MS,
    query_timeout: COUNT_WITHIN_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ epoch: string }>('select epoch from owners');
    return { ...(await played.count(client)), epoch: rows[0]?.epoch ?? 'none' };
  } catch {
    // The line says so.
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** As a service manager does, and not at once: a standby is to be seen taking over. */
function startEnded({ machines, haproxy }: LocalCluster, restarts: Map<LocalProgram, number>): void {
  const programs = [haproxy, ...machines.flatMap(({ etcd, patroni, siaga }) => [etcd, patroni, siaga])];
  for (const program of programs) {
    if (program.isRunning) continue;
    const dueAt = restarts.get(program);
    if (dueAt === undefined) {
      restarts.set(program, Date.now() + RESTART_AFTER_MS);
      console.log(`${program.name} has ended (${program.outcome}), it is started again in 10 s`);
    } else if (Date.now() >= dueAt) {
      restarts.delete(program);
      program.start();
      console.log(`${program.name} is started again`);
    }
  }
}

function listenToKeys(cluster: LocalCluster, ending: AbortController): Disposable {
  const { stdin } = process;
  const isTerminal = stdin.isTTY === true;
  if (isTerminal) stdin.setRawMode(true);
  const wakes = new Set<NodeJS.Timeout>();
  const onKeys = (typed: Buffer) => {
    for (const key of typed.toString()) {
      if (key === 'e' || key === '\u0003') ending.abort();
      else
        breakSomething(key, cluster, wakes).catch((error: Error) =>
          console.error(`${key}: ${error.message}`),
        );
    }
  };
  stdin.on('data', onKeys);
  return {
    [Symbol.dispose]() {
      for (const wake of wakes) clearTimeout(wake);
      stdin.off('data', onKeys);
      if (isTerminal) stdin.setRawMode(false);
      stdin.pause();
    },
  };
}

async function breakSomething(key: string, cluster: LocalCluster, wakes: Set<NodeJS.Timeout>): Promise<void> {
  if (key === 'p') {
    const primary = await cluster.findPrimary();
    if (primary) cluster.killPostgres(primary);
    console.log(primary ? `killed PostgreSQL of ${primary.name}` : 'PostgreSQL has no primary now');
  }
  if (key !== 'o' && key !== 's') return;
  const owner = await cluster.findOwner();
  if (!owner) {
    console.log('nobody owns the city now');
  } else if (key === 'o') {
    owner.siaga.signal('SIGKILL');
    console.log(`killed ${owner.siaga.name}`);
  } else {
    owner.siaga.signal('SIGSTOP');
    console.log(`stopped ${owner.siaga.name} for 20 s`);
    wakes.add(setTimeout(() => owner.siaga.signal('SIGCONT'), WAKE_AFTER_MS));
  }
}

try {
  process.exitCode = await main(process.argv.slice(2), pathOf(process.env));
} catch (error) {
  // Ended while it started, by whoever started it.
  const { cause = error } = error as Error;
  const isEnded = (cause as Error).name === 'AbortError';
  if (!isEnded) console.error((error as Error).message);
  process.exitCode = isEnded ? 0 : 1;
}

function pathOf(environment: NodeJS.ProcessEnv): string {
  return environment['PATH'] ?? '';
}
