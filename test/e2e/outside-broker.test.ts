/**
 * A broker of somebody else, a real Mosquitto: nothing that it was told we have is lost, and nothing is there twice.
 */
import mqtt from 'mqtt';
import { describe, expect, test } from 'vitest';
import { BadLink } from '../support/bad-link.ts';
import { eventually } from '../support/eventually.ts';
import { mosquittoMissing, startMosquitto } from '../support/mosquitto.ts';
import { OutsideStream, ROUNDS } from '../support/outside-stream.ts';
import { createDataFolder, runCommand, startSiaga } from '../support/start-siaga.ts';

describe.skipIf(mosquittoMissing())('a stream from an outside broker', () => {
  test(
    `survives ${ROUNDS} kills while it flows`,
    async () => {
      await using outside = await startMosquitto();
      await using stream = await OutsideStream.open(outside.port);
      expect(await stream.killWhileItFlows()).toBe(ROUNDS);
      await using server = await stream.start();
      await stream.expectAllOnce(server);
      expect(await server.get('/readyz')).toEqual({ status: 'ready' });
    },
    120_000 + ROUNDS * 60_000,
  );

  test('is known when it comes again because our acknowledgements were lost', async () => {
    await using outside = await startMosquitto();
    await using link = await BadLink.open(() => outside.port);
    await using stream = await OutsideStream.open(outside.port, {}, link.port);
    await using server = await stream.start();
    for (let cut = 0; cut < 3; cut++) {
      link.weather.losesPubacks = true;
      const before = await server.metric('siaga_source_messages_total', { outcome: 'stored' });
      const flowing = stream.publish(40);
      // What Mosquitto has in flight, of either source: 20.
      await eventually(async () =>
        expect(await server.metric('siaga_source_messages_total', { outcome: 'stored' })).toBe(before + 40),
      );
      // None is still on its way, which would go over the next connection.
      await eventually(async () => expect(link.lostPubacks).toBe((cut + 1) * 40));
      link.weather.losesPubacks = false;
      link.reset();
      await flowing;
      await stream.expectAllOnce(server);
      // All that was in flight has come again, the other forty behind it: the next find room.
      await eventually(async () => expect(link.passedPubacks).toBe((cut + 1) * 80));
    }
    expect(await server.metric('siaga_source_messages_total', { outcome: 'repeated' })).toBe(3 * 40);
  }, 180_000);
});

describe.skipIf(mosquittoMissing())('a Mosquitto bridge', () => {
  test('brings what its devices say with its default notifications', async () => {
    await using folder = await createDataFolder();
    const devices = (...words: string[]) => runCommand('broker/credentials/cli.ts', words, folder.path);
    const { stdout } = await devices('add', 'gateway:field', '--format', 'siaga');
    await devices('add', 'kreo-cepoko', '--gateway', 'field');
    await using server = await startSiaga({ dataDir: folder.path, environment: { MQTT_AUTH: 'true' } });
    await using field = await startMosquitto([
      'connection siaga',
      `address 127.0.0.1:${server.mqttPort}`,
      'remote_username gateway:field',
      `remote_password ${stdout.trim()}`,
      'topic siaga/# out 1',
      'restart_timeout 1',
    ]);
    const device = await mqtt.connectAsync(`mqtt://127.0.0.1:${field.port}`);
    const topic = 'siaga/semarang/river-gauge/kreo-cepoko/telemetry';
    await device.publishAsync(topic, '{"levelM":1.23}', { qos: 1 });
    await device.endAsync();
    await eventually(async () => {
      const { last } = await server.get<{ last?: { values: object } }>('/v1/devices/kreo-cepoko');
      expect(last?.values).toEqual({ levelM: 1.23 });
    });
  }, 90_000);
});
