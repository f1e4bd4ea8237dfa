/** A browser follows a gauge: what it may say, what is refused and counted, and that nothing of it stays. */
import { Registry as Metrics } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAX_OF_A_BROWSER, MAX_SUBSCRIPTIONS } from '../../alerts/notices/push/push-book.ts';
import { pushRoutes } from '../../api/alerts/push.ts';
import type { Database } from '../../database/database.ts';
import { openRegistry } from '../../fleet/registry.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { openMemoryDatabase } from '../support/memory-database.ts';
import { buildSmallCity, gauge } from '../support/small-city.ts';

const ENDPOINT = 'https://fcm.googleapis.com/fcm/send/abc';
const keys = { p256dh: `B${'a'.repeat(86)}`, auth: 'a'.repeat(22) };
const GAUGES = Array.from({ length: MAX_OF_A_BROWSER + 1 }, (_, index) => `gauge-${index}`);
const city = buildSmallCity(GAUGES.map((id) => gauge(id)));
const wish = (more: object = {}) => ({
  ...{ endpoint: ENDPOINT, keys, gauge: 'gauge-0', leastSeverity: 'moderate', language: 'id' },
  ...more,
});

let api: TestApi;
let database: Database;
let metrics: Metrics;
beforeEach(async () => {
  database = await openMemoryDatabase();
  metrics = new Metrics();
  const registry = await openRegistry(city, database);
  api = await openTestApi({
    routes: [pushRoutes({ database, registry, metrics, extraHosts: ['push.example.org', '127.0.0.1:8443'] })],
  });
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await database.destroy();
});

const post = (path: string, body: object) => api.call('POST', `/v1/push/${path}`, undefined, body);
const rows = () => database.selectFrom('push_subscriptions').selectAll().execute();
const refusals = async () => (await metrics.getSingleMetric('siaga_push_refused_total')?.get())?.values ?? [];

describe('following a gauge', () => {
  test('needs no token; is changed, paused, woken and ended, and then nothing of it is left', async () => {
    const following = (severity: string, paused: boolean) => ({
      following: [{ gauge: 'gauge-0', leastSeverity: severity, paused }],
    });
    expect((await post('follow', wish())).json()).toEqual(following('moderate', false));
    expect((await post('follow', wish({ leastSeverity: 'severe' }))).json()).toEqual(
      following('severe', false),
    );
    const endpoint = ENDPOINT;
    expect((await post('pause', { endpoint, paused: true })).json()).toEqual(following('severe', true));
    expect((await post('list', { endpoint })).json()).toEqual(following('severe', true));
    expect((await post('pause', { endpoint, paused: false })).json()).toEqual(following('severe', false));
    expect((await post('end', { endpoint, gauge: 'gauge-0' })).json()).toEqual({ following: [] });
    expect(await rows()).toEqual([]);
  });

  test('keeps the endpoint, its keys, gauge, level and language, and no word more', async () => {
    await post('follow', wish());
    expect(await rows()).toEqual([
      { endpoint: ENDPOINT, ...keys, gauge: 'gauge-0', least_rank: 2, language: 'id', paused: 0 },
    ]);
    expect(api.logged.join('')).not.toContain('fcm.googleapis.com');
  });

  test('gives the same public key to everybody, and never the private one', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => api.get('/v1/push/key')));
    const [key] = await database.selectFrom('push_keys').selectAll().execute();
    for (const answer of answers) expect(answer.json()).toEqual({ publicKey: key?.public_key });
    expect(Buffer.from(key?.public_key ?? '', 'base64url')).toHaveLength(65);
  });

  test.each([
    'http://fcm.googleapis.com/fcm/send/abc',
    'https://127.0.0.1/abc',
    'https://127.0.0.1:8444/abc',
    'https://[::1]/abc',
    'https://2130706433/abc',
    'https://0x7f.1/abc',
    'https://localhost/abc',
    'https://metadata.google.internal/abc',
    'https://fcm.googleapis.com:8443/abc',
    'https://fcm.googleapis.com@10.0.0.1/abc',
    'https://user:word@fcm.googleapis.com/abc',
    'https://evilfcm.googleapis.com.example.net/abc',
    'https://xfcm.googleapis.com/abc',
    'not an address',
  ])('is refused and counted where the endpoint is %s', async (endpoint) => {
    const answer = await post('follow', wish({ endpoint }));
    expect(answer.statusCode).toBe(400);
    expect(answer.json().type).toContain('unknown-push-service');
    expect(await rows()).toEqual([]);
    expect(await refusals()).toMatchObject([{ labels: { reason: 'unknown-push-service' }, value: 1 }]);
  });

  test.each([
    'https://updates.push.services.mozilla.com/wpush/v2/abc',
    'https://web.push.apple.com/abc',
    'https://wns2-sg2p.notify.windows.com/w/?token=abc',
    'https://push.example.org/abc',
    'https://eu.push.example.org/abc',
    'https://127.0.0.1:8443/abc',
  ])('is taken where the endpoint is %s', async (endpoint) => {
    expect((await post('follow', wish({ endpoint }))).statusCode).toBe(200);
  });

  test('takes known gauges only, and no more of a browser than it may have', async () => {
    expect((await post('follow', wish({ gauge: 'nowhere' }))).statusCode).toBe(404);
    for (const id of GAUGES.slice(1))
      expect((await post('follow', wish({ gauge: id }))).statusCode).toBe(200);
    const one = await post('follow', wish());
    expect(one.json().type).toContain('push-many');
    // What it has already may be changed all the same.
    expect((await post('follow', wish({ gauge: 'gauge-1', language: 'en' }))).statusCode).toBe(200);
  });

  test('takes nobody new where all places are taken', async () => {
    const row = { ...keys, gauge: 'gauge-0', least_rank: 2, language: 'id', paused: 0 };
    const all = Array.from({ length: MAX_SUBSCRIPTIONS }, (_, index) => ({ ...row, endpoint: `e${index}` }));
    for (let from = 0; from < all.length; from += 500)
      await database
        .insertInto('push_subscriptions')
        .values(all.slice(from, from + 500))
        .execute();
    const answer = await post('follow', wish());
    expect(answer.statusCode).toBe(409);
    expect(answer.json().type).toContain('push-full');
  });

  test('is bounded for one address: one call too many waits a minute', async () => {
    const statuses: number[] = [];
    for (let call = 0; call < 31; call++)
      statuses.push((await post('list', { endpoint: ENDPOINT })).statusCode);
    expect(statuses.slice(0, 30)).toEqual(Array(30).fill(200));
    expect(statuses[30]).toBe(429);
  });
});
