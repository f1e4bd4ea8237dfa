/** People at the pages: invited by a link, signed in by a cookie, ended; what a cookie may do and what it may not. */
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { LightMyRequestResponse } from 'fastify';
import decodeQR from 'qr/decode.js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MAX_OPEN_INVITATIONS } from '../../api/accounts/people-store.ts';
import { MAX_SESSIONS_EACH } from '../../api/accounts/session-store.ts';
import { openTestApi, START_MS, type TestApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PAGE = { 'x-siaga-session': '1', 'sec-fetch-site': 'same-origin' };

const CONFIG = {
  API_AUTH: true,
  HTTP_HOST: '127.0.0.1',
  STREAM_MAX_CLIENTS: 5,
  STREAM_MAX_CLIENTS_PER_ADDRESS: 3,
};

let api: TestApi;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: START_MS });
  api = await openTestApi({ config: { ...CONFIG, PUBLIC_URL: 'http://siaga.example' } });
});
afterEach(async () => {
  vi.useRealTimers();
  await api[Symbol.asyncDispose]();
});

/** The library that counts wrong secrets goes by the system's clock. */
function later(ms: number): void {
  api.clock.ms += ms;
  vi.setSystemTime(api.clock.ms);
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
type Headers = Readonly<Record<string, string>>;

function send(method: Method, url: string, headers: Headers, body?: object): Promise<LightMyRequestResponse> {
  return api.app.inject({ method, url, headers, ...(body ? { payload: body } : {}) });
}

/** As our page calls for somebody who is signed in. */
const byPage = (cookie: string, method: Method, url: string, body?: object) =>
  send(method, url, { ...PAGE, cookie }, body);

async function invite(
  name = 'Sari',
  role = 'dispatcher',
): Promise<{ id: number; secret: string; link: string }> {
  const answer = await api.call('POST', '/v1/people', api.adminToken, { name, role });
  expect(answer.statusCode, answer.body).toBe(201);
  const { id, link } = answer.json<{ id: number; link: string }>();
  return { id, link, secret: link.split('#')[1] as string };
}

const take = (secret: string, headers: Headers = PAGE) =>
  send('POST', '/v1/session', headers, { invitation: secret });

/** What a browser would send back. */
function cookieOf(answer: LightMyRequestResponse): string {
  return String(answer.headers['set-cookie']).split(';', 1)[0] as string;
}

async function signIn(
  name = 'Sari',
  role = 'dispatcher',
): Promise<{ cookie: string; person: number; session: number }> {
  const { id, secret } = await invite(name, role);
  const answer = await take(secret);
  expect(answer.statusCode, answer.body).toBe(201);
  return { cookie: cookieOf(answer), person: id, session: answer.json<{ id: number }>().id };
}

const whoIs = async (cookie: string) =>
  (await send('GET', '/v1/city-of-nobody', { cookie })).statusCode === 404
    ? (await send('GET', '/v1/sessions', { ...PAGE, cookie })).statusCode
    : undefined;

async function acts(): Promise<string[]> {
  const { acts: lines } = (await api.get('/v1/account-acts', api.adminToken)).json<{
    acts: { actor: string; act: string; subject: string }[];
  }>();
  return lines.map(({ actor, act, subject }) => `${actor} ${act} ${subject}`).reverse();
}

describe('an invitation', () => {
  test('names a person, shows its link once, as a QR code too, and keeps the hash alone', async () => {
    const answer = await api.call('POST', '/v1/people', api.adminToken, { name: 'Sari', role: 'dispatcher' });
    const { link, qr, invitedUntil } = answer.json<{
      link: string;
      invitedUntil: string;
      qr: { size: number; path: string };
    }>();
    expect(link).toMatch(/^http:\/\/.+\/join#[\w-]{43}$/);
    expect(Date.parse(invitedUntil)).toBe(START_MS + 72 * HOUR_MS);
    expect(readQr(qr)).toBe(link);
    const listed = await api.get('/v1/people', api.adminToken);
    expect(listed.json()).toMatchObject({ people: [{ name: 'Sari', role: 'dispatcher', invitedUntil }] });
    const secret = link.split('#')[1] as string;
    expect(listed.body).not.toContain(secret);
    const rows = await api.database.selectFrom('invitations').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(api.logged.join()).not.toContain(secret);
  });

  test('is looked at without being used up, by GET of its page and by the page itself, and taken once', async () => {
    const { secret } = await invite();
    for (let look = 0; look < 3; look++) {
      const seen = await send('POST', '/v1/invitations/look', PAGE, { invitation: secret });
      expect(seen.json()).toMatchObject({ name: 'Sari', role: 'dispatcher', invitedBy: 'first-admin' });
    }
    const [one, other] = await Promise.all([take(secret), take(secret)]);
    expect([one?.statusCode, other?.statusCode].sort()).toEqual([201, 401]);
    expect((await send('POST', '/v1/invitations/look', PAGE, { invitation: secret })).statusCode).toBe(401);
    expect((await api.get('/v1/people', api.adminToken)).json().people[0].invitedUntil).toBe(undefined);
  });

  test('ends by its time, by being withdrawn, by a newer one, and with its person', async () => {
    const { id, secret } = await invite();
    const again = await api.call('POST', `/v1/people/${id}/link`, api.adminToken, { linkHours: 1 });
    expect((await take(secret)).json().type).toBe('urn:siaga:problem:link-not-open');
    const second = again.json<{ link: string }>().link.split('#')[1] as string;
    later(HOUR_MS);
    expect((await take(second)).statusCode).toBe(401);
    const third = await api.call('POST', `/v1/people/${id}/link`, api.adminToken, {});
    expect((await api.call('DELETE', `/v1/people/${id}/link`, api.adminToken)).statusCode).toBe(200);
    expect((await api.call('DELETE', `/v1/people/${id}/link`, api.adminToken)).statusCode).toBe(404);
    expect((await take(third.json<{ link: string }>().link.split('#')[1] as string)).statusCode).toBe(401);
    const fourth = await api.call('POST', `/v1/people/${id}/link`, api.adminToken, {});
    await api.call('DELETE', `/v1/people/${id}`, api.adminToken);
    expect((await take(fourth.json<{ link: string }>().link.split('#')[1] as string)).statusCode).toBe(401);
  });

  test('is for administrators to make, and names nobody who looks like another', async () => {
    const dispatcher = await api.tokenFor('dispatcher');
    expect(
      (await api.call('POST', '/v1/people', dispatcher, { name: 'Sari', role: 'desk' })).statusCode,
    ).toBe(403);
    await invite('Sari');
    await api.call('POST', '/v1/tokens', api.adminToken, { name: 'Monitor', role: 'engineer' });
    for (const [name, status] of [
      ['sari', 409],
      ['monit0r', 409],
      ['bendung', 409],
      ['local', 400],
      ['Dеwi', 400],
    ] as const) {
      const answer = await api.call('POST', '/v1/people', api.adminToken, { name, role: 'desk' });
      expect([name, answer.statusCode]).toEqual([name, status]);
    }
    const taken = await api.call('POST', '/v1/tokens', api.adminToken, { name: 'S4ri', role: 'desk' });
    expect(taken.statusCode).toBe(201);
    const token = await api.call('POST', '/v1/tokens', api.adminToken, { name: 'SARI', role: 'desk' });
    expect(token.statusCode).toBe(409);
    for (const role of ['public', 'king']) {
      const answer = await api.call('POST', '/v1/people', api.adminToken, { name: 'Budi', role });
      expect(answer.statusCode).toBe(400);
    }
  });

  test(`leaves at most ${MAX_OPEN_INVITATIONS} links open, and what has ended makes room`, async () => {
    for (let count = 0; count < MAX_OPEN_INVITATIONS; count++) await invite(`Petugas ${count}`);
    const one = { name: 'Satu lagi', role: 'desk' };
    const full = await api.call('POST', '/v1/people', api.adminToken, one);
    expect(full.json()).toMatchObject({ status: 409, type: 'urn:siaga:problem:too-many-invitations' });
    later(73 * HOUR_MS);
    expect((await api.call('POST', '/v1/people', api.adminToken, one)).statusCode).toBe(201);
  });
});

describe('a session', () => {
  test('is a cookie that no script and no other site has, and the API takes it for the person', async () => {
    const { secret } = await invite();
    const answer = await take(secret);
    expect(answer.headers['set-cookie']).toMatch(
      /^siaga-session=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict$/,
    );
    const cookie = cookieOf(answer);
    const listed = await byPage(cookie, 'GET', '/v1/sessions');
    expect(listed.json()).toMatchObject({
      sessions: [{ name: 'Sari', role: 'dispatcher', by: 'invitation', isThis: true }],
    });
    expect((await byPage(cookie, 'GET', '/v1/people')).json().detail).toBe(
      'Sari is dispatcher; this is for admin.',
    );
    const rows = await api.database.selectFrom('sessions').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(cookie.split('=')[1]);
    expect(api.logged.join()).not.toContain(cookie.split('=')[1]);
  });

  test('is bound to https by prefix and attribute where that is the public address', async () => {
    await using secure = await openTestApi({
      config: { ...CONFIG, PUBLIC_URL: 'https://siaga.example/kota/' },
    });
    const invited = await secure.call('POST', '/v1/people', secure.adminToken, {
      name: 'Sari',
      role: 'desk',
    });
    const { link } = invited.json<{ link: string }>();
    expect(link).toMatch(/^https:\/\/siaga\.example\/kota\/join#/);
    const answer = await secure.app.inject({
      ...{ method: 'POST', url: '/v1/session', headers: PAGE },
      payload: { invitation: link.split('#')[1] },
    });
    expect(answer.headers['set-cookie']).toMatch(/^__Host-siaga-session=[\w-]{43}; Path=\/; .+; Secure$/);
    const cookie = cookieOf(answer);
    const ask = (shown: string) =>
      secure.app.inject({ method: 'GET', url: '/v1/sessions', headers: { ...PAGE, cookie: shown } });
    expect((await ask(cookie)).statusCode).toBe(200);
    // Which a plain page or a neighbour domain could have set.
    expect((await ask(cookie.replace('__Host-', ''))).statusCode).toBe(401);
  });

  test('begins by a token of the staff too, bears its name, and ends with it', async () => {
    const token = await api.tokenFor('dispatcher');
    const answer = await send('POST', '/v1/session', PAGE, { token });
    expect(answer.json()).toMatchObject({ name: 'the dispatcher', by: 'token' });
    const cookie = cookieOf(answer);
    expect(await whoIs(cookie)).toBe(200);
    const wrong = await send('POST', '/v1/session', PAGE, { token: `siaga_${'A'.repeat(43)}` });
    expect(wrong.statusCode).toBe(401);
    const partner = await send('POST', '/v1/session', PAGE, { token: await api.tokenFor('public') });
    expect(partner.statusCode).toBe(403);
    const { tokens } = (await api.get('/v1/tokens', api.adminToken)).json<{
      tokens: { id: number; name: string }[];
    }>();
    const id = tokens.find(({ name }) => name === 'the dispatcher')?.id;
    await api.call('DELETE', `/v1/tokens/${id}`, api.adminToken);
    expect(await whoIs(cookie)).toBe(401);
  });

  test('ends no later than the token by which it began', async () => {
    const wanted = { name: 'kurir', role: 'desk', lifeDays: 1 };
    const { token } = (await api.call('POST', '/v1/tokens', api.adminToken, wanted)).json<{
      token: string;
    }>();
    later(DAY_MS - HOUR_MS);
    const answer = await send('POST', '/v1/session', PAGE, { token });
    expect(answer.headers['set-cookie']).toContain('Max-Age=3600;');
    later(HOUR_MS);
    expect(await whoIs(cookieOf(answer))).toBe(401);
  });

  test('a token in the header speaks before a cookie, and machines need nothing else', async () => {
    const { cookie } = await signIn('Sari', 'desk');
    const answer = await send(
      'POST',
      '/v1/people',
      { cookie, authorization: `Bearer ${api.adminToken}` },
      {
        name: 'Budi',
        role: 'desk',
      },
    );
    expect(answer.json()).toMatchObject({ createdBy: 'first-admin' });
  });

  test('takes the place of the one that the browser had', async () => {
    const { cookie } = await signIn();
    const { secret } = await invite('Budi');
    const answer = await take(secret, { ...PAGE, cookie });
    expect([await whoIs(cookie), await whoIs(cookieOf(answer))]).toEqual([401, 200]);
    const me = await byPage(cookieOf(answer), 'GET', '/v1/session');
    expect(me.json()).toEqual({
      name: 'Budi',
      role: 'dispatcher',
      sessionEndsAt: new Date(START_MS + 30 * DAY_MS).toISOString(),
    });
  });

  test('makes links that begin where its page is, where nobody has configured an address', async () => {
    await using plain = await openTestApi({ config: CONFIG });
    const host = '192.168.1.5:3000';
    const signedIn = await plain.app.inject({
      ...{ method: 'POST', url: '/v1/session', headers: PAGE, payload: { token: plain.adminToken } },
    });
    const headers = { cookie: cookieOf(signedIn), 'x-siaga-session': '1', host, origin: `http://${host}` };
    const payload = { name: 'Sari', role: 'desk' };
    const invited = await plain.app.inject({ method: 'POST', url: '/v1/people', headers, payload });
    expect(invited.json<{ link: string }>().link).toMatch(/^http:\/\/192\.168\.1\.5:3000\/join#/);
  });

  test('signs in nowhere where API_AUTH is false', async () => {
    await using open = await openTestApi({
      config: { ...CONFIG, API_AUTH: false },
    });
    const body = { token: open.adminToken };
    const answer = await open.app.inject({
      method: 'POST',
      url: '/v1/session',
      headers: PAGE,
      payload: body,
    });
    expect(answer.json()).toMatchObject({ status: 409, type: 'urn:siaga:problem:nobody-signs-in' });
  });
});

describe('time and a session', () => {
  test('outlasts a shift of twelve hours and a day of use, and ends a day after its last use', async () => {
    const { cookie } = await signIn();
    later(12 * HOUR_MS);
    expect(await whoIs(cookie)).toBe(200);
    later(23 * HOUR_MS);
    expect(await whoIs(cookie)).toBe(200);
    later(24 * HOUR_MS);
    expect(await whoIs(cookie)).toBe(401);
    expect((await acts()).at(-1)).toBe('siaga session-ended Sari');
  });

  test('ends after thirty days, however much it is used', async () => {
    const { cookie } = await signIn();
    for (let day = 1; day < 30 * 2; day++) {
      later(DAY_MS / 2);
      expect(await whoIs(cookie)).toBe(200);
    }
    later(DAY_MS / 2);
    expect(await whoIs(cookie)).toBe(401);
  });

  test.each([
    ['back by a year', -365 * DAY_MS],
    ['forward by a year', 365 * DAY_MS],
  ])('a clock that is set %s ends nothing and extends nothing', async (_set, byMs) => {
    const { cookie } = await signIn();
    api.clock.setByMs = byMs;
    later(HOUR_MS);
    expect(await whoIs(cookie)).toBe(200);
    // What the database knows goes by the clock as it goes now: a restart changes nothing.
    const [row] = await api.database.selectFrom('sessions').selectAll().execute();
    expect(row?.used_at).toBe(START_MS + HOUR_MS + byMs);
    expect(row?.expires_at).toBe(START_MS + byMs + 30 * DAY_MS);
    later(24 * HOUR_MS);
    expect(await whoIs(cookie)).toBe(401);
  });

  test('is known after a restart, for what is left of it, and for no more than a new one has', async () => {
    const { cookie } = await signIn();
    const { cookie: set } = await signIn('Budi');
    const wrongEnd = START_MS + 4_000 * DAY_MS;
    await api.database.updateTable('sessions').set({ expires_at: wrongEnd }).where('id', '=', 2).execute();
    await using again = await openTestApi({ database: api.database, monotonicNow: () => monotonicMs });
    let monotonicMs = 5;
    const ask = async (shown: string) =>
      (await again.app.inject({ method: 'GET', url: '/v1/sessions', headers: { ...PAGE, cookie: shown } }))
        .statusCode;
    again.clock.ms = START_MS + HOUR_MS;
    expect(await ask(cookie)).toBe(200);
    for (let hour = 0; hour < 30 * 24; hour += 20) {
      expect(await ask(set)).toBe(200);
      monotonicMs += 20 * HOUR_MS;
    }
    expect(await ask(set)).toBe(401);
    expect(await ask(cookie)).toBe(401);
  });
});

describe('what a cookie may change', () => {
  const bodies = { name: 'Budi', role: 'desk' };
  test.each([
    ['our page', PAGE, 201],
    [
      'our page in a browser that says no Sec-Fetch-Site over http',
      { 'x-siaga-session': '1', origin: 'http://localhost:80' },
      201,
    ],
    ['a neighbour domain', { 'x-siaga-session': '1', 'sec-fetch-site': 'same-site' }, 403],
    ['another site', { 'x-siaga-session': '1', 'sec-fetch-site': 'cross-site' }, 403],
    ['another site by Origin', { 'x-siaga-session': '1', origin: 'https://evil.example' }, 403],
    ['a frame without origin', { 'x-siaga-session': '1', origin: 'null' }, 403],
    ['nobody who says it', { 'x-siaga-session': '1' }, 403],
    ['a form, which can send no header', { 'sec-fetch-site': 'same-origin' }, 401],
  ])('sent by %s', async (_who, headers, status) => {
    const { cookie } = await signIn('Ratna', 'admin');
    const host = 'localhost:80';
    const answer = await send('POST', '/v1/people', { ...headers, host, cookie } as Headers, bodies);
    expect(answer.statusCode, answer.body).toBe(status);
    const { people } = (await api.get('/v1/people', api.adminToken)).json<{ people: object[] }>();
    expect(people).toHaveLength(status === 201 ? 2 : 1);
  });

  test('another site can neither sign a browser in nor ask leave to send our header', async () => {
    const { secret } = await invite();
    for (const headers of [
      {},
      { ...PAGE, 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-origin' },
    ]) {
      expect((await take(secret, headers as Headers)).statusCode).toBe(403);
    }
    const preflight = await api.app.inject({
      method: 'OPTIONS',
      url: '/v1/session',
      headers: {
        origin: 'https://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-siaga-session',
      },
    });
    expect(preflight.headers['access-control-allow-origin']).toBe(undefined);
    expect((await take(secret)).statusCode).toBe(201);
  });

  test('an answer that a cookie got is not kept for those without one', async () => {
    const { cookie } = await signIn();
    const answer = await send('GET', '/v1/devices', { cookie });
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-store',
      vary: expect.stringContaining('cookie'),
    });
    expect(answer.headers['access-control-allow-credentials']).toBe(undefined);
  });
});

describe('the end of a session', () => {
  test('by the person, here: the cookie is taken away, and the next call of the page is refused', async () => {
    const { cookie } = await signIn();
    const out = await byPage(cookie, 'DELETE', '/v1/session');
    expect(out.statusCode).toBe(204);
    expect(out.headers['set-cookie']).toMatch(/^siaga-session=; Path=\/; Max-Age=0; HttpOnly/);
    const after = await byPage(cookie, 'GET', '/v1/devices');
    expect(after.json()).toMatchObject({ status: 401, type: 'urn:siaga:problem:session-ended' });
  });

  test('a page that says it acts for a session is never taken for the public; a public page goes on', async () => {
    const { cookie, session } = await signIn();
    await api.call('DELETE', `/v1/sessions/${session}`, api.adminToken);
    expect((await send('GET', '/v1/devices', { ...PAGE })).statusCode).toBe(401);
    const open = await send('GET', '/v1/devices', { cookie });
    expect(open.statusCode).toBe(200);
    expect(open.headers['set-cookie']).toMatch(/^siaga-session=; /);
  });

  test('by the person, everywhere; nobody else is signed out', async () => {
    const { cookie, person } = await signIn();
    const { cookie: other } = await signIn('Budi');
    const more = await api.call('POST', `/v1/people/${person}/link`, api.adminToken, {});
    const phone = cookieOf(await take(more.json<{ link: string }>().link.split('#')[1] as string));
    expect((await byPage(phone, 'GET', '/v1/sessions')).json().sessions).toHaveLength(2);
    expect((await byPage(phone, 'DELETE', '/v1/sessions')).statusCode).toBe(204);
    expect([await whoIs(cookie), await whoIs(phone), await whoIs(other)]).toEqual([401, 401, 200]);
  });

  test('by an administrator, of anybody; by others of themselves alone', async () => {
    const { cookie, session } = await signIn();
    const { cookie: other } = await signIn('Budi');
    expect((await byPage(other, 'DELETE', `/v1/sessions/${session}`)).statusCode).toBe(404);
    expect(await whoIs(cookie)).toBe(200);
    expect((await byPage(other, 'GET', '/v1/sessions')).json().sessions).toHaveLength(1);
    const { cookie: admin } = await signIn('Ratna', 'admin');
    expect((await byPage(admin, 'GET', '/v1/sessions')).json().sessions).toHaveLength(3);
    const ended = await byPage(admin, 'DELETE', `/v1/sessions/${session}`);
    expect(ended.json()).toMatchObject({ name: 'Sari', isThis: false });
    expect([await whoIs(cookie), await whoIs(other)]).toEqual([401, 200]);
  });

  test('with the person, and the name is free again', async () => {
    const { cookie, person } = await signIn();
    expect((await api.call('DELETE', `/v1/people/${person}`, api.adminToken)).statusCode).toBe(200);
    expect(await whoIs(cookie)).toBe(401);
    expect((await api.call('DELETE', `/v1/people/${person}`, api.adminToken)).statusCode).toBe(404);
    await invite('Sari');
  });

  test('past this process is noticed within ten seconds', async () => {
    const { cookie, person } = await signIn();
    expect(await whoIs(cookie)).toBe(200);
    await api.database.updateTable('people').set({ removed_at: START_MS }).where('id', '=', person).execute();
    later(10_000);
    expect(await whoIs(cookie)).toBe(401);
  });

  test('closes the live stream at once', async () => {
    vi.useRealTimers();
    const { cookie, person } = await signIn();
    await api.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = api.app.server.address() as AddressInfo;
    const headers = { cookie, 'x-siaga-session': '1' };
    const stream = await fetch(`http://127.0.0.1:${port}/v1/stream?types=incident`, { headers });
    expect(stream.status).toBe(200);
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await api.call('DELETE', `/v1/people/${person}`, api.adminToken);
    const end = Promise.race([
      (async () => {
        for (;;) if ((await reader.read()).done) return 'closed';
      })(),
      delay(60_000, 'open', { ref: false }),
    ]);
    expect(await end).toBe('closed');
    expect((await fetch(`http://127.0.0.1:${port}/v1/stream`, { headers })).status).toBe(401);
    await eventually(async () =>
      expect(await api.metrics.metrics()).toContain('siaga_stream_ended_total{why="revoked"} 1'),
    );
  });

  test(`of one person more than ${MAX_SESSIONS_EACH} ends the one that was used longest ago`, async () => {
    const { cookie, person } = await signIn();
    const { cookie: other } = await signIn('Budi');
    const cookies = [cookie];
    for (let count = 1; count < MAX_SESSIONS_EACH; count++) cookies.push(await onceMore(person));
    later(60_000);
    // The first is in use, so that it is the second that goes.
    expect(await whoIs(cookie)).toBe(200);
    cookies.push(await onceMore(person));
    const states = await Promise.all(cookies.map(whoIs));
    expect(states).toEqual([200, 401, ...Array.from({ length: MAX_SESSIONS_EACH - 1 }, () => 200)]);
    expect(await whoIs(other)).toBe(200);
    expect(await api.metrics.metrics()).toContain('siaga_sessions_ended_total{why="bound"} 1');
  });

  async function onceMore(person: number): Promise<string> {
    const made = await api.call('POST', `/v1/people/${person}/link`, api.adminToken, {});
    return cookieOf(await take(made.json<{ link: string }>().link.split('#')[1] as string));
  }
});

describe('guessing', () => {
  test('links and cookies of one address wait beyond the bound, and right ones behind it are let in', async () => {
    const { cookie } = await signIn();
    const { secret } = await invite('Budi');
    const guess = (index: number) => take(String(index).padStart(43, 'A'));
    for (let index = 0; index < 20; index++) expect((await guess(index)).statusCode).toBe(401);
    const bounded = await guess(20);
    expect(bounded.json()).toMatchObject({ status: 429, type: 'urn:siaga:problem:too-many-failures' });
    expect(Number(bounded.headers['retry-after'])).toBeGreaterThan(0);
    expect(await whoIs(cookie)).toBe(200);
    expect((await send('POST', '/v1/session', PAGE, { token: api.adminToken })).statusCode).toBe(201);
    expect((await take(secret)).statusCode).toBe(201);
    later(60_000);
    expect((await guess(21)).statusCode).toBe(401);
  });

  test('a cookie that is no session is counted and taken away', async () => {
    for (const shown of ['A'.repeat(43), 'x', '']) {
      const answer = await send('GET', '/v1/sessions', { ...PAGE, cookie: `siaga-session=${shown}` });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['set-cookie']).toMatch(/Max-Age=0/);
    }
    expect(await api.metrics.metrics()).toContain(
      'siaga_http_authentication_failures_total{reason="session"} 3',
    );
  });
});

test('each act is in the audit by the name of who did it, for administrators', async () => {
  const { cookie: admin } = await signIn('Ratna', 'admin');
  const made = await byPage(admin, 'POST', '/v1/people', { name: 'Sari', role: 'desk' });
  const { id, link } = made.json<{ id: number; link: string }>();
  const cookie = cookieOf(await take(link.split('#')[1] as string));
  await byPage(cookie, 'DELETE', '/v1/session');
  await byPage(admin, 'POST', `/v1/people/${id}/link`, {});
  await byPage(admin, 'DELETE', `/v1/people/${id}/link`);
  await byPage(admin, 'DELETE', `/v1/people/${id}`);
  await byPage(admin, 'POST', '/v1/tokens', { name: 'grafana', role: 'engineer' });
  expect(await acts()).toEqual([
    'siaga token-made first-admin',
    'first-admin invited Ratna',
    'Ratna signed-in Ratna',
    'Ratna invited Sari',
    'Sari signed-in Sari',
    'Sari signed-out Sari',
    'Ratna link-made Sari',
    'Ratna link-withdrawn Sari',
    'Ratna removed Sari',
    'Ratna token-made grafana',
  ]);
  expect((await byPage(cookie, 'GET', '/v1/account-acts')).statusCode).toBe(401);
  expect((await api.get('/v1/account-acts', await api.tokenFor('engineer'))).statusCode).toBe(403);
  const page = (await api.get('/v1/account-acts?limit=2', api.adminToken)).json<{
    next: string;
    acts: object[];
  }>();
  expect(page.acts).toHaveLength(2);
  expect((await api.get(page.next, api.adminToken)).json().acts[0].act).toBe('removed');
});

/** As a phone reads it: the path drawn, four pixels a module, with the quiet zone. */
function readQr({ size, path }: { size: number; path: string }): string {
  const [scale, quiet] = [4, 4];
  const width = (size + 2 * quiet) * scale;
  const data = new Uint8Array(width * width * 4).fill(255);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let pixel = 0; pixel < scale * scale; pixel++) {
      const left = (Number(x) + quiet) * scale + (pixel % scale);
      const top = (Number(y) + quiet) * scale + Math.floor(pixel / scale);
      data.fill(0, (top * width + left) * 4, (top * width + left) * 4 + 3);
    }
  }
  return decodeQR({ width, height: width, data });
}

