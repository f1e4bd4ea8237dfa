import { Registry as Metrics } from 'prom-client';
import { beforeEach, describe, expect, test } from 'vitest';
import { QualityFlag, type Reading } from '../../../devices/reading.ts';
import { createFleet, type DeviceNow, type Fleet } from '../../../fleet/fleet.ts';
import { registerFleetMetrics } from '../../../fleet/fleet-metrics.ts';
import type { RegisteredDevice } from '../../../fleet/registry.ts';

const NOW = Date.UTC(2026, 0, 15, 2, 30);
const devices: RegisteredDevice[] = [{ id: 'bendung', kind: 'river-gauge', name: 'Bendung' }];

let fleet: Fleet;
let gauge: DeviceNow;

beforeEach(() => {
  fleet = createFleet({
    city: 'semarang',
    find: (id) => devices.find((device) => device.id === id),
    all: () => devices,
    gateways: () => [],
    reload: async () => undefined,
  });
  gauge = fleet.now('bendung') as DeviceNow;
});

function reading(over: Partial<Reading> = {}): Reading {
  return {
    city: 'semarang',
    kind: 'river-gauge',
    device: 'bendung',
    measuredAt: NOW,
    receivedAt: NOW,
    simulated: false,
    quality: 0,
    values: { levelM: 1 },
    ...over,
  };
}

describe('the present of a device', () => {
  test('is the good reading with the latest time of measurement', () => {
    expect(fleet.observe(reading())).toBe(true);
    expect(fleet.observe(reading({ measuredAt: NOW - 1, quality: QualityFlag.late }))).toBe(false);
    expect(fleet.observe(reading({ measuredAt: NOW + 1, quality: QualityFlag.outsideSensorRange }))).toBe(
      false,
    );
    expect(gauge.last?.measuredAt).toBe(NOW);
  });

  test('a late reading is a sign of life all the same', () => {
    fleet.observe(reading({ measuredAt: NOW - 86_400_000, quality: QualityFlag.late }));
    expect(fleet.liveness(gauge, NOW)).toBe('online');
    expect(gauge.last).toBeUndefined();
  });

  test('is no test of a device that measures; one that has only ever simulated is shown, and so is the truth after it', () => {
    const minute = (n: number, over: Partial<Reading>) =>
      fleet.observe(reading({ measuredAt: NOW + n * 60_000, receivedAt: NOW + n * 60_000, ...over }));
    expect(minute(0, { simulated: true })).toBe(true);
    expect(minute(1, {})).toBe(true);
    expect(minute(2, { simulated: true, values: { levelM: 0 } })).toBe(false);
    expect(gauge.last?.values).toEqual({ levelM: 1 });
    expect(gauge.unusable?.why).toBe('simulated, beside real readings');
    expect(minute(40, { simulated: true })).toBe(true);
  });
});

describe('what a device says of itself', () => {
  test('counts as it comes, also where our clock was set back; a replayed word does not where it is older', () => {
    expect(fleet.observePresence('bendung', 'sleeping', NOW)).toBe(true);
    expect(fleet.observePresence('bendung', 'online', NOW - 1, true)).toBe(false);
    expect(gauge.presence).toBe('sleeping');
    expect(fleet.observePresence('bendung', 'online', NOW, true)).toBe(true);
    expect(fleet.observePresence('bendung', 'offline', NOW - 60_000)).toBe(true);
    expect(gauge.presence).toBe('offline');
  });

  test('that it is gone is not undone by a reading that was received before', () => {
    fleet.observePresence('bendung', 'offline', NOW);
    fleet.observe(reading({ receivedAt: NOW - 1 }));
    expect(gauge.presence).toBe('offline');
    fleet.observe(reading({ measuredAt: NOW + 1, receivedAt: NOW + 1 }));
    expect(gauge.presence).toBe('online');
  });

  test('does not lie ahead of a clock that was set back', () => {
    fleet.observePresence('bendung', 'offline', NOW);
    fleet.clockSet(NOW - 7_200_000, 0);
    fleet.observe(reading({ receivedAt: NOW - 7_199_000 }));
    expect(gauge.presence).toBe('online');
  });
});

