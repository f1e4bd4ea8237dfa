/** What the tags of a way mean to each vehicle; the wiki's definition of each key is behind each row. */
import { expect, test } from 'vitest';
import { node, readMap, speedsOf, type Tags, way } from './small-map.ts';

const OPEN = '28/26 28/26';
const NONE = '-/- -/-';
const MOTORCYCLES = '28/- 28/-';
const CARS = '-/26 -/26';

test.each<[Tags, string, string]>([
  [{}, OPEN, 'a street is everybody’s'],
  [{ access: 'no' }, NONE, 'closed to all'],
  [{ access: 'no', motorcycle: 'yes' }, MOTORCYCLES, 'the more special key decides'],
  [{ access: 'yes', vehicle: 'no' }, NONE, 'vehicle is more special than access'],
  [{ vehicle: 'no', motor_vehicle: 'yes' }, OPEN, 'motor_vehicle is more special than vehicle'],
  [{ motor_vehicle: 'no', motorcycle: 'designated' }, MOTORCYCLES, 'the street is not dropped'],
  [{ motor_vehicle: 'no', motorcar: 'permissive' }, CARS, 'and for cars'],
  [{ motorcycle: 'no' }, CARS, 'a flyover closed to motorcycles'],
  [{ motorcar: 'no' }, MOTORCYCLES, 'a street closed to cars'],
  [{ double_tracked_motor_vehicle: 'no' }, MOTORCYCLES, 'two tracks'],
  [{ motor_vehicle: 'no', emergency: 'yes' }, OPEN, 'an ambulance is an emergency vehicle'],
  [{ emergency: 'no' }, NONE, 'and may be shut out as one'],
  [{ emergency: 'fire_hydrant' }, OPEN, 'a thing, and no access'],
  [{ access: 'destination' }, OPEN, 'closed to through traffic only'],
  [{ motor_vehicle: 'customers' }, OPEN, 'for those who are called there'],
  [{ access: 'private' }, '10/10 10/10', 'private is slow, and open'],
  [{ motor_vehicle: 'agricultural' }, NONE, 'for farmers'],
  [{ motor_vehicle: 'yes;no' }, NONE, 'of two values the one that closes'],
  [{ access: 'unknown' }, OPEN, 'nothing is said'],
  [{ 'motor_vehicle:backward': 'no' }, '28/26 -/-', 'by direction'],
  [{ 'motorcar:forward': 'no' }, '28/- 28/26', 'by direction and vehicle'],
  [{ motor_vehicle: 'emergency' }, OPEN, 'for emergency vehicles'],
  [{ maxheight: '2.1' }, MOTORCYCLES, 'too low for a car'],
  [{ maxheight: '7\'6"' }, MOTORCYCLES, 'in feet'],
  [{ maxheight: 'default' }, OPEN, 'no number'],
  [{ maxwidth: '1,8 m' }, MOTORCYCLES, 'too narrow, with a comma'],
  [{ width: '1.5' }, MOTORCYCLES, 'a narrow gang'],
  [{ maxweight: '2' }, MOTORCYCLES, 'a weak bridge'],
  [{ maxweight: '8 t' }, OPEN, 'a bridge that carries it'],
  [{ smoothness: 'impassable' }, NONE, 'nobody passes'],
])('a street with %j drives %s: %s', (tags, expected) => {
  expect(speedsOf({ highway: 'residential', ...tags })).toBe(expected);
});

