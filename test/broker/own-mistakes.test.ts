/**
 * A mistake of ours while one connection is handled: wherever it is thrown, that connection ends, counted, and
 * the others get their acknowledgements. The mistakes are made by the broker's ports: pipeline, authenticator.
 */
import { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Identity } from '../../broker/clients/access.ts';
import { AnswerQueue, AnswerRound, type OpenPublish } from '../../broker/connection/answer-queue.ts';
import { publishPacket, type RawMqttClient } from '../support/raw-mqtt-client.ts';
import {
  GAUGE_ROOT,
  openTestBroker,
  STATUS,
  STORED,
  TELEMETRY,
  type TestBroker,
  testAuthenticator,
} from '../support/test-broker.ts';

let siaga: TestBroker;
beforeEach(async () => {
  siaga = await openTestBroker();
});
afterEach(async () => {
  vi.useRealTimers();
  await siaga[Symbol.asyncDispose]();
});

const MISTAKE = 'a mistake of ours';
const throwsAt = (payload: string) => {
  siaga.pipeline.judge = (message) => {
    if (message.payload.toString() === payload) throw new Error(MISTAKE);
    return STORED;
  };
};

/** Expects that `device` is ended, once, and that another one is served as before. */
async function expectOnlyThisEnds(device: RawMqttClient, broker = siaga): Promise<void> {
  const healthy = await broker.device('gauge-2');
  await device.closed();
  healthy.send(publishPacket(TELEMETRY.replace('gauge-1', 'gauge-2'), '{}', { qos: 1, messageId: 9 }));
  expect((await healthy.next('puback')).messageId).toBe(9);
  await vi.waitFor(async () =>
    expect(await broker.value('siaga_mqtt_connection_ends_total', { reason: 'internal-error' })).toBe(1),
  );
}

describe('a mistake of ours ends one connection only', () => {
  test.each([
    ['telemetry', TELEMETRY, 1],
    ['telemetry of QoS 0', TELEMETRY, 0],
    ['telemetry of QoS 2', TELEMETRY, 2],
    ['a status', STATUS, 1],
    ['a publish on a topic of no device', 'topic', 1],
  ] as const)('in taking %s', async (_name, topic, qos) => {
    throwsAt('bad');
    const device = await siaga.device();
    device.send(publishPacket(topic, 'bad', qos === 0 ? {} : { qos, messageId: 1 }));
    await expectOnlyThisEnds(device);
    expect(device.take()).toEqual([]);
  });

  test('in taking telemetry that had to wait for its rate', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let clockMs = 1_700_000_000_000;
    await using paced = await openTestBroker(
      { MQTT_MAX_PUBLISHES_PER_CLIENT_PER_S: '1' },
      { now: () => clockMs },
    );
    paced.pipeline.judge = ({ payload }) => {
      if (payload.toString() === '11') throw new Error(MISTAKE);
      return STORED;
    };
    const device = await paced.device();
    for (let id = 1; id <= 11; id++)
      device.send(publishPacket(TELEMETRY, `${id}`, { qos: 1, messageId: id }));
    for (let id = 1; id <= 10; id++) await device.next('puback');
    clockMs += 1_000;
    await vi.advanceTimersByTimeAsync(1_000);
    await expectOnlyThisEnds(device, paced);
  });

  test('in judging a SUBSCRIBE, and in restoring what a kept session had subscribed to', async () => {
    let isBroken = false;
    const identity: Identity = {
      role: 'device',
      id: 'gauge-1',
      get kind(): string {
        if (isBroken) throw new Error(MISTAKE);
        return 'river-gauge';
      },
    };
    const authenticator = {
      ...testAuthenticator,
      verify: async (name: string, secret: Buffer) =>
        name === 'gauge-1' ? identity : testAuthenticator.verify(name, secret),
    };
    await using other = await openTestBroker({}, { authenticator });
    const subscribe = {
      cmd: 'subscribe' as const,
      messageId: 1,
      subscriptions: [{ topic: `${GAUGE_ROOT}/command`, qos: 1 as const }],
    };
    const before = await other.device('gauge-1', { clean: false });
    before.send(subscribe);
    await before.next('suback');
    before.send({ cmd: 'disconnect' });
    await before.closed();
    isBroken = true;
    const back = other.attach();
    await expect(
      back.connect({
        clientId: 'gauge-1',
        username: 'gauge-1',
        password: Buffer.from('gauge-1-secret'),
        clean: false,
      }),
    ).rejects.toThrow('ended before');
    await expectOnlyThisEnds(back, other);
  });

  test('and its will is still published', async () => {
    throwsAt('bad');
    const will = {
      topic: STATUS,
      payload: Buffer.from('{"status":"offline"}'),
      qos: 1 as const,
      retain: true,
    };
    const device = await siaga.device('gauge-1', { will });
    device.send(publishPacket(TELEMETRY, 'bad', { qos: 1, messageId: 1 }));
    await siaga.pipeline.received(2);
    expect(siaga.pipeline.messages[1]?.topic).toBe(STATUS);
    const observer = await siaga.observer();
    observer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: STATUS, qos: 0 }] });
    expect((await observer.next('publish')).payload.toString()).toBe('{"status":"offline"}');
  });
});

describe('in answering', () => {
  const open = (judge: () => number): OpenPublish => ({
    isStored: true,
    next: undefined,
    judge,
    answer: () => undefined,
  });
  const openQueue = (round: AnswerRound) => {
    const written: Buffer[] = [];
    const faults: Error[] = [];
    const stream = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        written.push(chunk);
        done();
      },
    });
    const queue = new AnswerQueue(stream, {
      round,
      onAnswered: () => undefined,
      onFailed: () => undefined,
      onFault: (error) => faults.push(error),
    });
    return { queue, written, faults };
  };

  test('one connection, those of the same commit behind it are answered', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const round = new AnswerRound(resolve);
    const [broken, healthy] = [openQueue(round), openQueue(round)];
    broken.queue.add(
      open(() => {
        throw new Error(MISTAKE);
      }),
    );
    healthy.queue.add(open(() => 7));
    broken.queue.schedule();
    healthy.queue.schedule();
    await promise;
    expect(broken.faults.map(({ message }) => message)).toEqual([MISTAKE]);
    expect(broken.written).toEqual([]);
    expect(Buffer.concat(healthy.written)).toEqual(Buffer.of(0x40, 2, 0, 7));
  });
});
