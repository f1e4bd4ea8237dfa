/** The routes of dispatch as callers see them: roles, problems, formats. The rules themselves: test/unit/dispatch. */
import { expect, test } from 'vitest';
import { dispatchRoutes } from '../../api/dispatch/dispatch-routes.ts';
import { QualityFlag } from '../../devices/reading.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { type DispatchHouse, openDispatchHouse } from '../support/dispatch-house.ts';

interface Desk extends AsyncDisposable {
  readonly api: TestApi;
  readonly house: DispatchHouse;
  readonly dispatcher: string;
}

async function openDesk(): Promise<Desk> {
  const house = await openDispatchHouse();
  const { dispatch, clock } = house;
  const api = await openTestApi({
    routes: dispatchRoutes({ dispatch, now: () => clock.ms, timeZone: 'Asia/Jakarta' }),
  });
  return {
    api,
    house,
    dispatcher: await api.tokenFor('dispatcher'),
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      await house[Symbol.asyncDispose]();
    },
  };
}

const call = {
  classification: 'real',
  category: 'cardiac',
  priority: 1,
  lat: -7,
  lng: 110.41,
  callerName: 'Bu Sri',
  callerPhone: '0812',
};
const assign = ({ api, dispatcher }: Desk, incident: number, body: object, key = 'key-00000001') =>
  api.app.inject({
    method: 'POST',
    url: `/v1/incidents/${incident}/assignments`,
    headers: { authorization: `Bearer ${dispatcher}`, 'idempotency-key': key },
    payload: body,
  });

test('call → recommendation → assignment → steps → close, through the API alone', async () => {
  await using desk = await openDesk();
  const { api, dispatcher, house } = desk;
  const reported = await api.call('POST', '/v1/incidents', dispatcher, { ...call, needsTransport: true });
  expect(reported.statusCode).toBe(201);
  expect(reported.headers['location']).toBe('/v1/incidents/1');
  expect(reported.json()).toMatchObject({
    id: 1,
    state: 'open',
    kecamatan: 'tengah',
    createdBy: 'the dispatcher',
    caller: { name: 'Bu Sri' },
  });

  const recommended = (await api.get('/v1/incidents/1/recommendation?limit=2', dispatcher)).json();
  expect(recommended.firstAid.candidates.map((each: { unit: string }) => each.unit)).toEqual(['u1', 'u2']);
  expect(recommended.transport.candidates.map((each: { unit: string }) => each.unit)).toEqual(['u2', 'u4']);
  expect(recommended.destinations).toHaveLength(2);

  const { unit, unitVersion } = recommended.transport.candidates[0];
  const assigned = await assign(desk, 1, { unit, unitVersion, role: 'transport', hospital: 'kariadi' });
  expect(assigned.statusCode).toBe(201);
  expect(assigned.json()).toMatchObject({
    id: 1,
    unit: 'u2',
    step: 'dispatched',
    ordersSent: 1,
    assignedBy: 'the dispatcher',
  });
  expect(
    (await assign(desk, 1, { unit, unitVersion, role: 'transport', hospital: 'kariadi' })).statusCode,
  ).toBe(200);

  house.clock.ms += 5_000;
  const base = '/v1/incidents/1/assignments/1';
  expect((await api.call('POST', `${base}/acknowledge`, dispatcher)).json()).toMatchObject({
    step: 'acknowledged',
    timeline: {
      reservedAt: '2026-01-15T02:30:00.000Z',
      acknowledgedAt: '2026-01-15T02:30:05.000Z',
      enRouteAt: null,
    },
  });
  const early = await api.call('POST', '/v1/incidents/1/close', dispatcher, { outcome: 'treated' });
  expect(early.statusCode).toBe(409);
  expect(early.json().type).toBe('urn:siaga:problem:incident-has-open-assignments');
  for (const status of ['on-scene', 'left-scene', 'at-destination', 'completed']) {
    expect((await api.call('POST', `${base}/status`, dispatcher, { status })).json().step).toBe(status);
  }
  const back = await api.call('POST', `${base}/status`, dispatcher, { status: 'on-scene' });
  expect(back.json()).toMatchObject({ status: 409, type: 'urn:siaga:problem:step-not-possible' });
  const closed = await api.call('POST', '/v1/incidents/1/close', dispatcher, { outcome: 'transported' });
  expect(closed.json()).toMatchObject({
    state: 'closed',
    outcome: 'transported',
    assignments: [{ step: 'completed' }],
  });
  expect((await api.get('/v1/incidents?state=open', dispatcher)).json()).toEqual({ incidents: [] });
});