test.each<[Tags, string, string]>([
  [{ highway: 'path' }, '12/- 12/-', 'the gang'],
  [{ highway: 'path', motorcycle: 'no' }, NONE, 'the gang that is closed'],
  [{ highway: 'path', motor_vehicle: 'no' }, NONE, 'by a more general key'],
  [{ highway: 'path', vehicle: 'no' }, NONE, 'and a still more general one'],
  [{ highway: 'path', foot: 'designated' }, NONE, 'a path for people on foot'],
  [{ highway: 'path', motor_vehicle: 'yes' }, '12/- 12/-', 'motor vehicles on a gang are motorcycles'],
  [{ highway: 'path', motorcar: 'yes' }, '12/8 12/8', 'a gang that cars take'],
  [{ highway: 'footway' }, NONE, 'a pavement'],
  [{ highway: 'footway', access: 'yes' }, NONE, 'open to the public on foot'],
  [{ highway: 'footway', motorcycle: 'yes' }, '12/- 12/-', 'a footway that is ridden'],
  [{ highway: 'footway', toll: 'yes' }, NONE, 'a footbridge with a fee is no toll road'],
  [{ highway: 'footway', toll: 'yes', motorcycle: 'yes' }, '12/- 12/-', 'nor one that is ridden'],
  [{ highway: 'footway', emergency: 'yes' }, '12/8 12/8', 'an access for ambulances'],
  [{ highway: 'cycleway', motorcycle: 'yes' }, '12/- 12/-', 'as with a footway'],
  [{ highway: 'pedestrian', motor_vehicle: 'destination' }, '12/8 12/8', 'a wide street for people on foot'],
  [{ highway: 'track' }, '12/- 12/-', 'a track between fields'],
  [{ highway: 'track', tracktype: 'grade5' }, NONE, 'a track of mud'],
  [{ highway: 'steps', motorcycle: 'yes' }, NONE, 'steps are never a road'],
  [{ highway: 'construction', construction: 'primary' }, NONE, 'nor is what is not built'],
  [{ highway: 'busway' }, NONE, 'a busway'],
  [{ highway: 'busway', emergency: 'designated' }, '38/36 38/36', 'a busway for ambulances too'],
  [{ highway: 'service' }, '20/14 20/14', 'a yard'],
  [{ highway: 'living_street' }, '20/14 20/14', 'a living street'],
  [{ highway: 'motorway' }, '-/70 -/-', 'a toll road, one way'],
  [{ highway: 'motorway', motor_vehicle: 'designated' }, '-/70 -/-', 'means cars'],
  [{ highway: 'motorway', motorcycle: 'designated' }, '46/70 -/-', 'the toll bridge with its own lane'],
  [{ highway: 'trunk', toll: 'yes' }, '-/70 -/70', 'a toll road of another class'],
  [{ highway: 'trunk', motorroad: 'yes' }, '-/46 -/46', 'a road for cars'],
])('%j drives %s: %s', (tags, expected) => {
  expect(speedsOf(tags)).toBe(expected);
});

test.each<[Tags, string, string]>([
  [{ oneway: 'yes' }, '28/26 -/-', 'forwards'],
  [{ oneway: '-1' }, '-/- 28/26', 'backwards'],
  [{ oneway: 'yes', 'oneway:motorcycle': 'no' }, '28/26 28/-', 'motorcycles both ways'],
  [{ 'oneway:motorcar': 'yes' }, '28/26 28/-', 'one-way for cars only'],
  [{ oneway: 'yes', 'oneway:motor_vehicle': '-1' }, '-/- 28/26', 'the more special key decides'],
  [{ oneway: 'yes', 'oneway:emergency': 'no' }, OPEN, 'ambulances both ways'],
  [{ junction: 'roundabout' }, '28/26 -/-', 'round'],
  [{ junction: 'circular' }, '28/26 -/-', 'round, without the right of way'],
  [{ junction: 'roundabout', oneway: '-1' }, '-/- 28/26', 'drawn the other way round'],
  [{ highway: 'motorway', oneway: 'no' }, '-/70 -/70', 'said to be both ways'],
  [{ oneway: 'reversible' }, NONE, 'at any hour one of them is wrong'],
  [{ oneway: 'alternating' }, OPEN, 'lights let one through at a time'],
  [{ 'oneway:conditional': 'yes @ (Mo-Fr 06:00-09:00)' }, '28/26 -/-', 'one-way at times is one-way'],
  [{ oneway: 'yes', 'oneway:conditional': 'no @ (22:00-05:00)' }, '28/26 -/-', 'and stays it'],
  [{ oneway: 'yes', 'oneway:conditional': '-1 @ (16:00-20:00)' }, NONE, 'turned round at times'],
])('a street with %j drives %s: %s', (tags, expected) => {
  expect(speedsOf({ highway: 'residential', ...tags })).toBe(expected);
});

