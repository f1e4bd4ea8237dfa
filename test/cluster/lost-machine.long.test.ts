/**
 * A machine dies for good: the owner is killed or stopped under load, and its data folder is deleted. With JOURNAL_URL
 * its heir, which has a folder of its own, has every acknowledged reading once, and nothing is judged twice.
 *
 * Also PostgreSQL that crashes under load, and one whose synchronous standby is gone. SIAGA_TEST_SEED repeats the
 * moments of a run, SIAGA_TEST_ROUNDS sets how many machines die. Needs PostgreSQL; with CI=true it must be there.
 */
import { rmSync } from 'node:fs';
import { connectAsync, type MqttClient } from 'mqtt';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { between, createRandom } from '../../firmware-sim/random.ts';
import {
  type ClusterDatabase,
  connectGauge,
  createClusterDatabase,
  type FloodingGauge,
} from '../support/cluster-house.ts';
import { eventually } from '../support/eventually.ts';
import type { Load } from '../support/load-generator.ts';
import { compareWith, createNumberedLoad, readCopies, readHistory } from '../support/numbered-city.ts';
import { hasPostgres, type RunningPostgres, startPostgres } from '../support/postgres.ts';
import {
  createDataFolder,
  type RunningSiaga,
  type StandbySiaga,
  startSiaga,
  startStandby,
} from '../support/start-siaga.ts';

const ROUNDS = Number(process.env['SIAGA_TEST_ROUNDS'] ?? 4);
/** Publishes acknowledged before a machine dies, at most. */
const MAX_ACKNOWLEDGED = 1_500;
const AMBULANCE = 'siaga/semarang/ambulance/motor-01';

const seed = Number(process.env['SIAGA_TEST_SEED'] ?? Date.now() % 1_000_000);
const random = createRandom(seed, 'machines');

let postgres: RunningPostgres;
let database: ClusterDatabase;
let opened: AsyncDisposableStack;
let servers = 0;

const settings = async (environment: Record<string, string> = {}) => {
  const url = database.urlOf(`server-${++servers}`);
  return {
    dataDir: opened.use(await createDataFolder()).path,
    environment: { DATABASE_URL: url, JOURNAL_URL: url, ...environment },
  };
};
interface Machine<Server> {
  readonly server: Server;
  readonly dataDir: string;
}
const startOwner = async (environment?: Record<string, string>): Promise<Machine<RunningSiaga>> => {
  const options = await settings(environment);
  return { server: opened.use(await startSiaga(options)), dataDir: options.dataDir };
};
const standBy = async (): Promise<Machine<StandbySiaga>> => {
  const options = await settings();
  return { server: opened.use(await startStandby(options)), dataDir: options.dataDir };
};
const gaugeAt = async ({ mqttPort }: RunningSiaga): Promise<FloodingGauge> =>
  opened.use(await connectGauge(mqttPort));
const readiness = async ({ httpUrl }: RunningSiaga) =>
  (await fetch(`${httpUrl}/readyz`, { headers: { connection: 'close' } })).text();

/** Kills the machine's server, or stops it for as long as its heir needs; its disk is gone either way. */
async function lose(owner: Machine<RunningSiaga>, isStopped: boolean): Promise<void> {
  if (isStopped) process.kill(owner.server.pid, 'SIGSTOP');
  else await owner.server.kill();
  rmSync(owner.dataDir, { recursive: true, force: true });
}

/** Every acknowledged reading is in the journal, in history and in the log, once. */
async function expectAll(load: Load, { server, dataDir }: Machine<RunningSiaga>): Promise<number> {
  const inJournal = compareWith(load, (device) => readCopies(dataDir, device));
  expect(inJournal).toMatchObject({ missing: 0, doubled: 0 });
  await eventually(async () => {
    const history = new Map<string, ReadonlyMap<number, number>>();
    for (const { options } of load.devices) history.set(options.id, await readHistory(server, options.id));
    const found = compareWith(load, (device) => history.get(device) ?? new Map());
    expect(found).toMatchObject({ missing: 0, doubled: 0 });
  });
  const { rows } = await database.client.query(
    `select count(*)::int as n, count(distinct (at, device))::int as different from journal_log
     where series = 'readings' and device like any (array['garang-%', 'kripik-%', 'kreo-%', 'ap-%'])`,
  );
  expect(rows[0].n).toBe(rows[0].different);
  expect(rows[0].n).toBeGreaterThanOrEqual(inJournal.acknowledged);
  return inJournal.acknowledged;
}

