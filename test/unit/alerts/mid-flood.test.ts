/** What changes in the middle of a flood: the operator's ladder, the box at the gauge, the version of every rule. */
import { expect, test } from 'vitest';
import { rateOfRise } from '../../../alerts/rules/rate-of-rise.ts';
import { riverLevel } from '../../../alerts/rules/river-level.ts';
import { timeToThreshold } from '../../../alerts/rules/time-to-threshold.ts';
import { type Entry, mergePatch } from '../../../cities/overlay.ts';
import { type AlertHouse, openAlertHouse, readingOf, START_MS } from '../../support/alert-house.ts';

const MINUTE = 60_000;
const FLOOD_AT = 200;
const FALLS_AT = 320;
const OVER_AT = 560;

/** Metres at a minute: an ordinary level, a rise of two hours to 2.4 m, and a fall of four. */
function flood(minute: number): number {
  if (minute < FLOOD_AT || minute >= OVER_AT) return 1 + 0.01 * (minute % 3);
  if (minute < FALLS_AT) return 1 + (1.4 * (minute - FLOOD_AT)) / (FALLS_AT - FLOOD_AT);
  return 2.4 - (1.4 * (minute - FALLS_AT)) / (OVER_AT - FALLS_AT);
}
const calm = (minute: number) => 1 + 0.01 * ((minute * 7) % 3);

type Levels = Readonly<Record<string, (minute: number) => number>>;

async function play(house: AlertHouse, levels: Levels, everyMin: number, from: number, to: number) {
  for (let minute = from; minute < to; minute += everyMin) {
    const atMs = START_MS + minute * MINUTE;
    await house.wait(Math.max(0, atMs - house.clock.ms), 10 * MINUTE);
    for (const [device, levelOf] of Object.entries(levels)) {
      await house.read(readingOf(device, atMs, { levelM: Number(levelOf(minute).toFixed(2)) }));
    }
  }
}

async function change(house: AlertHouse, id: string, fields: Entry): Promise<void> {
  await house.registry.change({
    actor: 'test',
    at: house.clock.ms,
    makeEdits: async ({ findNow }) => [
      { list: 'devices', id, entry: mergePatch(findNow('devices', id), fields) },
    ],
  });
  await house.read();
}

const steps = (...levelsM: number[]) => ({
  thresholds: (['minor', 'moderate', 'extreme'] as const).map((severity, index) => ({
    ...{ severity, label: { id: `tingkat ${index + 1}`, en: `step ${index + 1}` } },
    levelM: levelsM[index],
  })),
});

const openLevels = (house: AlertHouse) => house.alerts.open().filter(({ rule }) => rule === 'river-level');
const listLevels = (house: AlertHouse) =>
  house.alerts.list({ limit: 20, audience: 'public', rule: 'river-level' });

test.each<[string, Entry, RegExp]>([
  ['no hysteresis', { hysteresisM: 0 }, /hysteresisM/],
  ['steps out of order', steps(1.5, 3, 2), /must ascend/],
  ['two steps alike', steps(1.5, 1.5, 2), /must ascend/],
  ['an end below the ordinary level', { hysteresisM: 0.6 }, /never clears/],
  ['a step that the sensor cannot see', { sensorRangeM: [0, 2.5] }, /cannot see 3 m/],
])('%s is refused in a flood, and its alert stands as it was', async (_, fields, why) => {
  await using house = await openAlertHouse();
  await play(house, { hulu: flood }, 10, 0, FALLS_AT);
  const before = openLevels(house);
  expect(before).toMatchObject([{ severity: 'moderate' }]);
  await expect(change(house, 'hulu', fields)).rejects.toThrow(why);
  expect(openLevels(house)).toEqual(before);
});

test.each([1, 10])(
  'two gauges swapped at %d min: no flood is lost, and none ends early',
  async (everyMin) => {
    await using house = await openAlertHouse();
    await play(house, { hulu: flood, tide: calm }, everyMin, 0, 300);
    await play(house, { hulu: calm, tide: flood }, everyMin, 300, 450);
    // The flood is at its other gauge now; the one that lost it says that it is in doubt.
    expect(new Set(openLevels(house).map(({ subject }) => subject))).toEqual(new Set(['hulu', 'tide']));
    const rules = house.alerts.open().map(({ rule, subject }) => `${rule} ${subject}`);
    expect(rules).toContain('gauge-suspect hulu');
    await play(house, { hulu: calm, tide: flood }, everyMin, 450, 900);
    const alerts = await listLevels(house);
    expect(alerts.map(({ state }) => state)).toEqual(['resolved', 'resolved']);
    const lost = alerts.find(({ subject }) => subject === 'hulu');
    expect(lost?.text.en).toMatch(/has been in doubt since .* Only the time that has passed/);
    expect(house.alerts.open().filter(({ rule }) => rule === 'gauge-suspect')).toEqual([]);
  },
);