test('what a crew said and what was not taken stands at its assignment, and a dispatcher answers it', async () => {
  await using desk = await openDesk();
  const { api, dispatcher, house } = desk;
  await api.call('POST', '/v1/incidents', dispatcher, call);
  await assign(desk, 1, { unit: 'u1', unitVersion: 0 });
  await house.pass(10);
  const timeless = QualityFlag.serverTime;
  await house.say('u1', { status: 'on-scene' }, undefined, timeless);
  const shown = (await api.get('/v1/incidents/1', dispatcher)).json();
  expect(shown.assignments[0]).toMatchObject({
    step: 'dispatched',
    asked: {
      word: 'on-scene',
      step: 'on-scene',
      why: expect.stringMatching(/clock/),
      at: '2026-01-15T02:30:10.000Z',
    },
  });
  const url = '/v1/incidents/1/assignments/1/answer';
  expect((await api.call('POST', url, dispatcher, { take: false })).json()).toMatchObject({
    step: 'dispatched',
    asked: null,
  });
  const again = await api.call('POST', url, dispatcher, { take: true });
  expect(again.json()).toMatchObject({ status: 409, type: 'urn:siaga:problem:step-not-possible' });
  await house.say('u1', { status: 'en-route' }, undefined, timeless);
  expect((await api.call('POST', url, dispatcher, { take: true })).json()).toMatchObject({
    step: 'en-route',
    asked: null,
    timeline: { enRouteAt: '2026-01-15T02:30:10.000Z', onSceneAt: null },
  });
  const foreign = await api.call('POST', '/v1/incidents/7/assignments/1/answer', dispatcher, { take: true });
  expect(foreign.statusCode).toBe(404);
});

test('a dispatcher sees where each word to a crew stands, writes a message, and says what was heard by radio', async () => {
  await using desk = await openDesk();
  const { api, dispatcher, house } = desk;
  await api.call('POST', '/v1/incidents', dispatcher, call);
  await assign(desk, 1, { unit: 'u1', unitVersion: 0 });
  house.dispatch.links.closed('u1', house.clock.ms);
  house.clock.ms += 40_000;
  const cancelled = await api.call('POST', '/v1/incidents/1/assignments/1/status', dispatcher, {
    status: 'cancelled',
  });
  expect(cancelled.json().words).toMatchObject([
    {
      id: 1,
      kind: 'order',
      sentAt: '2026-01-15T02:30:00.000Z',
      reachedAt: '2026-01-15T02:30:00.000Z',
      acknowledgedAt: null,
      state: 'void: the assignment was cancelled',
    },
    { id: 2, kind: 'cancel', sentAt: null, state: 'not yet with the crew, last connected 40 s ago' },
  ]);
  const written = await api.call('POST', '/v1/ambulances/u1/messages', dispatcher, { text: 'come back' });
  expect(written.statusCode).toBe(201);
  expect(written.json()).toMatchObject({ id: 3, kind: 'message', text: 'come back', acknowledgedAt: null });
  const open = (await api.get('/v1/ambulances/u1/words', dispatcher)).json();
  expect(open.words.map(({ kind }: { kind: string }) => kind)).toEqual(['cancel', 'message']);
  const heard = await api.call('POST', '/v1/ambulances/u1/words/3/acknowledge', dispatcher);
  expect(heard.json()).toMatchObject({
    acknowledgedBy: 'the dispatcher',
    state: 'acknowledged, says the dispatcher',
  });
  const acknowledge = '/v1/incidents/1/assignments/1/acknowledge';
  expect((await api.call('POST', acknowledge, dispatcher)).json().words[1]).toMatchObject({
    acknowledgedBy: 'the dispatcher',
  });
  expect((await api.get('/v1/ambulances/u1/words', dispatcher)).json()).toEqual({ words: [] });
  expect((await api.call('POST', acknowledge, dispatcher)).statusCode).toBe(409);
  expect((await api.get('/v1/ambulances/u99/words', dispatcher)).statusCode).toBe(404);
  const desks = await api.tokenFor('desk');
  expect((await api.call('POST', '/v1/ambulances/u1/messages', desks, { text: 'hi' })).statusCode).toBe(403);
});

