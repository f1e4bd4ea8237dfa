/** Nodes that stop a vehicle, and turns that are banned: who reaches what, over the real search. */
import { describe, expect, test } from 'vitest';
import { node, place, readMap, restriction, type Tags, way } from './small-map.ts';

describe('a node on a street', () => {
  const pass = (tags: Tags) => {
    const { drives } = readMap([node(10), node(20, tags), node(30), way(1, [10, 20, 30])]);
    return [drives('motorcycle', 10, 30), drives('transport', 10, 30)];
  };
  test.each<[Tags, boolean, boolean]>([
    [{ barrier: 'bollard' }, true, false],
    [{ barrier: 'bollard', motorcycle: 'no' }, false, false],
    [{ barrier: 'bollard', access: 'no' }, false, false],
    [{ barrier: 'bollard', emergency: 'yes' }, true, true],
    [{ barrier: 'block' }, true, false],
    [{ barrier: 'jersey_barrier' }, false, false],
    [{ barrier: 'cycle_barrier' }, false, false],
    [{ barrier: 'motorcycle_barrier' }, false, false],
    [{ barrier: 'something_new' }, false, false],
    [{ barrier: 'gate' }, true, true],
    [{ barrier: 'gate', access: 'no' }, false, false],
    [{ barrier: 'gate', access: 'private' }, true, true],
    [{ barrier: 'gate', locked: 'yes' }, false, false],
    [{ barrier: 'lift_gate', motorcar: 'no' }, true, false],
    [{ barrier: 'swing_gate', access: 'no', motorcycle: 'yes' }, true, false],
    [{ barrier: 'toll_booth' }, true, true],
    [{ barrier: 'height_restrictor' }, true, false],
    [{ barrier: 'height_restrictor', maxheight: '2.1' }, true, false],
    [{ barrier: 'height_restrictor', maxheight: '3.5' }, true, true],
    [{ highway: 'crossing', motor_vehicle: 'no' }, false, false],
    [{ amenity: 'restaurant', access: 'no' }, true, true],
  ])('%j lets a motorcycle through: %s, a car: %s', (tags, motorcycle, transport) => {
    expect(pass(tags)).toEqual([motorcycle, transport]);
  });

  test('stops who would pass it, and not who stops before it or turns round there', () => {
    const { drives } = readMap([
      ...[10, 30].map((id) => node(id)),
      node(20, { barrier: 'bollard' }),
      way(1, [10, 20, 30]),
    ]);
    expect([drives('transport', 10, 20), drives('transport', 20, 30)]).toEqual([true, true]);
  });

  test('at the end of two ways stops as it does within one', () => {
    const { drives } = readMap([
      node(10),
      node(20, { barrier: 'bollard' }),
      node(30),
      way(1, [10, 20]),
      way(2, [20, 30]),
    ]);
    expect(drives('transport', 10, 30)).toBe(false);
  });

  test('is counted, and a gate without tags is said to be a guess', () => {
    const { report } = readMap([node(10), node(20, { barrier: 'gate' }), node(30), way(1, [10, 20, 30])]);
    expect(report).toEqual(
      expect.arrayContaining([
        'read: 1 × barrier=gate, open',
        'judged: 1 × barrier=gate without access tags: taken as open',
      ]),
    );
  });
});

/** A cross: way 1 from the west, 2 to the east, 3 to the north, 4 to the south; node 22 in the middle, a bend at 32. */
const cross = [
  ...[12, 22, 32, 42, 23, 21].map((id) => node(id)),
  way(1, [12, 22]),
  way(2, [22, 32, 42]),
  way(3, [22, 23]),
  way(4, [22, 21]),
];
const turns = (...relations: object[]) => {
  const { drives, driveS, report } = readMap([...cross, ...relations]);
  return {
    report,
    driveS,
    of: (vehicle: 'motorcycle' | 'transport') => ({
      north: drives(vehicle, 12, 23),
      east: drives(vehicle, 12, 42),
      south: drives(vehicle, 12, 21),
    }),
  };
};
const ALL = { north: true, east: true, south: true };

