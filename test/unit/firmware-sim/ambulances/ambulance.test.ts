import { describe, expect, it } from 'vitest';
import { distanceM } from '../../../../cities/great-circle.ts';
import { isAmbulance, ambulance as kind } from '../../../../devices/kinds/ambulance.ts';
import { Ambulance, type Crew, USUAL_CREW } from '../../../../firmware-sim/ambulances/ambulance.ts';
import type { Acknowledgement } from '../../../../firmware-sim/ambulances/command.ts';
import { DEMO_PACE } from '../../../../firmware-sim/ambulances/duty.ts';
import { createReceiver } from '../../../../firmware-sim/ambulances/gps.ts';
import { createRoadMap } from '../../../../firmware-sim/ambulances/road-map.ts';
import { createRandom } from '../../../../firmware-sim/random.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { simulatedCity } from '../support/simulated-city.ts';

const WILLING: Crew = { silentChance: 0, refuseChance: 0, answerS: [2, 8], turnoutS: [8, 25] };

function open(crew: Crew = WILLING) {
  const clock = createManualClock();
  const answers: Acknowledgement[] = [];
  let reports = 0;
  const unit = simulatedCity.devices.filter(isAmbulance).find(({ vehicle }) => vehicle === 'transport');
  if (!unit) throw new Error('the small city has ambulances');
  const ambulance = new Ambulance({
    unit,
    city: simulatedCity,
    roads: createRoadMap(simulatedCity.roads as NonNullable<typeof simulatedCity.roads>),
    shadows: [],
    pace: DEMO_PACE,
    crew,
    ownCaseChance: 0,
    clock,
    random: createRandom(1, 'unit'),
    acknowledge: (answer) => answers.push(answer),
    reportNow: () => reports++,
  });
  const order = (body: unknown) => ambulance.onCommand(Buffer.from(JSON.stringify(body)));
  const dispatch = (assignment: string) =>
    order({ command: 'dispatch', assignment, incident: { id: 'i1', lat: -6.97, lng: 110.43 } });
  return { ambulance, clock, answers, order, dispatch, reports: () => reports };
}