describe.skipIf(!hasPostgres)(`with the journal's log in PostgreSQL (seed ${seed})`, () => {
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    opened = new AsyncDisposableStack();
    database = opened.use(await createClusterDatabase(postgres.url));
  });
  afterEach(() => opened.disposeAsync());

  test('machines die for good, one after the other: nothing acknowledged is lost, doubled or judged twice', {
    timeout: 900_000,
  }, async () => {
    const load = createNumberedLoad();
    const acks = new Set<string>();
    let owner = await startOwner();
    await (await gaugeAt(owner.server)).flood();
    await eventually(async () => expect(await database.levelAlerts()).toMatchObject([{ state: 'open' }]));
    for (let round = 0; round < ROUNDS; round++) {
      const standby = await standBy();
      const enough = load.moreAcknowledged(Math.ceil(between(random, 1, MAX_ACKNOWLEDGED)));
      await load.connect(owner.server.mqttPort);
      const ambulance = await connectAsync(`mqtt://127.0.0.1:${owner.server.mqttPort}`, {
        reconnectPeriod: 0,
      });
      ambulance.on('error', () => undefined);
      for (let n = 0; n < 5; n++) sendAck(ambulance, String(1_000 * round + n + 1), acks);
      await enough;
      const isStopped = random() < 0.4;
      await lose(owner, isStopped);
      ambulance.end(true);
      const heir = { server: opened.use(await standby.server.ready()), dataDir: standby.dataDir };
      if (isStopped) {
        process.kill(owner.server.pid, 'SIGCONT');
        expect((await owner.server.exited).code).not.toBe(0);
      }
      owner = heir;
      // The same flood again: it is known.
      await (await gaugeAt(owner.server)).flood();
    }
    await load.connect(owner.server.mqttPort);
    await load.finish();
    await load.disconnect();
    await eventually(async () => expect(await owner.server.metric('siaga_backlog_entries')).toBe(0));
    const acknowledged = await expectAll(load, owner);
    expect(await database.levelAlerts()).toHaveLength(1);
    const { rows } = await database.client.query(
      `select document::json ->> 'payload' as payload from journal_log where series = 'messages'`,
    );
    const said = rows.map(({ payload }) => JSON.parse(Buffer.from(payload, 'base64').toString()).assignment);
    for (const each of acks) expect(said.filter((one) => one === each)).toHaveLength(1);
    console.log(
      `${ROUNDS} machines lost, ${acknowledged} readings and ${acks.size} acks acknowledged, seed ${seed}`,
    );
  });

  test('a standby copies while it waits, and says how far it is', async () => {
    const owner = await startOwner();
    const standby = await standBy();
    await (await gaugeAt(owner.server)).flood();
    await eventually(() => {
      const copies = readCopies(standby.dataDir, 'tenggang-kaligawe');
      expect([...copies.values()]).toEqual([1, 1, 1]);
    });
    const said = 'select count(*)::int as n from journal_copies';
    await eventually(async () => expect((await database.client.query(said)).rows).toEqual([{ n: 2 }]));
    await lose(owner, false);
    const heir = { server: await standby.server.ready(), dataDir: standby.dataDir };
    // It goes on in the same file.
    const gauge = await gaugeAt(heir.server);
    await gauge.say(0.1);
    expect([...readCopies(heir.dataDir, 'tenggang-kaligawe').values()]).toEqual([1, 1, 1, 1]);
    expect(await heir.server.metric('siaga_journal_log_copied_total')).toBe(0);
  });

  test('what was acknowledged and not judged when the machine died is judged by its heir, once', async () => {
    const owner = await startOwner();
    const standby = await standBy();
    const gauge = await gaugeAt(owner.server);
    // The alarms cannot save: the flood is in the log and in a journal that goes with its machine.
    await database.client.query('begin; lock table cursors in exclusive mode');
    await gauge.flood();
    await lose(owner, false);
    await database.client.query('commit');
    expect(await database.levelAlerts()).toEqual([]);
    const heir = await standby.server.ready();
    await eventually(async () => expect(await database.levelAlerts()).toMatchObject([{ state: 'open' }]));
    await (await gaugeAt(heir)).flood();
    await eventually(async () => expect(await heir.metric('siaga_backlog_entries')).toBe(0));
    expect(await database.levelAlerts()).toHaveLength(1);
  });
});

