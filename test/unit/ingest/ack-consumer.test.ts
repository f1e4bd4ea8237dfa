/** What the ack consumer does with its cursor, with what dispatch cannot take, and with what fails. */
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../database/database.ts';
import { createFleet } from '../../../fleet/fleet.ts';
import { openRegistry } from '../../../fleet/registry.ts';
import { ACKS_CONSUMER, type AckConsumerOptions, openAckConsumer } from '../../../ingest/ack-consumer.ts';
import type { OpenedPipeline } from '../../../ingest/pipeline.ts';
import { createSavedCursor } from '../../../journal/saved-cursor.ts';
import { type DispatchHouse, openDispatchHouse } from '../../support/dispatch-house.ts';
import { openMemoryDatabase } from '../../support/memory-database.ts';
import { createMemoryJournal, type MemoryJournal } from '../../support/memory-journal.ts';
import { smallCity } from '../../support/small-city.ts';
import { createTestPipeline } from '../../support/test-pipeline.ts';

const NOW = Date.UTC(2026, 0, 15, 2, 30);
let database: Database;
let journal: MemoryJournal;
let pipeline: OpenedPipeline;
let unit: string;
let heard: string[];
let logged: string[];

beforeEach(async () => {
  database = await openMemoryDatabase();
  journal = createMemoryJournal();
  heard = [];
  logged = [];
  const registry = await openRegistry(smallCity, database);
  unit = smallCity.devices.find(({ kind }) => kind === 'ambulance')?.id as string;
  pipeline = createTestPipeline({
    ...{ city: smallCity, registry, fleet: createFleet(registry), journal },
    now: () => NOW,
  });
});
afterEach(() => database.destroy());

const publishAck = (assignment: string, changes: object = {}) =>
  pipeline.accept({
    topic: `siaga/semarang/ambulance/${unit}/ack`,
    payload: Buffer.from(JSON.stringify({ assignment, ack: 'accepted' })),
    receivedAt: NOW,
    clientId: unit,
    ...changes,
  });

const open = (changes: Partial<AckConsumerOptions> = {}) =>
  openAckConsumer({
    journal,
    pipeline,
    cursor: createSavedCursor(database, ACKS_CONSUMER),
    onAck: async (_device, body) => {
      heard.push(String(body['assignment']));
      return undefined;
    },
    log: pino({}, { write: (line) => void logged.push(line) }),
    ...changes,
  });

/** What the loop does once: from the cursor of the run to the end. */
async function drain(consumer: Awaited<ReturnType<typeof open>>): Promise<void> {
  const entries = await journal.messages.readAfter(await consumer.loadCursor(), 100);
  if (entries.length > 0) await consumer.consume(entries);
}

/** A cursor that is not saved any more: what a kill after the effect leaves. */
const unsaved = () => ({ ...createSavedCursor(database, ACKS_CONSUMER), save: async () => undefined });