test('the list says which units are under way for each incident, and no more of one that was cancelled', async () => {
  await using desk = await openDesk();
  const listUnits = async () => {
    const { incidents } = (await desk.api.get('/v1/incidents', desk.dispatcher)).json();
    return incidents.map(({ id, units }: { id: number; units: unknown }) => [id, units]);
  };
  for (const _ of [1, 2]) await desk.api.call('POST', '/v1/incidents', desk.dispatcher, call);
  expect(await listUnits()).toEqual([
    [2, []],
    [1, []],
  ]);
  expect((await assign(desk, 1, { unit: 'u1', unitVersion: 0 })).statusCode).toBe(201);
  expect(await listUnits()).toEqual([
    [2, []],
    [1, [{ unit: 'u1', assignment: 1, step: expect.stringMatching(/^(reserved|dispatched)$/) }]],
  ]);
  const path = '/v1/incidents/1/assignments/1/status';
  await desk.api.call('POST', path, desk.dispatcher, { status: 'cancelled' });
  expect(await listUnits()).toEqual([
    [2, []],
    [1, []],
  ]);
});

test('a loser is told who has the unit and which version to look at', async () => {
  await using desk = await openDesk();
  await desk.api.call('POST', '/v1/incidents', desk.dispatcher, call);
  await desk.api.call('POST', '/v1/incidents', desk.dispatcher, call);
  expect((await assign(desk, 1, { unit: 'u1', unitVersion: 0 })).statusCode).toBe(201);
  const lost = await assign(desk, 2, { unit: 'u1', unitVersion: 0 }, 'key-00000002');
  expect(lost.statusCode).toBe(409);
  expect(lost.json()).toMatchObject({
    ...{ type: 'urn:siaga:problem:unit-taken', assignment: 1, unitVersion: 1 },
    ...{ incident: 1, takenBy: 'the dispatcher' },
  });
  const reused = await assign(desk, 2, { unit: 'u2', unitVersion: 0 });
  expect(reused.json()).toMatchObject({ status: 422, type: 'urn:siaga:problem:key-reused' });
  const missing = await desk.api.call('POST', '/v1/incidents/2/assignments', desk.dispatcher, {
    unit: 'u2',
    unitVersion: 0,
  });
  expect(missing.statusCode).toBe(400);
});

test('the nearest ambulances, with the answer of the reference, for staff only', async () => {
  await using desk = await openDesk();
  const { api } = desk;
  const url = '/v1/ambulances/nearest?lat=-7&lng=110.41&limit=2';
  expect((await api.get(url)).statusCode).toBe(401);
  const answer = await api.get(url, await api.tokenFor('engineer'));
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toMatchObject({
    exact: true,
    version: 0,
    asOf: '2026-01-15T02:30:00.000Z',
    candidates: [
      {
        unit: 'u1',
        vehicle: 'motorcycle',
        distanceM: 1000,
        etaSource: 'straight',
        fixAgeS: 0,
        stale: false,
        batteryPct: 80,
      },
      { unit: 'u2', vehicle: 'transport', canTransport: true },
    ],
  });
  const byTransport = await api.get(`${url}&vehicle=transport`, desk.dispatcher);
  expect(byTransport.json().candidates.map((each: { unit: string }) => each.unit)).toEqual(['u2', 'u4']);
  for (const wrong of ['lat=97&lng=10', 'lat=x&lng=10', 'lat=1', 'lat=1&lng=2&limit=0']) {
    expect((await api.get(`/v1/ambulances/nearest?${wrong}`, desk.dispatcher)).statusCode).toBe(400);
  }
});