test.each<[Tags, string]>([
  [{ 'access:conditional': 'no @ (Su 06:00-10:00)' }, NONE],
  [{ 'motor_vehicle:conditional': 'destination @ (06:00-10:00)' }, OPEN],
  [{ 'motorcycle:conditional': 'no @ (06:00-22:00)' }, CARS],
  [{ 'motor_vehicle:conditional': 'no @ (weight>5.5)' }, OPEN],
  [{ 'motorcar:conditional': 'no @ (height>2.1)' }, MOTORCYCLES],
  [{ 'motor_vehicle:conditional': 'no @ (weight>5.5 AND Mo-Fr 06:00-09:00)' }, OPEN],
  [{ access: 'no', 'access:conditional': 'yes @ (06:00-18:00)' }, NONE],
  [{ 'motor_vehicle:conditional': 'yes @ wet; no @ (06:00-09:00; 16:00-19:00)' }, NONE],
  [{ 'motor_vehicle:conditional': 'no @ (06:00-09:00)', emergency: 'yes' }, OPEN],
])('a condition that may close a road closes it: %j drives %s', (tags, expected) => {
  expect(speedsOf({ highway: 'residential', ...tags })).toBe(expected);
});

test.each<[Tags, string]>([
  [{ maxspeed: '20' }, '20/20 20/20'],
  [{ maxspeed: '60' }, '44/44 44/44'],
  [{ maxspeed: '10 mph' }, '16.09/16.09 16.09/16.09'],
  [{ maxspeed: '20 km/h' }, '20/20 20/20'],
  [{ maxspeed: 'walk' }, '6/6 6/6'],
  [{ maxspeed: 'ID:residential' }, '30/30 30/30'],
  [{ maxspeed: 'ID:urban' }, '44/44 44/44'],
  [{ maxspeed: 'none' }, '44/44 44/44'],
  [{ maxspeed: 'signals' }, '44/44 44/44'],
  [{ maxspeed: '0' }, '44/44 44/44'],
  [{ maxspeed: '40;20' }, '20/20 20/20'],
  [{ maxspeed: '40', 'maxspeed:motorcycle': '25' }, '25/40 25/40'],
  [{ 'maxspeed:backward': '20' }, '44/44 20/20'],
])('a limit slows and never speeds up: %j drives %s', (tags, expected) => {
  expect(speedsOf({ highway: 'primary', ...tags })).toBe(expected);
});

test('what is closed, to whom, and what is guessed stands in the report, once a way', () => {
  const { report } = readMap([
    ...[10, 20, 30].map((id) => node(id)),
    way(1, [10, 20]),
    way(2, [20, 30], { highway: 'residential', motorcycle: 'no' }),
    way(3, [20, 30], { highway: 'residential', 'access:conditional': 'no @ (Su)' }),
    way(4, [20, 30], { highway: 'residential', maxspeed: 'fast' }),
    way(5, [20, 30], { highway: 'residential', access: 'maybe' }),
    way(6, [20, 30], { highway: 'residential', access: 'private' }),
  ]);
  expect(report).toEqual(
    expect.arrayContaining([
      'left out: 1 × motorcycle=no for motorcycle',
      'left out: 1 × access:conditional',
      'judged: 1 × closed at times: taken as closed',
      'unknown: 1 × maxspeed=fast',
      'unknown: 1 × access=maybe',
      'read: 1 × private road, open to an ambulance at 10 km/h',
    ]),
  );
});
