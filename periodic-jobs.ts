/**
 * The table of periodic jobs, run by node-cron: the second's tick of the alerts, retention, the registry.
 *
 * A job that is still running when its time comes is skipped, not stacked. Invariant: a job that throws is
 * logged and counted and runs again at its next time; stopping waits for those under way.
 */
import cron, { type ScheduledTask } from 'node-cron';
import type { Logger } from 'pino';
import { Counter, type Registry as Metrics } from 'prom-client';

export interface PeriodicJob {
  readonly name: string;
  /** Six fields, seconds first. */
  readonly schedule: string;
  run(): Promise<void> | void;
}

export function startPeriodicJobs(
  jobs: readonly PeriodicJob[],
  log: Logger,
  metrics: Metrics,
): AsyncDisposable {
  const failures = new Counter({
    name: 'siaga_job_failures_total',
    help: 'Periodic jobs that threw.',
    labelNames: ['job'],
    registers: [metrics],
  });
  const failing = new Set<string>();
  const running = new Set<Promise<void>>();
  const attempt = async (job: PeriodicJob): Promise<void> => {
    try {
      await job.run();
      if (failing.delete(job.name)) log.info({ job: job.name }, 'job works again');
    } catch (error) {
      failures.inc({ job: job.name });
      // One line a cause: a job that fails every second is told once, and once when it works again.
      if (!failing.has(job.name)) log.error({ err: error, job: job.name }, 'job failed');
      failing.add(job.name);
    }
  };
  const ignore = () => undefined;
  const logError = (message: string | Error) => log.error({ err: message }, 'job timer failed');
  const tasks = jobs.map((job): ScheduledTask => {
    const run = () => {
      const work = attempt(job).finally(() => running.delete(work));
      running.add(work);
      return work;
    };
    // A run that lasts beyond the next one's time is no news: that one is left out.
    const logger = { debug: ignore, info: ignore, warn: ignore, error: logError };
    return cron.schedule(job.schedule, run, {
      name: job.name,
      noOverlap: true,
      suppressMissedWarning: true,
      logger,
    });
  });
  return {
    async [Symbol.asyncDispose]() {
      for (const task of tasks) await task.destroy();
      await Promise.all(running);
    },
  };
}