test.each([
  ['/v1/ambulances/nearest?lat=&lng=110.4', 'lat'],
  ['/v1/ambulances/nearest?lat=%20&lng=110.4', 'lat'],
  ['/v1/ambulances/nearest?lat=-7&lng=0x10', 'lng'],
  ['/v1/ambulances/nearest?lat=-7&lng=110.4&limit=', 'limit'],
  ['/v1/hospitals/recommended?lat=-7&lng=', 'lng'],
  ['/v1/incidents?before=0x1', 'before'],
  ['/v1/incidents?limit=%20', 'limit'],
  ['/v1/incidents/0x1', 'id'],
  ['/v1/figures/response?simulated=', 'simulated'],
])('%s is refused with the name of the parameter', async (url, field) => {
  await using desk = await openDesk();
  const answer = await desk.api.get(url, desk.dispatcher);
  expect(answer.statusCode).toBe(400);
  expect(answer.json().errors.map((error: { field: string }) => error.field)).toEqual([field]);
});

test('the desk takes calls but sends nobody; engineers do not see who called; the public sees nothing', async () => {
  await using desk = await openDesk();
  const { api } = desk;
  const clerk = await api.tokenFor('desk');
  expect((await api.call('POST', '/v1/incidents', clerk, call)).statusCode).toBe(201);
  const sent = await api.app.inject({
    method: 'POST',
    url: '/v1/incidents/1/assignments',
    headers: { authorization: `Bearer ${clerk}`, 'idempotency-key': 'key-00000009' },
    payload: { unit: 'u1', unitVersion: 0 },
  });
  expect(sent.statusCode).toBe(403);
  const engineer = await api.tokenFor('engineer');
  expect((await api.get('/v1/incidents/1', engineer)).json()).not.toHaveProperty('caller');
  expect((await api.call('POST', '/v1/incidents', engineer, call)).statusCode).toBe(403);
  for (const url of ['/v1/incidents', '/v1/incidents/1', '/v1/hospitals', '/v1/figures/response']) {
    expect((await api.get(url)).statusCode).toBe(401);
  }
});

test('triage, notes and pages; a wrong call says every field that is wrong', async () => {
  await using desk = await openDesk();
  const { api, dispatcher } = desk;
  for (let number = 0; number < 3; number++)
    await api.call('POST', '/v1/incidents', dispatcher, { priority: 3 });
  const page = (await api.get('/v1/incidents?limit=2', dispatcher)).json();
  expect(page.incidents.map((each: { id: number }) => each.id)).toEqual([3, 2]);
  expect(
    (await api.get(page.next, dispatcher)).json().incidents.map((each: { id: number }) => each.id),
  ).toEqual([1]);
  expect((await api.get('/v1/incidents/1/recommendation', dispatcher)).json()).toMatchObject({
    shortfall: expect.stringContaining('no coordinates'),
  });
  const triaged = await api.call('POST', '/v1/incidents/1/triage', dispatcher, { classification: 'prank' });
  expect(triaged.json()).toMatchObject({
    classification: 'prank',
    triagedAt: '2026-01-15T02:30:00.000Z',
    priority: 3,
  });
  await api.call('POST', '/v1/incidents/1/notes', dispatcher, { text: 'a child laughed' });
  expect((await api.get('/v1/incidents/1', dispatcher)).json().log.at(-1)).toMatchObject({
    action: 'note',
    note: 'a child laughed',
    actor: 'the dispatcher',
  });
  const wrong = await api.call('POST', '/v1/incidents', dispatcher, {
    priority: 9,
    lat: 1,
    classification: 'odd',
  });
  expect(wrong.statusCode).toBe(400);
  expect((await api.get('/v1/incidents/77', dispatcher)).json()).toMatchObject({
    status: 404,
    type: 'urn:siaga:problem:unknown-incident',
  });
});

