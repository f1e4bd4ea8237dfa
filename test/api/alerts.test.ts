/** The calls on alerts, silences, the CAP feed and back-tests, over the real alarms. */

import { Registry as Metrics } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { riverLevel } from '../../alerts/rules/river-level.ts';
import { alertRoutes } from '../../api/alerts/alerts.ts';
import { createBacktestRuns } from '../../api/alerts/backtest-runs.ts';
import { backtestRoutes } from '../../api/alerts/backtests.ts';
import { capFeedRoutes } from '../../api/alerts/cap-feed.ts';
import { silenceRoutes } from '../../api/alerts/silences.ts';
import type { HistoryPoint } from '../../history/history.ts';
import { type AlertHouse, openAlertHouse, readingOf, START_MS } from '../support/alert-house.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { smallCity } from '../support/small-city.ts';

const MINUTE = 60_000;
interface AlertPage {
  readonly alerts: readonly { readonly subject: string }[];
  readonly next?: string;
}
let house: AlertHouse;
let api: TestApi;
let history: HistoryPoint[];

beforeEach(async () => {
  house = await openAlertHouse();
  history = [];
  const raw = async () => ({ points: history });
  api = await openTestApi({
    routes: [
      alertRoutes(house.alerts),
      silenceRoutes({ alerts: house.alerts, now: () => house.clock.ms }),
      capFeedRoutes({
        alerts: house.alerts,
        city: smallCity,
        publicUrl: 'https://siaga.test',
        now: () => house.clock.ms,
      }),
      backtestRoutes({ registry: house.registry, history: { raw }, runs: createBacktestRuns(new Metrics()) }),
    ],
  });
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await house[Symbol.asyncDispose]();
});

const flood = () =>
  house.read(...[1.4, 1.6, 1.7].map((levelM, i) => readingOf('bendung', START_MS + i * MINUTE, { levelM })));
const lowBattery = () =>
  house.read(readingOf('motor-1', START_MS, { lat: -7, lng: 110.4, batteryPct: 12, status: 'available' }));

/** Ticks with the event loop free between them: notices are sent after the commit, by themselves. */
async function waitUntil(done: () => boolean | Promise<boolean>): Promise<void> {
  for (let round = 0; round < 500 && !(await done()); round++) {
    await house.wait(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('everybody sees the river, and only staff the ambulances', async () => {
  await flood();
  await lowBattery();
  const everybody = (await api.get('/v1/alerts?state=open')).json();
  expect(everybody.alerts.map((each: { rule: string }) => each.rule)).toEqual(['river-level']);
  const staff = (await api.get('/v1/alerts?state=open', await api.tokenFor('dispatcher'))).json();
  expect(staff.alerts.map((each: { rule: string }) => each.rule).toSorted()).toEqual([
    'ambulance-low-battery',
    'river-level',
  ]);
  const unit = staff.alerts.find((each: { rule: string }) => each.rule === 'ambulance-low-battery');
  expect((await api.get(`/v1/alerts/${unit.id}`)).statusCode).toBe(404);
});

test('a wrong clock of an ambulance is for staff too, though its rule is not of ambulances alone', async () => {
  const late = (index: number) => ({
    measuredAt: START_MS + index * 5_000 - 3_600_000,
    receivedAt: START_MS + index * 5_000,
  });
  for (let index = 0; index < 6; index++) {
    const values = { lat: -7, lng: 110.4, status: 'available' };
    await house.read(readingOf('motor-1', START_MS, values, late(index)));
  }
  await house.wait(2_000);
  expect((await api.get('/v1/alerts')).json().alerts).toEqual([]);
  const staff = (await api.get('/v1/alerts', await api.tokenFor('desk'))).json().alerts;
  expect(staff.map((each: { rule: string }) => each.rule)).toEqual(['clock-skew']);
  expect(house.published).toEqual([]);
});

test('an alert explains itself by readings, rule, timers, notices and sentences in both languages', async () => {
  await flood();
  await house.wait(2_000);
  const [{ id }] = (await api.get('/v1/alerts')).json().alerts;
  const { explanation } = (await api.get(`/v1/alerts/${id}`, await api.tokenFor('desk'))).json();
  expect(explanation.sentences.en).toMatch(
    /^Gauge bendung: 1\.60 m, ready \(from 1\.50 m\)\. At 09:32 it was 1\.70 m\. In force since 09:31, from 2 readings; the last was at 09:31 and arrived at once\. \d notices were sent(; \d wait)?\.$/,
  );
  expect(explanation.sentences.id).toContain('Gauge bendung: 1,60 m, siap (mulai 1,50 m).');
  expect(explanation.sentences.id).toContain('yang terakhir pukul 09.31, langsung diterima');
  expect(explanation.sentences.id).toContain('Berlaku sejak pukul 09.31, dari 2 bacaan;');
  expect(explanation.rule).toMatchObject({
    name: 'river-level',
    version: riverLevel.version,
    parameters: { hysteresisM: 0.1 },
  });
  expect(explanation.readings.map((each: { values: object }) => each.values)).toEqual([
    { levelM: 1.4 },
    { levelM: 1.6 },
  ]);
  expect(explanation.notices.map((each: { channel: string }) => each.channel)).toEqual([
    'mqtt',
    'cap',
    'push',
    'people',
  ]);
  expect(explanation.log).toMatchObject([{ change: 'opened', severity: 'minor' }]);
});

test('an acknowledgement says by whom, once, and only while the alert is open', async () => {
  await flood();
  const [{ id }] = (await api.get('/v1/alerts')).json().alerts;
  expect((await api.call('POST', `/v1/alerts/${id}/acknowledge`)).statusCode).toBe(401);
  const token = await api.tokenFor('desk');
  const answer = await api.call('POST', `/v1/alerts/${id}/acknowledge`, token, { note: 'Sudah dicek' });
  expect(answer.json()).toMatchObject({ state: 'acknowledged', acknowledged: true });
  expect((await api.get(`/v1/alerts/${id}`)).json().acknowledgedBy).toBeNull();
  const low = Array.from({ length: 6 }, (_, i) =>
    readingOf('bendung', START_MS + (3 + i) * MINUTE, { levelM: 1.2 }),
  );
  await house.read(...low);
  const late = await api.call('POST', `/v1/alerts/${id}/acknowledge`, token, {});
  expect(late.statusCode).toBe(409);
  expect(late.json()).toMatchObject({ type: 'urn:siaga:problem:alert-closed' });
});

test('a silence needs an end within a week, mutes, and can be ended', async () => {
  const token = await api.tokenFor('engineer');
  const ends = (days: number) => new Date(START_MS + days * 24 * 60 * MINUTE).toISOString();
  const long = await api.call('POST', '/v1/silences', token, {
    scope: 'device',
    target: 'bendung',
    endsAt: ends(8),
  });
  expect(long.json()).toMatchObject({ status: 400, type: 'urn:siaga:problem:silence-too-long' });
  const made = await api.call('POST', '/v1/silences', token, {
    scope: 'device',
    target: 'bendung',
    endsAt: ends(1),
  });
  expect(made.statusCode).toBe(201);
  await flood();
  await house.wait(2_000);
  expect((await api.get('/v1/alerts')).json().alerts).toMatchObject([{ silenced: true }]);
  expect(house.told).toEqual([]);
  expect((await api.call('DELETE', `/v1/silences/${made.json().id}`, token)).statusCode).toBe(204);
  // It waits a minute for what else there is to say of the same storm.
  await house.wait(70_000);
  await waitUntil(() => house.told.length > 0);
  expect(house.told.map((each) => each.change)).toEqual(['unsilenced']);
  expect((await api.get('/v1/silences', token)).json().silences).toEqual([]);
});

test('the feed lists the messages of CAP, and serves each as it was issued', async () => {
  await flood();
  await house.wait(1_000);
  await waitUntil(async () => (await house.alerts.listCap()).length > 0);
  const feed = await api.get('/v1/cap');
  expect(feed.headers['content-type']).toBe('application/atom+xml; charset=utf-8');
  const [, href = ''] =
    /<link rel="alternate" type="application\/cap\+xml" href="https:\/\/siaga\.test([^"]+)"/.exec(
      feed.body,
    ) ?? [];
  const message = await api.get(href);
  expect(message.headers['content-type']).toBe('application/cap+xml; charset=utf-8');
  expect(message.body).toContain('<msgType>Alert</msgType>');
  expect((await api.get('/v1/cap/nothing')).statusCode).toBe(404);
});