describe('the ack consumer', () => {
  test('carries answers to dispatch in their order, and a further run goes on behind them', async () => {
    const first = await open();
    await publishAck('1');
    await publishAck('2');
    await drain(first);
    expect(heard).toEqual(['1', '2']);
    const second = await open();
    await publishAck('3');
    await drain(second);
    expect(heard).toEqual(['1', '2', '3']);
  });

  test('begins at the end where this state database never had one, and at its cursor otherwise', async () => {
    await publishAck('1');
    await drain(await open());
    expect(heard).toEqual([]);
    await publishAck('2');
    await drain(await open());
    expect(heard).toEqual(['2']);
  });

  test('sets aside what dispatch cannot take, with its payload, once, also where a kill comes before the cursor', async () => {
    const refusing = { onAck: async () => 'there is no assignment 7' };
    await open();
    await publishAck('7');
    await drain(await open({ ...refusing, cursor: unsaved() }));
    await drain(await open({ ...refusing, cursor: unsaved() }));
    await drain(await open(refusing));
    const kept = await journal.rejections({ limit: 10 });
    expect(kept).toMatchObject([{ reason: 'bad-ack', detail: 'there is no assignment 7', device: unit }]);
    expect(Buffer.from(kept[0]?.payload ?? []).toString()).toBe('{"assignment":"7","ack":"accepted"}');
  });

  test('waits for a database that is away as long as it takes, and repeats nothing that was heard', async () => {
    let isAway = true;
    const cursor = createSavedCursor(database, ACKS_CONSUMER);
    const consumer = await open({
      cursor: {
        ...cursor,
        save: (position) =>
          isAway && position > 0 ? Promise.reject(new Error('away')) : cursor.save(position),
      },
    });
    await publishAck('1');
    await publishAck('2');
    for (let attempt = 0; attempt < 20; attempt++) await expect(drain(consumer)).rejects.toThrow('away');
    expect(heard).toEqual(['1']);
    isAway = false;
    await drain(consumer);
    expect(heard).toEqual(['1', '2']);
    expect(await journal.rejections({ limit: 10 })).toEqual([]);
  });

  test('does not let one answer that always fails hold up the others for ever', async () => {
    const consumer = await open({
      onAck: async (_device, body) => {
        if (body['assignment'] === '1') throw new Error('a mistake of ours');
        heard.push(String(body['assignment']));
        return undefined;
      },
    });
    await publishAck('1');
    await publishAck('2');
    let failures = 0;
    while (heard.length === 0 && failures < 100) await drain(consumer).catch(() => failures++);
    expect(failures).toBe(7);
    expect(heard).toEqual(['2']);
    expect(await journal.rejections({ limit: 10 })).toMatchObject([
      { reason: 'bad-ack', detail: 'it could not be carried out: a mistake of ours' },
    ]);
    expect(logged).toHaveLength(1);
  });
});

/** What came of it so far: who was told what, and what is written of it. */
async function effects({ dispatch, orders, events }: DispatchHouse, incident: number) {
  return { audit: await dispatch.audit(incident), orders: orders.length, events: events.length };
}

async function answer(
  house: DispatchHouse,
  assignment: number,
  ack: string,
  receivedAt: number,
): Promise<void> {
  await pipeline.accept({
    topic: `siaga/semarang/ambulance/${unit}/ack`,
    payload: Buffer.from(JSON.stringify({ assignment, ack })),
    ...{ receivedAt, clientId: 'u1' },
  });
  const onAck: AckConsumerOptions['onAck'] = (_device, body, atMs) => house.dispatch.onAck('u1', body, atMs);
  await drain(await open({ onAck, cursor: unsaved() }));
}

describe('an answer', () => {
  test.each([
    ['accepted', undefined, 'acknowledged'],
    ['refused', undefined, 'refused'],
    ['refused', 'en-route', 'refused-late'],
  ])('that comes again after a kill is carried out once: %s when %s', async (ack, status, action) => {
    await using house = await openDispatchHouse();
    await open();
    const incident = await house.report();
    const { assignment } = await house.assign(incident, 'u1');
    await house.pass(5);
    if (status) await house.say('u1', { status });
    await answer(house, assignment.id, ack, house.clock.ms);
    const once = await effects(house, incident);
    expect(once.audit.filter((line) => line.action.endsWith(action))).toHaveLength(1);
    const onAck: AckConsumerOptions['onAck'] = (_device, body, atMs) =>
      house.dispatch.onAck('u1', body, atMs);
    await drain(await open({ onAck, cursor: unsaved() }));
    await drain(await open({ onAck }));
    expect(await effects(house, incident)).toEqual(once);
  });

  test('that was given before its order was made, and comes after it, moves nothing', async () => {
    await using house = await openDispatchHouse();
    await open();
    const incident = await house.report();
    const { assignment } = await house.assign(incident, 'u1');
    const before = await effects(house, incident);
    await answer(house, assignment.id, 'accepted', assignment.reserved_at - 1);
    expect(await effects(house, incident)).toEqual(before);
    expect(await journal.rejections({ limit: 10 })).toMatchObject([
      { detail: `assignment ${assignment.id} was made after this answer had come` },
    ]);
  });
});
