import type { FastifyPluginAsync } from 'fastify';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ensureFirstAdminToken } from '../../api/tokens/token-store.ts';
import { openTestApi, START_MS, type TestApi } from '../support/api.ts';

let api: TestApi;

/** Declares no access, as a forgetful author would. */
const forgetful: FastifyPluginAsync = async (app) => {
  app.get('/forgotten', { schema: { hide: true } }, async ({ user }) => ({ user: user.name }));
};

/** Every route of the finished application, from Fastify's own tree: four characters a level. */
function parseRoutes(tree: string): { method: 'GET' | 'POST'; path: string }[] {
  const ancestors: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const match = /^([│ ]*)[├└]── (\S+) \(([A-Z, ]+)\)$/.exec(line);
    if (!match) return [];
    const [, indent = '', part = '', methods = ''] = match;
    ancestors.length = indent.length / 4;
    const path = ancestors.join('') + part;
    ancestors.push(part);
    return methods.split(', ').map((method) => ({ method: method as 'GET', path }));
  });
}

/** The library that counts wrong tokens goes by the system's clock. */
function later(ms: number): void {
  api.clock.ms += ms;
  vi.setSystemTime(api.clock.ms);
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: START_MS });
  api = await openTestApi({ routes: [forgetful] });
});
afterEach(async () => {
  vi.useRealTimers();
  await api[Symbol.asyncDispose]();
});

describe('access', () => {
  test('what the public may call is this list and nothing else', async () => {
    const routes = parseRoutes(api.app.printRoutes({ commonPrefix: false }));
    expect(routes).toContainEqual({ method: 'DELETE', path: '/v1/tokens/:id' });
    expect(routes).toContainEqual({ method: 'POST', path: '/v1/rejections/:id/replay' });
    const open: string[] = [];
    for (const { method, path } of routes) {
      // Public too, and it stays open: see stream.test.ts.
      if (path === '/v1/stream') continue;
      const url = path.replaceAll(/:\w+/g, '1').replace('*', 'index.css');
      const answer = await api.app.inject({ method, url });
      if (answer.statusCode !== 401) open.push(`${method} ${path}`);
    }
    const expected = [
      '/healthz',
      '/metrics',
      '/openapi.json',
      '/readyz',
      '/v1/devices',
      '/v1/devices/:id',
      '/v1/devices/:id/readings',
      '/v1/session',
    ].flatMap((path) => [`GET ${path}`, `HEAD ${path}`]);
    // The way in: what comes from no page of ours is refused there, see accounts.test.ts.
    expected.push('POST /v1/invitations/look', 'POST /v1/session');
    expect(open.filter((route) => !route.includes(' /docs')).sort()).toEqual(expected.sort());
  });

  test('a route that declares nothing is for staff', async () => {
    expect((await api.get('/v1/forgotten')).statusCode).toBe(401);
    expect((await api.get('/v1/forgotten', await api.tokenFor('public'))).statusCode).toBe(403);
    expect((await api.get('/v1/forgotten', await api.tokenFor('desk'))).json()).toEqual({ user: 'the desk' });
  });

  test('401 says how to send a token, 403 for whom it is', async () => {
    const missing = await api.get('/v1/tokens');
    expect(missing.headers['www-authenticate']).toBe('Bearer realm="siaga"');
    expect(missing.json().detail).toContain('Authorization: Bearer');
    const wrong = await api.get('/v1/tokens', await api.tokenFor('dispatcher'));
    expect(wrong.statusCode).toBe(403);
    expect(wrong.json().detail).toBe('the dispatcher is dispatcher; this is for admin.');
  });

  test('a wrong token is refused on a public route too, so that nobody mistakes the public view for theirs', async () => {
    const wrong = `siaga_${'A'.repeat(43)}`;
    expect((await api.get('/v1/devices', wrong)).statusCode).toBe(401);
    expect((await api.get('/v1/devices', 'nonsense')).statusCode).toBe(401);
  });

  test('a token in the query is not taken', async () => {
    expect((await api.get(`/v1/tokens?token=${api.adminToken}`)).statusCode).toBe(401);
  });

  test('with API_AUTH=false everybody is the admin named local', async () => {
    await api[Symbol.asyncDispose]();
    const config = { API_AUTH: false, STREAM_MAX_CLIENTS: 3, STREAM_MAX_CLIENTS_PER_ADDRESS: 3 };
    api = await openTestApi({ config, routes: [forgetful] });
    expect((await api.get('/v1/forgotten')).json()).toEqual({ user: 'local' });
    expect((await api.get('/v1/tokens')).statusCode).toBe(200);
  });

  test('an address that guesses is told to wait, and others and good tokens are not', async () => {
    await api.get('/v1/tokens', api.adminToken);
    const guess = (number: number) => api.get('/v1/tokens', `siaga_${String(number).padStart(43, 'A')}`);
    for (let number = 0; number < 20; number++) expect((await guess(number)).statusCode).toBe(401);
    const bounded = await guess(20);
    expect(bounded.statusCode).toBe(429);
    expect(bounded.headers['retry-after']).toBe('60');
    expect((await api.get('/v1/tokens', api.adminToken)).statusCode).toBe(200);
    const elsewhere = await api.app.inject({
      url: '/v1/tokens',
      remoteAddress: '10.0.0.9',
      headers: { authorization: `Bearer siaga_${'B'.repeat(43)}` },
    });
    expect(elsewhere.statusCode).toBe(401);
    later(60_000);
    expect((await guess(21)).statusCode).toBe(401);
    expect(await api.metrics.getSingleMetricAsString('siaga_http_authentication_failures_total')).toContain(
      '{reason="bounded"} 1',
    );
  });
});

