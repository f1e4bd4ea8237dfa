/**
 * Three machines as docs/cluster.md delivers them, from the files of ops/cluster, on this one: Siaga, PostgreSQL under
 * Patroni in strict synchronous mode, etcd, and HAProxy in front; one part after the other is killed under load. One
 * cluster for all tests, mended before each. SIAGA_TEST_SEED repeats the faults of a run, SIAGA_TEST_ROUNDS sets how
 * many rounds of them there are. Needs Debian's packages of a cluster; with CI=true they must be there.
 */
import { loadavg } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRandom } from '../../firmware-sim/random.ts';
import type { LocalCluster, RunningMachine } from '../../ops/cluster/local/local-cluster.ts';
import { connectGauge } from '../support/cluster-house.ts';
import { eventually } from '../support/eventually.ts';
import { compareWith, createNumberedLoad, describeMissing, readCopies } from '../support/numbered-city.ts';
import {
  askPrimary,
  findDiffering,
  hasClusterPackages,
  loseJournals,
  openThreeMachines,
  ReturningDevices,
  readJournalIds,
  readLogCopies,
  readLogIds,
  readOwnLog,
} from '../support/three-machines.ts';

if (!hasClusterPackages) console.warn('skipped: the packages of a cluster are not installed');

const ROUNDS = Number(process.env['SIAGA_TEST_ROUNDS'] ?? 2);
const seed = Number(process.env['SIAGA_TEST_SEED'] ?? Date.now() % 1_000_000);
const random = createRandom(seed, 'faults');
/** Apart, so that a seed has the faults that it always had. */
const randomLoss = createRandom(seed, 'losses');
/** Publishes that show that it goes on. */
const SOME = 100;
/** The lease, a look, a start; more where PostgreSQL has to come back first. */
const HEIR_WITHIN_MS = 30_000;
/** One load for all tests, since a reading of the same number is the same reading. */
const load = createNumberedLoad(2);

let cluster: LocalCluster;

const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
const owner = () => cluster.until('owner of the city', () => cluster.findOwner());
const primary = () => cluster.until('primary of PostgreSQL', () => cluster.findPrimary());
const others = (one: RunningMachine) => cluster.machines.filter(({ name }) => name !== one.name);
const seconds = (ms: number) => (ms / 1_000).toFixed(1);

/** Devices with readings in flight; those that were acknowledged in a test are compared at its end. */
async function startLoad(): Promise<ReturningDevices> {
  load.isOn = true;
  const devices = new ReturningDevices(load, cluster.mqttPort);
  await load.moreAcknowledged(SOME);
  devices.startMeasuring();
  return devices;
}

/** For docs/cluster.md; nothing is asserted of it. */
function sayFigures(what: string, { longestSilenceMs, sentAway }: ReturningDevices): void {
  const machine = `load ${loadavg()[0]?.toFixed(1)}`;
  console.log(
    `${what}: PUBACK again after ${seconds(longestSilenceMs)} s, ${sentAway} connections ended, ${machine}`,
  );
}

/** The same flood each time: one alert, however often it is said and to whom. */
async function flood(): Promise<void> {
  await eventually(async () => {
    await using gauge = await connectGauge(cluster.mqttPort);
    await gauge.flood();
  });
}

/**
 * Every acknowledged reading is in the log and in each machine's journal, once, and each of the journals has exactly
 * what the log has, under the same ids; the flood is one alert.
 */
async function expectAll(): Promise<void> {
  await cluster.untilMended();
  await flood();
  const { name, dataDir } = await owner();
  const log = new Map<string, ReadonlyMap<number, number>>();
  for (const { options } of load.devices) log.set(options.id, await readLogCopies(cluster, options.id));
  const inLog = compareWith(load, (device) => log.get(device) ?? new Map());
  const inJournal = compareWith(load, (device) => readCopies(dataDir, device));
  if (inLog.missing + inJournal.missing > 0) await sayWhere(name, log);
  expect(inLog).toMatchObject({ missing: 0, doubled: 0 });
  expect(inJournal).toMatchObject({ missing: 0, doubled: 0 });
  expect(inLog.acknowledged).toBeGreaterThanOrEqual(SOME);
  // A standby follows by a look a second.
  const logged = await readLogIds(cluster);
  await eventually(() => {
    for (const machine of cluster.machines) {
      const differing = findDiffering(readJournalIds(machine.dataDir), logged);
      expect(differing, `the journal of ${machine.name}, beside the log`).toEqual([]);
    }
  }).catch(async (error: unknown) => {
    await sayWhere(name, log);
    throw error;
  });
  console.log(
    `${inLog.acknowledged} readings acknowledged so far, ${logged.size} in the log, in each journal once`,
  );
  await eventually(async () => {
    const alerts = await askPrimary(cluster, `select id from alerts where rule = 'river-level'`);
    expect(alerts).toHaveLength(1);
  });
}

/** For whoever has to find out: what each machine's journal lacks, and which numbers. */
async function sayWhere(owner: string, log: ReadonlyMap<string, ReadonlyMap<number, number>>): Promise<void> {
  console.log(
    `the owner is ${owner}; the log lacks ${describeMissing(load, (id) => log.get(id) ?? new Map())}`,
  );
  for (const { name, dataDir } of cluster.machines) {
    console.log(`the journal of ${name} lacks ${describeMissing(load, (id) => readCopies(dataDir, id))}`);
    console.log(readOwnLog(dataDir).join('\n'));
  }
}

/**
 * Until another owns the city, or can not, since something else is broken too; what hangs is woken with the mending.
 */
