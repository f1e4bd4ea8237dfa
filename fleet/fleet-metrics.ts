/**
 * The fleet in numbers for `/metrics`: devices by liveness, and their data health summed by kind.
 *
 * Worked out when it is asked for, so that a reading costs nothing here. By kind and not by device: one
 * device's health is at `/v1/devices/{id}`, and five thousand devices would be tens of thousands of series.
 */
import { Gauge, type Registry as Metrics } from 'prom-client';
import type { DataHealth } from './data-health.ts';
import type { Fleet } from './fleet.ts';

/** Name → what it sums. They only grow within a run, as the health itself. */
const SUMS: readonly { name: string; help: string; of: (health: DataHealth) => number }[] = [
  { name: 'gaps', help: 'Readings missing by seq.', of: ({ gaps }) => gaps },
  { name: 'repeats', help: 'Readings that were sent again.', of: ({ repeats }) => repeats },
  { name: 'late', help: 'Readings older than the newest of their device.', of: ({ late }) => late },
  {
    name: 'rejected',
    help: 'Readings of known devices that were not understood.',
    of: ({ rejected }) => Object.values(rejected).reduce((sum, count) => sum + count, 0),
  },
];

/** A clock that is off by more than this counts a device as skewed, ms. */
const SKEWED_MS = 60_000;

export function registerFleetMetrics(fleet: Fleet, metrics: Metrics, now: () => number): void {
  const registers = [metrics];
  new Gauge({
    name: 'siaga_fleet_devices',
    help: 'Registered devices by kind and liveness.',
    labelNames: ['kind', 'liveness'],
    registers,
    collect() {
      this.reset();
      const atMs = now();
      for (const device of fleet.all()) {
        this.inc({ kind: device.kind, liveness: fleet.liveness(device, atMs) });
      }
    },
  });
  new Gauge({
    name: 'siaga_fleet_skewed_devices',
    help: 'Devices whose clock is off by more than a minute, either way.',
    labelNames: ['kind'],
    registers,
    collect() {
      this.reset();
      for (const { kind, health } of fleet.all()) {
        this.inc({ kind }, Math.abs(health.clock.leastLagMs) > SKEWED_MS ? 1 : 0);
      }
    },
  });
  for (const { name, help, of } of SUMS) {
    new Gauge({
      name: `siaga_data_health_${name}`,
      help,
      labelNames: ['kind'],
      registers,
      collect() {
        this.reset();
        for (const { kind, health } of fleet.all()) this.inc({ kind }, of(health));
      },
    });
  }
}