describe('a clock that is set', () => {
  const HOURS_MS = 2 * 3_600_000;
  test.each([
    ['back', -HOURS_MS],
    ['forward', HOURS_MS],
  ])('%s neither locks an address out for longer nor lets it in sooner', async (_, stepMs) => {
    const guess = () => api.get('/v1/tokens', `siaga_${'A'.repeat(43)}`);
    for (let number = 0; number < 20; number++) await guess();
    api.clock.setByMs += stepMs;
    const bounded = await guess();
    expect([bounded.statusCode, bounded.headers['retry-after']]).toEqual([429, '60']);
    api.clock.ms += 60_000;
    expect((await guess()).statusCode).toBe(401);
  });

  test('back leaves a revoked token no more time than it has', async () => {
    const token = await api.tokenFor('desk');
    await api.get('/v1/rejections', token);
    await api.database.updateTable('api_tokens').set({ revoked_at: 1 }).where('id', '=', 2).execute();
    api.clock.setByMs -= HOURS_MS;
    api.clock.ms += 10_000;
    expect((await api.get('/v1/rejections', token)).statusCode).toBe(401);
  });

  test('back does not keep the last use of a token in the future', async () => {
    const token = await api.tokenFor('desk');
    await api.get('/v1/rejections', token);
    api.clock.setByMs -= HOURS_MS;
    api.clock.ms += 10_000;
    await api.get('/v1/rejections', token);
    const { tokens } = (await api.get('/v1/tokens', api.adminToken)).json();
    expect(tokens[0].lastUsedAt).toBe('2026-01-15T00:30:10.000Z');
  });
});

describe('behind an address that others guess from', () => {
  const guess = (number: number) => api.get('/v1/tokens', `siaga_${String(number).padStart(43, 'A')}`);
  const guessUntilBounded = async () => {
    for (let number = 0; number < 20; number++) await guess(number);
    expect((await guess(20)).statusCode).toBe(429);
  };

  test('a right token is known, also one that never called, or not for days', async () => {
    const silent = await api.tokenFor('desk');
    await guessUntilBounded();
    expect((await api.get('/v1/rejections', silent)).statusCode).toBe(200);
    later(3 * 86_400_000);
    await guessUntilBounded();
    expect((await api.get('/v1/rejections', silent)).statusCode).toBe(200);
    expect((await api.get('/v1/tokens', api.adminToken)).statusCode).toBe(200);
  });

  test('one that is made meanwhile is known at once', async () => {
    await guessUntilBounded();
    const fresh = await api.tokenFor('engineer');
    expect((await api.get('/v1/rejections', fresh)).statusCode).toBe(200);
  });

  test('a revocation locks out the one token that it names', async () => {
    const [desk, engineer] = [await api.tokenFor('desk'), await api.tokenFor('engineer')];
    await guessUntilBounded();
    await api.call('DELETE', '/v1/tokens/2', api.adminToken);
    // Bounded now, as any wrong token is.
    expect((await api.get('/v1/rejections', desk)).statusCode).toBe(429);
    expect((await api.get('/v1/rejections', engineer)).statusCode).toBe(200);
    expect((await api.get('/v1/tokens', api.adminToken)).statusCode).toBe(200);
  });

  test('guesses do not reach the database once they are bounded', async () => {
    await guessUntilBounded();
    const asked = vi.spyOn(api.database, 'selectFrom');
    for (let number = 100; number < 150; number++) await guess(number);
    expect(asked).not.toHaveBeenCalled();
    asked.mockRestore();
  });
});

