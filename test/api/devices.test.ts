import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeDeviceFormat } from '../../broker/credentials/device-formats.ts';
import { openTestApi, START_MS, type TestApi } from '../support/api.ts';
import { smallCity } from '../support/small-city.ts';

const GAUGE = 'siaga/semarang/river-gauge/bendung/telemetry';
const UNIT = 'siaga/semarang/ambulance/motor-1/telemetry';

let api: TestApi;
beforeEach(async () => {
  api = await openTestApi();
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

const UNSEEN = { liveness: 'unseen', silentAfterS: 300 };

describe('GET /v1/devices', () => {
  test('lists the registry with liveness and the last reading in the words of the field', async () => {
    await api.publish(GAUGE, { levelM: 1.42, seq: 7, measuredAt: START_MS - 1000 });
    const answer = await api.get('/v1/devices?kind=river-gauge');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      total: 3,
      devices: [
        {
          id: 'bendung',
          kind: 'river-gauge',
          name: 'Gauge bendung',
          lat: -7,
          lng: 110.4,
          liveness: 'online',
          silentAfterS: 300,
          lastHeardAt: '2026-01-15T02:30:00.000Z',
          last: {
            measuredAt: '2026-01-15T02:29:59.000Z',
            receivedAt: '2026-01-15T02:30:00.000Z',
            seq: 7,
            simulated: false,
            quality: [],
            values: { levelM: 1.42 },
          },
        },
        { id: 'hulu', kind: 'river-gauge', name: 'Gauge hulu', lat: -7, lng: 110.4, ...UNSEEN },
        { id: 'tide', kind: 'river-gauge', name: 'Gauge tide', lat: -7, lng: 110.4, ...UNSEEN },
      ],
    });
  });

  test('filters by liveness as time passes', async () => {
    await api.publish(GAUGE, { levelM: 1.42 });
    expect((await api.get('/v1/devices?liveness=online')).json()).toMatchObject({ total: 1 });
    api.clock.ms += 301_000;
    expect((await api.get('/v1/devices?liveness=online')).json()).toMatchObject({ total: 0 });
    expect((await api.get('/v1/devices?liveness=silent')).json()).toMatchObject({
      total: 1,
      devices: [{ id: 'bendung', liveness: 'silent' }],
    });
  });

  test('pages by id without a gap or a repeat', async () => {
    const ids: string[] = [];
    let next: string | undefined = '/v1/devices?limit=1';
    for (let page = 0; next && page < 20; page++) {
      const answer: { devices: { id: string }[]; next?: string } = (
        await api.get(next, api.adminToken)
      ).json();
      ids.push(...answer.devices.map(({ id }) => id));
      next = answer.next;
    }
    expect(ids).toEqual(smallCity.devices.map(({ id }) => id).toSorted());
    expect(ids).toHaveLength(12);
  });

  test('shows ambulances to staff and not to the public', async () => {
    await api.publish(UNIT, { lat: -6.9876, lng: 110.4321 });
    const everybody = (await api.get('/v1/devices')).body;
    expect(everybody).not.toContain('motor-1');
    expect(everybody).not.toContain('-6.9876');
    expect((await api.get('/v1/devices', await api.tokenFor('desk'))).body).toContain('motor-1');
    expect((await api.get('/v1/devices?kind=ambulance', await api.tokenFor('public'))).json()).toEqual({
      total: 0,
      devices: [],
    });
  });
});

