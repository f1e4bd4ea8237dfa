/**
 * A set of simulated devices from start to end: boot spread out, network cuts, a clean finish.
 *
 * Used by every command of the simulator. Invariant: `finish` leaves no timer and no socket behind, and
 * returns within its bound whatever the broker does.
 */
import type { Cancel, Clock } from './clock.ts';
import type { SimulatedDevice } from './device/device.ts';
import type { Cut } from './faults.ts';
import type { Random } from './random.ts';

/** Devices that boot in one second: a broker hashes a credential for each. */
const BOOTS_PER_S = 60;

export interface FleetRun {
  readonly devices: readonly SimulatedDevice[];
  unacknowledged(): number;
  /** Labels of the cuts that last now. */
  activeCuts(): readonly string[];
  finish(boundMs: number): Promise<void>;
}

export function startFleet(
  devices: readonly SimulatedDevice[],
  cuts: readonly Cut[],
  clock: Clock,
  random: Random,
): FleetRun {
  const bootMs = (devices.length / BOOTS_PER_S) * 1000;
  for (const device of devices) device.start(random() * bootMs);
  const byId = new Map(devices.map((device) => [device.identity.id, device]));
  const active = new Set<string>();
  const cancels = new Map<Cut, Cancel>();
  const setReachable = (cut: Cut, reachable: boolean) => {
    for (const id of cut.devices) byId.get(id)?.setReachable(reachable);
  };
  const begin = (cut: Cut) => {
    active.add(cut.label);
    setReachable(cut, false);
    cancels.set(
      cut,
      clock.after(cut.lastsS * 1000, () => end(cut)),
    );
  };
  const end = (cut: Cut) => {
    active.delete(cut.label);
    setReachable(cut, true);
    cancels.set(
      cut,
      clock.after((cut.everyS - cut.lastsS) * 1000, () => begin(cut)),
    );
  };
  for (const cut of cuts)
    cancels.set(
      cut,
      clock.after(cut.fromS * 1000, () => begin(cut)),
    );
  return {
    devices,
    activeCuts: () => [...active],
    unacknowledged: () => devices.reduce((sum, device) => sum + device.unacknowledged, 0),
    async finish(boundMs) {
      for (const cancel of cancels.values()) cancel();
      await Promise.all(devices.map((device) => device.close(boundMs)));
    },
  };
}
