import { describe, expect, it } from 'vitest';
import { distanceM } from '../../../../cities/great-circle.ts';
import { DEMO_PACE, Duty } from '../../../../firmware-sim/ambulances/duty.ts';
import { createRoadMap, type Vehicle } from '../../../../firmware-sim/ambulances/road-map.ts';
import { createRandom } from '../../../../firmware-sim/random.ts';
import { simulatedCity } from '../support/simulated-city.ts';

const STARTED_AT = Date.UTC(2026, 0, 15);
const SCENE = { lat: -6.97, lng: 110.43 };
const BASE = { lat: -7, lng: 110.4 };
const roads = createRoadMap(simulatedCity.roads as NonNullable<typeof simulatedCity.roads>);

function open(vehicle: Vehicle, seed = 1, ownCaseChance = 0): Duty {
  const random = createRandom(seed, vehicle);
  const hospitals = simulatedCity.hospitals;
  return new Duty(
    { vehicle, base: BASE, roads, hospitals, pace: DEMO_PACE, ownCaseChance, random },
    STARTED_AT,
  );
}

/** The statuses it passes through in `forS` seconds, looked at every `everyS`. */
function passThrough(duty: Duty, fromMs: number, forS: number, everyS = 5): string[] {
  const seen: string[] = [];
  for (let second = 0; second <= forS; second += everyS) {
    duty.advance(fromMs + second * 1000);
    if (seen.at(-1) !== duty.status) seen.push(duty.status);
  }
  return seen;
}

describe('duty', () => {
  it('stays on the roads while it cruises between its base and standby points', () => {
    const duty = open('transport');
    let drove = 0;
    for (let second = 0; second < 3600; second += 5) {
      const { position, speedMps } = duty.advance(STARTED_AT + second * 1000);
      if (speedMps > 0) drove++;
      expect(roads.nearest(position, 'transport').distanceM, `second ${second}`).toBeLessThan(1);
    }
    expect(drove).toBeGreaterThan(100);
    expect(duty.status).toBe('available');
  });

  it('never moves faster than the fastest road allows', () => {
    const duty = open('motorcycle', 2);
    let before = duty.advance(STARTED_AT).position;
    for (let second = 1; second < 3600; second++) {
      const { position } = duty.advance(STARTED_AT + second * 1000);
      // 50 km/h on a trunk road, five per cent more in good traffic.
      expect(distanceM(before, position)).toBeLessThan((50 / 3.6) * 1.05 + 0.01);
      before = position;
    }
  });

  it('a transport unit serves a case from the road to the hospital and is available again', () => {
    const duty = open('transport');
    duty.take({ assignment: 'a1', scene: SCENE, hospital: undefined }, STARTED_AT);
    const seen = passThrough(duty, STARTED_AT, 3600);
    expect(seen.slice(0, 5)).toEqual(['en-route', 'on-scene', 'transporting', 'at-hospital', 'available']);
    expect(duty.assignment).toBeUndefined();
  });

  it('a motorcycle gives first aid and transports nobody', () => {
    const duty = open('motorcycle');
    duty.take({ assignment: 'a1', scene: SCENE, hospital: undefined }, STARTED_AT);
    expect(passThrough(duty, STARTED_AT, 3600).slice(0, 3)).toEqual(['en-route', 'on-scene', 'available']);
  });

  it('works at the scene itself', () => {
    const duty = open('transport');
    duty.take({ assignment: 'a1', scene: SCENE, hospital: undefined }, STARTED_AT);
    for (let second = 0; duty.status !== 'on-scene' && second < 3600; second++) {
      duty.advance(STARTED_AT + second * 1000);
    }
    expect(distanceM(duty.advance(STARTED_AT).position, SCENE)).toBeLessThan(1);
  });

  it('turns back when a case is cancelled on the way', () => {
    const duty = open('motorcycle');
    duty.take({ assignment: 'a1', scene: SCENE, hospital: undefined }, STARTED_AT);
    duty.release(STARTED_AT + 60_000);
    expect(duty.status).toBe('available');
    expect(duty.assignment).toBeUndefined();
  });

  it('brings a patient on board to the hospital even when the case is cancelled', () => {
    const duty = open('transport');
    duty.take({ assignment: 'a1', scene: SCENE, hospital: undefined }, STARTED_AT);
    let nowMs = STARTED_AT;
    while (duty.status !== 'transporting') {
      nowMs += 1000;
      duty.advance(nowMs);
    }
    duty.release(nowMs);
    expect(duty.status).toBe('transporting');
  });

  it('passes through the same states however rarely it is looked at', () => {
    const often = open('transport', 5);
    const rarely = open('transport', 5);
    for (const duty of [often, rarely])
      duty.take({ assignment: 'a1', scene: SCENE, hospital: undefined }, STARTED_AT);
    passThrough(often, STARTED_AT, 1800, 1);
    passThrough(rarely, STARTED_AT, 1800, 600);
    expect(rarely.advance(STARTED_AT + 1_800_000)).toEqual(often.advance(STARTED_AT + 1_800_000));
  });

  it('comes across patients of its own where nobody dispatches it', () => {
    expect(passThrough(open('transport', 1, 1), STARTED_AT, 3600)).toContain('transporting');
  });
});
