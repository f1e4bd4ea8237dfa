/** Answers of many entries: how much is asked and made at once, and who gets an answer meanwhile. */
import { afterEach, describe, expect, test } from 'vitest';
import { SHARES } from '../../api/access/caller-shares.ts';
import { cityRoutes } from '../../api/city/city.ts';
import type { History, HistoryPage, RawQuery, WindowQuery } from '../../history/history.ts';
import { openTestApi, START_MS, type TestApi } from '../support/api.ts';
import { smallCity } from '../support/small-city.ts';

const DAY_MS = 86_400_000;
const READINGS = '/v1/devices/bendung/readings';

let api: TestApi;
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

type Asked = (RawQuery & Partial<WindowQuery>) & { readonly isDone: boolean };

/** A reading each 5 s for ever; keeps what it was asked, and answers when `gate` lets it. */
function endlessHistory(gate: Promise<void> = Promise.resolve()) {
  const asked: Asked[] = [];
  const read = async (query: RawQuery, everyMs: number): Promise<HistoryPage> => {
    const entry = { ...query, isDone: false };
    asked.push(entry);
    await gate;
    entry.isDone = true;
    const all = Math.ceil((query.toMs - query.fromMs) / everyMs);
    const points = Array.from({ length: Math.min(all, query.limit) }, (_, index) => ({
      atMs: query.fromMs + index * everyMs,
      values: { levelM: 1 + index / 1000 },
    }));
    return all > query.limit ? { points, nextFromMs: query.fromMs + query.limit * everyMs } : { points };
  };
  const history: History = {
    problem: undefined,
    raw: (query) => read(query, 5_000),
    windows: (query) => read(query, query.everyMs),
    async [Symbol.asyncDispose]() {},
  };
  return { asked, history };
}

describe('a page of 10,000 readings', () => {
  test('is asked for in parts, holds each point once, and says where the next page begins', async () => {
    const { asked, history } = endlessHistory();
    api = await openTestApi({ history });
    const answer = (await api.get(`${READINGS}?limit=10000`)).json();
    expect(answer.points).toHaveLength(10_000);
    const times = answer.points.map((point: { at: string }) => Date.parse(point.at));
    expect(times.every((ms: number, index: number) => ms === times[0] + index * 5_000)).toBe(true);
    expect(asked.every(({ limit }) => limit <= 1_000)).toBe(true);
    const next = new URL(answer.next, 'http://here').searchParams.get('from') as string;
    expect(Date.parse(next)).toBe(times.at(-1) + 5_000);
  });

  test('is made in turns: who asks after it has an answer before it', async () => {
    const { history } = endlessHistory();
    api = await openTestApi({ history });
    await api.get('/healthz');
    const order: string[] = [];
    const pages = [1, 2, 3, 4].map(async () => {
      const { statusCode } = await api.get(`${READINGS}?limit=10000`);
      order.push(`page ${statusCode}`);
    });
    for (let each = 0; each < 20; each++) {
      await api.get('/healthz');
      order.push('healthz');
    }
    await Promise.all(pages);
    expect(order.slice(0, 20)).toEqual(Array(20).fill('healthz'));
    expect(order.slice(20)).toEqual(Array(4).fill('page 200'));
  });

  test('that ends with its limit, and one without a point, are whole', async () => {
    const { history } = endlessHistory();
    api = await openTestApi({ history });
    const read = async (query: string) => (await api.get(`${READINGS}?${query}`)).json();
    const from = new Date(START_MS).toISOString();
    const until = (ms: number) => `from=${from}&to=${new Date(START_MS + ms).toISOString()}`;
    const exact = await read(`${until(5_000_000)}&limit=1000`);
    expect([exact.points.length, exact.next]).toEqual([1_000, undefined]);
    const more = await read(`${until(5_005_000)}&limit=1000`);
    expect([more.points.length, typeof more.next]).toEqual([1_000, 'string']);
    history.raw = async () => ({ points: [] });
    expect((await read(until(5_000))).points).toEqual([]);
  });

  test('of which a later part fails is a problem and not half a page', async () => {
    const { history, asked } = endlessHistory();
    const { raw } = history;
    history.raw = (query) => (asked.length < 3 ? raw(query) : Promise.reject(new Error('the disk fails')));
    api = await openTestApi({ history });
    const answer = await api.get(`${READINGS}?limit=10000`);
    expect(answer.statusCode).toBe(500);
    expect(answer.headers['content-type']).toBe('application/problem+json');
  });
});

describe('questions about 200 days', () => {
  const from = new Date(START_MS - 200 * DAY_MS).toISOString();

  test('by everybody: one at a time reaches history, what is beyond the bound is refused, staff are answered', async () => {
    const gate = Promise.withResolvers<void>();
    const { asked, history } = endlessHistory(gate.promise);
    api = await openTestApi({ history });
    const token = await api.tokenFor('dispatcher');
    const everybody = Array.from({ length: 60 }, () => api.get(`${READINGS}?every=1h&from=${from}`));
    const staff = Array.from({ length: 22 }, () => api.get(`${READINGS}?every=1h&from=${from}`, token));
    await expect.poll(() => asked.length).toBe(1 + SHARES.staff.maxQuestions);
    gate.resolve();
    const statuses = (await Promise.all(staff)).map(({ statusCode }) => statusCode);
    expect(statuses).toEqual(Array(22).fill(200));
    const answers = await Promise.all(everybody);
    const refused = answers.filter(({ statusCode }) => statusCode === 503);
    expect(refused).toHaveLength(60 - SHARES.public.maxPages);
    expect(refused[0]?.headers['retry-after']).toBe('5');
    expect(refused[0]?.json().type).toBe('urn:siaga:problem:history-busy');
    expect(api.logged.filter((line) => line.includes('"level":50'))).toEqual([]);
  });

  test.each([
    ['1h', 744],
    ['1d', 31],
    ['5m', 1_000],
    ['40d', 1],
  ])('in windows of %s ask for no more than a month at once', async (every, most) => {
    const { asked, history } = endlessHistory();
    api = await openTestApi({ history });
    const answer = await api.get(`${READINGS}?every=${every}&from=${from}&limit=10000`);
    expect(answer.statusCode).toBe(200);
    expect(Math.max(...asked.map(({ limit }) => limit))).toBeLessThanOrEqual(most);
  });
});

describe('what never changes', () => {
  test('is written once: the city and the document', async () => {
    api = await openTestApi({ routes: [cityRoutes(() => smallCity)] });
    const city = (await api.get('/v1/city', api.adminToken)).json();
    expect(city).toMatchObject({ city: { id: 'semarang' }, you: { name: 'first-admin', role: 'admin' } });
    expect((await api.get('/v1/city')).json().you).toEqual({ name: 'anonymous', role: 'public' });
    expect((await api.get('/openapi.json')).body).toBe((await api.get('/openapi.json')).body);
  });
});
