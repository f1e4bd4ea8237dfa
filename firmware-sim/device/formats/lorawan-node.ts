/**
 * A river gauge with a LoRaWAN node, as ChirpStack and The Things Stack see it: what its codec makes of its few bytes.
 *
 * Invariants: lengths are whole millimetres, which is what fits into the bytes; the signal is not the node's to say,
 * the gateway that heard it does.
 */
import { hardwareAddressOf, type Measured } from './encoder.ts';

export const NODE_QUANTITIES: ReadonlySet<string> = new Set([
  ...['levelM', 'distanceM', 'rainMm', 'batteryV', 'rssiDbm'],
]);
/** The gateway on a roof that hears all of them. */
export const HEARD_BY = hardwareAddressOf('lorawan gateway', 8);

export function devEuiOf(id: string): string {
  return hardwareAddressOf(id, 8);
}

export function decodedObjectOf({ levelM, distanceM, rainMm, batteryV }: Measured): object {
  return {
    ...(typeof distanceM === 'number' ? { Distance: `${Math.round(distanceM * 1000)} mm` } : {}),
    ...(typeof levelM === 'number' ? { water_level_mm: Math.round(levelM * 1000) } : {}),
    ...(rainMm === undefined ? {} : { rain_mm: rainMm }),
    ...(batteryV === undefined ? {} : { BatV: batteryV }),
  };
}
