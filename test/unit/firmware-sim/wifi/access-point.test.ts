import { describe, expect, it } from 'vitest';
import { isAccessPoint, wifiAccessPoint } from '../../../../devices/kinds/wifi-access-point.ts';
import { createRandom } from '../../../../firmware-sim/random.ts';
import { createStoryClock } from '../../../../firmware-sim/story-clock.ts';
import { createAccessPoint, crowdShare } from '../../../../firmware-sim/wifi/access-point.ts';
import { simulatedCity } from '../support/simulated-city.ts';

const STARTED_AT = Date.UTC(2026, 0, 15);

function measureFor(storyMinutes: number, seed: number) {
  const site = simulatedCity.devices.find(isAccessPoint);
  if (!site) throw new Error('the small city has access points');
  const point = createAccessPoint(site, 6, createStoryClock(STARTED_AT, 60), createRandom(seed, site.id));
  return Array.from({ length: storyMinutes }, (_, second) => point.measure(STARTED_AT + second * 1000) ?? {});
}

describe('access point', () => {
  it('is fuller in the evening than in the small hours', () => {
    expect(crowdShare(19.5)).toBeGreaterThan(5 * crowdShare(3.5));
    const day = measureFor(24 * 60, 1);
    const meanOf = (fromHour: number) => {
      // The story starts at six in the morning.
      const from = ((fromHour - 6 + 24) % 24) * 60;
      const slice = day.slice(from, from + 60).map((each) => Number(each['clients']));
      return slice.reduce((a, b) => a + b, 0) / slice.length;
    };
    expect(meanOf(19)).toBeGreaterThan(3 * meanOf(3));
  });

  it('never lets a counter fall except to zero with a restart, and restarts within some days', () => {
    let restarts = 0;
    let before: Readonly<Record<string, number | string>> = {};
    for (const now of measureFor(10 * 24 * 60, 3)) {
      const restarted = Number(now['uptimeS']) < Number(before['uptimeS'] ?? 0);
      if (restarted) restarts++;
      for (const counter of ['rxBytes', 'txBytes']) {
        const grew = Number(now[counter]) >= Number(before[counter] ?? 0);
        expect(grew || restarted, counter).toBe(true);
      }
      before = now;
    }
    expect(restarts).toBeGreaterThan(0);
  });

  it('is never asked for more than it serves well by its usual crowd, and sometimes by a rush', () => {
    const site = simulatedCity.devices.find(isAccessPoint);
    if (!site) throw new Error('the small city has access points');
    const story = createStoryClock(STARTED_AT, 60);
    const calmUntilMin = 5 * 24 * 60;
    let overInCalm = 0;
    let overLater = 0;
    for (let seed = 0; seed < 5; seed++) {
      const point = createAccessPoint(site, 6, story, createRandom(seed, site.id), calmUntilMin);
      for (let minute = 0; minute < 40 * 24 * 60; minute += 4) {
        const clients = Number(point.measure(STARTED_AT + minute * 1000)?.['clients']);
        if (clients <= site.capacityClients) continue;
        if (minute < calmUntilMin) overInCalm++;
        else overLater++;
      }
    }
    expect(overInCalm).toBe(0);
    expect(overLater).toBeGreaterThan(0);
  });

  it('sends nothing that its kind would refuse', () => {
    for (const measured of measureFor(200, 2)) {
      expect(wifiAccessPoint.quickParse(measured)).toBeDefined();
    }
  });
});
