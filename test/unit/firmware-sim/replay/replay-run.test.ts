import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startReplay } from '../../../../firmware-sim/replay/replay-run.ts';
import { createTotals } from '../../../../firmware-sim/totals.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { type RecordingBroker, startRecordingBroker, until } from '../support/recording-broker.ts';

const HOUR_MS = 3_600_000;
const FIRST_MS = Date.UTC(2025, 2, 1);

let broker: RecordingBroker;
beforeEach(async () => {
  broker = await startRecordingBroker();
});
afterEach(() => broker[Symbol.asyncDispose]());

interface Sent {
  readonly measuredAt: string;
  readonly seq: number;
  readonly levelM: number;
}

/** Everything one gauge sent, batches unpacked. */
function sentBy(device: string): Sent[] {
  return broker
    .received('telemetry')
    .filter((each) => each.topic.includes(`/${device}/`))
    .flatMap((each) => each.body as Sent | Sent[]);
}

async function replay(shiftToNow: boolean) {
  const clock = createManualClock();
  const totals = createTotals();
  const levels = (start: number) =>
    [0, 1, 2, 3].map((hour) => ({ atMs: FIRST_MS + (start + hour) * HOUR_MS, levelM: start + hour }));
  const gauges = [
    { device: 'upper', points: levels(0) },
    // As some files have it: one row out of order.
    { device: 'lower', points: levels(2).toSorted((a, b) => b.levelM - a.levelM) },
  ];
  const startedAt = clock.now();
  const run = startReplay(
    { city: 'small', url: broker.url, credentials: new Map(), gauges, speed: 3600, shiftToNow, seed: 1 },
    clock,
    totals,
  );
  clock.advance(0);
  await until(() => totals.connected === 2);
  clock.advance(60_000);
  await run.published;
  await until(() => totals.acknowledged === 8);
  const endedAt = clock.now();
  const finished = run.finish(1_000);
  await finished;
  return { startedAt, endedAt, totals };
}

describe('replay of measured levels', () => {
  it('compresses the series into the present and keeps its spacing', async () => {
    const { startedAt, endedAt } = await replay(true);
    const times = sentBy('upper').map((each) => Date.parse(each.measuredAt));
    expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 1000, 2000, 3000]);
    for (const time of times) {
      expect(time).toBeGreaterThanOrEqual(startedAt);
      expect(time).toBeLessThanOrEqual(endedAt);
    }
  });

  it('keeps the lag between gauges, and puts rows in order', async () => {
    await replay(true);
    const at = (device: string, levelM: number) =>
      Date.parse(sentBy(device).find((each) => each.levelM === levelM)?.measuredAt ?? '');
    expect(at('lower', 2)).toBe(at('upper', 2));
    expect(at('lower', 5) - at('upper', 3)).toBe(2000);
    expect(sentBy('lower').map((each) => each.levelM)).toEqual([2, 3, 4, 5]);
    expect(sentBy('lower').map((each) => each.seq)).toEqual([1, 2, 3, 4]);
  });

  it('leaves the times alone when it is told so', async () => {
    await replay(false);
    expect(sentBy('upper').map((each) => each.measuredAt)).toEqual([
      '2025-03-01T00:00:00.000Z',
      '2025-03-01T01:00:00.000Z',
      '2025-03-01T02:00:00.000Z',
      '2025-03-01T03:00:00.000Z',
    ]);
  });

  it('ends with every point acknowledged', async () => {
    const { totals } = await replay(true);
    expect(totals).toMatchObject({ put: 8, acknowledged: 8, dropped: 0, connected: 0 });
  });
});
