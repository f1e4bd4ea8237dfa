/**
 * Devices and people at any node: what comes to a standby is carried to the owner, byte by byte and call by call.
 *
 * Two or three real servers on one real PostgreSQL. Needs PostgreSQL and is skipped where it is not installed; with
 * CI=true that is a failure.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { connectGauge } from '../support/cluster-house.ts';
import { Crew } from '../support/crew.ts';
import { eventually } from '../support/eventually.ts';
import { mqttPortOf, setUpNodes } from '../support/node-ground.ts';
import { dialFrom, introduce, openEvents, standbyMetric } from '../support/node-house.ts';
import { hasPostgres } from '../support/postgres.ts';
import { publishPacket } from '../support/raw-mqtt-client.ts';

if (!hasPostgres) console.warn('skipped: PostgreSQL (initdb, postgres) is not installed');

const TOPIC = 'siaga/semarang/river-gauge/kreo-cepoko/telemetry';
/** Near Simpang Lima. */
const SCENE = { lat: -6.9903, lng: 110.4229 };
const UNIT = 'ambulans-05';

const ask = async (url: string, init: RequestInit = {}) => {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, body: await response.text() };
};

describe.skipIf(!hasPostgres)('devices and people at any node', () => {
  const ground = setUpNodes();

  test('a device at a standby gets its PUBACK, and its flood is one alert; the standby itself writes nothing', async () => {
    const owner = await ground.nodes.startOwner();
    await ground.database.watchWrites();
    const standby = await ground.standBy();
    const gauge = ground.opened.use(await connectGauge(mqttPortOf(standby)));
    await gauge.flood();
    await eventually(async () =>
      expect(await ground.database.levelAlerts()).toMatchObject([{ state: 'open' }]),
    );
    expect(await ground.database.writesOf('node-2')).toBe(0);
    expect(await standbyMetric(standby, 'siaga_relay_connections', { lane: 'mqtt-tcp' })).toBe(1);
    expect(await owner.metric('siaga_relay_links')).toBeGreaterThan(0);
    // A device that subscribes to open alerts has this one, retained, wherever it comes.
    const other = await ground.standBy();
    const listener = ground.opened.use(await connectGauge(mqttPortOf(other), 'silandak-purwoyoso'));
    const alert = new Promise<string>((resolve) => {
      listener.client.once('message', (topic, _payload, { retain }) => resolve(`${topic} ${retain}`));
    });
    await listener.client.subscribeAsync('siaga/semarang/alerts/#', { qos: 1 });
    expect(await alert).toMatch(/^siaga\/semarang\/alerts\/.+ true$/);
  });

  test('an order goes from one standby’s API to a crew at another, and its answer back', async () => {
    await ground.nodes.startOwner();
    const [desk, field] = [await ground.standBy(), await ground.standBy()];
    const crew = await Crew.connect(UNIT, `mqtt://127.0.0.1:${mqttPortOf(field)}`);
    ground.opened.defer(() => crew.end());
    await crew.report('available', SCENE);
    const post = async (path: string, body: object, key = crypto.randomUUID()) => {
      const headers = { 'content-type': 'application/json', 'idempotency-key': key };
      const init = { method: 'POST', headers, body: JSON.stringify(body) };
      const answer = await ask(desk.httpUrl + path, init);
      expect(answer.body).toMatch(/^\{/);
      expect(answer.status).toBeLessThan(300);
      return JSON.parse(answer.body);
    };
    const call = { classification: 'real', category: 'trauma', priority: 1, needsTransport: true, ...SCENE };
    const { id } = await post('/v1/incidents', call);
    const path = `/v1/incidents/${id}`;
    const proposal = await eventually(async () => {
      const { body } = await ask(`${desk.httpUrl}${path}/recommendation?role=transport`);
      const { transport, destinations } = JSON.parse(body);
      const found = transport.candidates.find(({ unit }: { unit: string }) => unit === UNIT);
      expect(found).toBeDefined();
      return { unit: UNIT, unitVersion: found.unitVersion, role: 'transport', hospital: destinations[0].id };
    });
    await post(`${path}/assignments`, proposal);
    // It is said again until it is answered, on a busy machine before we look.
    const order = await eventually(() => {
      expect(crew.orders).not.toEqual([]);
      return crew.orders[0] as (typeof crew.orders)[0];
    });
    expect(order).toMatchObject({ command: 'dispatch', incident: { id: expect.anything() } });
    await crew.answer('accepted', order.assignment);
    await eventually(async () => {
      const { body } = await ask(desk.httpUrl + path);
      expect(JSON.parse(body).assignments[0].timeline.acceptedAt).not.toBeNull();
    });
  });

  test('the same client id at another node takes over, and is contested by the addresses of the boxes', async () => {
    const owner = await ground.nodes.startOwner();
    const [near, far] = [await ground.standBy(), await ground.standBy()];
    const first = await dialFrom('127.0.0.11', mqttPortOf(near));
    expect(await introduce(first, 'kreo-cepoko')).toBe(true);
    const second = await dialFrom('127.0.0.12', mqttPortOf(far));
    expect(await introduce(second, 'kreo-cepoko')).toBe(true);
    await first.closed();
    second.send(publishPacket(TOPIC, '{"levelM":0.4}', { qos: 1, messageId: 1 }));
    await second.next('puback');
    const third = await dialFrom('127.0.0.13', owner.mqttPort);
    expect(await introduce(third, 'kreo-cepoko')).toBe(true);
    await second.closed();
    third.destroy();
  });

  test('calls at a standby are the owner’s answers, on kept connections; health is the standby’s own', async () => {
    const owner = await ground.nodes.startOwner({ API_AUTH: 'true' });
    const standby = await ground.standBy();
    const direct = await ask(`${owner.httpUrl}/v1/city`);
    for (let n = 0; n < 3; n++) {
      const carried = await ask(`${standby.httpUrl}/v1/city`);
      expect(carried.status).toBe(200);
      expect(carried.body).toBe(direct.body);
      expect(carried.headers.get('via')).toContain('siaga');
    }
    const missing = await ask(`${standby.httpUrl}/v1/devices/nobody`);
    expect([missing.status, JSON.parse(missing.body).type]).toEqual([
      404,
      expect.stringContaining('urn:siaga'),
    ]);
    // One connection of ours, one link: fetch keeps its own.
    expect(await standbyMetric(standby, 'siaga_relay_connections', { lane: 'api' })).toBe(1);
    const readiness = JSON.parse((await ask(`${standby.httpUrl}/readyz`)).body);
    expect(readiness).toMatchObject({
      status: 'standby',
      problems: [expect.stringContaining('owns the city')],
    });
    expect((await ask(`${standby.httpUrl}/healthz`)).body).toBe('{"status":"ok"}');
    // Through a hop nobody is "this machine": the owner's figures are not for whoever finds another spelling.
    expect((await ask(`${owner.httpUrl}/%6detrics`)).status).toBe(200);
    expect((await ask(`${standby.httpUrl}/%6detrics`)).status).toBe(401);
    expect(await standbyMetric(standby, 'siaga_relay_calls_total', { outcome: 'carried' })).toBeGreaterThan(
      3,
    );
  });

  test('a standby that others can call shows its figures to whom the owner would', async () => {
    const owner = await ground.nodes.startOwner({ API_AUTH: 'true' });
    // A proxy is named, so that a caller over loopback may be anybody.
    const standby = await ground.standBy({ TRUST_PROXY: '127.0.0.99' });
    const url = `${standby.httpUrl}/metrics`;
    expect(await ask(url)).toMatchObject({ status: 503, body: expect.not.stringContaining('siaga_relay') });
    const token = readFileSync(`${ground.nodes.dataDirOf(owner)}/first-admin-token`, 'utf8').trim();
    const shown = await ask(url, { headers: { authorization: `Bearer ${token}` } });
    expect(shown).toMatchObject({ status: 200, body: expect.stringContaining('siaga_relay_connections') });
    const wrong = await ask(url, { headers: { authorization: 'Bearer nobody' } });
    expect(wrong.status).toBe(503);
  });

  test('a live stream at a standby has what a device at another one says, and ends with its owner', async () => {
    const owner = await ground.nodes.startOwner();
    const [room, field] = [await ground.standBy(), await ground.standBy()];
    const stream = await openEvents(`${room.httpUrl}/v1/stream`);
    await stream.next('ready');
    const gauge = ground.opened.use(await connectGauge(mqttPortOf(field)));
    await gauge.say(0.3);
    expect(await stream.next('reading')).toContain('tenggang-kaligawe');
    await owner.kill();
    await stream.ended;
  });
});
