/**
 * An owner that is cut off from PostgreSQL and not from its devices, by a cable that is pulled out of a network
 * namespace.
 *
 * Needs PostgreSQL, and `ip` with leave to make a namespace; skipped with the reason where there is none.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClusterDatabase, openWire } from '../support/cluster-house.ts';
import { eventually } from '../support/eventually.ts';
import { findNamespaceProblem, openNetworkNamespace } from '../support/network-namespace.ts';
import { dialFrom, introduce } from '../support/node-house.ts';
import { hasPostgres, type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { publishPacket } from '../support/raw-mqtt-client.ts';
import { createDataFolder, startSiaga, startStandby } from '../support/start-siaga.ts';

const problem = hasPostgres ? findNamespaceProblem() : 'PostgreSQL (initdb, postgres) is not installed';
if (problem !== undefined) console.warn(`skipped: ${problem}`);

const TOPIC = 'siaga/semarang/river-gauge/kreo-cepoko/telemetry';
const reading = (messageId: number) =>
  publishPacket(TOPIC, `{"levelM":0.${messageId}}`, { qos: 1, messageId });

let postgres: RunningPostgres;

describe.skipIf(problem !== undefined)('a cable is pulled', () => {
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.[Symbol.asyncDispose]());

  test('an owner without its database acknowledges nothing, another owns the city, and the old one ends when it hears of it', async () => {
    await using opened = new AsyncDisposableStack();
    const database = opened.use(await createClusterDatabase(postgres.url));
    const namespace = opened.use(openNetworkNamespace());
    const wire = opened.use(await openWire(database.urlOf('cut'), namespace.outside));
    const folder = opened.use(await createDataFolder()).path;
    const urls = (url: string) => ({ DATABASE_URL: url, JOURNAL_URL: url });
    const owner = opened.use(
      await startSiaga({ dataDir: folder, environment: urls(wire.url), prefix: namespace.prefix }),
    );
    const standby = opened.use(
      await startStandby({
        dataDir: opened.use(await createDataFolder()).path,
        environment: urls(database.urlOf('near')),
      }),
    );
    const device = await namespace.dial(owner.mqttPort, folder);
    expect(await introduce(device, 'kreo-cepoko')).toBe(true);
    device.send(reading(1));
    expect(await device.next('puback')).toMatchObject({ messageId: 1 });
    const pulledAtMs = Date.now();
    namespace.pull();
    device.send(reading(2));
    const heir = await standby.ready();
    console.log(`followed and ready after ${((Date.now() - pulledAtMs) / 1_000).toFixed(1)} s`);
    // It still speaks with its device, and says nothing of the reading.
    expect(device.isClosed).toBe(false);
    expect(device.take().filter(({ cmd }) => cmd === 'puback')).toEqual([]);
    const again = await dialFrom('127.0.0.1', heir.mqttPort);
    expect(await introduce(again, 'kreo-cepoko')).toBe(true);
    again.send(reading(2));
    expect(await again.next('puback')).toMatchObject({ messageId: 2 });
    namespace.plug();
    expect(await owner.exited).toMatchObject({ code: 75 });
    expect(device.take().filter(({ cmd }) => cmd === 'puback')).toEqual([]);
    // What nobody had acknowledged was sent again: once in the log.
    const copies = `select count(*)::int as n from journal_log where document like '%"levelM":0.2%'`;
    await eventually(async () => expect((await database.client.query(copies)).rows).toEqual([{ n: 1 }]));
    expect(await database.epoch()).toBe(2);
  });
});
