/**
 * RabbitMQ with quorum queues as an outside broker: what it was told we have is on disk here, what it told a device
 * it has is on disk there, and nothing is there twice.
 */
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OutsideStream, ROUNDS } from '../support/outside-stream.ts';
import { RABBITMQ_LOGIN, type Rabbitmq, rabbitmqMissing, startRabbitmq } from '../support/rabbitmq.ts';

describe.skipIf(rabbitmqMissing())('RabbitMQ with quorum queues', () => {
  let outside: Rabbitmq;
  beforeAll(async () => {
    outside = await startRabbitmq();
  }, 180_000);
  afterAll(async () => {
    await outside?.[Symbol.asyncDispose]();
  });

  test(
    `survives ${ROUNDS} kills of Siaga while it flows`,
    async () => {
      await using stream = await OutsideStream.open(outside.port, RABBITMQ_LOGIN);
      expect(await stream.killWhileItFlows()).toBe(ROUNDS);
      await using server = await stream.start();
      await stream.expectAllOnce(server);
    },
    120_000 + ROUNDS * 60_000,
  );

  test('keeps over a kill of itself what it has acknowledged to devices while Siaga is away', async () => {
    await using stream = await OutsideStream.open(outside.port, RABBITMQ_LOGIN);
    const before = await stream.start();
    await before.stop();
    await stream.publish(100);
    await outside.killAndStart();
    await using server = await stream.start();
    await stream.expectAllOnce(server);
  }, 300_000);

  test('acknowledges what nobody has subscribed to, and keeps none of it', async () => {
    const login = { ...RABBITMQ_LOGIN, clientId: 'late', clean: false };
    const url = `mqtt://127.0.0.1:${outside.port}`;
    const publisher = await mqtt.connectAsync(url, RABBITMQ_LOGIN);
    await publisher.publishAsync('nobody/listens', 'first', { qos: 1 });
    const heard: string[] = [];
    const subscriber = mqtt.connect(url, login);
    subscriber.on('message', (_, payload) => heard.push(payload.toString()));
    await subscriber.subscribeAsync('nobody/#', { qos: 1 });
    const second = new Promise((resolve) => subscriber.once('message', resolve));
    await publisher.publishAsync('nobody/listens', 'second', { qos: 1 });
    await second;
    expect(heard).toEqual(['second']);
    await Promise.all([publisher.endAsync(), subscriber.endAsync()]);
  });
});
