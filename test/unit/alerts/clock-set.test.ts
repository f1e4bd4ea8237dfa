/** The alarms on a machine whose clock is set while they work: nobody is silent by it, nobody is forgotten. */
import { expect, test } from 'vitest';
import type { Channel } from '../../../alerts/notices/channel.ts';
import { QualityFlag } from '../../../devices/reading.ts';
import { type AlertHouse, openAlertHouse, readingOf, START_MS } from '../../support/alert-house.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

const flood = [1.4, 1.6, 1.7].map((levelM, index) =>
  readingOf('bendung', START_MS + index * MINUTE, { levelM }),
);
const blind = (house: AlertHouse) => house.alerts.open().filter(({ rule }) => rule === 'gauge-blind');

async function setClock(house: AlertHouse, stepMs: number): Promise<void> {
  house.clock.setByMs += stepMs;
  await house.alerts.clockSet(house.clock.ms + house.clock.setByMs, stepMs);
}

test.each([
  ['forward by an hour', HOUR],
  ['forward by a year', YEAR],
  ['back by two hours', -2 * HOUR],
  ['back by a year', -YEAR],
])('a clock set %s makes nobody silent, and whoever is silent is said in time', async (_, stepMs) => {
  await using house = await openAlertHouse();
  await house.read(...flood);
  await setClock(house, stepMs);
  await house.wait(4 * MINUTE);
  expect(blind(house)).toEqual([]);
  await house.wait(2 * MINUTE);
  expect(blind(house)).toMatchObject([{ subject: 'bendung', state: 'open' }]);
});

test('readings of a clock that was set back while we were down make nobody heard for ever', async () => {
  await using house = await openAlertHouse();
  await house.read(...flood);
  await house.wait(MINUTE);
  house.clock.setByMs -= 2 * HOUR;
  await house.crash();
  await house.wait(6 * MINUTE);
  expect(blind(house)).toMatchObject([{ subject: 'bendung' }]);
});

test('an alert that nobody takes in hand is said again, also after the clock was set back', async () => {
  await using house = await openAlertHouse();
  await house.read(
    ...[1.4, 2.1, 2.2].map((levelM, index) => readingOf('bendung', START_MS + index * MINUTE, { levelM })),
  );
  await setClock(house, -2 * HOUR);
  await house.wait(31 * MINUTE, 10_000);
  const [alert] = house.alerts.open().filter(({ rule }) => rule === 'river-level');
  expect(alert?.log.map(({ change }) => change)).toContain('escalated');
});

/** A way to people that refuses until it is told otherwise. */
function openChannel() {
  const channel = {
    name: 'desk',
    audience: 'people',
    isPublic: false,
    isDown: true as boolean,
    calls: 0,
    async send() {
      channel.calls++;
      if (channel.isDown) throw new Error('the desk does not answer');
    },
  } satisfies Channel & { isDown: boolean; calls: number };
  return channel;
}

const stateOf = async (house: AlertHouse) => {
  const rows = await house.database
    .selectFrom('notices')
    .select('state')
    .where('channel', '=', 'desk')
    .execute();
  return [...new Set(rows.map(({ state }) => state))];
};

test('a notice that waits for its next try gets it, also after the clock was set back', async () => {
  const desk = openChannel();
  await using house = await openAlertHouse({ channels: [desk] });
  await house.read(...flood);
  await house.wait(MINUTE);
  const before = desk.calls;
  desk.isDown = false;
  await setClock(house, -DAY);
  await house.wait(MINUTE);
  expect(desk.calls).toBeGreaterThan(before);
  expect(await stateOf(house)).toEqual(['sent']);
});

test('a clock set forward by a day gives up no notice that was hardly tried', async () => {
  const desk = openChannel();
  await using house = await openAlertHouse({ channels: [desk] });
  await house.read(...flood);
  await house.wait(2_000);
  await setClock(house, 2 * DAY);
  await house.wait(10_000);
  expect(await stateOf(house)).toEqual(['waiting']);
  desk.isDown = false;
  await house.wait(MINUTE);
  expect(await stateOf(house)).toEqual(['sent']);
});

test('a rate of notices is neither lifted nor locked by a clock that is set', async () => {
  const desk = openChannel();
  desk.isDown = false;
  await using house = await openAlertHouse({ channels: [desk] });
  await setClock(house, -YEAR);
  await house.read(...flood);
  await house.wait(2_000);
  expect(await stateOf(house)).toEqual(['sent']);
});

/** Readings of a gauge without a clock: dated by ours, whatever it says. */
const undated = (house: AlertHouse, ...levels: readonly number[]) =>
  levels.map((levelM, index) => {
    const atMs = house.clock.ms + house.clock.setByMs + (index + 1) * MINUTE;
    return readingOf('bendung', atMs, { levelM }, { quality: QualityFlag.serverTime });
  });

/** The house moves its clock to the receipt of what it reads, which is by the wall clock. */
async function hear(house: AlertHouse, ...levels: readonly number[]): Promise<void> {
  const readings = undated(house, ...levels);
  const before = house.clock.ms;
  await house.read(...readings);
  house.clock.ms = before + levels.length * MINUTE;
}

const floodOf = (house: AlertHouse) => house.alerts.open().filter(({ rule }) => rule === 'river-level');

