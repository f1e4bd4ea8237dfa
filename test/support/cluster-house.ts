/**
 * Servers on one real PostgreSQL, as the tests of ownership need them: a database for each test that notes who wrote
 * what, a wire to it that can be cut, and a gauge that floods.
 *
 * Invariant: what is noted is what was committed, with the name of the server that committed it.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, connect as openSocket, type Socket } from 'node:net';
import { connectAsync, type MqttClient } from 'mqtt';
import pg from 'pg';
import { loadCity } from '../../cities/city.ts';
import type { RiverGauge } from '../../devices/kinds/river-gauge.ts';

const MINUTE = 60_000;
const FLOODED = 'tenggang-kaligawe';
/** Not on the same river. */
export const OTHER_GAUGE = 'silandak-purwoyoso';
const { devices } = loadCity('semarang');
/** What a server writes for its city; `owners` besides. */
const WATCHED_TABLES = ['alerts', 'alert_engine', 'notices', 'cursors', 'owners'];

export interface ClusterDatabase extends AsyncDisposable {
  readonly client: pg.Client;
  /** DATABASE_URL of a server whose writes are noted under this name. */
  urlOf(server: string): string;
  /** Notes writes from here on; once a server has made the tables. */
  watchWrites(): Promise<void>;
  /** How often this server has written. */
  writesOf(server: string): Promise<number>;
  levelAlerts(): Promise<readonly { readonly id: string; readonly state: string }[]>;
  epoch(): Promise<number>;
}

let databases = 0;

/** A new database in the server at `serverUrl`. */
export async function createClusterDatabase(serverUrl: string): Promise<ClusterDatabase> {
  const name = `cluster_${++databases}`;
  const admin = new pg.Client({ connectionString: serverUrl });
  await admin.connect();
  await admin.query(`create database ${name}`);
  await admin.end();
  const url = serverUrl.replace(/postgres$/, name);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return {
    client,
    urlOf: (server) => `${url}?application_name=${server}`,
    async watchWrites() {
      await client.query(`create table writes (server text not null, relation text not null)`);
      await client.query(`create function note_write() returns trigger language plpgsql as $$
        begin
          insert into writes values (current_setting('application_name'), tg_table_name);
          return null;
        end $$`);
      for (const table of WATCHED_TABLES) {
        await client.query(`create trigger note_write after insert or update or delete on ${table}
          for each row execute function note_write()`);
      }
    },
    async writesOf(server) {
      const { rows } = await client.query('select count(*)::int as n from writes where server = $1', [
        server,
      ]);
      return rows[0].n;
    },
    async levelAlerts() {
      return (await client.query(`select id, state from alerts where rule = 'river-level'`)).rows;
    },
    async epoch() {
      return Number((await client.query('select epoch from owners')).rows[0].epoch);
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}

export interface FloodingGauge extends AsyncDisposable {
  readonly client: MqttClient;
  /** The same flood each time: levels of the last minutes up to one above the lowest threshold. */
  flood(): Promise<void>;
  /** One reading measured just now; resolves with the PUBACK. */
  say(levelM: number): Promise<void>;
}

const firstMs = Date.now() - 3 * MINUTE;

export async function connectGauge(mqttPort: number, id = FLOODED): Promise<FloodingGauge> {
  const [lowM] = (devices.find((each) => each.id === id) as RiverGauge).thresholds.map(
    ({ levelM }) => levelM,
  );
  const topic = `siaga/semarang/river-gauge/${id}/telemetry`;
  const client = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { reconnectPeriod: 0 });
  // The server that it speaks to is killed.
  client.on('error', () => undefined);
  const publish = async (body: unknown) => {
    await client.publishAsync(topic, JSON.stringify(body), { qos: 1 });
  };
  return {
    client,
    flood: () =>
      publish(
        [-0.2, -0.1, 0.05].map((aboveM, index) => ({
          measuredAt: firstMs + index * MINUTE,
          levelM: (lowM as number) + aboveM,
        })),
      ),
    say: (levelM) => publish({ measuredAt: Date.now(), levelM }),
    async [Symbol.asyncDispose]() {
      await client.endAsync(true);
    },
  };
}

export interface Wire extends AsyncDisposable {
  /** DATABASE_URL over it. */
  readonly url: string;
  /** From here on no byte goes either way, and nobody is told. */
  cut(): void;
  mend(): void;
}

/** TCP to the Unix socket of PostgreSQL, at this address of the machine. */
export async function openWire(url: string, host = '127.0.0.1'): Promise<Wire> {
  const target = new URL(url);
  const path = `${decodeURIComponent(target.hostname)}/.s.PGSQL.5432`;
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    const far = openSocket(path);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
      if (isCut) one.pause();
    }
  });
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `postgres://siaga@${host}:${port}${target.pathname}${target.search}`,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.pause();
    },
    mend() {
      isCut = false;
      for (const socket of sockets) socket.resume();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