describe('GET /v1/devices/{id}', () => {
  test('shows what the city knows of it, units and the health of its data', async () => {
    await api.publish(GAUGE, { levelM: 1.4, seq: 1, measuredAt: START_MS - 2000 });
    await api.publish(GAUGE, { levelM: 1.5, seq: 5, measuredAt: START_MS - 1000 });
    await api.publish(GAUGE, { levelM: 1.3, seq: 3, measuredAt: START_MS - 1500 });
    await api.publish(GAUGE, { levelM: 'high' });
    const answer = (await api.get('/v1/devices/bendung')).json();
    expect(answer).toMatchObject({
      id: 'bendung',
      last: { values: { levelM: 1.5 } },
      site: {
        river: 'bkb',
        thresholds: [
          { severity: 'minor', levelM: 1.5 },
          { severity: 'moderate', levelM: 2 },
          { severity: 'extreme', levelM: 3 },
        ],
      },
      simulated: false,
      units: { levelM: 'm', rainMm: 'mm' },
      dataHealth: {
        readings: 3,
        gaps: 2,
        late: 1,
        lateMaxMs: 1500,
        lastSeq: 5,
        rejected: { 'wrong-type': 1 },
      },
    });
    expect(answer.site).not.toHaveProperty('id');
  });

  test('says that it is registered as simulated, and so is what it says', async () => {
    await writeDeviceFormat(api.database, 'bendung', { simulated: true }, START_MS);
    await api.registry.reload();
    await api.publish(GAUGE, { levelM: 1.4 });
    expect((await api.get('/v1/devices/bendung')).json()).toMatchObject({
      simulated: true,
      last: { simulated: true },
    });
    expect((await api.get('/v1/devices/hulu')).json()).toMatchObject({ simulated: false });
  });

  test('an ambulance looks to the public like one that does not exist', async () => {
    const hidden = await api.get('/v1/devices/motor-1');
    const unknown = await api.get('/v1/devices/motor-9');
    expect(hidden.statusCode).toBe(404);
    expect(hidden.body.replaceAll('motor-1', 'X')).toBe(unknown.body.replaceAll('motor-9', 'X'));
    expect((await api.get('/v1/devices/motor-1', api.adminToken)).statusCode).toBe(200);
  });
});

