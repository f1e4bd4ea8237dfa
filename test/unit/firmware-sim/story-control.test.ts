/**
 * Who leads the story: it stands still, hurries, and goes on from the next flood; the page's server answers to itself
 * alone.
 */
import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { loadCity } from '../../../cities/city.ts';
import { isRiverGauge } from '../../../devices/kinds/river-gauge.ts';
import { type ControlState, openControl } from '../../../firmware-sim/control/control-server.ts';
import { createFloodStory } from '../../../firmware-sim/rivers/flood-story.ts';
import { createStoryClock } from '../../../firmware-sim/story-clock.ts';

const MINUTE_MS = 60_000;
const gauges = loadCity('semarang').devices.filter(isRiverGauge);

describe('the time of the story', () => {
  it('stands still, hurries, and never goes back', () => {
    const story = createStoryClock(0, 60);
    story.setPace(0, MINUTE_MS);
    expect(story.minutes(5 * MINUTE_MS)).toBe(60);
    story.setPace(2, 5 * MINUTE_MS);
    expect(story.minutes(6 * MINUTE_MS)).toBe(180);
    story.jumpTo(10, 6 * MINUTE_MS);
    expect(story.minutes(6 * MINUTE_MS)).toBe(180);
    story.jumpTo(500, 6 * MINUTE_MS);
    expect(story.minutes(6 * MINUTE_MS)).toBe(500);
  });

  it('goes on from the rain of the next flood, with every river at its normal level', () => {
    const floods = createFloodStory(gauges, 1);
    for (const minute of [0, floods.firstFloodEndsMin + 1, floods.firstFloodEndsMin + 10]) {
      const next = floods.nextRainMin(minute) as number;
      expect(next).toBeGreaterThan(minute);
      expect(floods.phase(next - 1)).toBe('calm');
      expect(floods.phase(next)).toBe('rain');
      const still = gauges.filter(({ tidal }) => !tidal);
      for (const { id, normalLevelM } of still) expect(floods.stageM(id, next)).toBeCloseTo(normalLevelM, 1);
    }
    const rain = floods.nextRainMin(0) as number;
    expect(floods.nextRainMin(rain + 5)).toBeUndefined();
  });
});

describe('the control page', () => {
  let state: ControlState = {
    chapters: [{ at: '0:00', id: 'Tenang.', en: 'Calm.' }],
    pace: 1,
    canFlood: true,
  };
  const opened = new AsyncDisposableStack();
  afterEach(() => opened.disposeAsync());

  it('leads the story from its own page, and from no other', async () => {
    const { port } = opened.use(
      await openControl(0, {
        state: () => state,
        setPace: (pace) => {
          state = { ...state, pace };
        },
        sendFlood: () => {
          const could = state.canFlood;
          state = { ...state, canFlood: false };
          return could;
        },
      }),
    );
    const call = (method: string, path: string, headers: Record<string, string> = {}) =>
      new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
        const sent = request({ port, host: '127.0.0.1', method, path, headers }, (answer) => {
          let text = '';
          answer.on('data', (part) => {
            text += part;
          });
          answer.on('end', () => resolve({ status: answer.statusCode, text }));
        });
        sent.on('error', reject);
        sent.end();
      });
    const json = { 'content-type': 'application/json' };
    expect(await call('GET', '/')).toMatchObject({
      status: 200,
      text: expect.stringContaining('Kirim banjir'),
    });
    expect(JSON.parse((await call('POST', '/pause', json)).text)).toMatchObject({ pace: 0 });
    expect(JSON.parse((await call('POST', '/hurry', json)).text)).toMatchObject({ pace: 2 });
    expect(await call('POST', '/flood', json)).toMatchObject({ status: 200 });
    expect(await call('POST', '/flood', json)).toMatchObject({ status: 409 });
    expect(await call('POST', '/resume')).toMatchObject({ status: 415 });
    expect(await call('POST', '/quit', json)).toMatchObject({ status: 404 });
    expect(await call('GET', '/state', { host: 'evil.example:80' })).toMatchObject({ status: 421 });
    expect(state.pace).toBe(2);
  });
});
