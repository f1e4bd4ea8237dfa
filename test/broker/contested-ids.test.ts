/** Two boxes with one client id: named with both addresses, and slowed down so that nobody pays for it. */
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  connectPacket,
  createClientPair,
  publishPacket,
  type RawMqttClient,
} from '../support/raw-mqtt-client.ts';
import { openTestBroker, TELEMETRY, type TestBroker, testAuthenticator } from '../support/test-broker.ts';

let clockMs = 1_700_000_000_000;
let siaga: TestBroker;
let isRevoked = false;
let lines: { msg: string; level: number; clientId?: string; origins?: { address: string }[] }[] = [];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  lines = [];
  isRevoked = false;
  siaga = await openTestBroker(
    {},
    {
      authenticator: { ...testAuthenticator, isValid: () => !isRevoked },
      now: () => clockMs,
      log: pino({ level: 'info' }, { write: (text: string) => lines.push(JSON.parse(text)) }),
    },
  );
});
afterEach(async () => {
  vi.useRealTimers();
  await siaga[Symbol.asyncDispose]();
});

async function pass(ms: number): Promise<void> {
  clockMs += ms;
  await vi.advanceTimersByTimeAsync(ms);
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
}
/** A box that has sent its CONNECT. */
function dial(address: string, id = 'gauge-1', clientId = id): RawMqttClient {
  const { client, serverSide } = createClientPair();
  siaga.broker.handle(serverSide, { listener: 'memory', address });
  client.send(connectPacket({ clientId, username: id, password: Buffer.from(`${id}-secret`) }));
  return client;
}
async function connect(address: string, id?: string, clientId?: string): Promise<RawMqttClient> {
  const client = dial(address, id, clientId);
  expect((await client.next('connack')).returnCode).toBe(0);
  await client.ping();
  return client;
}
const BOXES = ['10.0.0.1', '10.0.0.2'] as const;
/** They push each other off the line so many times, each so many milliseconds. */
async function contest(takeovers: number, eachMs = 100): Promise<RawMqttClient> {
  let holder = await connect(BOXES[0]);
  for (let times = 1; times <= takeovers; times++) {
    await pass(eachMs);
    holder = await connect(BOXES[times % 2] as string);
  }
  return holder;
}
const hasConnack = (client: RawMqttClient) => client.take().some(({ cmd }) => cmd === 'connack');

describe('a client id that two boxes claim', () => {
  test('is named after five takeovers, with both addresses', async () => {
    await contest(4);
    expect(siaga.broker.contestedIds()).toEqual([]);
    await pass(100);
    await connect(BOXES[1]);
    expect(siaga.broker.contestedIds()).toMatchObject([
      {
        clientId: 'gauge-1',
        since: clockMs,
        takeovers: 5,
        origins: [{ address: '10.0.0.1' }, { address: '10.0.0.2' }],
      },
    ]);
    expect(await siaga.value('siaga_mqtt_contested_ids')).toBe(1);
    expect(await siaga.value('siaga_mqtt_contests_total')).toBe(1);
    const said = lines.filter(({ origins }) => origins);
    expect(said).toMatchObject([{ clientId: 'gauge-1', level: 40 }]);
    expect(said[0]?.origins?.map(({ address }) => address)).toEqual([...BOXES]);
  });

  test('changes hands once in five seconds, and who waits gets its CONNACK then', async () => {
    const holder = await contest(5);
    const next = dial(BOXES[0]);
    await pass(4_900);
    expect(hasConnack(next)).toBe(false);
    await holder.ping();
    await pass(200);
    expect(hasConnack(next)).toBe(true);
    await holder.closed();
    next.send(publishPacket(TELEMETRY, '{}', { qos: 1, messageId: 1 }));
    await next.next('puback');
  });

  test('changes hands no faster when ten boxes wait at once', async () => {
    await contest(5);
    const waiting = Array.from({ length: 10 }, () => dial(BOXES[0]));
    let served = 0;
    for (let turn = 1; turn <= 3; turn++) {
      await pass(5_100);
      const before = served;
      served += waiting.filter(hasConnack).length;
      expect(served - before).toBeLessThanOrEqual(1);
    }
    expect(served).toBeGreaterThanOrEqual(2);
    // Who waited longer than an authentication may take was ended.
    await pass(5_000);
    expect(waiting.filter(({ isClosed }) => isClosed).length).toBeGreaterThanOrEqual(8);
  });

  test('does not keep other devices waiting', async () => {
    await contest(5);
    dial(BOXES[0]);
    await (await connect('10.0.0.3', 'gauge-2')).ping();
  });

  test('is free at once when who has it goes by itself', async () => {
    const holder = await contest(5);
    holder.destroy();
    await vi.waitFor(() => expect(siaga.broker.connections()).toEqual([]));
    await connect(BOXES[0]);
  });

  test('is not given to one that went while it waited, nor to one that was revoked', async () => {
    const holder = await contest(5);
    const gone = dial(BOXES[0]);
    const revoked = dial(BOXES[0]);
    await pass(1_000);
    gone.destroy();
    isRevoked = true;
    await pass(5_000);
    expect(await revoked.next('connack')).toMatchObject({ returnCode: 4 });
    await revoked.closed();
    expect(holder.isClosed).toBe(false);
  });

  test('is contested no more after ten minutes without a takeover, and is named again by a new contest', async () => {
    await contest(5);
    await pass(599_000);
    expect(siaga.broker.contestedIds()).toHaveLength(1);
    await pass(1_000);
    expect(siaga.broker.contestedIds()).toEqual([]);
    // The box that has it is pushed off by the first of these.
    await contest(4);
    expect(await siaga.value('siaga_mqtt_contests_total')).toBe(2);
  });

  test('is slowed down no longer than a turn when the clock is set back', async () => {
    await contest(5);
    clockMs -= 7_200_000;
    await connect(BOXES[0]);
  });
});

