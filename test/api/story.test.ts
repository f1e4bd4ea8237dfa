/** The last six hours in one answer: from history, alerts and incidents, read once for everybody. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { STORY_KEPT_MS, storyRoutes } from '../../api/live/story.ts';
import { countSpans, WINDOW_MS, WINDOWS } from '../../api/live/story-rows.ts';
import type { History } from '../../history/history.ts';
import { openTestApi, START_MS, type TestApi } from '../support/api.ts';
import { smallCity } from '../support/small-city.ts';

interface Story {
  readonly from: string;
  readonly gauges: readonly { readonly device: string; readonly steps: readonly (number | null)[] }[];
  readonly uplinksDown: readonly number[];
  readonly openCalls?: readonly number[];
}
const GAUGE = 'bendung';
let api: TestApi;
let questions = 0;
beforeEach(async () => {
  questions = 0;
  const counted: Pick<History, 'windows'> = {
    windows(query) {
      questions++;
      return api.history.windows(query);
    },
  };
  api = await openTestApi({
    routes: [
      storyRoutes({
        cityNow: () => smallCity,
        history: counted,
        alerts: { open: () => [], list: async () => [] },
        incidents: { listSpans: async () => [{ fromMs: START_MS - WINDOW_MS, toMs: undefined }] },
        now: () => api.clock.ms,
      }),
    ],
  });
});
afterEach(() => api[Symbol.asyncDispose]());

const publish = (levelM: number) =>
  api.publish(`siaga/semarang/river-gauge/${GAUGE}/telemetry`, { measuredAt: api.clock.ms, levelM });
const story = async (token?: string) => (await api.get('/v1/story', token)).json<Story>();
const stepsOf = ({ gauges }: Story) => gauges.find(({ device }) => device === GAUGE)?.steps ?? [];

test('each window has the highest step of it, and null where nothing was heard', async () => {
  await publish(1.2);
  api.clock.ms += WINDOW_MS;
  await publish(2.2);
  api.clock.ms += 1_000;
  await publish(1.2);
  api.clock.ms += 2 * WINDOW_MS;
  await publish(9);
  api.clock.ms += 1_000;
  await publish(3.2);
  const told = await story();
  expect(stepsOf(told).slice(-5)).toEqual([null, 0, 2, null, 4]);
  expect(stepsOf(told)).toHaveLength(WINDOWS);
  expect(Date.parse(told.from)).toBe(
    Math.floor(api.clock.ms / WINDOW_MS) * WINDOW_MS - (WINDOWS - 1) * WINDOW_MS,
  );
});

test('history is asked once for everybody, and again after a minute', async () => {
  await publish(1.2);
  const gauges = (await story()).gauges.length;
  await Promise.all([story(), story(), story(api.adminToken)]);
  expect(questions).toBe(gauges);
  api.clock.ms += STORY_KEPT_MS;
  await story();
  expect(questions).toBe(2 * gauges);
});

test('only staff learns of calls', async () => {
  expect(await story()).not.toHaveProperty('openCalls');
  const { openCalls } = await story(api.adminToken);
  expect(openCalls?.slice(-3)).toEqual([0, 1, 1]);
});

test('a history that does not answer is 503 and is asked again', async () => {
  api.history.problem = 'gone';
  expect((await api.get('/v1/story')).statusCode).toBe(503);
  api.history.problem = undefined;
  expect((await api.get('/v1/story')).statusCode).toBe(200);
});

test('what began before and has ended after is in all windows; what was over before, in none', () => {
  const fromMs = 0;
  const nowMs = WINDOWS * WINDOW_MS - 1;
  const counts = countSpans(
    [
      { fromMs: -1, toMs: undefined },
      { fromMs: WINDOW_MS, toMs: 2 * WINDOW_MS },
      { fromMs: -9, toMs: -1 },
    ],
    fromMs,
    nowMs,
  );
  expect(counts.slice(0, 4)).toEqual([1, 2, 2, 1]);
  expect(counts.at(-1)).toBe(1);
});