describe('GET /v1/devices/{id}/readings', () => {
  const at = (minutes: number) => START_MS + minutes * 60_000;
  beforeEach(async () => {
    for (let minute = 0; minute < 6; minute++) {
      api.clock.ms = at(minute);
      await api.publish(GAUGE, { levelM: 1 + minute / 10, measuredAt: at(minute) });
    }
    api.clock.ms = at(6);
  });

  test('gives raw readings of the last day by default', async () => {
    const answer = (await api.get('/v1/devices/bendung/readings')).json();
    expect(answer).toMatchObject({
      device: 'bendung',
      from: '2026-01-14T02:36:00.000Z',
      to: '2026-01-15T02:36:00.000Z',
      units: { levelM: 'm' },
    });
    expect(answer.points).toHaveLength(6);
    expect(answer.points[0]).toEqual({ at: '2026-01-15T02:30:00.000Z', values: { levelM: 1 } });
    expect(answer).not.toHaveProperty('next');
  });

  test('names the quality of a reading that is not good', async () => {
    await api.publish(GAUGE, { levelM: 7, measuredAt: at(5.5) });
    const { points } = (await api.get('/v1/devices/bendung/readings')).json();
    expect(points.at(-1)).toMatchObject({ values: { levelM: 7 }, quality: ['outsideSensorRange'] });
  });

  test('down-samples with every and fn', async () => {
    const answer = (await api.get('/v1/devices/bendung/readings?every=2m&fn=max')).json();
    expect(answer).toMatchObject({ every: '2m', fn: 'max', tz: 'Asia/Jakarta' });
    expect(answer.points.map((point: { values: object }) => point.values)).toEqual([
      { levelM: 1.1 },
      { levelM: 1.3 },
      { levelM: 1.5 },
    ]);
  });

  test('a day starts at midnight of the time zone', async () => {
    const zoned = async (tz: string) =>
      (await api.get(`/v1/devices/bendung/readings?every=1d&tz=${tz}`)).json().points[0].at;
    expect(await zoned('Asia/Jakarta')).toBe('2026-01-14T17:00:00.000Z');
    expect(await zoned('UTC')).toBe('2026-01-15T00:00:00.000Z');
  });

  test.each(['', '&every=1m'])('following next reads every point once, new ones not (%s)', async (how) => {
    const seen: string[] = [];
    let next: string | undefined = `/v1/devices/bendung/readings?limit=2${how}`;
    for (let page = 0; next && page < 20; page++) {
      const answer: { points: { at: string }[]; next?: string } = (await api.get(next)).json();
      seen.push(...answer.points.map((point) => point.at));
      next = answer.next;
      api.clock.ms += 60_000;
      await api.publish(GAUGE, { levelM: 2, measuredAt: api.clock.ms });
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5].map((minute) => new Date(at(minute)).toISOString()));
  });

  test.each([
    ['RFC 3339 in UTC', '2026-01-15T02:34:00Z'],
    ['RFC 3339 with an offset', '2026-01-15T09:34:00%2B07:00'],
    ['an offset whose + was not encoded', '2026-01-15T09:34:00+07:00'],
    ['epoch ms', String(at(4))],
  ])('takes a time as %s', async (_how, from) => {
    expect((await api.get(`/v1/devices/bendung/readings?from=${from}`)).json().points).toHaveLength(2);
  });

  test.each([
    ['from=yesterday', 'from', 'RFC 3339'],
    ['from=2026-02-30T00:00:00Z', 'from', 'RFC 3339'],
    ['from=17684442', 'from', 'epoch seconds'],
    ['from=2026-01-16T00:00:00Z', 'from', 'before to'],
    ['from=2001-09-09T01:46:40Z', 'from', 'longer than 10 years'],
    ['every=5', 'every', '5m'],
    ['every=0m', 'every', '5m'],
    ['every=400d', 'every', '366d'],
    ['every=1s&from=2026-01-01T00:00:00Z', 'every', 'windows'],
    ['every=1m&fn=median', 'fn', 'mean'],
    ['fn=mean', 'fn', 'every'],
    ['every=1m&tz=Asia/Semarang', 'tz', 'Asia/Jakarta'],
    ['every=1m&quantities=level', 'quantities', 'levelM'],
    ['every=1m&fn=increase&quantities=levelM', 'quantities', 'rainTotalMm'],
    ['limit=10001', 'limit', '10000'],
    ['limit=abc', 'limit', 'number'],
    ['form=1', '', 'form'],
  ])('refuses %s and says what to do', async (query, field, hint) => {
    const answer = await api.get(`/v1/devices/bendung/readings?${query}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    const { errors } = answer.json<{ errors: { in: string; field: string; detail: string }[] }>();
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ in: 'query', field });
    expect(errors[0]?.detail).toContain(hint);
  });

  test('a history that is down is 503 with its reason', async () => {
    api.history.problem = 'connection refused since 10:02';
    const answer = await api.get('/v1/devices/bendung/readings');
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('10');
    expect(answer.json().detail).toContain('connection refused since 10:02');
  });

  test('readings of an ambulance are for staff', async () => {
    expect((await api.get('/v1/devices/motor-1/readings')).statusCode).toBe(404);
    expect((await api.get('/v1/devices/motor-1/readings', api.adminToken)).statusCode).toBe(200);
  });
});

describe('the connection of a device', () => {
  const atMs = START_MS - 40_000;

  test('stands apart from what it said, with the end of its last one', async () => {
    await using own = await openTestApi({
      connectionOf: (device) =>
        device === 'bendung'
          ? { openSinceMs: START_MS - 5_000, lastEnd: { atMs, reason: 'keep-alive-timeout' } }
          : undefined,
    });
    const { connection, liveness } = (await own.get('/v1/devices/bendung')).json();
    expect(connection).toEqual({
      openSince: '2026-01-15T02:29:55.000Z',
      lastEnd: { at: '2026-01-15T02:29:20.000Z', reason: 'keep-alive-timeout' },
    });
    expect(liveness).toBe('unseen');
    expect((await own.get('/v1/devices/hulu')).json().connection).toEqual({ openSince: null });
    const { devices } = (await own.get('/v1/devices?kind=river-gauge')).json();
    const rows = devices.map(({ id, connectedSince }: Record<string, unknown>) => [id, connectedSince]);
    expect(rows).toContainEqual(['bendung', '2026-01-15T02:29:55.000Z']);
    expect(rows).toContainEqual(['hulu', undefined]);
  });
});
