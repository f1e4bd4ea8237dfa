/**
 * The readings of the benches of history: a third of each kind, with the decimals that devices send.
 *
 * Invariant: the same index gives the same reading, so that two runs write the same lines.
 */
import type { Reading } from '../../devices/reading.ts';

const START_MS = Date.UTC(2026, 0, 15);
const DEVICES = 900;

export function readingAt(index: number): Reading {
  const rounded = (value: number, scale: number) => Math.round(value * scale) / scale;
  const wave = Math.sin(index / 1_000);
  const envelope = {
    city: 'semarang',
    device: `device-${index % DEVICES}`,
    measuredAt: START_MS + Math.floor(index / DEVICES) * 1_000,
    receivedAt: START_MS + Math.floor(index / DEVICES) * 1_000 + 120,
    simulated: false,
    quality: 0,
  };
  switch (index % 3) {
    case 0:
      return {
        ...envelope,
        kind: 'river-gauge',
        values: { levelM: rounded(2 + wave, 1e3), rainMm: 0.4, batteryV: 12.6, rssiDbm: -71 },
      };
    case 1:
      return {
        ...envelope,
        kind: 'wifi-access-point',
        values: {
          clients: index % 50,
          rxBytes: index * 1_000,
          txBytes: index * 9_000,
          rttMs: 8.4,
          uptimeS: index,
        },
      };
    default:
      return {
        ...envelope,
        kind: 'ambulance',
        values: {
          lat: rounded(-6.99 + wave / 100, 1e6),
          lng: rounded(110.42 + wave / 100, 1e6),
          accuracyM: 6,
          speedMps: rounded(8 + wave, 10),
          headingDeg: index % 360,
          status: 'available',
        },
      };
  }
}
