/** The alarms as a whole: readings in, alerts, messages and records out. */
import { expect, test } from 'vitest';
import { openAlertHouse, readingOf, START_MS } from '../../support/alert-house.ts';

const MINUTE = 60_000;

function levels(device: string, startMs: number, ...values: number[]) {
  return values.map((levelM, index) => readingOf(device, startMs + index * MINUTE, { levelM }));
}

test('a rising river is one alert that is upgraded, and resolved after it has fallen for the hold time', async () => {
  await using house = await openAlertHouse();
  await house.read(
    ...levels('bendung', START_MS, 1.3, 1.4, 1.5, 1.7, 2, 2.2, 1.95, 1.7, 1.5, 1.3, 1.3, 1.3, 1.3, 1.3),
  );
  const alerts = await house.alerts.list({ limit: 10, audience: 'public', rule: 'river-level' });
  expect(alerts).toHaveLength(1);
  expect(alerts[0]).toMatchObject({
    state: 'resolved',
    highestSeverity: 'moderate',
    startedAt: START_MS + 2 * MINUTE,
    peak: 2.2,
  });
  const changes = alerts[0]?.log.map((entry) => entry.change);
  expect(changes).toEqual(['opened', 'upgraded', 'downgraded', 'resolved']);
});

test('an open alert is retained on its topic, and cleared after a last word when it is resolved', async () => {
  await using house = await openAlertHouse();
  await house.read(...levels('bendung', START_MS, 1.4, 1.6));
  await house.wait(1_000);
  const topic = `siaga/semarang/alerts/river-level-bendung-${(START_MS + MINUTE).toString(36)}`;
  expect(house.published).toMatchObject([{ topic, retain: true }]);
  expect(JSON.parse(house.published[0]?.payload ?? '')).toMatchObject({
    state: 'open',
    severity: 'minor',
    exercise: false,
    label: { id: 'siap', en: 'ready' },
  });
  await house.read(...levels('bendung', START_MS + 2 * MINUTE, 1.3, 1.3, 1.3, 1.3, 1.3));
  await house.wait(1_000);
  const [, last, cleared] = house.published;
  expect(last).toMatchObject({ topic, retain: false });
  expect(JSON.parse(last?.payload ?? '')).toMatchObject({ state: 'resolved' });
  expect(cleared).toEqual({ topic, payload: '', retain: true });
});

test('one dip in the middle of a flood clears nothing', async () => {
  await using house = await openAlertHouse();
  await house.read(...levels('bendung', START_MS, 1.4, 1.6, 0.7, 1.65));
  expect(house.alerts.open()).toMatchObject([{ state: 'open', rule: 'river-level' }]);
});

test('a spike that claims a higher level of an open alert says on MQTT that it is provisional', async () => {
  await using house = await openAlertHouse();
  await house.read(...levels('bendung', START_MS, 1.4, 1.6, 1.65, 3.2));
  await house.wait(1_000);
  const said = () => house.published.map(({ payload }) => JSON.parse(payload));
  expect(said()).toMatchObject([
    { state: 'open', severity: 'minor', provisional: false },
    { state: 'open', severity: 'extreme', provisional: true },
  ]);
  await house.read(...levels('bendung', START_MS + 4 * MINUTE, 1.7));
  await house.wait(1_000);
  expect(said().at(-1)).toMatchObject({ state: 'open', severity: 'minor', provisional: false });
});

test('a jump to the top level is raised at once as provisional, and withdrawn when the next reading is back', async () => {
  await using house = await openAlertHouse();
  await house.read(...levels('bendung', START_MS, 1.2, 3.4));
  expect(house.alerts.open()).toMatchObject([{ state: 'provisional', severity: 'extreme' }]);
  await house.read(...levels('bendung', START_MS + 2 * MINUTE, 1.2));
  expect(house.alerts.open()).toEqual([]);
  expect(await house.alerts.list({ limit: 10, audience: 'public' })).toMatchObject([{ state: 'withdrawn' }]);
});

test('a gauge that falls silent in a flood keeps its alert, which says that it is blind', async () => {
  await using house = await openAlertHouse();
  await house.read(...levels('bendung', START_MS, 1.4, 1.6, 1.7));
  await house.wait(10 * MINUTE);
  const open = house.alerts.open();
  expect(open).toMatchObject([
    { rule: 'river-level', state: 'open', blindSince: START_MS + 2 * MINUTE },
    { rule: 'gauge-blind', state: 'open' },
  ]);
  await house.read(readingOf('bendung', house.clock.ms, { levelM: 1.8 }));
  const level = house.alerts.open().find((alert) => alert.rule === 'river-level');
  expect(level).toMatchObject({ state: 'open', blindSince: undefined });
  expect(house.alerts.open().some((alert) => alert.rule === 'gauge-blind')).toBe(false);
});

