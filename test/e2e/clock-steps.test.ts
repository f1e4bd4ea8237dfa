/** The real server on a machine whose clock is set while it runs. */
import { connectAsync } from 'mqtt';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createDataFolder, type DataFolder, type RunningSiaga, startSiaga } from '../support/start-siaga.ts';

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
    // No device says whether the new time is right.
    await eventually(async () =>
      expect(await server.get('/readyz')).toEqual({
        status: 'degraded',
        problems: [expect.stringContaining('The clock of this server was set')],
      }),
    );
  }
  expect(await server.metric('siaga_job_failures_total')).toBe(0);
  const said = server.logged.filter(({ msg }) => msg === 'the clock of this machine was set');
  expect(said.map(({ direction }) => direction)).toEqual(['forward', 'back', 'forward', 'back']);
  expect((await server.stop()).code).toBe(0);
}, 60_000);

interface GaugeNow {
  readonly last?: { readonly values: { readonly levelM: number }; readonly quality: readonly string[] };
}
const GAUGE = 'silandak-purwoyoso';

it('a gauge without a clock raises its flood after a step back of a day, and is the present, also after a restart', async () => {
  const preload = new URL(
    `../support/step-clock.child.ts?steps=${24 * HOUR_MS},${-24 * HOUR_MS}`,
    import.meta.url,
  );
  await using gauge = new AsyncDisposableStack();
  const connect = async (port: number) => {
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
    gauge.defer(() => client.endAsync(true));
    return (levelM: number) =>
      client.publishAsync(`siaga/semarang/river-gauge/${GAUGE}/telemetry`, JSON.stringify({ levelM }), {
        qos: 1,
      });
  };
  const present = async (server: RunningSiaga) => (await server.get<GaugeNow>(`/v1/devices/${GAUGE}`)).last;
  {
    await using server = await startSiaga({
      dataDir: folder.path,
      environment: { NODE_OPTIONS: `--import=${preload.href}` },
    });
    const stepClock = async (steps: number) => {
      process.kill(server.pid, 'SIGUSR2');
      await eventually(async () => expect(await server.metric('siaga_clock_steps_total')).toBe(steps));
    };
    const publish = await connect(server.mqttPort);
    await publish(0.5);
    await stepClock(1);
    await publish(0.51);
    await stepClock(2);
    for (const levelM of [3.1, 3.11, 3.12, 3.13]) await publish(levelM);
    await eventually(async () =>
      expect(await present(server)).toMatchObject({ values: { levelM: 3.13 }, quality: ['serverTime'] }),
    );
    await eventually(async () => {
      const { alerts } = await server.get<{ alerts: { rule: string; subject: { id: string } }[] }>(
        '/v1/alerts',
      );
      expect(alerts.map(({ rule }) => rule)).toContain('river-level');
    });
    await server.kill();
  }
  await using again = await startSiaga({ dataDir: folder.path });
  expect(await present(again)).toMatchObject({ values: { levelM: 3.13 } });
  const publish = await connect(again.mqttPort);
  await publish(3.2);
  await eventually(async () =>
    expect(await present(again)).toMatchObject({ values: { levelM: 3.2 }, quality: ['serverTime'] }),
  );
}, 120_000);
