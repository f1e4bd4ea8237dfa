/**
 * What becomes of devices and calls at a standby when its owner dies, hangs, or is none: they come again, to any node,
 * and nothing that was acknowledged is lost.
 *
 * Real servers on one real PostgreSQL, each standby on a port of its own that it keeps as the owner. Needs PostgreSQL
 * and is skipped where it is not installed; with CI=true that is a failure.
 */
import { describe, expect, test } from 'vitest';
import { connectGauge } from '../support/cluster-house.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type NodeGround, setUpNodes } from '../support/node-ground.ts';
import { dialFrom, introduce, standbyMetric, untilItLeads } from '../support/node-house.ts';
import { compareWith, createNumberedLoad, readCopies } from '../support/numbered-city.ts';
import { hasPostgres } from '../support/postgres.ts';
import { publishPacket } from '../support/raw-mqtt-client.ts';
import type { StandbySiaga } from '../support/start-siaga.ts';
import { ReturningDevices } from '../support/three-machines.ts';

if (!hasPostgres) console.warn('skipped: PostgreSQL (initdb, postgres) is not installed');

/** Publishes that show that it goes on. */
const SOME = 200;

interface Standby {
  readonly node: StandbySiaga;
  readonly mqttPort: number;
}
let ground: NodeGround;
const standBy = async (): Promise<Standby> => {
  const mqttPort = await freePort();
  const node = await ground.nodes.startStandby({ MQTT_PORT: String(mqttPort) });
  return { node, mqttPort };
};
/** The one that has become the owner, and the other. */
const followed = async (one: Standby, other: Standby) =>
  Promise.any([
    one.node.ready().then((heir) => ({ heir, left: other })),
    other.node.ready().then((heir) => ({ heir, left: one })),
  ]);

describe.skipIf(!hasPostgres)('devices and calls at a standby', () => {
  ground = setUpNodes();

  test('the owner is killed under load: devices come again to the same standbys, and nothing acknowledged is lost or doubled', async () => {
    const owner = await ground.nodes.startOwner();
    const [one, other] = [await standBy(), await standBy()];
    await Promise.all([untilItLeads(one.node), untilItLeads(other.node)]);
    const load = createNumberedLoad(4);
    const atOne = new Set(load.devices.filter((_, index) => index % 2 === 0));
    {
      await using devices = new ReturningDevices(load, (device) =>
        atOne.has(device) ? one.mqttPort : other.mqttPort,
      );
      await load.moreAcknowledged(SOME);
      const gauge = await connectGauge(one.mqttPort);
      await gauge.flood();
      devices.startMeasuring();
      await owner.kill();
      await load.moreAcknowledged(SOME);
      console.log(`PUBACK again after ${(devices.longestSilenceMs / 1_000).toFixed(1)} s`);
      expect(devices.sentAway).toBe(load.devices.length);
    }
    const { heir, left } = await followed(one, other);
    // The same flood, over the one that still stands by.
    await eventually(async () => {
      await using gauge = await connectGauge(left.mqttPort);
      await gauge.flood();
    });
    const found = compareWith(load, (device) => readCopies(ground.nodes.dataDirOf(heir), device));
    console.log(`${found.acknowledged} readings acknowledged`);
    expect(found).toMatchObject({ missing: 0, doubled: 0 });
    await eventually(async () => expect(await ground.database.levelAlerts()).toHaveLength(1));
  });

  test('the owner hangs: what a standby carries to it ends when another owns the city, and goes to that one', async () => {
    const owner = await ground.nodes.startOwner();
    const [one, other] = [await standBy(), await standBy()];
    await Promise.all([untilItLeads(one.node), untilItLeads(other.node)]);
    const clients = await Promise.all(
      [one, other].map(async ({ mqttPort }, index) => {
        const client = await dialFrom('127.0.0.1', mqttPort);
        expect(await introduce(client, `patient-${index}`)).toBe(true);
        return client;
      }),
    );
    process.kill(owner.pid, 'SIGSTOP');
    const { left } = await followed(one, other);
    for (const client of clients) await client.closed();
    expect(
      await standbyMetric(left.node, 'siaga_relay_ended_total', { why: 'owner-changed' }),
    ).toBeGreaterThan(0);
    const again = await dialFrom('127.0.0.1', left.mqttPort);
    expect(await introduce(again, 'kreo-cepoko')).toBe(true);
    const topic = 'siaga/semarang/river-gauge/kreo-cepoko/telemetry';
    again.send(publishPacket(topic, '{"levelM":0.4}', { qos: 1, messageId: 1 }));
    await again.next('puback');
    process.kill(owner.pid, 'SIGCONT');
    expect(await owner.exited).toMatchObject({ code: 75 });
  });

  test.each([
    ['the owner takes nothing from other nodes', 'no-owner'],
    ['the owner is not reached', 'unreachable'],
  ])(
    '%s: a call is answered with 503 and Retry-After, a device is held and then let go',
    async (_what, why) => {
      await ground.nodes.startOwner(why === 'no-owner' ? { SIAGA_NODE_HOST: '' } : {});
      await ground.database.client.query(`update owner_nodes set port = ${await freePort()}`);
      const { node, mqttPort } = await standBy();
      const because =
        why === 'unreachable'
          ? /owns the city since .+; its port for nodes, 127\.0\.0\.1:\d+, is not reached/
          : /; it has not said where other nodes reach it: .*SIAGA_NODE_HOST/;
      await eventually(async () => {
        const ready = await fetch(`${node.httpUrl}/readyz`);
        expect([ready.status, ((await ready.json()) as { detail: string }).detail]).toEqual([
          503,
          expect.stringMatching(because),
        ]);
      });
      const device = await dialFrom('127.0.0.1', mqttPort);
      const answer = await fetch(`${node.httpUrl}/v1/city`);
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect((await answer.json()) as object).toMatchObject({ detail: expect.stringMatching(/^standby: /) });
      expect(await introduce(device, 'kreo-cepoko')).toBe(false);
      expect(await standbyMetric(node, 'siaga_relay_ended_total', { why })).toBe(2);
      expect(await standbyMetric(node, 'siaga_relay_calls_total', { outcome: why })).toBe(1);
      expect((await fetch(`${node.httpUrl}/healthz`)).status).toBe(200);
    },
  );

  test('a device that comes while nobody serves the city is held, and carried to the heir', async () => {
    const owner = await ground.nodes.startOwner({ SIAGA_NODE_HOST: '' });
    const { node, mqttPort } = await standBy();
    const heir = await ground.nodes.startStandby();
    // The second one is first to look, or not: whoever stands by at the end carries.
    const device = await dialFrom('127.0.0.1', mqttPort);
    await owner.stop();
    const isHeir = await Promise.any([heir.ready().then(() => false), node.ready().then(() => true)]);
    if (isHeir) await device.closed();
    else {
      // It was held no longer than its time; a takeover on a busy machine may take longer.
      const isCarried = await introduce(device, 'kreo-cepoko');
      await eventually(async () => {
        if (isCarried) return;
        expect(await introduce(await dialFrom('127.0.0.1', mqttPort), 'kreo-cepoko')).toBe(true);
      });
    }
  });
});