test('a back-test runs the rules over history, with other thresholds, and changes nothing', async () => {
  history = [1.2, 1.3, 1.4, 1.45, 1.6, 1.7, 1.3, 1.2, 1.2, 1.2, 1.2].map((levelM, index) => ({
    atMs: START_MS + index * MINUTE,
    values: { levelM },
  }));
  const token = await api.tokenFor('engineer');
  const ask = {
    device: 'bendung',
    from: new Date(START_MS).toISOString(),
    to: new Date(START_MS + 60 * MINUTE).toISOString(),
  };
  const own = await api.call('POST', '/v1/backtests', token, ask);
  expect(own.json().thresholds[0]).toMatchObject({ levelM: 1.5, crossings: 1, alerts: 1 });
  const thresholds = [{ severity: 'severe', levelM: 1.65 }];
  const tried = await api.call('POST', '/v1/backtests', token, { ...ask, thresholds });
  const levels = tried.json().alerts.filter((each: { rule: string }) => each.rule === 'river-level');
  expect(levels).toMatchObject([{ state: 'resolved', highestSeverity: 'severe', peak: 1.7 }]);
  const wrong = await api.call('POST', '/v1/backtests', token, {
    ...ask,
    parameters: { 'river-level': { jumpShar: 1 } },
  });
  expect(wrong.json().detail).toMatch(
    /^river-level has no parameter jumpShar; it has: thresholds, hysteresisM/,
  );
  expect(house.alerts.open()).toEqual([]);
});

test('pages of alerts that were raised in the same moment leave none out and repeat none', async () => {
  const clients = [20, 70, 70, 70, 70];
  const overloaded = ['ap-1', 'ap-2', 'ap-3', 'ap-4', 'ap-5'];
  for (const [index, count] of clients.entries()) {
    const atMs = START_MS + index * MINUTE;
    await house.read(...overloaded.map((id) => readingOf(id, atMs, { clients: count })));
  }
  await house.read(readingOf('bendung', house.clock.ms + MINUTE, { levelM: 1.4 }));
  await house.read(readingOf('bendung', house.clock.ms + MINUTE, { levelM: 1.6 }));
  const token = await api.tokenFor('desk');
  const subjects: string[] = [];
  let path: string | undefined = '/v1/alerts?state=open&limit=2';
  for (let pages = 0; path !== undefined && pages < 10; pages++) {
    const page: AlertPage = (await api.get(path, token)).json();
    subjects.push(...page.alerts.map((each) => each.subject));
    path = page.next;
  }
  expect(subjects[0]).toBe('bendung');
  expect(subjects.toSorted()).toEqual([...overloaded, 'bendung']);
});

test('an id without its moment is no page, and is refused', async () => {
  expect((await api.get('/v1/alerts?beforeId=river-level-bendung-1')).statusCode).toBe(400);
});
