/** What people have a right to, and who read what of them. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dispatchRoutes } from '../../api/dispatch/dispatch-routes.ts';
import { privacyRoutes } from '../../api/dispatch/privacy.ts';
import { createStateRetention } from '../../api/state-retention.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { type DispatchHouse, openDispatchHouse } from '../support/dispatch-house.ts';

const DAY_MS = 86_400_000;
let house: DispatchHouse;
let api: TestApi;
let tokens: Record<'dispatcher' | 'desk' | 'engineer', string>;

beforeEach(async () => {
  house = await openDispatchHouse();
  const { dispatch, clock, database } = house;
  api = await openTestApi({
    config: {
      API_AUTH: true,
      HTTP_HOST: '127.0.0.1',
      PUBLIC_URL: 'http://siaga.example',
      STREAM_MAX_CLIENTS: 5,
      STREAM_MAX_CLIENTS_PER_ADDRESS: 3,
    },
    routes: [
      ...dispatchRoutes({ dispatch, now: () => clock.ms, timeZone: 'Asia/Jakarta' }),
      privacyRoutes({ dispatch, database, now: () => clock.ms }),
    ],
  });
  tokens = {
    dispatcher: await api.tokenFor('dispatcher'),
    desk: await api.tokenFor('desk'),
    engineer: await api.tokenFor('engineer'),
  };
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await house[Symbol.asyncDispose]();
});

const SECRETS = ['Bu Sri', '0812-3456-789', 'Gang Melati 7', 'her son has the key', 'second floor'];

/** A call with all that can lead to a person, closed. */
async function takeCall(callerPhone = '0812-3456-789'): Promise<number> {
  const call = {
    classification: 'real',
    category: 'cardiac',
    place: 'Gang Melati 7',
    lat: -6.98765,
    lng: 110.41234,
    callerName: 'Bu Sri',
    callerPhone,
    note: 'her son has the key',
  };
  const { id } = (await api.call('POST', '/v1/incidents', tokens.desk, call)).json();
  await api.call('POST', `/v1/incidents/${id}/notes`, tokens.desk, { text: 'second floor' });
  return id;
}
const close = (id: number) =>
  api.call('POST', `/v1/incidents/${id}/close`, tokens.desk, { outcome: 'treated', note: 'Bu Sri is well' });

/** All that the state database holds, as text. */
async function everything(): Promise<string> {
  const tables = ['incidents', 'dispatch_audit', 'assignments'] as const;
  const rows = await Promise.all(
    tables.map((table) => house.database.selectFrom(table).selectAll().execute()),
  );
  return JSON.stringify(rows);
}
const reads = async () => (await api.get('/v1/reads', api.adminToken)).json().reads;

describe('what people wrote about an incident', () => {
  test('is shown to those who answer the calls, and to nobody else', async () => {
    const id = await takeCall();
    for (const token of [tokens.dispatcher, tokens.desk, api.adminToken]) {
      const { body } = await api.get(`/v1/incidents/${id}`, token);
      for (const secret of SECRETS) expect(body).toContain(secret);
    }
    for (const path of [`/v1/incidents/${id}`, '/v1/incidents']) {
      const answer = await api.get(path, tokens.engineer);
      expect(answer.statusCode).toBe(200);
      for (const secret of SECRETS) expect(answer.body).not.toContain(secret);
    }
    expect((await api.get(`/v1/incidents/${id}`, tokens.engineer)).json()).toMatchObject({
      category: 'cardiac',
      kecamatan: 'tengah',
      place: null,
      log: [
        { action: 'reported', note: null },
        { action: 'note', note: null },
      ],
    });
  });

  test('is not in what an engineer hears on the live stream', async () => {
    const listen = (token: string) =>
      api.app.inject({
        url: '/v1/stream?types=incident',
        headers: { authorization: `Bearer ${token}` },
        payloadAsStream: true,
      });
    const read = async (stream: Awaited<ReturnType<typeof listen>>) => {
      let text = '';
      for await (const chunk of stream.stream()) {
        text += String(chunk);
        if (text.includes('event: incident')) break;
      }
      return text;
    };
    const [engineer, dispatcher] = [await listen(tokens.engineer), await listen(tokens.dispatcher)];
    api.feed.publish('incident', { event: 'refused-late', incident: 1, reason: 'flat tyre at Bu Sri' });
    expect(await read(dispatcher)).toContain('Bu Sri');
    const heard = await read(engineer);
    expect(heard).toContain('"event":"refused-late","incident":1');
    expect(heard).not.toContain('Bu Sri');
  });
});

