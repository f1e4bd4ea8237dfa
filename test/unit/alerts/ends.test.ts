/** What people read when an alert is over or withdrawn: each rule has words of its own for it. */
import { describe, expect, test } from 'vitest';
import type { Values } from '../../../devices/reading.ts';
import { type AlertHouse, openAlertHouse, readingOf, START_MS } from '../../support/alert-house.ts';
import { eventually } from '../../support/eventually.ts';

const MINUTE = 60_000;

async function play(house: AlertHouse, device: string, everyMs: number, series: readonly Values[]) {
  for (const [index, values] of series.entries()) {
    await house.read(readingOf(device, START_MS + index * everyMs, values));
  }
}

async function textOf(house: AlertHouse, rule: string) {
  const [alert] = await house.alerts.list({ limit: 1, audience: 'staff', rule });
  expect(alert, rule).toBeDefined();
  return { state: alert?.state, ...alert?.text };
}

const levels = (...values: number[]) => values.map((levelM) => ({ levelM }));

test('the end of a flood says where the river stands, below which step, how high it was and when', async () => {
  await using house = await openAlertHouse();
  await play(
    house,
    'bendung',
    10 * MINUTE,
    levels(1.4, 1.6, 1.9, 2.2, 2, 1.8, 1.6, 1.38, 1.3, 1.28, 1.28, 1.28),
  );
  expect(await textOf(house, 'river-level')).toEqual({
    state: 'resolved',
    en: 'Gauge bendung has fallen to 1.28 m, below ready (1.50 m). It peaked at 2.20 m at 10:00.',
    id: 'Gauge bendung sudah surut: 1,28 m, di bawah ambang siap (1,50 m). Tertinggi 2,20 m pukul 10.00.',
  });
});

test('a peak of another day carries its date', async () => {
  await using house = await openAlertHouse();
  const fall = Array.from({ length: 30 }, (_, index) => 2.4 - index * 0.04);
  await play(house, 'bendung', 60 * MINUTE, levels(1.4, 1.7, 2, 2.4, ...fall));
  const { en, id } = await textOf(house, 'river-level');
  expect(en).toContain('It peaked at 2.40 m at 12:30 on 15 January.');
  expect(id).toContain('Tertinggi 2,40 m pukul 12.30 tanggal 15 Januari.');
});

test('a jump that is withdrawn says that it was not confirmed, and where the river stands', async () => {
  await using house = await openAlertHouse();
  await play(house, 'bendung', MINUTE, levels(1.2, 3.4, 1.2));
  expect(await textOf(house, 'river-level')).toEqual({
    state: 'withdrawn',
    en: 'Gauge bendung: the jump to 3.40 m at 09:31 was not confirmed; the level is 1.20 m.',
    id: 'Gauge bendung: lonjakan ke 3,40 m pukul 09.31 tidak terkonfirmasi; tinggi air 1,20 m.',
  });
});

describe('a spike leaves no height behind', () => {
  test.each([
    ['in a flood', [1.4, 1.6, 1.7, 3.3, 1.75, 1.7, 1.45, 1.35, 1.3, 1.3, 1.3, 1.3], '1.75 m at 10:10'],
    ['before one', [1.4, 3.3, 1.6, 1.7, 1.6, 1.45, 1.35, 1.3, 1.3, 1.3, 1.3], '1.70 m at 10:00'],
    ['twice', [1.4, 1.6, 3.3, 1.7, 3.1, 1.65, 1.45, 1.35, 1.3, 1.3, 1.3], '1.70 m at 10:00'],
  ])('%s', async (_, series, peak) => {
    await using house = await openAlertHouse();
    await play(house, 'bendung', 10 * MINUTE, levels(...series));
    const { state, en } = await textOf(house, 'river-level');
    expect(state).toBe('resolved');
    expect(en).toContain(`It peaked at ${peak}.`);
  });
});

test('a jump that was confirmed is the height, though the reading that confirmed it was lower', async () => {
  await using house = await openAlertHouse();
  await play(
    house,
    'bendung',
    10 * MINUTE,
    levels(1.4, 1.6, 2.6, 2.5, 2.3, 2.1, 1.9, 1.6, 1.38, 1.3, 1.3, 1.3, 1.3),
  );
  expect((await textOf(house, 'river-level')).en).toContain('It peaked at 2.60 m at 09:50.');
});

