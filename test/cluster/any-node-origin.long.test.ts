/**
 * Whose connection it is, where a standby carries it: bounds by the address of the device, TLS at the owner, proxies
 * before a standby, and a port between nodes that lets nobody else through.
 *
 * Real servers on one real PostgreSQL. Needs PostgreSQL and is skipped where it is not installed; with CI=true that is
 * a failure.
 */
import { describe, expect, test } from 'vitest';
import { makeCertificates } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { mqttPortOf, setUpNodes } from '../support/node-ground.ts';
import { dialFrom, dialTls, introduce, isTaken, standbyMetric } from '../support/node-house.ts';
import { hasPostgres } from '../support/postgres.ts';
import { proxyV2From } from '../support/proxy-headers.ts';
import { publishPacket } from '../support/raw-mqtt-client.ts';

if (!hasPostgres) console.warn('skipped: PostgreSQL (initdb, postgres) is not installed');

const TOPIC = 'siaga/semarang/river-gauge/kreo-cepoko/telemetry';

describe.skipIf(!hasPostgres)('whose connection it is, at any node', () => {
  const ground = setUpNodes();

  test('a device behind a standby is bounded by its own address, and another one is not', async () => {
    const owner = await ground.nodes.startOwner({ MQTT_MAX_CONNECTIONS_PER_ADDRESS: '2' });
    const standby = await ground.standBy();
    const port = mqttPortOf(standby);
    for (const id of ['one', 'two'])
      expect(await introduce(await dialFrom('127.0.0.21', port), id)).toBe(true);
    expect(await isTaken('127.0.0.21', port, 'three')).toBe(false);
    expect(await isTaken('127.0.0.22', port, 'four')).toBe(true);
    expect(await isTaken('127.0.0.21', owner.mqttPort, 'five')).toBe(false);
    const labels = { bound: 'connections-per-address' };
    expect(await owner.metric('siaga_mqtt_bound_hits_total', labels)).toBe(2);
    expect(await standbyMetric(standby, 'siaga_relay_refused_total')).toBe(0);
  });

  test('a standby keeps the bounds of an address itself, before it spends a link on it', async () => {
    const owner = await ground.nodes.startOwner();
    const standby = await ground.standBy({ MQTT_MAX_CONNECTIONS_PER_ADDRESS: '1' });
    const port = mqttPortOf(standby);
    expect(await isTaken('127.0.0.31', port, 'one')).toBe(true);
    expect(await isTaken('127.0.0.31', port, 'two')).toBe(false);
    const labels = { bound: 'connections-per-address' };
    expect(await standbyMetric(standby, 'siaga_relay_refused_total', labels)).toBe(1);
    expect(await owner.metric('siaga_mqtt_bound_hits_total', labels)).toBe(0);
  });

  test('TLS is the owner’s, through a standby; and a proxy before a standby says whose connection it is', async () => {
    const certificates = ground.opened.use(makeCertificates());
    const tls = {
      ...{ MQTTS_PORT: '0', TLS_CERT_FILE: certificates.file('localhost.crt') },
      TLS_KEY_FILE: certificates.file('localhost.key'),
    };
    const proxied = { MQTT_PROXY_PROTOCOL: 'true', MQTT_PROXY_FROM: '127.0.0.41' };
    const owner = await ground.nodes.startOwner({
      ...tls,
      MQTT_MAX_CONNECTIONS_PER_ADDRESS: '1',
      MQTT_WS_PORT: '0',
    });
    const standby = await ground.standBy({ ...tls, ...proxied, MQTT_WS_PORT: '0' });
    const secure = await dialTls(
      '127.0.0.42',
      standby.mqttPorts['tls'] as number,
      certificates.read('localhost.crt'),
    );
    expect(await introduce(secure, 'kreo-cepoko')).toBe(true);
    secure.send(publishPacket(TOPIC, '{"levelM":0.4}', { qos: 1, messageId: 1 }));
    await secure.next('puback');
    for (const [address, isLetIn] of [
      ['203.0.113.7', true],
      ['203.0.113.7', false],
      ['203.0.113.8', true],
    ] as const) {
      const client = await dialFrom('127.0.0.41', mqttPortOf(standby));
      client.sendBytes(proxyV2From(address, 5_000));
      expect(await introduce(client, `behind-${address}`)).toBe(isLetIn);
    }
    const web = new WebSocket(`ws://127.0.0.1:${standby.mqttPorts['ws']}`, 'mqtt');
    await new Promise((resolve, reject) => {
      web.onopen = resolve;
      web.onerror = reject;
    });
    web.close();
    expect(await owner.metric('siaga_mqtt_bound_hits_total', { bound: 'connections-per-address' })).toBe(1);
  });

  test('a port of the nodes that is reached by somebody else lets nobody through', async () => {
    const owner = await ground.nodes.startOwner();
    const { rows } = await ground.database.client.query('select host, port from owner_nodes');
    const stranger = await dialFrom('127.0.0.51', rows[0].port);
    expect(await introduce(stranger, 'kreo-cepoko')).toBe(false);
    const liar = await dialFrom('127.0.0.51', rows[0].port);
    liar.sendBytes(proxyV2From('203.0.113.9', 5_000));
    expect(await introduce(liar, 'kreo-cepoko')).toBe(false);
    const refused = () => owner.metric('siaga_relay_links_refused_total', { why: 'handshake' });
    await eventually(async () => expect(await refused()).toBeGreaterThanOrEqual(2));
    expect(await owner.metric('siaga_mqtt_connections')).toBe(0);
  });
});