describe('a read', () => {
  test('of incidents is in the audit: who, in which role, which, when', async () => {
    const [first, second] = [await takeCall(), await takeCall()];
    await api.get('/v1/incidents', tokens.desk);
    api.clock.ms += 1_000;
    await api.get(`/v1/incidents/${first}`, tokens.engineer);
    expect(await reads()).toMatchObject([
      {
        actor: 'the engineer',
        role: 'engineer',
        what: 'incidents',
        which: String(first),
        at: '2026-01-15T02:30:01.000Z',
      },
      { actor: 'the desk', role: 'desk', what: 'incidents', which: `${second},${first}` },
    ]);
  });

  test('of a track is in the audit, and of a river is not', async () => {
    await api.get('/v1/devices/motor-1/readings?from=2026-01-15T00:00:00Z', tokens.dispatcher);
    await api.get('/v1/devices/bendung/readings', tokens.dispatcher);
    await api.get('/v1/devices/motor-1/readings?from=x', tokens.dispatcher);
    await api.get('/v1/devices/motor-1/readings');
    expect(await reads()).toMatchObject([{ what: 'track', which: 'motor-1 2026-01-15T00:00:00Z/now' }]);
  });

  test('of an incident that is not there, or that is refused, is none', async () => {
    await api.get('/v1/incidents/77', tokens.desk);
    await api.get('/v1/incidents');
    expect(await reads()).toEqual([]);
  });

  test('that a page repeats is one line a minute', async () => {
    const id = await takeCall();
    for (let each = 0; each < 5; each++) await api.get(`/v1/incidents/${id}`, tokens.desk);
    expect(await reads()).toHaveLength(1);
    api.clock.ms += 60_000;
    await api.get(`/v1/incidents/${id}`, tokens.desk);
    await api.get(`/v1/incidents/${id}`, tokens.dispatcher);
    expect(await reads()).toHaveLength(3);
  });

  test('is answered also where its line cannot be written, and that is counted and said', async () => {
    const id = await takeCall();
    const broken = vi.spyOn(api.database, 'insertInto').mockImplementation(() => {
      throw new Error('disk full');
    });
    expect((await api.get(`/v1/incidents/${id}`, tokens.desk)).statusCode).toBe(200);
    broken.mockRestore();
    expect(await api.metrics.getSingleMetricAsString('siaga_http_reads_unaudited_total')).toContain(' 1');
    expect(api.logged.join()).toContain('not in the audit');
  });

  test('is listed for admins, by person and kind, in pages', async () => {
    for (let each = 0; each < 3; each++) {
      const id = await takeCall();
      await api.get(`/v1/incidents/${id}`, tokens.desk);
    }
    await api.get('/v1/devices/motor-1/readings', tokens.engineer);
    const first = (await api.get('/v1/reads?what=incidents&actor=the%20desk&limit=2', api.adminToken)).json();
    expect(first.reads.map(({ which }: { which: string }) => which)).toEqual(['3', '2']);
    const rest = (await api.get(`/v1/reads?cursor=${encodeURIComponent(first.next)}`, api.adminToken)).json();
    expect(rest.reads.map(({ which }: { which: string }) => which)).toEqual(['1']);
    expect((await api.get('/v1/reads', tokens.dispatcher)).statusCode).toBe(403);
  });
});

