/**
 * A steady load: many connections that together send a given number of readings a second.
 *
 * For trying an installation, not for its record: the bench has a leaner generator. Invariant: the schedule
 * is fixed beforehand (an open loop), so that a slow server shows as a growing buffer and longer PUBACKs,
 * not as a lower rate.
 */
import { performance } from 'node:perf_hooks';
import type { DeviceKind } from '../devices/device-kind.ts';
import type { Cancel, Clock } from './clock.ts';
import type { Credentials } from './credentials.ts';
import { DeviceConnection } from './device/connection.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { createRandom } from './random.ts';
import type { Totals } from './totals.ts';

export interface LoadSettings {
  readonly city: string;
  readonly kind: DeviceKind;
  readonly url: string;
  readonly credentials: Credentials;
  readonly devices: readonly string[];
  /** Readings a second of all devices together. */
  readonly rate: number;
  readonly seed: number;
}

export interface LoadRun {
  readonly latency: LatencyHistogram;
  unacknowledged(): number;
  /** No further readings; those on the way may still be acknowledged. */
  stopSending(): void;
  finish(boundMs: number): Promise<void>;
}

const OUTBOX = { maxWaiting: 5_000, maxInFlight: 32 } as const;
const TICK_MS = 10;
/** At most this many in one tick: after the process was held up it catches up without a burst of seconds. */
const MAX_PER_TICK = 2_000;

export function startLoad(settings: LoadSettings, clock: Clock, totals: Totals): LoadRun {
  const { devices, rate, seed } = settings;
  const latency = new LatencyHistogram();
  const random = createRandom(seed, 'load');
  const connections = devices.map((id) => {
    const connection = new DeviceConnection({
      url: settings.url,
      identity: { city: settings.city, kind: settings.kind.name, id, password: settings.credentials.get(id) },
      firmware: 'sim-load 1.0',
      bounds: OUTBOX,
      clock: { ...clock, now: () => performance.timeOrigin + performance.now() },
      random: createRandom(seed, id),
      totals,
      onAcknowledged: (elapsedMs) => latency.add(elapsedMs),
    });
    connection.start(random() * Math.min(5_000, devices.length * 2));
    return connection;
  });
  totals.devices = devices.length;
  const lastMeasuredAt = new Float64Array(devices.length);
  const startsMs = clock.now();
  let sent = 0;
  let cancel: Cancel;
  const send = () => {
    const due = Math.min(((clock.now() - startsMs) / 1000) * rate, sent + MAX_PER_TICK);
    for (; sent < due; sent++) {
      const index = sent % connections.length;
      const seq = Math.floor(sent / connections.length) + 1;
      // Never twice the same instant from one device: the server would rightly take it for a repeat.
      const measuredAt = Math.max(clock.now(), (lastMeasuredAt[index] as number) + 1);
      lastMeasuredAt[index] = measuredAt;
      const text = JSON.stringify({ ...settings.kind.example, measuredAt, seq, simulated: true });
      (connections[index] as DeviceConnection).send({ channel: 'telemetry', text, batchable: true });
    }
    cancel = clock.after(TICK_MS, send);
  };
  cancel = clock.after(TICK_MS, send);
  return {
    latency,
    unacknowledged: () => connections.reduce((sum, each) => sum + each.unacknowledged, 0),
    stopSending: () => cancel(),
    async finish(boundMs) {
      cancel();
      await Promise.all(connections.map((each) => each.close(boundMs)));
    },
  };
}