test('hospitals: beds are reported whole, with source and age; units go out of service and back', async () => {
  await using desk = await openDesk();
  const { api, dispatcher, house } = desk;
  const reported = await api.call('PUT', '/v1/hospitals/kariadi/beds', dispatcher, {
    emergency: 3,
    source: 'telephone',
  });
  expect(reported.json()).toMatchObject({
    id: 'kariadi',
    free: { emergency: 3, queue: null },
    source: 'telephone',
    ageS: 0,
    stale: false,
  });
  house.clock.ms += 60_000;
  const { hospitals } = (await api.get('/v1/hospitals', dispatcher)).json();
  expect(hospitals[0]).toMatchObject({ id: 'kariadi', ageS: 60, updatedAt: '2026-01-15T02:30:00.000Z' });
  expect(hospitals[1]).toMatchObject({ id: 'tugu', free: null, stale: true, updatedAt: null });
  const recommended = (await api.get('/v1/hospitals/recommended?lat=-7&lng=110.41', dispatcher)).json();
  expect(recommended.destinations[0]).toMatchObject({
    id: 'kariadi',
    reason: expect.stringContaining('3 emergency beds free'),
  });
  expect((await api.call('PUT', '/v1/hospitals/nowhere/beds', dispatcher, { emergency: 3 })).statusCode).toBe(
    404,
  );
  const out = await api.call('PUT', '/v1/ambulances/u1/service', dispatcher, {
    inService: false,
    reason: 'brakes',
  });
  expect(out.json()).toEqual({ unit: 'u1', outOfService: 'brakes', unitVersion: 1 });
  expect(
    (await api.call('PUT', '/v1/ambulances/u1/service', dispatcher, { inService: true })).json(),
  ).toMatchObject({ outOfService: null });
});

test('figures answer for a range, and coverage says when it cannot be known', async () => {
  await using desk = await openDesk();
  const { api, dispatcher } = desk;
  const figures = await api.get(
    '/v1/figures/response?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z',
    dispatcher,
  );
  expect(figures.json()).toMatchObject({
    targetS: 900,
    incidents: 0,
    response: { count: 0, p50S: null, withinTarget: null },
  });
  expect(
    (await api.get('/v1/figures/response?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z', dispatcher))
      .statusCode,
  ).toBe(400);
  expect((await api.get('/v1/figures/coverage', dispatcher)).json()).toMatchObject({
    now: null,
    limitS: 900,
  });
});