test('a fast rise that is over says the level, and not the sentence of its start', async () => {
  await using house = await openAlertHouse();
  const flat = Array.from({ length: 30 }, () => 1.3);
  await play(house, 'bendung', 2 * MINUTE, levels(0.5, 0.5, 0.5, 0.75, 1, 1.25, ...flat));
  const { state, en, id } = await textOf(house, 'rate-of-rise');
  expect(state).toBe('resolved');
  expect(en).toMatch(/^Gauge bendung is no longer rising fast; 1\.30 m at \d\d:\d\d\.$/);
  expect(id).toMatch(/^Gauge bendung tidak lagi naik cepat; 1,30 m pukul \d\d\.\d\d\.$/);
});

test('a forecast that is over says whether the river got there', async () => {
  await using house = await openAlertHouse();
  await play(
    house,
    'hulu',
    5 * MINUTE,
    levels(1, 1, 1, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.35, 1.4, 1.45, 1.5, 1.55),
  );
  const open = await textOf(house, 'time-to-threshold');
  expect(open.en).toMatch(
    /^Gauge hulu is 1\.\d\d m at \d\d:\d\d and rising\. At this rate it reaches .* at about \d\d:\d\d, probability \d0\u00a0%\.$/,
  );
  await using other = await openAlertHouse();
  const flat = Array.from({ length: 30 }, () => 1.42);
  await play(other, 'hulu', 5 * MINUTE, levels(1, 1, 1, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.35, 1.4, ...flat));
  const over = await textOf(other, 'time-to-threshold');
  expect(over.state).toBe('resolved');
  expect(over.id).toMatch(/^Gauge hulu tidak lagi diperkirakan mencapai .*; 1,42 m pukul \d\d\.\d\d\.$/);
});

test('an access point that is no longer overloaded says how many it serves and how many there were', async () => {
  await using house = await openAlertHouse();
  const clients = [20, 70, 70, 70, 83, 40, 30, 23, 23, 23, 23].map((count) => ({ clients: count }));
  await play(house, 'ap-1', MINUTE, clients);
  const { state, en, id } = await textOf(house, 'access-point-overloaded');
  expect(state).toBe('resolved');
  expect(en).toBe(
    'Access point 1 is no longer overloaded: 23 clients at 09:38, built for 50. There were up to 83.',
  );
  expect(id).toContain('tidak lagi kelebihan beban: 23 pengguna pukul 09.38');
});

test('a gauge that sends again says its level and for how long there was nothing', async () => {
  await using house = await openAlertHouse();
  await play(house, 'bendung', MINUTE, levels(1.4, 1.42));
  await house.wait(25 * MINUTE, 5_000);
  expect(await textOf(house, 'gauge-blind')).toMatchObject({
    state: 'open',
    id: expect.stringMatching(
      /^Gauge bendung: tidak ada data sejak pukul 09\.31 \(25 menit\)\. Tinggi air terakhir 1,42 m; keadaan sekarang tidak diketahui\.$/,
    ),
  });
  await house.read(readingOf('bendung', house.clock.ms, { levelM: 1.5 }));
  expect(await textOf(house, 'gauge-blind')).toEqual({
    state: 'resolved',
    en: 'Gauge bendung sends data again since 09:56: 1.50 m. It was silent since 09:31 (25 min).',
    id: 'Gauge bendung mengirim data lagi sejak pukul 09.56: 1,50 m. Sebelumnya terputus sejak pukul 09.31 (25 menit).',
  });
});

test('an uplink that is back says how many are connected again', async () => {
  await using house = await openAlertHouse();
  const all = ['ap-1', 'ap-2', 'ap-3', 'ap-4'];
  for (let minute = 0; minute < 5; minute++) {
    const at = START_MS + minute * MINUTE;
    await house.read(...all.map((id) => readingOf(id, at, { clients: 3 })));
  }
  await house.wait(10 * MINUTE, 5_000);
  expect((await textOf(house, 'uplink-down')).en).toBe(
    'Fibre 1 is down: 4 of the 4 access points on it send nothing. Check the line first.',
  );
  await house.read(...all.map((id) => readingOf(id, house.clock.ms, { clients: 3 })));
  await house.wait(5_000);
  expect(await textOf(house, 'uplink-down')).toEqual({
    state: 'resolved',
    en: 'Fibre 1 is back; all 4 access points are connected.',
    id: 'Fibre 1 pulih, 4 dari 4 titik Wi-Fi terhubung kembali.',
  });
});