describe('a person who is changed', () => {
  const change = (id: number, body: object, headers: Headers = {}) =>
    send('PATCH', `/v1/people/${id}`, { authorization: `Bearer ${api.adminToken}`, ...headers }, body);

  async function tagOf(person: number): Promise<string> {
    const { people } = (await api.get('/v1/people', api.adminToken)).json<{
      people: { id: number; etag: string }[];
    }>();
    return people.find(({ id }) => id === person)?.etag as string;
  }

  test('has the new role from the next call on, in every session, and the audit says who did it', async () => {
    const { cookie, person } = await signIn('Sari', 'dispatcher');
    expect((await byPage(cookie, 'GET', '/v1/people')).statusCode).toBe(403);
    const answer = await change(person, { role: 'admin' }, { 'if-match': await tagOf(person) });
    expect(answer.statusCode, answer.body).toBe(200);
    expect(answer.json()).toMatchObject({ id: person, name: 'Sari', role: 'admin' });
    expect(answer.headers.etag).toBe(await tagOf(person));
    expect((await byPage(cookie, 'GET', '/v1/people')).statusCode).toBe(200);
    await change(person, { role: 'desk', name: 'Sari Dewi' }, { 'if-match': '*' });
    expect((await byPage(cookie, 'GET', '/v1/people')).statusCode).toBe(403);
    expect((await byPage(cookie, 'GET', '/v1/session')).json()).toMatchObject({
      name: 'Sari Dewi',
      role: 'desk',
    });
    expect((await acts()).slice(-2)).toEqual(['first-admin changed Sari', 'first-admin changed Sari Dewi']);
    // Also once the sessions were read from the database again.
    later(60_000);
    expect((await byPage(cookie, 'GET', '/v1/session')).json()).toMatchObject({ role: 'desk' });
  });

  test('past this process is followed when the sessions are read again', async () => {
    const { cookie, person } = await signIn('Sari', 'admin');
    expect((await byPage(cookie, 'GET', '/v1/people')).statusCode).toBe(200);
    await api.database.updateTable('people').set({ role: 'desk' }).where('id', '=', person).execute();
    later(60_000);
    expect((await byPage(cookie, 'GET', '/v1/people')).statusCode).toBe(403);
  });

  test('must have been seen as they are, keeps a name of their own, and is no stranger', async () => {
    const { id } = await invite('Sari');
    await invite('Budi');
    const seen = await tagOf(id);
    expect((await change(id, { role: 'desk' })).statusCode).toBe(428);
    expect((await change(id, { role: 'desk' }, { 'if-match': seen })).statusCode).toBe(200);
    const late = await change(id, { role: 'admin' }, { 'if-match': seen });
    expect(late.statusCode).toBe(412);
    expect(late.json()).toMatchObject({ etag: await tagOf(id) });
    const anyhow = { 'if-match': '*' };
    expect((await change(id, { name: 'BUDI' }, anyhow)).statusCode).toBe(409);
    // Written otherwise it is still their own.
    expect((await change(id, { name: 'SARI' }, anyhow)).statusCode).toBe(200);
    expect((await change(id, {}, anyhow)).statusCode).toBe(400);
    expect((await change(999, { role: 'desk' }, anyhow)).statusCode).toBe(404);
    expect((await change(id, { role: 'public' }, anyhow)).statusCode).toBe(400);
  });

  test('is not oneself where the role is concerned, and none but administrators change anybody', async () => {
    const { cookie, person } = await signIn('Ratna', 'admin');
    const own = (body: object) =>
      send('PATCH', `/v1/people/${person}`, { ...PAGE, cookie, 'if-match': '*' }, body);
    expect((await own({ role: 'desk' })).statusCode).toBe(409);
    expect((await own({ name: 'Ratna Sari' })).statusCode).toBe(200);
    const { cookie: other } = await signIn('Sari', 'dispatcher');
    const refused = await send(
      'PATCH',
      `/v1/people/${person}`,
      { ...PAGE, cookie: other, 'if-match': '*' },
      {
        role: 'desk',
      },
    );
    expect(refused.statusCode).toBe(403);
  });
});