async function hang(): Promise<void> {
  const { name, siaga } = await owner();
  siaga.signal('SIGSTOP');
  const findHeir = async () => {
    const found = await cluster.findOwner();
    return found && found.name !== name;
  };
  await cluster.until('heir', findHeir, HEIR_WITHIN_MS).catch(() => undefined);
}

describe.skipIf(!hasClusterPackages)(`three machines (seed ${seed})`, { timeout: 300_000 }, () => {
  beforeAll(async () => {
    cluster = await openThreeMachines();
  }, 240_000);
  afterAll(() => cluster?.[Symbol.asyncDispose]());
  beforeEach(() => cluster.untilMended(), 240_000);

  test('PostgreSQL’s primary is killed: its synchronous standby goes on, and nothing acknowledged is lost', async () => {
    const before = await primary();
    {
      await using devices = await startLoad();
      cluster.killPostgres(before);
      await cluster.until('other primary', async () => (await cluster.findPrimary())?.name !== before.name);
      await primary();
      await load.moreAcknowledged(SOME);
      sayFigures('kill -9 of PostgreSQL', devices);
    }
    await expectAll();
  });

  test('PostgreSQL and Patroni of a machine are killed: another is the primary once their lease is over', async () => {
    const before = await primary();
    {
      await using devices = await startLoad();
      await before.patroni.end('SIGKILL');
      cluster.killPostgres(before);
      await cluster.until('other primary', async () => (await cluster.findPrimary())?.name !== before.name);
      await primary();
      await load.moreAcknowledged(SOME);
      sayFigures('kill -9 of PostgreSQL and Patroni', devices);
    }
    await expectAll();
  });

  test('both standbys of PostgreSQL are gone: no PUBACK, readiness says why, and nobody is sent away', async () => {
    const standbys = others(await primary());
    {
      await using devices = await startLoad();
      await Promise.all(standbys.map(({ patroni }) => patroni.end('SIGKILL')));
      for (const standby of standbys) cluster.killPostgres(standby);
      const { httpUrl } = await owner();
      const ask = async (path: string) =>
        (await fetch(httpUrl + path, { headers: { connection: 'close' } })).text();
      const failedCommits = async () =>
        Number(/^siaga_journal_log_failed_commits_total (\d+)/m.exec(await ask('/metrics'))?.[1]);
      await eventually(async () =>
        expect(await ask('/readyz')).toMatch(/log in PostgreSQL: .*nothing is acknowledged/),
      );
      const [acknowledged, failed] = [load.acknowledgements, await failedCommits()];
      // It has tried, and tried again, and nothing of it was told to a device.
      await eventually(async () => expect(await failedCommits()).toBeGreaterThan(failed + 1));
      expect(load.acknowledgements).toBe(acknowledged);
      expect(devices.sentAway).toBe(0);
      for (const { patroni } of standbys) patroni.start();
      await load.moreAcknowledged(SOME);
      sayFigures('both standbys gone and back', devices);
    }
    await expectAll();
  });

  test('the owner is killed under load: its devices are led to the heir, which knows what was acknowledged', async () => {
    const before = await owner();
    await flood();
    {
      await using devices = await startLoad();
      await before.siaga.end('SIGKILL');
      await load.moreAcknowledged(SOME);
      expect((await owner()).name).not.toBe(before.name);
      sayFigures('kill -9 of the owner', devices);
    }
    await expectAll();
  });

  test('all nodes are restarted one after the other, the owner last: nothing is lost, doubled or alerted twice', async () => {
    const last = await owner();
    await flood();
    {
      await using devices = await startLoad();
      for (const machine of [...others(last), last]) {
        await machine.siaga.end('SIGTERM');
        expect(machine.siaga.outcome).toBe(0);
        machine.siaga.start();
        await cluster.until('whole cluster', () => cluster.isWhole());
        await load.moreAcknowledged(SOME);
      }
      sayFigures('rolling restart', devices);
    }
    await expectAll();
  });

  const FAULTS: Readonly<Record<string, () => Promise<unknown>>> = {
    'the owner is killed': async () => (await owner()).siaga.end('SIGKILL'),
    'the owner hangs': hang,
    'a standby is killed': async () => pick(others(await owner())).siaga.end('SIGKILL'),
    'PostgreSQL’s primary is killed': async () => cluster.killPostgres(await primary()),
    'a standby of PostgreSQL is killed': async () => cluster.killPostgres(pick(others(await primary()))),
    'a Patroni is killed': () => pick(cluster.machines).patroni.end('SIGKILL'),
    'an etcd is killed': () => pick(cluster.machines).etcd.end('SIGKILL'),
    'HAProxy is killed': () => cluster.haproxy.end('SIGKILL'),
  };

  test(`${ROUNDS} rounds of two random faults each, over all processes, and of journals that are lost`, {
    timeout: 120_000 * (ROUNDS + 1),
  }, async () => {
    await flood();
    {
      await using devices = await startLoad();
      for (let round = 0; round < ROUNDS; round++) {
        const faults = [pick(Object.keys(FAULTS)), pick(Object.keys(FAULTS))];
        await Promise.all(faults.map((fault) => FAULTS[fault]?.()));
        const lost = loseJournals(cluster, randomLoss);
        await cluster.untilMended();
        await load.moreAcknowledged(SOME);
        sayFigures(`round ${round + 1}, ${[...faults, ...lost].join(', ')}`, devices);
        devices.startMeasuring();
      }
    }
    await expectAll();
  });
});