describe("a caller's data", () => {
  test('is corrected, also after the end, and the audit says by whom and not what it was', async () => {
    const id = await takeCall();
    await close(id);
    const answer = await api.call('PATCH', `/v1/incidents/${id}/caller`, tokens.desk, {
      name: 'Bu Sari',
      phone: null,
    });
    expect(answer.json()).toMatchObject({ caller: { name: 'Bu Sari', phone: '0812-3456-789' } });
    const { log } = answer.json();
    expect(log.at(-1)).toMatchObject({ actor: 'the desk', action: 'caller-corrected', note: 'name' });
    expect((await api.call('PATCH', `/v1/incidents/${id}/caller`, tokens.desk, {})).statusCode).toBe(400);
    expect((await api.call('PATCH', '/v1/incidents/77/caller', tokens.desk, { name: 'x' })).statusCode).toBe(
      404,
    );
    const engineer = await api.call('PATCH', `/v1/incidents/${id}/caller`, tokens.engineer, { name: 'x' });
    expect(engineer.statusCode).toBe(403);
  });

  test.each(['0812-3456-789', '+62 812 3456 789', '62812 3456789', '0062-8123456789', '08123456789'])(
    'is exported whole by the number, written as %s',
    async (phone) => {
      const ids = [await takeCall(), await takeCall('+628123456789')];
      await takeCall('0812-3456-780');
      const answer = await api.call('POST', '/v1/callers/export', api.adminToken, { phone });
      const { incidents, total } = answer.json();
      expect([incidents.map(({ id }: { id: number }) => id), total]).toEqual([ids, 2]);
      for (const secret of SECRETS) expect(answer.body).toContain(secret);
      expect((await reads())[0]).toMatchObject({ what: 'caller', which: '1,2', actor: 'first-admin' });
    },
  );

  test('is erased whole; times, units and the part of the city stay for the figures', async () => {
    const [id, other] = [await takeCall(), await takeCall('0899-1111-222')];
    await house.assign(id, 'u1', { forceReason: 'Bu Sri asked for it' });
    const [assignment] = await house.dispatch.assignments.ofIncident(id);
    const step = { status: 'cancelled', reason: 'Bu Sri is well' };
    await api.call(
      'POST',
      `/v1/incidents/${id}/assignments/${assignment?.id}/status`,
      tokens.dispatcher,
      step,
    );
    const open = await api.call('POST', '/v1/callers/erase', api.adminToken, { phone: '08123456789' });
    expect([open.statusCode, open.json().type]).toEqual([409, 'urn:siaga:problem:incident-open']);
    await close(id);
    const erased = await api.call('POST', '/v1/callers/erase', api.adminToken, { phone: '08123456789' });
    expect(erased.json()).toEqual({ erased: [id] });
    const after = (await api.get(`/v1/incidents/${id}`, api.adminToken)).json();
    expect(after).toMatchObject({
      caller: { name: null, phone: null },
      place: null,
      lat: -6.99,
      lng: 110.41,
      kecamatan: 'tengah',
      outcome: 'treated',
      assignments: [{ unit: 'u1', step: 'cancelled', endReason: null }],
    });
    expect(after.log.at(-1)).toMatchObject({ action: 'caller-erased', actor: 'first-admin' });
    await api.call('POST', '/v1/callers/erase', api.adminToken, { phone: '08991111222' });
    await close(other);
    await api.call('POST', '/v1/callers/erase', api.adminToken, { phone: '08991111222' });
    const left = await everything();
    for (const secret of [...SECRETS, '0899', '-6.98765']) expect(left).not.toContain(secret);
    const again = await api.call('POST', '/v1/callers/erase', api.adminToken, { phone: '08123456789' });
    expect(again.json()).toEqual({ erased: [] });
  });

  test.each(['', '0', '+62', '123', 'sri'])('is not looked for by "%s"', async (phone) => {
    await takeCall('0');
    for (const what of ['export', 'erase']) {
      const answer = await api.call('POST', `/v1/callers/${what}`, api.adminToken, { phone });
      expect([what, answer.statusCode]).toEqual([what, 400]);
    }
  });

  test('is for admins alone to export and erase', async () => {
    for (const what of ['export', 'erase']) {
      for (const token of Object.values(tokens)) {
        expect(
          (await api.call('POST', `/v1/callers/${what}`, token, { phone: '08123456789' })).statusCode,
        ).toBe(403);
      }
    }
  });
});

