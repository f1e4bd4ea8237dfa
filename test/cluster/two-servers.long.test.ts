/**
 * Two real servers on one real PostgreSQL: one owns the city, the other stands by, whatever becomes of the owner.
 *
 * The owner is killed, stopped (SIGSTOP) and woken, also in the middle of a transaction, cut off from the database, and
 * closed. Needs PostgreSQL and is skipped where it is not installed; with CI=true that is a failure.
 */
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type ClusterDatabase,
  connectGauge,
  createClusterDatabase,
  type FloodingGauge,
  OTHER_GAUGE,
  openWire,
} from '../support/cluster-house.ts';
import { eventually } from '../support/eventually.ts';
import { hasPostgres, startPostgres } from '../support/postgres.ts';
import {
  createDataFolder,
  type RunningSiaga,
  runSiaga,
  startSiaga,
  startStandby,
} from '../support/start-siaga.ts';

if (!hasPostgres) console.warn('skipped: PostgreSQL (initdb, postgres) is not installed');

let postgres: Awaited<ReturnType<typeof startPostgres>>;
let database: ClusterDatabase;
let opened: AsyncDisposableStack;

/** A server with a data folder of its own. */
const on = async (server: string, environment: Record<string, string> = {}) => ({
  dataDir: opened.use(await createDataFolder()).path,
  environment: { DATABASE_URL: database.urlOf(server), ...environment },
});
const start = async (server: string, environment?: Record<string, string>) =>
  opened.use(await startSiaga(await on(server, environment)));
const standBy = async (server: string, environment?: Record<string, string>) =>
  opened.use(await startStandby(await on(server, environment)));
const gaugeAt = async ({ mqttPort }: RunningSiaga, id?: string): Promise<FloodingGauge> =>
  opened.use(await connectGauge(mqttPort, id));

const ask = async (url: string) => {
  const response = await fetch(url, { headers: { connection: 'close' } });
  return { status: response.status, body: await response.text() };
};
const oneAlert = () =>
  eventually(async () => expect(await database.levelAlerts()).toMatchObject([{ state: 'open' }]));
/** For docs/cluster.md; nothing is asserted of it. */
const sayTime = (what: string, sinceMs: number) =>
  console.log(`${what}: followed and ready after ${((Date.now() - sinceMs) / 1_000).toFixed(1)} s`);
const lines = ({ logged }: RunningSiaga) => logged.map(({ msg }) => msg);