test('an overloaded access point is told of after three report intervals, and not before', async () => {
  await using house = await openAlertHouse();
  const clients = (index: number, count: number) =>
    readingOf('ap-1', START_MS + index * MINUTE, { clients: count });
  await house.read(clients(0, 20), clients(1, 70), clients(2, 70), clients(3, 70));
  expect(house.alerts.open()).toEqual([]);
  await house.read(clients(4, 70));
  expect(house.alerts.open()).toMatchObject([{ rule: 'access-point-overloaded', severity: 'minor' }]);
});

test('a crash after any reading neither loses nor repeats an alert', async () => {
  const series = [1.3, 1.4, 1.5, 1.7, 2, 2.2, 1.95, 1.7, 1.5, 1.3, 1.3, 1.3, 1.3, 1.3];
  for (let crashAfter = 0; crashAfter < series.length; crashAfter++) {
    await using house = await openAlertHouse();
    for (const [index, reading] of levels('bendung', START_MS, ...series).entries()) {
      await house.read(reading);
      if (index === crashAfter) await house.crash();
    }
    const alerts = await house.alerts.list({ limit: 10, audience: 'public', rule: 'river-level' });
    expect(alerts, `crash after reading ${crashAfter}`).toHaveLength(1);
    expect(alerts[0]?.log.map((entry) => entry.change)).toEqual([
      'opened',
      'upgraded',
      'downgraded',
      'resolved',
    ]);
  }
});

test('while the journal takes nothing no device counts as silent, and afterwards each has its whole time again', async () => {
  let isDeaf = false;
  await using house = await openAlertHouse({ isDeaf: () => isDeaf });
  const everybody = () => [
    ...levels('bendung', house.clock.ms, 1),
    ...levels('hulu', house.clock.ms, 1),
    ...['ap-1', 'ap-2', 'ap-3', 'ap-4'].map((id) => readingOf(id, house.clock.ms, { clients: 3 })),
    readingOf('motor-1', house.clock.ms, { lat: -7, lng: 110.4, status: 'available' }),
  ];
  await house.read(...everybody());
  await house.wait(MINUTE);
  await house.read(...everybody());
  isDeaf = true;
  // Their connections break as well: the broker sheds those that it cannot acknowledge.
  house.fleet.observePresence('motor-1', 'offline', house.clock.ms);
  await house.wait(60 * MINUTE, 5_000);
  expect(house.alerts.open()).toEqual([]);
  isDeaf = false;
  await house.wait(30_000);
  expect(house.alerts.open()).toEqual([]);
  await house.wait(20 * MINUTE, 5_000);
  const rules = house.alerts.open().map((alert) => `${alert.rule} ${alert.subject}`);
  expect(rules.toSorted()).toEqual([
    'ambulance-silent motor-1',
    'gauge-blind bendung',
    'gauge-blind hulu',
    'uplink-down fibre-1',
  ]);
});

test('a silence from before the journal failed stays open, until the device is heard', async () => {
  let isDeaf = false;
  await using house = await openAlertHouse({ isDeaf: () => isDeaf });
  await house.read(...levels('bendung', START_MS, 1), ...levels('bendung', START_MS + MINUTE, 1));
  await house.wait(20 * MINUTE, 10_000);
  expect(house.alerts.open()).toMatchObject([{ rule: 'gauge-blind', state: 'open' }]);
  isDeaf = true;
  await house.wait(20 * MINUTE, 10_000);
  isDeaf = false;
  await house.wait(MINUTE);
  expect(house.alerts.open()).toMatchObject([{ rule: 'gauge-blind', state: 'open' }]);
  await house.read(...levels('bendung', house.clock.ms, 1));
  expect(house.alerts.open()).toEqual([]);
});

test('a rise within seconds says seconds and a slower one minutes, in each language with its own decimals', async () => {
  const textOf = async (stepMs: number) => {
    await using house = await openAlertHouse();
    for (const [index, levelM] of [0.5, 0.5, 0.5, 0.75, 1, 1.25].entries()) {
      await house.read(readingOf('bendung', START_MS + index * stepMs, { levelM }));
    }
    return house.alerts.open().find((alert) => alert.rule === 'rate-of-rise')?.text;
  };
  expect(await textOf(5_000)).toEqual({
    en: 'Gauge bendung is rising fast: 0.75 m in 25 s to 1.25 m at 09:30, 0.25 m below ready.',
    id: 'Gauge bendung naik cepat: 0,75 m dalam 25 detik, menjadi 1,25 m pukul 09.30; 0,25 m lagi ke siap.',
  });
  expect(await textOf(2 * MINUTE)).toEqual({
    en: 'Gauge bendung is rising fast: 0.75 m in 6 min to 1.25 m at 09:40, 0.25 m below ready.',
    id: 'Gauge bendung naik cepat: 0,75 m dalam 6 menit, menjadi 1,25 m pukul 09.40; 0,25 m lagi ke siap.',
  });
});
