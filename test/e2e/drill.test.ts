/**
 * A drill on the real server: everything that it raises is an exercise, a kill -9 interrupts it for a moment, and when
 * it has ended nothing of it is left but its report.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createDataFolder, type RunningSiaga, startSiaga } from '../support/start-siaga.ts';

const PATIENCE_MS = 60_000;
const SCENARIOS = join(import.meta.dirname, '../../drill/scenarios');
const TWIN = 'latihan-garang-pudakpayung';
const SCENARIO = {
  name: 'Banjir Kali Garang',
  minutes: 60,
  everyS: 1,
  gauges: [
    {
      gauge: 'garang-pudakpayung',
      levels: [
        { minute: 0, levelM: 0.6 },
        { minute: 0.1, levelM: 2.2 },
      ],
    },
  ],
};

interface ShownAlert {
  readonly id: string;
  readonly subject: string;
  readonly subjectName: string;
  readonly exercise: boolean;
  readonly state: string;
}
interface ShownDrill {
  readonly id: number;
  readonly endedAt: string | null;
  readonly report: { readonly acknowledged: number; readonly alerts: readonly ShownAlert[] };
}

async function call(
  siaga: RunningSiaga,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: unknown }> {
  const init = body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {};
  const answer = await fetch(`${siaga.httpUrl}${path}`, { method, ...init });
  return { status: answer.status, body: await answer.json() };
}
const openAlerts = async (siaga: RunningSiaga) =>
  (await siaga.get<{ alerts: ShownAlert[] }>('/v1/alerts?state=open')).alerts;

test('a drill is an exercise everywhere, goes on after a kill -9, and leaves its report and nothing else', {
  timeout: 5 * PATIENCE_MS,
}, async () => {
  await using folder = await createDataFolder();
  const before = await startSiaga({ dataDir: folder.path });
  const started = await call(before, 'POST', '/v1/drills', SCENARIO);
  expect(started).toMatchObject({ status: 201, body: { name: SCENARIO.name, endedAt: null } });
  const { id } = started.body as ShownDrill;
  expect(await call(before, 'POST', '/v1/drills', SCENARIO)).toMatchObject({ status: 409 });
  const raised = await eventually(async () => {
    const found = (await openAlerts(before)).filter(({ subject }) => subject === TWIN);
    expect(found).toContainEqual(expect.objectContaining({ exercise: true, state: 'open' }));
    return found;
  }, PATIENCE_MS);
  expect(raised[0]?.subjectName).toMatch(/^LATIHAN /);
  const cap = await eventually(async () => {
    const feed = await (await fetch(`${before.httpUrl}/v1/cap`)).text();
    const link = /href="([^"]*\/v1\/cap\/[^"]+)"/.exec(feed)?.[1];
    expect(link).toBeDefined();
    return (await fetch(new URL(link as string, before.httpUrl))).text();
  }, PATIENCE_MS);
  expect(cap).toContain('<status>Exercise</status>');
  const ack = await call(before, 'POST', `/v1/alerts/${raised[0]?.id}/acknowledge`, { note: 'seen' });
  expect(ack.status).toBe(200);

  await before.kill();
  await using again = await startSiaga({ dataDir: folder.path });
  const sentBefore = (await again.get<{ last: { measuredAt: string } }>(`/v1/devices/${TWIN}`)).last
    .measuredAt;
  await eventually(async () => {
    const { last } = await again.get<{ last: { measuredAt: string } }>(`/v1/devices/${TWIN}`);
    expect(Date.parse(last.measuredAt)).toBeGreaterThan(Date.parse(sentBefore));
  }, PATIENCE_MS);

  expect(await call(again, 'DELETE', `/v1/drills/${id}`)).toMatchObject({
    status: 200,
    body: { endedBy: 'local' },
  });
  expect(await call(again, 'DELETE', `/v1/drills/${id}`)).toMatchObject({ status: 404 });
  expect((await fetch(`${again.httpUrl}/v1/devices/${TWIN}`)).status).toBe(404);
  await eventually(async () => {
    expect((await openAlerts(again)).filter(({ subject }) => subject === TWIN)).toEqual([]);
  }, PATIENCE_MS);
  const { report, endedAt } = (await call(again, 'GET', `/v1/drills/${id}`)).body as ShownDrill;
  expect(endedAt).not.toBeNull();
  expect(report.alerts.every(({ exercise }) => exercise)).toBe(true);
  expect(report.acknowledged).toBe(1);
});

test('a scenario that cannot be played is refused with every reason; the one that comes along can be', {
  timeout: PATIENCE_MS,
}, async () => {
  await using folder = await createDataFolder();
  await using siaga = await startSiaga({ dataDir: folder.path });
  const gauges = ['nowhere', 'ambulans-hebat-1'].map((gauge) => ({
    gauge,
    levels: [{ minute: 0, levelM: 1 }],
  }));
  const refused = await call(siaga, 'POST', '/v1/drills', { ...SCENARIO, gauges });
  expect(refused.status).toBe(422);
  expect((refused.body as { detail: string }).detail).toContain('there is no gauge nowhere in semarang');
  const file = JSON.parse(readFileSync(join(SCENARIOS, 'semarang-kali-garang.json'), 'utf8')) as object;
  expect(await call(siaga, 'POST', '/v1/drills', file)).toMatchObject({ status: 201 });
});
