/** A scenario: the level at a minute, and what cannot be played. */
import { expect, test } from 'vitest';
import { loadCity } from '../../../cities/city.ts';
import { findScenarioProblems, levelAt, makeTwins, scenarioSchema } from '../../../drill/scenario.ts';

const city = loadCity('semarang');
const scenarioOf = (...gauges: string[]) =>
  scenarioSchema.parse({
    name: 'x',
    minutes: 5,
    gauges: gauges.map((gauge) => ({ gauge, levels: [{ minute: 0, levelM: 1 }] })),
  });

test('a level moves in a straight line from point to point, and stays before the first and after the last', () => {
  const levels = [
    { minute: 2, levelM: 1 },
    { minute: 4, levelM: 3 },
    { minute: 10, levelM: 0 },
  ];
  expect([0, 2, 3, 4, 7, 10, 99].map((minute) => levelAt(levels, minute))).toEqual([1, 1, 2, 3, 1.5, 0, 0]);
});

test.each([
  [['nowhere'], 'there is no gauge nowhere in semarang'],
  [['kreo-cepoko', 'kreo-cepoko'], 'kreo-cepoko is there twice'],
])('%j cannot be played: %s', (gauges, sentence) => {
  expect([...findScenarioProblems(scenarioOf(...gauges), city)]).toEqual([sentence]);
});

test('what is no gauge is named with its kind', () => {
  const other = city.devices.find(({ kind }) => kind === 'wifi-access-point')?.id as string;
  expect([...findScenarioProblems(scenarioOf(other), city)]).toEqual([
    `${other} is a wifi-access-point, and not a river gauge`,
  ]);
});

test('twins know of each other as their gauges do, and of no gauge that measures', () => {
  const twins = makeTwins(scenarioOf('bkb-sudirman', 'bendung-simongan'), city);
  expect(twins.map(({ site }) => [site.id, site.upstream.map(({ gauge }) => gauge)])).toEqual([
    ['latihan-bkb-sudirman', ['latihan-bendung-simongan']],
    ['latihan-bendung-simongan', []],
  ]);
});

test('minutes that do not ascend are refused', () => {
  const levels = [
    { minute: 3, levelM: 1 },
    { minute: 3, levelM: 2 },
  ];
  const read = scenarioSchema.safeParse({
    name: 'x',
    minutes: 5,
    gauges: [{ gauge: 'kreo-cepoko', levels }],
  });
  expect(read.error?.issues[0]?.message).toBe('the minutes must ascend');
});
