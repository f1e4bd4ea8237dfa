/**
 * The table of periodic jobs: the second's tick of the alerts, retention, the registry.
 *
 * Most run at an interval of the monotonic clock. A job that belongs to a time of day has a schedule, which
 * node-cron reads and computes; its own timer is not used, since it walks every time that a step of the clock
 * skipped, and stands still after a step back. Invariants: a job that is still running when its time comes is
 * skipped, not stacked; one that throws is logged and counted and runs again at its next time; stopping waits
 * for those under way.
 */
import cron from 'node-cron';
import type { Logger } from 'pino';
import { Counter, type Registry as Metrics } from 'prom-client';

interface JobWork {
  readonly name: string;
  run(): Promise<void> | void;
}
/**
 * `schedule` is cron's, of the wall clock in the time zone of this machine; a time that a step skips is made up once.
 */
export type PeriodicJob = JobWork & ({ readonly everyMs: number } | { readonly schedule: string });

export interface PeriodicJobsOptions {
  readonly jobs: readonly PeriodicJob[];
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Called before a job runs: a step of the clock is known before the job goes by the new time. */
  readonly lookAtClock: () => void;
}

/** How often a schedule is compared with the wall clock. */
const SCHEDULE_LOOK_MS = 1_000;

export function startPeriodicJobs(options: PeriodicJobsOptions): AsyncDisposable {
  const { log, lookAtClock } = options;
  const failures = new Counter({
    name: 'siaga_job_failures_total',
    help: 'Periodic jobs that threw.',
    labelNames: ['job'],
    registers: [options.metrics],
  });
  const running = new Map<PeriodicJob, Promise<void>>();
  const failing = new Set<PeriodicJob>();

  async function attempt(job: PeriodicJob): Promise<void> {
    try {
      await job.run();
      if (failing.delete(job)) log.info({ job: job.name }, 'job works again');
    } catch (error) {
      failures.inc({ job: job.name });
      // One line a cause: a job that fails every second is told once, and once when it works again.
      if (!failing.has(job)) log.error({ err: error, job: job.name }, 'job failed');
      failing.add(job);
    }
  }

  function start(job: PeriodicJob): void {
    if (running.has(job)) return;
    lookAtClock();
    running.set(
      job,
      attempt(job).finally(() => running.delete(job)),
    );
  }

  // Node's intervals are of the monotonic clock, and one that is late is not made up.
  const timers = options.jobs.map((job) => {
    if ('everyMs' in job) return setInterval(start, job.everyMs, job);
    const isDue = createScheduleWatch(job.schedule);
    return setInterval(() => isDue() && start(job), SCHEDULE_LOOK_MS);
  });
  return {
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(running.values());
    },
  };
}

/** Asked again and again, says true once for each time of the schedule; once for all that a step forward skipped. */
function createScheduleWatch(schedule: string): () => boolean {
  const task = cron.createTask(schedule, () => undefined);
  // It is asked for times only, and is never started: node-cron's list of tasks can forget it.
  void task.destroy();
  const nextMs = () => (task.getNextRuns(1)[0] as Date).getTime();
  let askedAtMs = Date.now();
  let dueAtMs = nextMs();
  return () => {
    const nowMs = Date.now();
    const isDue = nowMs >= dueAtMs;
    // After a step back the next time is an earlier one.
    if (isDue || nowMs < askedAtMs) dueAtMs = nextMs();
    askedAtMs = nowMs;
    return isDue;
  };
}
