/**
 * Publishes measured level series as gauges, each its own connection, in compressed time.
 *
 * With shift-to-now a point of the series is measured at the moment it is published, so that hours of a
 * flood pass in seconds and yet nothing is late or in the future; without, it keeps its own time and is late
 * data. Invariant: all series share one mapping of time, so that the lag between gauges stays true; points
 * that the file holds out of order are published in the order of their times.
 */
import type { LevelPoint } from '../../tables/level-series.ts';
import type { Cancel, Clock } from '../clock.ts';
import type { Credentials } from '../credentials.ts';
import { DeviceConnection } from '../device/connection.ts';
import type { OutboxBounds } from '../device/outbox.ts';
import { createRandom } from '../random.ts';
import type { Totals } from '../totals.ts';

export interface ReplaySettings {
  readonly city: string;
  readonly url: string;
  readonly credentials: Credentials;
  readonly gauges: readonly { readonly device: string; readonly points: readonly LevelPoint[] }[];
  /** Series seconds per real second. */
  readonly speed: number;
  readonly shiftToNow: boolean;
  readonly seed: number;
}

export interface ReplayRun {
  /** Resolves when the last point has been published. */
  readonly published: Promise<void>;
  unacknowledged(): number;
  /** Epoch ms in the series: where the replay is. */
  seriesTime(): number;
  finish(boundMs: number): Promise<void>;
}

const OUTBOX: OutboxBounds = { maxWaiting: 50_000, maxInFlight: 8 };
/** The devices connect first. */
const STARTS_AFTER_MS = 1_500;

interface Step extends LevelPoint {
  readonly gauge: number;
}

export function startReplay(settings: ReplaySettings, clock: Clock, totals: Totals): ReplayRun {
  const connections = settings.gauges.map(({ device }) => connectGauge(device, settings, clock, totals));
  const steps: Step[] = settings.gauges
    .flatMap(({ points }, gauge) => points.map((point) => ({ ...point, gauge })))
    .sort((a, b) => a.atMs - b.atMs);
  const firstMs = steps[0]?.atMs ?? 0;
  const startsMs = clock.now() + STARTS_AFTER_MS;
  const dueMs = (step: Step) => startsMs + (step.atMs - firstMs) / settings.speed;
  const sent = settings.gauges.map(() => 0);
  const done = Promise.withResolvers<void>();
  let next = 0;
  let cancel: Cancel = () => {};

  const publishDue = () => {
    for (let step = steps[next]; step && dueMs(step) <= clock.now(); step = steps[++next]) {
      // The exact instant, not the timer's: the spacing of the series survives a busy machine.
      const measuredAt = settings.shiftToNow ? Math.round(dueMs(step)) : step.atMs;
      const seq = (sent[step.gauge] as number) + 1;
      sent[step.gauge] = seq;
      const reading = { measuredAt: new Date(measuredAt).toISOString(), seq, simulated: true };
      const text = JSON.stringify({ ...reading, levelM: step.levelM });
      (connections[step.gauge] as DeviceConnection).send({ channel: 'telemetry', text, batchable: true });
    }
    const step = steps[next];
    if (!step) done.resolve();
    else cancel = clock.after(Math.max(1, dueMs(step) - clock.now()), publishDue);
  };
  cancel = clock.after(STARTS_AFTER_MS, publishDue);
  return {
    published: done.promise,
    unacknowledged: () => connections.reduce((sum, each) => sum + each.unacknowledged, 0),
    seriesTime: () => firstMs + Math.max(0, clock.now() - startsMs) * settings.speed,
    async finish(boundMs) {
      cancel();
      await Promise.all(connections.map((each) => each.close(boundMs)));
    },
  };
}

function connectGauge(
  device: string,
  { city, url, credentials, seed }: ReplaySettings,
  clock: Clock,
  totals: Totals,
): DeviceConnection {
  const connection = new DeviceConnection({
    url,
    identity: { city, kind: 'river-gauge', id: device, password: credentials.get(device) },
    firmware: 'sim-replay 1.0',
    bounds: OUTBOX,
    clock,
    random: createRandom(seed, device),
    totals,
  });
  totals.devices++;
  connection.start(0);
  return connection;
}