describe('the end of a token', () => {
  const DAY_MS = 86_400_000;
  const make = (body: object) => api.call('POST', '/v1/tokens', api.adminToken, { role: 'desk', ...body });

  test('is a year away where nobody said when, and no further than 400 days', async () => {
    expect((await make({ name: 'Dewi' })).json().expiresAt).toBe('2027-01-15T02:30:00.000Z');
    expect((await make({ name: 'Budi', lifeDays: 7 })).json().expiresAt).toBe('2026-01-22T02:30:00.000Z');
    expect((await make({ name: 'Ayu', lifeDays: 400 })).statusCode).toBe(201);
    for (const lifeDays of [401, 0, -1, 1.5, '30', null]) {
      const answer = await make({ name: 'Citra', lifeDays });
      if (lifeDays !== null) expect([lifeDays, answer.statusCode]).toEqual([lifeDays, 400]);
    }
  });

  test('comes to the millisecond, is said to its user, and frees its name', async () => {
    const { token } = (await make({ name: 'Dewi', lifeDays: 1 })).json();
    api.clock.ms += DAY_MS - 1;
    expect((await api.get('/v1/rejections', token)).statusCode).toBe(200);
    api.clock.ms += 1;
    const answer = await api.get('/v1/rejections', token);
    expect(answer.statusCode).toBe(401);
    expect(answer.json().detail).toContain('ended at 2026-01-16T02:30:00.000Z');
    expect((await make({ name: 'Dewi' })).statusCode).toBe(201);
  });

  test('of the only other admin makes this one the last, which stays', async () => {
    await api.call('POST', '/v1/tokens', api.adminToken, { name: 'Dewi', role: 'admin', lifeDays: 1 });
    api.clock.ms += DAY_MS;
    expect((await api.call('DELETE', '/v1/tokens/1', api.adminToken)).statusCode).toBe(409);
  });

  test('of the last admin has the next start make another', async () => {
    api.clock.ms += 365 * DAY_MS;
    expect((await api.get('/v1/tokens', api.adminToken)).statusCode).toBe(401);
    const next = await ensureFirstAdminToken(api.database, () => api.clock.ms);
    expect((await api.get('/v1/tokens', next)).statusCode).toBe(200);
  });
});

describe('behind a proxy', () => {
  const PROXY = '10.0.0.1';
  const guess = async (forwardedFor: string, remoteAddress = PROXY) => {
    const headers = { authorization: `Bearer siaga_${'B'.repeat(43)}`, 'x-forwarded-for': forwardedFor };
    return (await api.app.inject({ url: '/v1/tokens', remoteAddress, headers })).statusCode;
  };
  const startBehind = async (TRUST_PROXY: string[] | undefined) => {
    await api[Symbol.asyncDispose]();
    const bounds = { STREAM_MAX_CLIENTS: 3, STREAM_MAX_CLIENTS_PER_ADDRESS: 3 };
    api = await openTestApi({ config: { API_AUTH: true, TRUST_PROXY, ...bounds } });
  };

  test('that is trusted, who guesses tokens locks out nobody but themselves', async () => {
    await startBehind(['10.0.0.0/24']);
    for (let number = 0; number < 20; number++) expect(await guess('203.0.113.9')).toBe(401);
    expect(await guess('203.0.113.9')).toBe(429);
    expect(await guess('203.0.113.10')).toBe(401);
    // What the guesser wrote before the proxy's own word changes nothing.
    expect(await guess('203.0.113.11, 203.0.113.9')).toBe(429);
  });

  test('that is not trusted, and without one, nobody can say that they are somebody else', async () => {
    await startBehind(['10.0.0.0/24']);
    for (let number = 0; number < 20; number++) await guess(`203.0.113.${number}`, '192.0.2.1');
    expect(await guess('203.0.113.99', '192.0.2.1')).toBe(429);
    await startBehind(undefined);
    for (let number = 0; number < 20; number++) await guess(`203.0.113.${number}`);
    expect(await guess('203.0.113.99')).toBe(429);
  });
});