test.each([
  ['higher', 0.7, 1],
  ['higher', 0.7, 10],
  ['lower', -0.7, 1],
  ['lower', -0.7, 10],
])(
  'another box, its datum %s by %d m, at %d min: this flood ends once, and the next is one alert',
  async (_, byM, everyMin) => {
    await using house = await openAlertHouse();
    const again = (minute: number) => flood(minute % 1_000) + byM;
    await play(house, { hulu: flood }, everyMin, 0, 300);
    await play(house, { hulu: again }, everyMin, 300, 340);
    await change(house, 'hulu', { ...steps(1.5 + byM, 2 + byM, 3 + byM), normalLevelM: 1 + byM });
    expect(openLevels(house)).toHaveLength(1);
    await play(house, { hulu: again }, everyMin, 340, 450);
    expect(openLevels(house), 'its river is still high').toHaveLength(1);
    await play(house, { hulu: again }, everyMin, 450, 1_000);
    expect((await listLevels(house)).map(({ state }) => state)).toEqual(['resolved']);
    await play(house, { hulu: again }, everyMin, 1_000, 1_600);
    const [next, ...rest] = await listLevels(house);
    expect(rest).toHaveLength(1);
    expect(next).toMatchObject({ state: 'resolved', highestSeverity: 'moderate' });
  },
);

test('every rule gets another version in a flood: alerts stay, nothing is told twice, what was learnt is kept', async () => {
  await using house = await openAlertHouse();
  const storms = { hulu: (minute: number) => flood(minute % 1_000) };
  await play(house, storms, 5, 0, 2_260);
  await house.wait(40_000);
  const open = house.alerts.open().map(({ id, rule }) => `${rule} ${id}`);
  expect(open.length).toBeGreaterThan(1);
  const told = house.told.length;
  const before = await readLearnt(house);
  expect(before.shares).toBeGreaterThan(50);
  await ageRules(house);
  await house.crash();
  await play(house, storms, 5, 2_260, 2_280);
  await house.wait(40_000);
  expect(house.alerts.open().map(({ id, rule }) => `${rule} ${id}`)).toEqual(open);
  const news = house.told.slice(told).filter(({ change: said }) => said !== 'escalated');
  expect(news.map(({ alert, change: said }) => `${alert.rule} ${said}`)).toEqual([]);
  const after = await readLearnt(house);
  expect(after.floods).toEqual(before.floods);
  expect(after.days).toEqual(before.days);
  for (const each of ['pairs', 'ordinary', 'shares'] as const) {
    expect(after[each], each).toBeGreaterThanOrEqual(before[each]);
  }
});

const GAUGE_KEY = 'device:hulu';

async function readState({ database }: AlertHouse): Promise<string> {
  const query = database.selectFrom('alert_engine').select('document').where('key', '=', GAUGE_KEY);
  return (await query.executeTakeFirstOrThrow()).document;
}

/** What the gauge's saved memories have learnt over a long time; of rules of today's versions. */
async function readLearnt(house: AlertHouse) {
  const { base, tracks } = JSON.parse(await readState(house)).timeline;
  const memoryOf = ({ name, version }: { name: string; version: number }) =>
    tracks[`${name}@${version}`].memory;
  const { drain, ordinaryCount } = memoryOf(riverLevel);
  return {
    pairs: base.noise.pairs as number,
    ordinary: ordinaryCount as number,
    floods: drain.floods as unknown,
    days: memoryOf(rateOfRise).days as unknown,
    shares: memoryOf(timeToThreshold).shares.learnt as number,
  };
}

/** The saved memories as rules of an earlier version left them. */
async function ageRules(house: AlertHouse): Promise<void> {
  const saved = await readState(house);
  const document = saved.replaceAll(/"([a-z-]+)@\d+":/g, '"$1@0":');
  expect(document).not.toBe(saved);
  await house.database.updateTable('alert_engine').set({ document }).where('key', '=', GAUGE_KEY).execute();
}