describe.skipIf(!hasPostgres)('two servers on one database', () => {
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    opened = new AsyncDisposableStack();
    database = opened.use(await createClusterDatabase(postgres.url));
  });
  afterEach(() => opened.disposeAsync());

  test('the second stands by, listens to no device and writes nothing; one flood is one alert', async () => {
    const owner = await start('first');
    await database.watchWrites();
    const port = await freePort();
    const standby = await standBy('second', { MQTT_PORT: String(port) });
    const readiness = await ask(`${standby.httpUrl}/readyz`);
    expect(readiness.status).toBe(503);
    expect(JSON.parse(readiness.body).detail).toMatch(/^standby: .+ owns the city since \d{4}-/);
    expect((await ask(`${standby.httpUrl}/healthz`)).status).toBe(200);
    // What a balancer asks.
    expect((await ask(`${standby.httpUrl}/v1/city`)).status).toBe(503);
    expect((await ask(`${owner.httpUrl}/v1/city`)).status).toBe(200);
    expect(await isOpen(port)).toBe(false);
    const gauge = await gaugeAt(owner);
    await gauge.flood();
    await oneAlert();
    expect(await database.writesOf('first')).toBeGreaterThan(0);
    expect(await database.writesOf('second')).toBe(0);
    expect(await database.epoch()).toBe(1);
    // A standby ends as any server does.
    expect(await standby.stop()).toMatchObject({ code: 0 });
    expect((await ask(`${owner.httpUrl}/readyz`)).body).toContain('ready');
  });

  test('an owner that is killed is followed, and the same flood, sent again, is the same alert', async () => {
    const owner = await start('first');
    const standby = await standBy('second');
    await (await gaugeAt(owner)).flood();
    await oneAlert();
    const [before] = await database.levelAlerts();
    const killedAtMs = Date.now();
    await owner.kill();
    const heir = await standby.ready();
    sayTime('kill -9', killedAtMs);
    expect(await database.epoch()).toBe(2);
    const gauge = await gaugeAt(heir);
    await gauge.flood();
    await gauge.say(0);
    await eventually(async () => expect(await heir.metric('siaga_backlog_entries')).toBe(0));
    expect((await database.levelAlerts()).map(({ id }) => id)).toEqual([before?.id]);
    const { alerts } = await heir.get<{ alerts: object[] }>('/v1/alerts?rule=river-level');
    expect(alerts).toHaveLength(1);
  });

  test('what an owner had acknowledged and not judged is judged when it owns the city again, whatever its heir read', async () => {
    const options = await on('first');
    const owner = opened.use(await startSiaga(options));
    const standby = await standBy('second');
    const gauge = await gaugeAt(owner);
    // The alarms cannot save: the flood is in the first one's journal, and nowhere else.
    await database.client.query('begin; lock table cursors in exclusive mode');
    await gauge.flood();
    await owner.kill();
    await database.client.query('commit');
    const heir = await standby.ready();
    expect(await database.levelAlerts()).toEqual([]);
    const other = await gaugeAt(heir, OTHER_GAUGE);
    for (let n = 0; n < 8; n++) await other.say(n / 100);
    const cursor = `select position from cursors where consumer = 'alerts'`;
    await eventually(async () =>
      expect((await database.client.query(cursor)).rows).toEqual([{ position: '8' }]),
    );
    await standby.stop();
    const again = opened.use(await startSiaga(options));
    await oneAlert();
    const { alerts } = await again.get<{ alerts: object[] }>('/v1/alerts?rule=river-level');
    expect(alerts).toHaveLength(1);
  });

  test('another city on the same database is refused, and says whose it is', async () => {
    await start('first');
    const { code, stderr } = await runSiaga(await on('second', { SIAGA_CITY: 'jakarta' }));
    expect(code).toBe(1);
    expect(stderr).toContain('is that of semarang');
  });

  test('an owner that is closed is followed at once, and one killed is its own heir on its own folder', async () => {
    const options = await on('first');
    const killed = opened.use(await startSiaga(options));
    await killed.kill();
    const owner = opened.use(await startSiaga(options));
    expect(lines(owner)).not.toContain('Siaga stands by');
    expect(await database.epoch()).toBe(2);
    const standby = await standBy('second');
    const closedAtMs = Date.now();
    expect(await owner.stop()).toMatchObject({ code: 0 });
    await standby.ready();
    sayTime('closed', closedAtMs);
    expect(await database.epoch()).toBe(3);
  });

  test('an owner that is stopped beyond its lease and woken writes nothing, acknowledges nothing, and ends with 75', async () => {
    const owner = await start('first');
    await database.watchWrites();
    const standby = await standBy('second');
    const gauge = await gaugeAt(owner);
    await gauge.flood();
    await oneAlert();
    const stoppedAtMs = Date.now();
    process.kill(owner.pid, 'SIGSTOP');
    // These wait in its socket until it wakes.
    let acknowledged = 0;
    for (let n = 0; n < 20; n++) {
      gauge.client.publish(
        'siaga/semarang/river-gauge/tenggang-kaligawe/telemetry',
        `{"levelM":${n / 10}}`,
        { qos: 1 },
        (error) => {
          if (!error) acknowledged++;
        },
      );
    }
    const heir = await standby.ready();
    sayTime('SIGSTOP', stoppedAtMs);
    const before = await database.writesOf('first');
    process.kill(owner.pid, 'SIGCONT');
    expect(await owner.exited).toMatchObject({ code: 75 });
    expect(acknowledged).toBe(0);
    expect(await database.writesOf('first')).toBe(before);
    await (await gaugeAt(heir)).flood();
    expect(await database.levelAlerts()).toHaveLength(1);
  });

  test('an owner that is stopped inside a transaction keeps its heir out for seconds only, and what it began is not written', async () => {
    const owner = await start('first');
    await database.watchWrites();
    const standby = await standBy('second');
    const gauge = await gaugeAt(owner);
    await gauge.flood();
    await oneAlert();
    // Somebody else holds what its next save needs: it waits in its middle, with its epoch held.
    await database.client.query('begin; lock table cursors in exclusive mode');
    await gauge.say(9);
    const blocked = `select 1 from pg_stat_activity where application_name = 'first' and wait_event_type = 'Lock'`;
    await eventually(async () => {
      // Within a transaction PostgreSQL shows what it has shown once.
      await database.client.query('select pg_stat_clear_snapshot()');
      expect((await database.client.query(blocked)).rowCount).toBeGreaterThan(0);
    });
    process.kill(owner.pid, 'SIGSTOP');
    const stoppedAtMs = Date.now();
    const before = await database.writesOf('first');
    await database.client.query('commit');
    await standby.ready();
    sayTime('SIGSTOP inside a transaction', stoppedAtMs);
    process.kill(owner.pid, 'SIGCONT');
    expect(await owner.exited).toMatchObject({ code: 75 });
    expect(await database.writesOf('first')).toBe(before);
    expect(await database.levelAlerts()).toHaveLength(1);
  });

  test('an owner cut off from the database acknowledges nothing, and goes on once nobody else has taken the city', async () => {
    const wire = opened.use(await openWire(database.urlOf('first')));
    const owner = await start('first', { DATABASE_URL: wire.url });
    const gauge = await gaugeAt(owner);
    await gauge.flood();
    await oneAlert();
    wire.cut();
    await eventually(async () => {
      expect((await ask(`${owner.httpUrl}/readyz`)).body).toContain('nothing is acknowledged until it does');
    });
    let isAcknowledged = false;
    const said = gauge.say(1).then(() => {
      isAcknowledged = true;
    });
    await eventually(async () => expect(await owner.metric('siaga_ownership_held_answers')).toBe(1));
    expect(isAcknowledged).toBe(false);
    wire.mend();
    await said;
    expect(await database.epoch()).toBe(1);
    // It is read on.
    await gauge.say(1.1);
    // The same connection: nobody was sent away.
    expect(gauge.client.connected).toBe(true);
    await eventually(async () => expect((await ask(`${owner.httpUrl}/readyz`)).body).toContain('"ready"'));
  });

  test('an owner cut off from the database is followed, and ends with 75 when it hears of it', async () => {
    const wire = opened.use(await openWire(database.urlOf('first')));
    const owner = await start('first', { DATABASE_URL: wire.url });
    await database.watchWrites();
    const standby = await standBy('second');
    const gauge = await gaugeAt(owner);
    await gauge.flood();
    await oneAlert();
    const cutAtMs = Date.now();
    wire.cut();
    const heir = await standby.ready();
    sayTime('cut off from the database', cutAtMs);
    let acknowledged = 0;
    gauge.say(1).then(
      () => acknowledged++,
      () => undefined,
    );
    await eventually(async () => expect(await owner.metric('siaga_ownership_held_answers')).toBe(1));
    const before = await database.writesOf('first');
    wire.mend();
    expect(await owner.exited).toMatchObject({ code: 75 });
    expect(acknowledged).toBe(0);
    expect(await database.writesOf('first')).toBe(before);
    await (await gaugeAt(heir)).flood();
    expect(await database.levelAlerts()).toHaveLength(1);
  });
});

/** One that nobody listens on. */
async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