describe('/v1/tokens', () => {
  test('the first admin token is made once', async () => {
    expect(api.adminToken).toMatch(/^siaga_[A-Za-z0-9_-]{43}$/);
    expect(await ensureFirstAdminToken(api.database, () => START_MS)).toBeUndefined();
  });

  test('a secret is in one answer, and neither in the list, the database nor the log', async () => {
    const token = await api.tokenFor('engineer');
    const { tokens } = (await api.get('/v1/tokens', api.adminToken)).json();
    expect(tokens[0]).toEqual({
      id: 2,
      name: 'the engineer',
      role: 'engineer',
      createdAt: '2026-01-15T02:30:00.000Z',
      createdBy: 'first-admin',
      expiresAt: '2027-01-15T02:30:00.000Z',
    });
    const kept = JSON.stringify(await api.database.selectFrom('api_tokens').selectAll().execute());
    for (const secret of [token, api.adminToken]) {
      expect(JSON.stringify(tokens)).not.toContain(secret);
      expect(kept).not.toContain(secret);
      expect(api.logged.join()).not.toContain(secret);
    }
    expect(api.logged.join()).toContain('"token":"the engineer"');
  });

  test('shows when a token was last used, to the minute', async () => {
    const token = await api.tokenFor('desk');
    await api.get('/v1/rejections', token);
    api.clock.ms += 30_000;
    await api.get('/v1/rejections', token);
    const { tokens } = (await api.get('/v1/tokens', api.adminToken)).json();
    expect(tokens[0].lastUsedAt).toBe('2026-01-15T02:30:00.000Z');
  });

  test('a revoked token is refused at once and its name is free again', async () => {
    const token = await api.tokenFor('desk');
    expect((await api.get('/v1/rejections', token)).statusCode).toBe(200);
    const revoked = await api.call('DELETE', '/v1/tokens/2', api.adminToken);
    expect(revoked.json()).toMatchObject({ name: 'the desk', revokedAt: '2026-01-15T02:30:00.000Z' });
    expect((await api.get('/v1/rejections', token)).statusCode).toBe(401);
    expect((await api.call('DELETE', '/v1/tokens/2', api.adminToken)).statusCode).toBe(404);
    expect(await api.tokenFor('desk')).not.toBe(token);
  });

  test('one that was revoked past this process is refused within ten seconds', async () => {
    const token = await api.tokenFor('desk');
    await api.get('/v1/rejections', token);
    await api.database.updateTable('api_tokens').set({ revoked_at: 1 }).where('id', '=', 2).execute();
    api.clock.ms += 10_000;
    expect((await api.get('/v1/rejections', token)).statusCode).toBe(401);
  });

  test('the last admin cannot be revoked', async () => {
    const last = await api.call('DELETE', '/v1/tokens/1', api.adminToken);
    expect(last.statusCode).toBe(409);
    await api.tokenFor('admin');
    expect((await api.call('DELETE', '/v1/tokens/1', api.adminToken)).statusCode).toBe(200);
  });

  test('names of tokens in force are unique, and those of the audit are reserved', async () => {
    const make = (name: string) => api.call('POST', '/v1/tokens', api.adminToken, { name, role: 'desk' });
    expect((await make('Dewi')).statusCode).toBe(201);
    expect((await make('Dewi')).statusCode).toBe(409);
    expect((await make('anonymous')).statusCode).toBe(400);
    expect((await make('a\nb')).statusCode).toBe(400);
  });

  test.each([
    ['a device', 'motor-1'],
    ['a device in capitals', 'Motor-1'],
    ['a device without its hyphen', 'motor 1'],
    ['a device with an l for its 1', 'motor-l'],
    ['a device with an accent', 'mótor-1'],
    ['a word of the audit', 'Siaga'],
    ['a word of the audit with a capital I', 'IocaI'],
    ['the first admin', 'flrst admin'],
    ['a name in force in another case', 'DEWI'],
    ['a name in force with a Cyrillic e', 'D\u0435wi'],
    ['a name in force in wide letters', '\uff24\uff45\uff57\uff49'],
    ['a name in force with a dotless i', 'Dew\u0131'],
    ['a name in force with an accent', 'Dewí'],
    ['a name in force with a combining accent', 'Dewi\u0301'],
    ['a name with a mathematical letter', '\u{1d403}ewi'],
    ['a name with a space of no width', 'De\u200bwi'],
    ['a name of 65 letters', 'x'.repeat(65)],
  ])('a name that looks like %s is refused', async (_what, name) => {
    const make = (wanted: string) =>
      api.call('POST', '/v1/tokens', api.adminToken, { name: wanted, role: 'desk' });
    expect((await make('Dewi')).statusCode).toBe(201);
    const { statusCode } = await make(name);
    expect([400, 409]).toContain(statusCode);
  });

  test('names of people are taken as they are', async () => {
    for (const name of [
      'Dewi Lestari',
      'Sri Wahyuni (desk)'.replace(/[()]/g, ''),
      'José',
      'dinkes@kota',
      'pos-3_malam',
    ]) {
      const answer = await api.call('POST', '/v1/tokens', api.adminToken, { name, role: 'desk' });
      expect([name, answer.statusCode]).toEqual([name, 201]);
    }
  });

  test('every wrong field of the body is listed', async () => {
    const answer = await api.call('POST', '/v1/tokens', api.adminToken, { name: '', role: 'king', extra: 1 });
    expect(answer.statusCode).toBe(400);
    const fields = answer
      .json()
      .errors.map((error: { in: string; field: string }) => [error.in, error.field]);
    expect(fields).toEqual([
      ['body', 'name'],
      ['body', 'role'],
      ['body', ''],
    ]);
  });
});