test('a mistake at 3 a.m. is answered with what to do next', async () => {
  await using desk = await openDesk();
  const { api, dispatcher } = desk;
  const detail = async (method: 'GET' | 'POST' | 'PUT', url: string, body?: object) => {
    const response =
      method === 'GET' ? await api.get(url, dispatcher) : await api.call(method, url, dispatcher, body);
    expect(response.statusCode).toBeGreaterThanOrEqual(400);
    return (response.json() as { detail: string }).detail;
  };
  const incident = { ...call, classification: undefined };
  expect(await detail('POST', '/v1/incidents', { ...incident, lat: 110.41, lng: -7 })).toContain(
    'are lat and lng swapped?',
  );
  expect(await detail('POST', '/v1/incidents', { ...incident, lat: 7 })).toBe(
    '7, 110.41 lies 1546 km from Semarang, where nobody can be sent: is the minus sign of lat missing?',
  );
  expect(await detail('POST', '/v1/incidents', { ...incident, lat: -6.2, lng: 106.8 })).toContain(
    'check lat and lng',
  );
  expect(await detail('POST', '/v1/incidents', { ...incident, prio: 1 })).toContain('/docs shows those');
  expect(await detail('GET', '/v1/incidents/77')).toBe(
    'there is no incident 77; GET /v1/incidents lists them',
  );
  expect(await detail('GET', '/v1/incidents/abc')).toContain('params id: must be a number');
  expect(await detail('GET', '/v1/hospitals/recommended?lat=-7')).toContain(
    'query lng: is missing: a number',
  );
  expect(await detail('PUT', '/v1/hospitals/nope/beds', { emergency: 1 })).toContain(
    'GET /v1/hospitals lists',
  );
  expect(await detail('PUT', '/v1/ambulances/u9/service', { inService: true })).toContain('kind=ambulance');

  await api.call('POST', '/v1/incidents', dispatcher, incident);
  expect(await detail('POST', '/v1/incidents/1/close', {})).toContain('body outcome: is missing: a string');
  const body = { unit: 'u1', unitVersion: 0 };
  expect(await detail('POST', '/v1/incidents/1/assignments', body)).toContain('send a new one (a UUID)');
  const refusal = async (unit: object, key: string) =>
    ((await assign(desk, 1, { ...body, ...unit }, key)).json() as { detail: string }).detail;
  expect(await refusal({}, 'key-a-00000')).toContain('POST /v1/incidents/{id}/triage');
  await api.call('POST', '/v1/incidents/1/triage', dispatcher, { classification: 'prank' });
  expect(await refusal({}, 'key-b-00000')).toBe(
    'the call was classified as prank: triage it as real first, if it is',
  );
  await api.call('POST', '/v1/incidents/1/triage', dispatcher, { classification: 'real' });
  expect(await refusal({ unitVersion: 4 }, 'key-c-00000')).toContain('recommendation has its unitVersion');
  expect(await refusal({ role: 'transport' }, 'key-d-00000')).toMatch(
    /does not transport: take another unit$/,
  );
  await assign(desk, 1, body, 'key-e-00000');
  expect(await detail('POST', '/v1/incidents/1/close', { outcome: 'treated' })).toContain(
    '{"status": "completed"} or "cancelled"',
  );
});

test('a call just beyond the border is taken, and is of no kecamatan', async () => {
  await using desk = await openDesk();
  const reported = await desk.api.call('POST', '/v1/incidents', desk.dispatcher, { ...call, lat: -7.3 });
  expect(reported.statusCode).toBe(201);
  expect(reported.json()).toMatchObject({ lat: -7.3, kecamatan: null });
});

test('what lies over the map is for who may dispatch, and the ways of candidates for all staff', async () => {
  await using desk = await openDesk();
  const { api, dispatcher } = desk;
  const engineer = await api.tokenFor('engineer');
  const routes = await api.get('/v1/ambulances/routes?lat=-7&lng=110.41&units=u1,u2,nobody', engineer);
  expect(routes.json()).toMatchObject({
    routes: [
      {
        unit: 'u1',
        by: 'straight',
        etaS: null,
        line: [
          [110.41, expect.any(Number)],
          [110.41, -7],
        ],
      },
      { unit: 'u2', by: 'straight' },
    ],
  });
  const many = Array.from({ length: 11 }, (_, index) => `u${index}`).join(',');
  const refused = await api.get(`/v1/ambulances/routes?lat=-7&lng=110.41&units=${many}`, dispatcher);
  expect(refused.statusCode).toBe(400);
  await api.call('POST', '/v1/incidents', dispatcher, call);
  for (const path of ['/v1/map/calls', '/v1/map/coverage?without=u1']) {
    expect((await api.get(path, engineer)).statusCode).toBe(403);
    expect((await api.get(path, dispatcher)).statusCode).toBe(200);
  }
  expect((await api.get('/v1/map/calls', dispatcher)).json()).toMatchObject({
    calls: 1,
    cells: [{ calls: 1 }],
  });
  expect((await api.get('/v1/map/coverage', dispatcher)).json()).toMatchObject({ now: null, targetS: 900 });
});
