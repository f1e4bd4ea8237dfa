import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type PeriodicJob, startPeriodicJobs } from '../../clock/periodic-jobs.ts';

const START_MS = Date.UTC(2026, 1, 1, 12);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;

beforeEach(() => void vi.useFakeTimers({ now: START_MS }));
afterEach(() => void vi.useRealTimers());

function start(jobs: PeriodicJob[], lookAtClock: () => void = () => undefined) {
  const metrics = new Registry();
  const running = startPeriodicJobs({ jobs, log: pino({ level: 'silent' }), metrics, lookAtClock });
  return Object.assign(running, {
    async failures(job: string) {
      const series = (await metrics.getSingleMetric('siaga_job_failures_total')?.get())?.values ?? [];
      return series.find(({ labels }) => labels['job'] === job)?.value ?? 0;
    },
  });
}

/** A job that counts its runs. */
function counting(when: { everyMs: number } | { schedule: string }) {
  const job = { name: 'counted', runs: 0, run: () => void job.runs++, ...when };
  return job;
}

/** Steps the wall clock; timers stay where they are, as with a real machine. */
const step = (ms: number) => void vi.setSystemTime(Date.now() + ms);

const STEPS = [
  ['an hour forward', HOUR_MS],
  ['a day forward', DAY_MS],
  ['ten years forward', 10 * YEAR_MS],
  ['two hours back', -2 * HOUR_MS],
  ['ten years back', -10 * YEAR_MS],
] as const;

describe('a job with an interval', () => {
  it.each(STEPS)('runs each second after a step of %s, not once more', async (_, stepMs) => {
    const job = counting({ everyMs: 1_000 });
    await using _jobs = start([job]);
    await vi.advanceTimersByTimeAsync(3_000);
    step(stepMs);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(job.runs).toBe(13);
  });

  it('is left out while it still runs, and its runs do not stack', async () => {
    const turns: PromiseWithResolvers<void>[] = [];
    const run = () => {
      const turn = Promise.withResolvers<void>();
      turns.push(turn);
      return turn.promise;
    };
    const jobs = start([{ name: 'slow', everyMs: 1_000, run }]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(turns).toHaveLength(1);
    turns[0]?.resolve();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(turns).toHaveLength(2);
    let isClosed = false;
    const closing = jobs[Symbol.asyncDispose]().then(() => {
      isClosed = true;
    });
    await vi.advanceTimersByTimeAsync(5_000);
    expect({ isClosed, turns: turns.length }).toEqual({ isClosed: false, turns: 2 });
    turns[1]?.resolve();
    await closing;
  });

  it('that throws is counted and runs again, and takes no other with it', async () => {
    const healthy = counting({ everyMs: 1_000 });
    const broken = {
      name: 'broken',
      everyMs: 1_000,
      run() {
        throw new Error('no');
      },
    };
    await using jobs = start([broken, healthy]);
    await vi.advanceTimersByTimeAsync(3_000);
    expect([await jobs.failures('broken'), healthy.runs]).toEqual([3, 3]);
  });

  it('looks at the clock before it runs', async () => {
    const order: string[] = [];
    const job = { name: 'ordered', everyMs: 1_000, run: () => void order.push('run') };
    await using _jobs = start([job], () => void order.push('look'));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(order).toEqual(['look', 'run', 'look', 'run']);
  });
});

describe('a job with a schedule', () => {
  it('runs at its times of the wall clock', async () => {
    const job = counting({ schedule: '7 * * * *' });
    await using _jobs = start([job]);
    await vi.advanceTimersByTimeAsync(7 * 60_000 - 1_000);
    expect(job.runs).toBe(0);
    await vi.advanceTimersByTimeAsync(3 * HOUR_MS + 1_000);
    expect(job.runs).toBe(4);
  });

  it.each(STEPS.filter(([, ms]) => ms > 0))('runs once for what a step of %s skipped', async (_, stepMs) => {
    const job = counting({ schedule: '7 * * * *' });
    await using _jobs = start([job]);
    step(stepMs);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(job.runs).toBe(1);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(job.runs).toBe(2);
  });

  it.each(STEPS.filter(([, ms]) => ms < 0))('runs at the next time after a step of %s', async (_, stepMs) => {
    const job = counting({ schedule: '7 * * * *' });
    await using _jobs = start([job]);
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    step(stepMs);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(job.runs).toBe(2);
  });
});
