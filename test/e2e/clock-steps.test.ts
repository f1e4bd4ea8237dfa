/** The real server on a machine whose clock is set while it runs. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createDataFolder, type DataFolder, startSiaga } from '../support/start-siaga.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

let folder: DataFolder;
beforeEach(async () => {
  folder = await createDataFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

it('answers and goes on with its jobs after steps of a day, of ten years, and back, and says each of them', async () => {
  const steps = [24 * HOUR_MS, -2 * HOUR_MS, 10 * YEAR_MS, -10 * YEAR_MS];
  const preload = new URL(`../support/step-clock.child.ts?steps=${steps}`, import.meta.url).href;
  await using server = await startSiaga({
    dataDir: folder.path,
    environment: { NODE_OPTIONS: `--import=${preload}` },
  });
  for (const [index, stepMs] of steps.entries()) {
    process.kill(server.pid, 'SIGUSR2');
    // A job has to run after the step for it to be found.
    await eventually(async () => expect(await server.metric('siaga_clock_steps_total')).toBe(index + 1));
    expect(await server.metric('siaga_clock_last_step_seconds')).toBeCloseTo(stepMs / 1_000, 0);
    expect(await server.get('/readyz')).toEqual({ status: 'ready' });
  }
  expect(await server.metric('siaga_job_failures_total')).toBe(0);
  const said = server.logged.filter(({ msg }) => msg === 'the clock of this machine was set');
  expect(said.map(({ direction }) => direction)).toEqual(['forward', 'back', 'forward', 'back']);
  expect((await server.stop()).code).toBe(0);
}, 60_000);