describe('a device that two boxes are, under two client ids', () => {
  let nextId = 0;
  const publish = async (box: RawMqttClient, qos: 0 | 1 = 1) => {
    box.send(publishPacket(TELEMETRY, '{}', qos === 0 ? {} : { qos, messageId: ++nextId }));
    await (qos === 0 ? box.ping() : box.next('puback'));
  };
  const openBoth = async () =>
    [await connect(BOXES[0], 'gauge-1', 'one'), await connect(BOXES[1], 'gauge-1', 'two')] as const;
  /** Both publish in turns, each so seldom as the slowest gauges. */
  async function takeTurns(boxes: readonly RawMqttClient[], turns: number): Promise<void> {
    for (let turn = 0; turn <= turns; turn++) {
      await publish(boxes[turn % 2] as RawMqttClient, turn % 3 === 0 ? 0 : 1);
      await pass(900_000);
    }
  }

  test('is named when both publish in turns, however seldom, with both addresses', async () => {
    const boxes = await openBoth();
    await takeTurns(boxes, 5);
    expect(siaga.broker.contestedIds()).toEqual([]);
    await publish(boxes[0]);
    expect(siaga.broker.contestedIds()).toMatchObject([
      {
        clientId: 'gauge-1',
        since: clockMs,
        takeovers: 5,
        origins: [{ address: '10.0.0.2' }, { address: '10.0.0.1' }],
      },
    ]);
    await takeTurns(boxes, 5);
    expect(await siaga.value('siaga_mqtt_contested_ids')).toBe(1);
    expect(await siaga.value('siaga_mqtt_contests_total')).toBe(1);
    expect(lines.filter(({ origins }) => origins)).toMatchObject([{ clientId: 'gauge-1', level: 40 }]);
    expect(boxes.map(({ isClosed }) => isClosed)).toEqual([false, false]);
  });

  test('is one again when one of them goes', async () => {
    const boxes = await openBoth();
    await takeTurns(boxes, 6);
    expect(siaga.broker.contestedIds()).toHaveLength(1);
    boxes[0].destroy();
    await vi.waitFor(() => expect(siaga.broker.connections()).toHaveLength(1), { timeout: 30_000 });
    expect(siaga.broker.contestedIds()).toEqual([]);
    await publish(boxes[1]);
    const back = await connect(BOXES[0], 'gauge-1', 'one');
    await takeTurns([back, boxes[1]], 5);
    expect(siaga.broker.contestedIds()).toEqual([]);
    await publish(back);
    expect(siaga.broker.contestedIds()).toHaveLength(1);
  });

  test('is not one that comes back under a new client id each time and leaves its old connections behind', async () => {
    for (let times = 0; times < 20; times++) {
      const box = await connect(BOXES[0], 'gauge-1', `boot-${times}`);
      for (let count = 0; count < 3; count++) await publish(box);
    }
    expect(siaga.broker.connections().length).toBe(20);
    expect(siaga.broker.contestedIds()).toEqual([]);
  });

  test('is not one whose second connection only listens', async () => {
    const [one] = await openBoth();
    for (let count = 0; count < 20; count++) await publish(one);
    expect(siaga.broker.contestedIds()).toEqual([]);
  });
});

describe('not contested is', () => {
  test('a device that takes over from itself now and then', async () => {
    await contest(20, 90_000);
    expect(siaga.broker.contestedIds()).toEqual([]);
  });

  test('a device that reboots all the time and says so, or whose old connection is gone', async () => {
    for (let times = 0; times < 20; times++) {
      const device = await connect(BOXES[0]);
      if (times % 2 === 0) device.send({ cmd: 'disconnect' });
      else device.destroy();
      await vi.waitFor(() => expect(siaga.broker.connections()).toEqual([]));
    }
    expect(siaga.broker.contestedIds()).toEqual([]);
  });

  test('an id that somebody without its secret asks for', async () => {
    const device = await connect(BOXES[0]);
    for (let times = 0; times < 20; times++) {
      const { client, serverSide } = createClientPair();
      siaga.broker.handle(serverSide, { listener: 'memory', address: '10.0.0.9' });
      client.send(
        connectPacket({ clientId: 'gauge-1', username: 'gauge-1', password: Buffer.from('guess') }),
      );
      expect((await client.next('connack')).returnCode).toBe(4);
    }
    await device.ping();
    expect(siaga.broker.contestedIds()).toEqual([]);
  });
});