describe('ambulance', () => {
  it('accepts an order after some seconds and is on its way when the crew has turned out', () => {
    const { ambulance, clock, answers, dispatch, reports } = open();
    dispatch('a1');
    clock.advance(1_900);
    expect(answers).toEqual([]);
    clock.advance(6_200);
    expect(answers).toMatchObject([{ assignment: 'a1', ack: 'accepted' }]);
    expect(ambulance.measure(clock.now())?.['status']).toBe('available');
    clock.advance(25_000);
    expect(ambulance.measure(clock.now())?.['status']).toBe('en-route');
    expect(reports()).toBe(1);
  });

  it('answers an order that is repeated before it has answered once', () => {
    const { clock, answers, dispatch } = open();
    dispatch('a1');
    dispatch('a1');
    clock.advance(10_000);
    expect(answers).toHaveLength(1);
  });

  it('repeats its answer when the server repeats the order', () => {
    const { clock, answers, dispatch } = open();
    dispatch('a1');
    clock.advance(10_000);
    dispatch('a1');
    clock.advance(10_000);
    expect(answers.map((each) => each.ack)).toEqual(['accepted', 'accepted']);
  });

  it.each([
    ['turns out', 10_000],
    ['drives', 40_000],
  ])('goes to the corrected place when the order is corrected while it %s', (_, afterMs) => {
    const { ambulance, clock, order, dispatch } = open();
    dispatch('a1');
    clock.advance(afterMs);
    const corrected = { lat: -6.985, lng: 110.41 };
    order({ command: 'dispatch', assignment: 'a1', incident: { id: 'i1', ...corrected } });
    let arrived: { lat: number; lng: number } | undefined;
    for (let second = 0; second < 1_200 && !arrived; second++) {
      clock.advance(1_000);
      const reading = ambulance.measure(clock.now());
      if (reading?.['status'] === 'on-scene') arrived = reading as unknown as typeof corrected;
    }
    expect(arrived && distanceM(arrived, corrected)).toBeLessThan(150);
  });

  it('refuses a second order while it serves the first', () => {
    const { clock, answers, dispatch } = open();
    dispatch('a1');
    clock.advance(10_000);
    dispatch('a2');
    clock.advance(10_000);
    expect(answers.at(-1)).toMatchObject({ assignment: 'a2', ack: 'refused' });
  });

  it('never answers when its crew does not see the order, however often it comes', () => {
    const { clock, answers, dispatch } = open({ ...USUAL_CREW, silentChance: 1 });
    dispatch('a1');
    clock.advance(15_000);
    dispatch('a1');
    clock.advance(60_000);
    expect(answers).toEqual([]);
  });

  it('stays where it is when its order is cancelled while it turns out, and is free for another', () => {
    const { ambulance, clock, answers, order, dispatch } = open();
    dispatch('a1');
    clock.advance(8_000);
    order({ command: 'cancel', assignment: 'a1' });
    clock.advance(60_000);
    expect(ambulance.measure(clock.now())?.['status']).toBe('available');
    dispatch('a2');
    clock.advance(40_000);
    expect(answers.map((each) => each.ack)).toEqual(['accepted', 'accepted']);
    expect(ambulance.measure(clock.now())?.['status']).toBe('en-route');
  });

  it('goes back when its order is cancelled, and never answers one that was cancelled before', () => {
    const { ambulance, clock, answers, order, dispatch } = open();
    dispatch('a1');
    clock.advance(40_000);
    expect(ambulance.measure(clock.now())?.['status']).toBe('en-route');
    order({ command: 'cancel', assignment: 'a1' });
    expect(ambulance.measure(clock.now())?.['status']).toBe('available');
    dispatch('a2');
    order({ command: 'cancel', assignment: 'a2' });
    clock.advance(10_000);
    expect(answers.map((each) => each.assignment)).toEqual(['a1']);
  });

  it('ignores what is no order, and counts it', () => {
    const { ambulance, clock, answers, order } = open();
    ambulance.onCommand(Buffer.from('{"command":'));
    order({ command: 'dispatch', assignment: 'a1' });
    order({ command: 'dispatch', assignment: 'a1', incident: { id: 'i1', lat: 110.4, lng: -7 } });
    clock.advance(60_000);
    expect(ambulance.misunderstood).toBe(3);
    expect(answers).toEqual([]);
  });

  it('sends nothing that its kind would refuse, and reports faster while it drives', () => {
    const { ambulance, clock, dispatch } = open();
    expect(ambulance.measure(clock.now())).toBeDefined();
    const parkedMs = ambulance.intervalMs();
    dispatch('a1');
    for (let second = 0; second < 600; second++) {
      clock.advance(1_000);
      expect(kind.quickParse(ambulance.measure(clock.now()) ?? {})).toBeDefined();
      if (second === 60) expect(ambulance.intervalMs()).toBeLessThan(parkedMs);
    }
  });
});

describe('GPS receiver', () => {
  const centre = { lat: -6.99, lng: 110.42 };
  it('is off by about its accuracy in the open', () => {
    const receive = createReceiver([], createRandom(1, 'gps'));
    const within = Array.from({ length: 2000 }, () => receive(centre)).filter(
      (fix) => fix && distanceM(fix.position, centre) <= fix.accuracyM,
    );
    // 68 % by definition; three standard deviations of that share are 3 %.
    expect(within.length / 2000).toBeGreaterThan(0.65);
    expect(within.length / 2000).toBeLessThan(0.71);
  });

  it('has no fix in an underpass and a bad one beside it', () => {
    const receive = createReceiver([{ centre, radiusM: 240, loses: true }], createRandom(1, 'gps'));
    expect(receive(centre)).toBeUndefined();
    expect(receive({ ...centre, lat: centre.lat + 0.0015 })?.accuracyM).toBeGreaterThanOrEqual(60);
    expect(receive({ ...centre, lat: centre.lat + 0.003 })?.accuracyM).toBeLessThan(20);
  });
});
