import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry as Metrics } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openJournal } from '../../journal/sqlite/open-journal.ts';
import { openTestApi, START_MS, type TestApi } from '../support/api.ts';

const GAUGE = 'siaga/semarang/river-gauge/bendung/telemetry';
const NEW_GAUGE = 'siaga/semarang/river-gauge/baru/telemetry';

let api: TestApi;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-rejections-'));
  const journal = await openJournal({
    file: join(folder, 'journal.db'),
    maxBatch: 1_000,
    maxWaitingBytes: 1_000_000,
    maxRejections: 100,
    retentionMs: Number.MAX_SAFE_INTEGER,
    maxBytes: Number.MAX_SAFE_INTEGER,
    log: pino({ level: 'silent' }),
    metrics: new Metrics(),
    now: () => START_MS,
  });
  api = await openTestApi({}, undefined, journal);
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const list = async (query = '') => (await api.get(`/v1/rejections${query}`, api.adminToken)).json();

describe('GET /v1/rejections', () => {
  test('shows what was not understood, newest first, with reason, payload and what is expected', async () => {
    await api.publish(GAUGE, { levelM: 'high' });
    await api.publish('garbage/topic', Buffer.from('hello'));
    const { rejections } = await list();
    expect(rejections).toMatchObject([
      { id: 2, reason: 'bad-topic', topic: 'garbage/topic', payload: 'hello', encoding: 'utf8' },
      { id: 1, reason: 'wrong-type', device: 'bendung', payload: '{"levelM":"high"}', clientId: 'test' },
    ]);
    expect(rejections[1].detail).toContain('levelM');
    expect(rejections[1].receivedAt).toBe('2026-01-15T02:30:00.000Z');
  });

  test('a payload that is not UTF-8 is shown in base64', async () => {
    await api.publish(GAUGE, Buffer.from([0xff, 0xfe, 0x00]));
    expect((await list()).rejections[0]).toMatchObject({
      encoding: 'base64',
      payload: '//4A',
      payloadBytes: 3,
    });
  });

  test('a long payload is cut before a character in the list, and whole on its own', async () => {
    const text = `x${'é'.repeat(3000)}`;
    await api.publish(GAUGE, Buffer.from(text));
    const { rejections } = await list();
    expect(rejections[0]).toMatchObject({ truncated: true, payloadBytes: 6001, encoding: 'utf8' });
    expect(rejections[0].payload).toBe(`x${'é'.repeat(1023)}`);
    const whole = (await api.get('/v1/rejections/1', api.adminToken)).json();
    expect(whole).toMatchObject({ truncated: false, payload: text });
  });

  test('filters by device and reason, and pages', async () => {
    await api.publish(GAUGE, { levelM: 'high' });
    await api.publish('garbage/topic', 1);
    await api.publish(GAUGE, {});
    await api.publish(GAUGE, { levelM: 'low' });
    expect((await list('?device=bendung')).rejections).toHaveLength(3);
    expect((await list('?reason=bad-topic')).rejections).toMatchObject([{ id: 2 }]);
    const first = await list('?device=bendung&limit=2');
    expect(first.rejections).toMatchObject([{ id: 4 }, { id: 3 }]);
    const second = (await api.get(first.next, api.adminToken)).json();
    expect(second).toEqual({ rejections: [expect.objectContaining({ id: 1 })] });
  });

  test('is for staff', async () => {
    expect((await api.get('/v1/rejections')).statusCode).toBe(401);
    expect((await api.get('/v1/rejections', await api.tokenFor('public'))).statusCode).toBe(403);
    expect((await api.get('/v1/rejections', await api.tokenFor('desk'))).statusCode).toBe(200);
  });

  test('an unknown reason is refused with the list of reasons', async () => {
    const answer = await api.get('/v1/rejections?reason=weird', api.adminToken);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors[0].detail).toContain('bad-topic');
  });
});

describe('POST /v1/rejections/{id}/replay', () => {
  const replay = (id: number, token = api.adminToken) =>
    api.call('POST', `/v1/rejections/${id}/replay`, token);

  async function addDevice(id: string): Promise<void> {
    const row = { id, kind: 'river-gauge', name: id, lat: null, lng: null, added_at: START_MS };
    await api.database.insertInto('devices').values(row).execute();
    await api.registry.reload();
  }

  test('stores the reading with the time of its first arrival once its device is registered', async () => {
    await api.publish(NEW_GAUGE, { levelM: 1.2 });
    api.clock.ms += 3_600_000;
    await addDevice('baru');
    const answer = await replay(1, await api.tokenFor('engineer'));
    expect(answer.json()).toEqual({ understood: true, stored: 1, repeated: 0, rejected: 0 });
    expect((await api.journal.readAfter(0, 1))[0]?.reading).toMatchObject({
      device: 'baru',
      receivedAt: START_MS,
    });
    expect((await list()).rejections[0].replayedAt).toBe('2026-01-15T03:30:00.000Z');
    expect(api.logged.some((line) => line.includes('"user":"the engineer"'))).toBe(true);
  });

  test('a second replay is 409 and stores nothing', async () => {
    await api.publish(NEW_GAUGE, { levelM: 1.2 });
    await addDevice('baru');
    await replay(1);
    const again = await replay(1);
    expect(again.statusCode).toBe(409);
    expect(again.json().type).toBe('urn:siaga:problem:already-replayed');
    expect(await api.journal.readAfter(0, 10)).toHaveLength(1);
  });

  test('one whose cause remains says so and stays open', async () => {
    await api.publish(NEW_GAUGE, { levelM: 1.2 });
    expect((await replay(1)).json()).toEqual({ understood: false, stored: 0, repeated: 0, rejected: 1 });
    expect((await list()).rejections.at(-1)).not.toHaveProperty('replayedAt');
  });

  test('what a device sent under the name of another stays refused', async () => {
    const wrong = { receivedAt: START_MS, clientId: 'hulu', device: 'hulu', topic: GAUGE } as const;
    const payload = Buffer.from('{"levelM":4.9}');
    await api.journal.append([], [{ ...wrong, payload, reason: 'wrong-device', detail: 'x' }]);
    expect((await replay(1)).json()).toMatchObject({ understood: false, stored: 0 });
    expect(api.journal.lastId).toBe(0);
  });

  test('an unknown one is 404, an id that is no number 400', async () => {
    expect((await replay(7)).statusCode).toBe(404);
    expect((await api.call('POST', '/v1/rejections/x/replay', api.adminToken)).statusCode).toBe(400);
  });

  test('is for engineers', async () => {
    await api.publish(NEW_GAUGE, { levelM: 1.2 });
    expect((await replay(1, await api.tokenFor('dispatcher'))).statusCode).toBe(403);
  });
});