describe('a turn restriction', () => {
  test('bans its turn and no other, and is not got round at the next bend but where the road ends', () => {
    const { driveS, of } = turns(restriction(1, 22, 3, { restriction: 'no_left_turn' }));
    const minutes = (seconds: number | null) => (seconds ?? Number.NaN) / ((1000 * 3.6) / 26);
    expect(of('transport')).toEqual(ALL);
    // Either dead end is 1 km (south) or 2 km (east) away; the bend of the eastern road at 1 km is no place to turn.
    expect(minutes(driveS('transport', 12, 23))).toBeCloseTo(4, 2);
    expect(minutes(driveS('transport', 12, 42))).toBeCloseTo(3, 2);
    const eastOnly = turns(
      restriction(1, 22, 3, { restriction: 'no_left_turn' }),
      restriction(1, 22, 4, { restriction: 'no_right_turn' }),
    );
    expect(minutes(eastOnly.driveS('transport', 12, 23))).toBeCloseTo(6, 2);
  });

  test.each<[Tags, boolean, boolean, string]>([
    [{ restriction: 'no_left_turn' }, true, true, 'for all'],
    [{ restriction: 'no_left_turn', except: 'motorcycle' }, false, true, 'not for motorcycles'],
    [{ restriction: 'no_left_turn', except: 'psv;emergency' }, false, false, 'not for ambulances'],
    [{ 'restriction:motorcar': 'no_left_turn' }, false, true, 'for cars'],
    [{ 'restriction:motorcycle': 'no_left_turn' }, true, false, 'for motorcycles'],
    [
      { type: 'restriction:motorcycle', restriction: 'no_left_turn' },
      true,
      false,
      'the old way of saying it',
    ],
    [{ 'restriction:hgv': 'no_left_turn' }, false, false, 'for lorries'],
    [{ 'restriction:conditional': 'no_left_turn @ (Mo-Fr 07:00-09:00)' }, true, true, 'at times is always'],
    [{ restriction: 'only_straight_on' }, true, true, 'by what alone is allowed'],
  ])('%j holds for motorcycles: %s, for cars: %s: %s', (tags, motorcycle, transport) => {
    const to = tags['restriction'] === 'only_straight_on' ? 2 : 3;
    const { driveS } = turns(restriction(1, 22, to, tags));
    const isLonger = (vehicle: 'motorcycle' | 'transport', kmh: number) =>
      (driveS(vehicle, 12, 23) as number) > (2_100 * 3.6) / kmh;
    expect([isLonger('motorcycle', 28), isLonger('transport', 26)]).toEqual([motorcycle, transport]);
  });

  test('over a way bans who comes from there, and not who enters the way from the side', () => {
    // North, along the middle, and south again: a U-turn over way 5.
    const { driveS } = readMap([
      ...[11, 21, 22, 12, 32, 31, 10].map((id) => node(id)),
      way(1, [11, 21]),
      way(5, [21, 22]),
      way(6, [22, 12]),
      way(7, [22, 32]),
      way(8, [31, 21]),
      restriction(1, [5], 6, { restriction: 'no_u_turn' }),
    ]);
    const km = (seconds: number | null) => ((seconds as number) * 26) / 3600;
    expect(km(driveS('transport', 31, 12))).toBeCloseTo(3, 2);
    // Round by the end of way 7: to 32 and back.
    expect(km(driveS('transport', 11, 12))).toBeCloseTo(5, 2);
    expect(km(driveS('transport', 11, 32))).toBeCloseTo(3, 2);
  });

  test('holds for a unit that stands on the street before it, and for an incident behind it', () => {
    const { driveS } = readMap([
      ...cross,
      restriction(1, 22, 3, { restriction: 'no_left_turn' }),
      restriction(1, 22, 4, { restriction: 'no_right_turn' }),
    ]);
    const km = (seconds: number | null) => ((seconds as number) * 26) / 3600;
    // East and back is 4 km more; whoever stands at the junction itself may turn as he likes.
    expect(km(driveS('transport', place(1.5, 2), place(2, 2.5)))).toBeCloseTo(5, 2);
    expect(km(driveS('transport', place(1.5, 2), place(2.5, 2)))).toBeCloseTo(1, 2);
    expect(km(driveS('transport', 22, place(2, 2.5)))).toBeCloseTo(0.5, 2);
    expect(km(driveS('transport', place(2.5, 2), place(2, 2.5)))).toBeCloseTo(1, 2);
  });

  test.each<[object, RegExp]>([
    [restriction(1, 22, 99, { restriction: 'no_left_turn' }), /of a way that is no road here/],
    [restriction(1, 22, 3, { restriction: 'no_parking' }), /of a kind that is not known/],
    [
      { type: 'relation', id: 2, tags: { type: 'restriction', restriction: 'no_u_turn' }, members: [] },
      /without from, via or to/,
    ],
  ])('that cannot be read is counted: %#', (relation, why) => {
    const { report, of } = turns(relation);
    expect(report.some((line) => line.startsWith('left out: 1 × a turn restriction') && why.test(line))).toBe(
      true,
    );
    expect(of('transport')).toEqual(ALL);
  });
});