describe('liveness', () => {
  test('is judged by the time of receipt, and a device that was never heard is unseen', () => {
    expect(fleet.liveness(gauge, NOW)).toBe('unseen');
    fleet.observe(reading({ measuredAt: NOW - 10_000_000 }));
    expect(fleet.liveness(gauge, NOW + 300_000)).toBe('online');
    expect(fleet.liveness(gauge, NOW + 300_001)).toBe('silent');
  });

  test('goes by the rhythm that the alarms know of, so that an hourly gauge is not silent between two reports', () => {
    fleet.observe(reading());
    fleet.askAlarms((id) => (id === 'bendung' ? 4 * 3_600_000 : undefined));
    expect(fleet.liveness(gauge, NOW + 4 * 3_600_000)).toBe('online');
    expect(fleet.liveness(gauge, NOW + 4 * 3_600_000 + 1)).toBe('silent');
  });

  test('does not outlast a clock that was set back: what was heard cannot lie ahead', () => {
    fleet.observe(reading());
    const setTo = NOW - 7_200_000;
    expect(fleet.liveness(gauge, setTo + 300_001)).toBe('online');
    fleet.clockSet(setTo, setTo - NOW);
    expect(fleet.liveness(gauge, setTo + 300_000)).toBe('online');
    expect(fleet.liveness(gauge, setTo + 300_001)).toBe('silent');
  });

  test('a device that announced its sleep is not silent, and one whose will came is offline', () => {
    fleet.observe(reading());
    fleet.observePresence('bendung', 'sleeping', NOW);
    expect(fleet.liveness(gauge, NOW + 10_000_000)).toBe('sleeping');
    fleet.observePresence('bendung', 'offline', NOW);
    expect(fleet.liveness(gauge, NOW)).toBe('offline');
    fleet.observe(reading({ measuredAt: NOW + 1 }));
    expect(fleet.liveness(gauge, NOW)).toBe('online');
  });
});

describe('data health', () => {
  const seqs = (...all: number[]) => {
    for (const [index, seq] of all.entries()) fleet.observe(reading({ seq, measuredAt: NOW + index }));
  };

  test('counts what is missing by seq, and takes it back when it arrives late', () => {
    seqs(1, 2, 6);
    expect(gauge.health.gaps).toBe(3);
    fleet.observe(reading({ seq: 4, quality: QualityFlag.late, measuredAt: NOW - 5_000 }));
    expect(gauge.health).toMatchObject({ gaps: 2, late: 1, lateMaxMs: 5_000 });
  });

  test('a device that starts its count again has lost nothing', () => {
    seqs(500, 501, 7, 8, 9);
    expect(gauge.health.gaps).toBe(0);
  });

  test('tells a clock that is behind by its quickest reading', () => {
    for (let index = 0; index < 5; index++) {
      fleet.observe(reading({ measuredAt: NOW + index, receivedAt: NOW + index + 120_000 }));
    }
    expect(gauge.health.clock.leastLagMs).toBe(120_000);
  });

  test('is summed by kind in the metrics, beside devices by liveness', async () => {
    const metrics = new Metrics();
    registerFleetMetrics(fleet, metrics, () => NOW);
    seqs(1, 4);
    fleet.countRepeat('bendung', NOW);
    const text = await metrics.metrics();
    expect(text).toContain('siaga_fleet_devices{kind="river-gauge",liveness="online"} 1');
    expect(text).toContain('siaga_data_health_gaps{kind="river-gauge"} 2');
    expect(text).toContain('siaga_data_health_repeats{kind="river-gauge"} 1');
    expect(text).toContain('siaga_fleet_skewed_devices{kind="river-gauge"} 0');
  });
});
