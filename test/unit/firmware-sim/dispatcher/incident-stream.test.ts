import { describe, expect, it } from 'vitest';
import { loadCity } from '../../../../cities/city.ts';
import { distanceM } from '../../../../cities/great-circle.ts';
import {
  createIncidentStream,
  withFirstEmergency,
} from '../../../../firmware-sim/dispatcher/incident-stream.ts';
import { createRandom } from '../../../../firmware-sim/random.ts';

const city = loadCity('semarang');

function calls(count: number, seed: number, perHour = 20) {
  const next = createIncidentStream(city, perHour, createRandom(seed, 'incidents'));
  return Array.from({ length: count }, next);
}

describe('calls to the 112 desk', () => {
  it('are the same for the same seed', () => {
    expect(calls(50, 1)).toEqual(calls(50, 1));
    expect(calls(50, 1)).not.toEqual(calls(50, 2));
  });

  it('come as a Poisson stream of the rate asked for', () => {
    const gapsMin = calls(5000, 1).map((each) => each.gapMs / 60_000);
    const mean = gapsMin.reduce((a, b) => a + b, 0) / gapsMin.length;
    const variance = gapsMin.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gapsMin.length;
    // 20 an hour: three minutes between two, and an exponential gap deviates by its own mean.
    expect(mean).toBeGreaterThan(2.85);
    expect(mean).toBeLessThan(3.15);
    expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1);
  });

  it('come from inside the city, and accidents from its junctions', () => {
    const { south, west, north, east } = city.bounds;
    for (const { category, position } of calls(500, 3)) {
      expect(position.lat > south && position.lat < north).toBe(true);
      expect(position.lng > west && position.lng < east).toBe(true);
      if (category !== 'kecelakaan lalu lintas') continue;
      const away = Math.min(...(city.roads?.junctions ?? []).map((each) => distanceM(each, position)));
      expect(away).toBeLessThan(150);
    }
  });

  it('begin with an emergency when it is wanted, and go on as they would', () => {
    for (let seed = 0; seed < 30; seed++) {
      const next = withFirstEmergency(
        createIncidentStream(city, 20, createRandom(seed, 'incidents')),
        20_000,
      );
      const [first, second] = [next(), next()];
      expect(first).toMatchObject({ gapMs: 20_000, classification: 'real' });
      const others = calls(50, seed);
      const taken = others.findIndex(({ classification }) => classification === 'real');
      expect(second).toEqual(others[taken + 1]);
    }
  });

  it('are mostly real, and sometimes a prank, silence or a question', () => {
    const kinds = Map.groupBy(calls(1000, 4), (each) => each.classification);
    expect(kinds.get('real')?.length).toBeGreaterThan(700);
    for (const noise of ['prank', 'silent', 'information'] as const) {
      expect(kinds.get(noise)?.length, noise).toBeGreaterThan(30);
    }
  });
});