test.each([
  ['a day', DAY],
  ['an hour', HOUR],
  ['five minutes', 5 * MINUTE],
])(
  'a flood after a step back of %s is raised by readings without a time of their own',
  async (_, aheadMs) => {
    await using house = await openAlertHouse();
    house.clock.setByMs = aheadMs;
    await hear(house, 1, 1.1, 1.2);
    await setClock(house, -aheadMs);
    await hear(house, 1.4, 1.6, 1.7);
    expect(floodOf(house)).toMatchObject([{ subject: 'bendung', state: 'open' }]);
  },
);

test('a flood goes on over a step back under its own id, began no later than now, and ends', async () => {
  await using house = await openAlertHouse();
  house.clock.setByMs = DAY;
  await hear(house, 1.4, 1.6, 1.7);
  const [before] = floodOf(house);
  await setClock(house, -DAY);
  const nowMs = house.clock.ms;
  expect(floodOf(house)).toMatchObject([{ id: before?.id, state: 'open' }]);
  expect(floodOf(house)[0]?.startedAt).toBeLessThanOrEqual(nowMs);
  await hear(house, 2.1, 2.2, 2.2);
  expect(floodOf(house)).toMatchObject([{ id: before?.id, severity: 'moderate' }]);
  await hear(house, ...[2, 1.8, 1.6, 1.4, 1.3, 1.2, 1.1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  expect(floodOf(house)).toEqual([]);
});

test('a flood is raised after a restart by a clock that is a day behind that of the last run', async () => {
  await using house = await openAlertHouse();
  house.clock.setByMs = DAY;
  await hear(house, 1, 1.1, 1.2);
  await house.wait(MINUTE);
  house.clock.setByMs = 0;
  await house.crash();
  await hear(house, 1.4, 1.6, 1.7);
  expect(floodOf(house)).toMatchObject([{ subject: 'bendung', state: 'open' }]);
});

test('a gauge that fell silent tomorrow is heard again today', async () => {
  await using house = await openAlertHouse();
  house.clock.setByMs = DAY;
  await hear(house, 1, 1, 1);
  await house.wait(7 * MINUTE);
  expect(blind(house)).toHaveLength(1);
  await setClock(house, -DAY);
  await hear(house, 1, 1, 1);
  await house.wait(2_000);
  expect(blind(house)).toEqual([]);
});

const serverClock = (house: AlertHouse) => house.alerts.open().filter(({ rule }) => rule === 'server-clock');
const skews = (house: AlertHouse) => house.alerts.open().filter(({ rule }) => rule === 'clock-skew');
const GAUGES = ['bendung', 'hulu', 'tide'];

/** Devices with right clocks, as ingest hands on what they send to a server whose clock is off. */
async function readAll(house: AlertHouse, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    await house.wait(MINUTE, 20_000);
    const trueMs = house.clock.ms;
    const receivedAt = trueMs + house.clock.setByMs;
    const isRefused = trueMs - receivedAt > MINUTE;
    for (const device of GAUGES) {
      const own = isRefused ? { deviceClockMs: trueMs } : {};
      const quality = isRefused ? QualityFlag.serverTime | QualityFlag.clockRefused : 0;
      const measuredAt = isRefused ? receivedAt : trueMs;
      await house.read(
        readingOf(device, measuredAt, { levelM: 1 + minute / 1_000, ...own }, { receivedAt, quality }),
      );
      house.clock.ms = trueMs;
    }
    await house.wait(2_000);
  }
}

test.each([
  ['an hour behind', -HOUR],
  ['two days ahead', 2 * DAY],
])('a server %s: it is told of itself, and of no device, until its clock is right', async (_, setByMs) => {
  await using house = await openAlertHouse();
  house.clock.setByMs = setByMs;
  await readAll(house, 8);
  expect(serverClock(house)).toMatchObject([{ subject: 'siaga', severity: 'moderate' }]);
  expect(serverClock(house)[0]?.text.en).toMatch(/^By the clocks of \d of \d devices this server's clock is/);
  expect(skews(house)).toEqual([]);
  await setClock(house, -setByMs);
  await readAll(house, 3);
  expect(serverClock(house)).toEqual([]);
  expect(skews(house)).toEqual([]);
});

test('a step away from what devices say is told at once, and ends with the step back to it', async () => {
  await using house = await openAlertHouse();
  await readAll(house, 3);
  expect(serverClock(house)).toEqual([]);
  await setClock(house, 7 * HOUR);
  await house.wait(2_000);
  expect(serverClock(house)[0]?.text.en).toContain("this server's clock is 7 h ahead");
  expect(serverClock(house)[0]?.text.en).toContain('or do all of them send local time as UTC?');
  await setClock(house, -7 * HOUR);
  await house.wait(2_000);
  expect(serverClock(house)).toEqual([]);
});

test('a step that no device can judge is told for an hour; one of less than a minute is not', async () => {
  await using house = await openAlertHouse();
  await setClock(house, -30_000);
  await house.wait(2_000);
  expect(serverClock(house)).toEqual([]);
  await setClock(house, DAY);
  await house.wait(2_000);
  expect(serverClock(house)[0]?.text.en).toContain('was set forward by 24 h');
  await house.wait(HOUR, 60_000);
  expect(serverClock(house)).toEqual([]);
});