describe.skipIf(!hasPostgres)('a PostgreSQL of its own that fails', () => {
  let own: RunningPostgres;
  beforeEach(async () => {
    opened = new AsyncDisposableStack();
    own = opened.use(await startPostgres());
    database = opened.use(await createClusterDatabase(own.url));
    // It is ended under this client too.
    database.client.on('error', () => undefined);
  });
  afterEach(() => opened.disposeAsync());

  test('it crashes under load and comes back: no PUBACK meanwhile, and all is there after', {
    timeout: 300_000,
  }, async () => {
    const owner = await startOwner();
    const load = createNumberedLoad();
    for (let round = 0; round < 3; round++) {
      const enough = load.moreAcknowledged(Math.ceil(between(random, 1, MAX_ACKNOWLEDGED)));
      await load.connect(owner.server.mqttPort);
      await enough;
      await own.crash();
      await eventually(async () =>
        expect(await readiness(owner.server)).toMatch(/nothing is acknowledged until/),
      );
      // What PostgreSQL had taken by then may still be on its way to the disk.
      await moreFailures(owner.server);
      const before = load.acknowledgements;
      await moreFailures(owner.server);
      expect(load.acknowledgements).toBe(before);
      const more = load.moreAcknowledged(100);
      await own.restart();
      await more;
    }
    await load.finish();
    await load.disconnect();
    const client = new pg.Client({ connectionString: database.urlOf('reader') });
    await client.connect();
    opened.defer(() => client.end());
    database = { ...database, client };
    await expectAll(load, owner);
    expect(await owner.server.metric('siaga_journal_log_failed_commits_total')).toBeGreaterThan(0);
    await eventually(async () => expect(await readiness(owner.server)).toContain('"ready"'));
  });

  test('a commit whose wait for the synchronous standby is cancelled is not acknowledged until the standby has it', {
    timeout: 300_000,
  }, async () => {
    const replica = opened.use(await own.startStandby('two'));
    const admin = new pg.Client({ connectionString: own.url });
    await admin.connect();
    opened.defer(() => admin.end());
    await admin.query(`alter system set synchronous_standby_names = 'two'`);
    await admin.query('select pg_reload_conf()');
    const isSync = `select 1 from pg_stat_replication where sync_state = 'sync' and state = 'streaming'`;
    await eventually(async () => expect((await admin.query(isSync)).rowCount).toBe(1));
    // The state does not wait for it: the lease goes on, and it is the log alone that holds back the answer.
    const url = database.urlOf('state');
    const state = `${url}&options=${encodeURIComponent('-c synchronous_commit=local')}`;
    const owner = await startOwner({ DATABASE_URL: state, JOURNAL_SYNC: 'two' });
    const gauge = await gaugeAt(owner.server);
    await gauge.say(0.1);
    await replica.crash();
    let isAcknowledged = false;
    const said = gauge.say(0.2).then(() => {
      isAcknowledged = true;
    });
    const waits = `select pid from pg_stat_activity where wait_event = 'SyncRep'`;
    for (let cancelled = 0; cancelled < 3; cancelled++) {
      await eventually(async () => expect((await admin.query(waits)).rowCount).toBeGreaterThan(0));
      await admin.query(`select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'`);
    }
    const isWritten = `select 1 from journal_log where document like '%"levelM":0.2%'`;
    await eventually(async () => expect((await database.client.query(isWritten)).rowCount).toBe(1));
    await eventually(async () => expect(await readiness(owner.server)).toMatch(/log in PostgreSQL/));
    expect(isAcknowledged).toBe(false);
    // Somebody tells PostgreSQL to wait for nobody: the house still does.
    await admin.query(`alter system set synchronous_standby_names = ''`);
    await admin.query('select pg_reload_conf()');
    await eventually(async () =>
      expect(await readiness(owner.server)).toMatch(/synchronous_standby_names is empty/),
    );
    expect(isAcknowledged).toBe(false);
    await admin.query(`alter system set synchronous_standby_names = 'two'`);
    await admin.query('select pg_reload_conf()');
    await replica.restart();
    await said;
    expect((await database.client.query(isWritten)).rowCount).toBe(1);
  });
});

/** An answer of a crew, noted where it was acknowledged; it is never sent again. */
function sendAck(client: MqttClient, assignment: string, acknowledged: Set<string>): void {
  client.publish(`${AMBULANCE}/ack`, JSON.stringify({ assignment, ack: 'accepted' }), { qos: 1 }, (error) => {
    if (!error) acknowledged.add(assignment);
  });
}

/** Resolves when the server has tried in vain twice more. */
async function moreFailures(server: RunningSiaga): Promise<void> {
  const failures = () => server.metric('siaga_journal_log_failed_commits_total');
  const before = await failures();
  await eventually(async () => expect(await failures()).toBeGreaterThanOrEqual(before + 2));
}
