/**
 * Nodes that are set up or supplied oddly: a copied data folder, the same one twice, a database that refuses, a
 * certificate of somebody else, an address that is bound and another that is announced.
 *
 * Real servers on one real PostgreSQL. Needs PostgreSQL and is skipped where it is not installed; with CI=true that is
 * a failure.
 */
import { cpSync, rmSync } from 'node:fs';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { connectGauge } from '../support/cluster-house.ts';
import { eventually } from '../support/eventually.ts';
import { setUpNodes } from '../support/node-ground.ts';
import { hasPostgres } from '../support/postgres.ts';
import { createDataFolder, runSiaga, startStandby } from '../support/start-siaga.ts';

if (!hasPostgres) console.warn('skipped: PostgreSQL (initdb, postgres) is not installed');

const readiness = async ({ httpUrl }: { readonly httpUrl: string }) => {
  const answer = await fetch(`${httpUrl}/readyz`);
  const { detail, problems } = (await answer.json()) as { detail?: string; problems?: string[] };
  return { status: answer.status, words: detail ?? problems?.join('; ') ?? '' };
};

describe.skipIf(!hasPostgres)('a node', () => {
  const ground = setUpNodes();

  test('on a copy of the owner’s data folder, on the same machine, stands by and takes nothing from it', async () => {
    const owner = await ground.nodes.startOwner();
    const copy = ground.opened.use(await createDataFolder());
    cpSync(ground.nodes.dataDirOf(owner), copy.path, { recursive: true });
    rmSync(`${copy.path}/siaga.lock`, { force: true });
    const url = ground.database.urlOf('copy');
    const standby = ground.opened.use(
      await startStandby({ dataDir: copy.path, environment: { DATABASE_URL: url, JOURNAL_URL: url } }),
    );
    expect((await readiness(standby)).words).toMatch(/owns the city since/);
    expect(await ground.database.epoch()).toBe(1);
    expect((await fetch(`${owner.httpUrl}/readyz`)).status).toBe(200);
  });

  test('on the data folder of one that runs ends, and says what to do', async () => {
    const owner = await ground.nodes.startOwner();
    const exit = await runSiaga({
      dataDir: ground.nodes.dataDirOf(owner),
      environment: { DATABASE_URL: ground.database.urlOf('twin') },
    });
    expect(exit.code).toBe(1);
    expect(`${exit.stdout}${exit.stderr}`).toMatch(
      /is used by another Siaga: end that one, or choose another SIAGA_DATA_DIR/,
    );
  });

  test('whose database takes no connections says so in its words, and stands by again by itself', async () => {
    await ground.nodes.startOwner();
    const standby = await ground.standBy();
    const url = new URL(ground.database.urlOf('x'));
    const name = url.pathname.slice(1);
    url.pathname = '/postgres';
    const admin = new pg.Client({ connectionString: url.href });
    await admin.connect();
    ground.opened.defer(() => admin.end());
    await admin.query(`alter database ${name} with allow_connections false`);
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'node-%'`,
    );
    await eventually(async () =>
      expect((await readiness(standby)).words).toContain(
        `who owns the city refuses: database "${name}" is not currently accepting connections`,
      ),
    );
    await admin.query(`alter database ${name} with allow_connections true`);
    await eventually(async () => expect((await readiness(standby)).words).toMatch(/owns the city since/));
  });

  test('that is bound to every address announces its own, and is reached there', async () => {
    await ground.nodes.startOwner({
      ...{ SIAGA_NODE_HOST: '0.0.0.0', SIAGA_NODE_ANNOUNCED_HOST: '127.0.0.1' },
      ...{ MQTT_AUTH: 'true', API_AUTH: 'true' },
    });
    const { rows } = await ground.database.client.query('select host from owner_nodes');
    expect(rows).toEqual([{ host: '127.0.0.1' }]);
    const standby = await ground.standBy();
    expect((await fetch(`${standby.httpUrl}/v1/city`)).status).toBe(200);
    // Where the announced port leads nowhere, it says so.
    await ground.database.client.query('update owner_nodes set port = 9');
    const lost = await ground.nodes.startStandby();
    await eventually(async () => {
      const { status, words } = await readiness(lost);
      expect([status, words]).toEqual([503, expect.stringContaining('127.0.0.1:9, is not reached')]);
    });
  });

  test('whose clock is 10 minutes off takes over, and the same flood is the same alert', async () => {
    const owner = await ground.nodes.startOwner();
    const hook = new URL('../support/step-clock.child.ts', import.meta.url);
    const standby = await ground.nodes.startStandby({
      NODE_OPTIONS: `--import=${hook.href}?steps=600000`,
    });
    const gauge = ground.opened.use(await connectGauge(owner.mqttPort));
    await gauge.flood();
    await eventually(async () =>
      expect(await ground.database.levelAlerts()).toMatchObject([{ state: 'open' }]),
    );
    process.kill(standby.pid, 'SIGUSR2');
    await owner.kill();
    const heir = await standby.ready();
    const again = ground.opened.use(await connectGauge(heir.mqttPort));
    await again.flood();
    expect(await ground.database.levelAlerts()).toHaveLength(1);
  });
});
