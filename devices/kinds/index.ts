/** The register of kinds: a new kind is its file and one line here. A test compares it with the folder. */
import type { DeviceKind } from '../device-kind.ts';
import { ambulance } from './ambulance.ts';
import { canary } from './canary.ts';
import { hospital } from './hospital.ts';
import { marketTerminal } from './market-terminal.ts';
import { riverGauge } from './river-gauge.ts';
import { tourBus } from './tour-bus.ts';
import { wifiAccessPoint } from './wifi-access-point.ts';

export const deviceKinds: ReadonlyMap<string, DeviceKind> = new Map(
  [ambulance, canary, hospital, marketTerminal, riverGauge, tourBus, wifiAccessPoint].map((kind) => [
    kind.name,
    kind,
  ]),
);