describe('retention of the state', () => {
  const config = {
    CALLERS_RETENTION_DAYS: 10,
    READS_RETENTION_DAYS: 20,
    ALERTS_RETENTION_DAYS: 30,
    AUDIT_RETENTION_DAYS: 40,
  };
  const keep = (test: TestApi | undefined = undefined) =>
    createStateRetention({
      config,
      database: test ? test.database : house.database,
      metrics: (test ?? house).metrics,
      log: api.app.log as never,
      now: () => house.clock.ms,
    });

  test('erases callers of incidents that were closed as long ago, says so, and has nothing to do again', async () => {
    const [closed, open] = [await takeCall(), await takeCall('0899-1111-222')];
    await close(closed);
    const run = keep();
    house.clock.ms += 10 * DAY_MS;
    expect(await run()).toEqual({});
    house.clock.ms += 1;
    expect(await run()).toEqual({ callers: 1 });
    expect(api.logged.join()).toContain('"removed":{"callers":1}');
    expect(await house.metrics.getSingleMetricAsString('siaga_retention_removed_total')).toContain(
      '{kind="callers"} 1',
    );
    expect(await run()).toEqual({});
    expect((await api.get(`/v1/incidents/${open}`, tokens.desk)).body).toContain('Bu Sri');
    expect((await api.get(`/v1/incidents/${closed}`, tokens.desk)).body).not.toContain('Bu Sri');
    await api.call('POST', `/v1/incidents/${closed}/notes`, tokens.desk, { text: 'Bu Sri called again' });
    expect(await run()).toEqual({ callers: 1 });
  });

  test('removes reads and ended tokens by their age, and none that is in force', async () => {
    await api.get('/v1/devices/motor-1/readings', tokens.dispatcher);
    await api.call('DELETE', '/v1/tokens/4', api.adminToken);
    const run = keep(api);
    house.clock.ms += 20 * DAY_MS + 1;
    expect(await run()).toEqual({ reads: 1 });
    house.clock.ms += 20 * DAY_MS;
    // Five: four tokens made, one revoked.
    expect(await run()).toEqual({ tokens: 1, 'account-acts': 5 });
    const left = await api.database.selectFrom('api_tokens').select('name').execute();
    expect(left.map(({ name }) => name)).toEqual(['first-admin', 'the dispatcher', 'the desk']);
  });

  test('removes people, links and sessions that ended by their age, and none that is open', async () => {
    const invite = async (name: string) => {
      const made = await api.call('POST', '/v1/people', api.adminToken, { name, role: 'desk' });
      const { id, link } = made.json<{ id: number; link: string }>();
      const answer = await api.app.inject({
        ...{ method: 'POST', url: '/v1/session' },
        headers: { 'x-siaga-session': '1', 'sec-fetch-site': 'same-origin' },
        payload: { invitation: link.split('#')[1] },
      });
      expect(answer.statusCode).toBe(201);
      return id;
    };
    await invite('Sari');
    await api.call('DELETE', `/v1/people/${await invite('Budi')}`, api.adminToken);
    const run = keep(api);
    house.clock.ms += 44 * DAY_MS;
    expect(await run()).toMatchObject({ people: 1, sessions: 1, invitations: 2 });
    const { people } = (await api.get('/v1/people', api.adminToken)).json<{ people: { name: string }[] }>();
    expect(people.map(({ name }) => name)).toEqual(['Sari']);
    expect(await api.database.selectFrom('sessions').select('ended_at').execute()).toEqual([
      { ended_at: null },
    ]);
  });

  test('removes who changed the city by its age, and leaves what was changed', async () => {
    const { registry } = house;
    await registry.change({
      ...{ actor: 'somebody', at: house.clock.ms },
      makeEdits: async () => [{ list: 'rivers', id: 'new', entry: { id: 'new', name: 'New' } }],
    });
    const run = keep();
    house.clock.ms += 40 * DAY_MS;
    expect(await run()).toEqual({});
    house.clock.ms += 1;
    expect(await run()).toEqual({ 'city-changes': 1 });
    await registry.reload();
    expect(registry.cityNow.rivers.map(({ id }) => id)).toContain('new');
  });

  test('removes what happened in dispatch and alerts as long ago, in batches, and leaves what is open', async () => {
    const [closed, open] = [await takeCall(), await takeCall()];
    await close(closed);
    const alert = (id: string, closed_at: number | null) => ({
      id,
      rule: 'river-level',
      subject: 'bendung',
      state: closed_at === null ? 'open' : 'resolved',
      severity: 'severe',
      started_at: 0,
      raised_at: 0,
      closed_at,
      audience: 'public',
      document: '{}',
    });
    for (let each = 0; each < 450; each++) {
      await house.database
        .insertInto('alerts')
        .values(alert(`old-${each}`, house.clock.ms))
        .execute();
    }
    await house.database.insertInto('alerts').values(alert('open', null)).execute();
    house.clock.ms += 40 * DAY_MS + 1;
    const done = await keep()();
    expect(done).toMatchObject({ callers: 1, alerts: 450, 'dispatch-audit': 3 });
    const alerts = await house.database.selectFrom('alerts').select('id').execute();
    expect(alerts.map(({ id }) => id)).toContain('open');
    expect(alerts.some(({ id }) => id.startsWith('old-'))).toBe(false);
    const lines = await house.database.selectFrom('dispatch_audit').select(['incident', 'action']).execute();
    expect(lines.filter(({ incident }) => incident === open)).toHaveLength(2);
    expect(lines.filter(({ incident }) => incident === closed)).toEqual([
      { incident: closed, action: 'caller-erased' },
    ]);
  });
});