test('a tracker that is charged again says how far', async () => {
  await using house = await openAlertHouse();
  const series = [15, 15, 40, 60, 62, 62, 62].map((batteryPct) => ({ batteryPct }));
  await play(house, 'motor-1', MINUTE, series);
  const { state, en } = await textOf(house, 'ambulance-low-battery');
  expect(state).toBe('resolved');
  expect(en).toMatch(/^The tracker of Motor 1 is charged again: \d\d % at \d\d:\d\d\.$/);
});

test('water that was expected from above is said by name, and that it has arrived', async () => {
  await using house = await openAlertHouse();
  await play(house, 'hulu', MINUTE, levels(1.4, 1.6, 1.8));
  await play(house, 'bendung', MINUTE, levels(1, 1, 1));
  await house.wait(MINUTE);
  const start = await textOf(house, 'upstream-rise');
  expect(start.id).toBe(
    'Air kiriman: Gauge hulu naik ke siap pukul 09.31. Airnya diperkirakan tiba di Gauge bendung antara pukul 09.55 dan pukul 11.31; di sini bisa sampai siap.',
  );
  for (const [index, levelM] of [1.2, 1.4, 1.55, 1.6].entries()) {
    await house.read(readingOf('bendung', START_MS + (30 + index * 10) * MINUTE, { levelM }));
  }
  expect(await textOf(house, 'upstream-rise')).toMatchObject({
    state: 'resolved',
    en: expect.stringMatching(
      /^The water from Gauge hulu has arrived at Gauge bendung: 1\.55 m at \d\d:\d\d\.$/,
    ),
  });
});

test('headline, title and text of a CAP message say that it is over or withdrawn', async () => {
  await using house = await openAlertHouse();
  await play(house, 'bendung', 10 * MINUTE, levels(1.4, 1.6, 1.7, 1.38, 1.3, 1.28, 1.28));
  await house.wait(1_000);
  // The outbox works by itself, after the commit.
  const over = await eventually(async () => {
    const [newest] = await house.alerts.listCap();
    expect(newest?.title).toBe('SELESAI: Gauge bendung: siap');
    return newest;
  });
  expect(over?.document).toContain('<headline>OVER: Gauge bendung: ready</headline>');
  expect(over?.document).toContain('<headline>SELESAI: Gauge bendung: siap</headline>');
  expect(over?.document).toContain('has fallen to 1.28 m');
  expect(over?.document).not.toContain('not confirmed yet');
});

test('a CAP message that is cancelled says that it is withdrawn', async () => {
  await using house = await openAlertHouse();
  await play(house, 'bendung', MINUTE, levels(1.2, 3.4));
  await house.wait(1_000);
  await house.read(readingOf('bendung', START_MS + 2 * MINUTE, { levelM: 1.2 }));
  await house.wait(1_000);
  const cancelled = await eventually(async () => {
    const [newest] = await house.alerts.listCap();
    expect(newest).toMatchObject({ messageType: 'Cancel', title: 'DICABUT: Gauge bendung: awas' });
    return newest;
  });
  expect(cancelled?.document).toContain('<headline>WITHDRAWN: Gauge bendung: danger</headline>');
});

test('an explanation is not cut at the abbreviation in a name, and says from when to when', async () => {
  await using house = await openAlertHouse();
  await play(house, 'bendung', 10 * MINUTE, levels(1.4, 1.6, 1.7, 1.38, 1.3, 1.28, 1.28));
  const [alert] = await house.alerts.list({ limit: 1, audience: 'public', rule: 'river-level' });
  if (!alert) throw new Error('there is no alert');
  const jl = {
    ...alert,
    text: { id: 'Jembatan Jl. Sudirman sudah surut.', en: 'Jembatan Jl. Sudirman has fallen.' },
  };
  const { sentences } = await house.alerts.explain(jl);
  expect(sentences.id).toMatch(
    /^Jembatan Jl\. Sudirman sudah surut\. Berlaku sejak pukul 09\.40 sampai pukul 10\.\d\d, dari \d bacaan;/,
  );
  expect(sentences.en).toMatch(
    /^Jembatan Jl\. Sudirman has fallen\. It was in force from 09:40 to 10:\d\d, from 1 reading; the last was at 10:\d\d and arrived at once\. /,
  );
});
