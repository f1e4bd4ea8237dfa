/** What somebody sees who starts the demo: judged by the real ingest and alarms, on the simulation's own clock. */
import { describe, expect, it } from 'vitest';
import { loadCity } from '../../../cities/city.ts';
import { isRiverGauge } from '../../../devices/kinds/river-gauge.ts';
import { SEVERITIES } from '../../../devices/site.ts';
import { formatChapter, keepTellingChapters } from '../../../firmware-sim/chapters.ts';
import { encoders } from '../../../firmware-sim/device/formats/index.ts';
import { createDispatcherTotals } from '../../../firmware-sim/dispatcher/dispatcher.ts';
import { createFlood } from '../../../firmware-sim/rivers/flood.ts';
import { playCity } from '../../support/simulated-minutes.ts';

const semarang = loadCity('semarang');
const gauges = semarang.devices.filter(isRiverGauge);
/** In Semarang it is half past nine, and the full evening. */
const STARTS = ['02:30', '12:20'].map((time) => Date.parse(`2026-01-15T${time}:00Z`));

describe('the first minutes of the demo', () => {
  it.each(STARTS)('raise no alert in the first of them, whatever the hour (%i)', async (startedAt) => {
    for (const seed of [1, 2]) {
      await using played = await playCity(semarang, startedAt, seed);
      await played.pass(60);
      expect(played.heard, 'the city does report').toBeGreaterThan(500);
      expect(await played.alerts()).toEqual([]);
    }
  });

  it('are calm in a city of long rivers too', async () => {
    await using played = await playCity(loadCity('jakarta'), STARTS[0] as number);
    await played.pass(60);
    expect(played.heard).toBeGreaterThan(30);
    expect(await played.alerts()).toEqual([]);
  });

  it('let one basin flood and drain within five, while no other river raises anything', async () => {
    const main = createFlood(gauges, 1, 0).main.map(({ gauge }) => gauge.id);
    await using played = await playCity(semarang, STARTS[1] as number);
    await played.pass(300);
    const alerts = await played.alerts();
    const levels = alerts.filter(({ rule }) => rule === 'river-level');
    expect(new Set(levels.map(({ subject }) => subject))).toEqual(new Set(main));
    for (const { subject, state, highestSeverity } of levels) {
      expect(state, subject).toBe('resolved');
      expect(SEVERITIES.indexOf(highestSeverity), subject).toBeGreaterThanOrEqual(
        SEVERITIES.indexOf('severe'),
      );
    }
    const elsewhere = alerts.filter(({ subject }) => !main.includes(subject));
    expect(elsewhere.map(({ rule }) => rule)).toEqual(['uplink-down']);
    expect(elsewhere[0]?.state).toBe('resolved');
  });

  it('are the same where devices speak many formats: nothing is refused but what breaks off, and nothing is real', async () => {
    const main = createFlood(gauges, 1, 0).main.map(({ gauge }) => gauge.id);
    await using played = await playCity(semarang, STARTS[1] as number, 1, new Set(encoders.keys()));
    await played.pass(60);
    expect(await played.alerts()).toEqual([]);
    await played.pass(240);
    const alerts = await played.alerts();
    const levels = alerts.filter(({ rule }) => rule === 'river-level');
    expect(new Set(levels.map(({ subject }) => subject))).toEqual(new Set(main));
    for (const { subject, state } of levels) expect(state, subject).toBe('resolved');
    const elsewhere = alerts.filter(({ subject }) => !main.includes(subject));
    expect(elsewhere.map(({ rule }) => rule)).toEqual(['uplink-down']);
    expect(alerts.every(({ exercise }) => exercise)).toBe(true);
    expect(played.real).toBe(0);
    const garbling = played.run.faultLines.find((line) => line.startsWith('garbage: '))?.split(' ')[1];
    const refused = await played.refused();
    expect(refused.filter((each) => !each.startsWith(`${garbling}: `))).toEqual([]);
    expect(refused.length).toBeGreaterThan(0);
  });

  it('are told chapter by chapter, in two languages', async () => {
    await using played = await playCity(semarang, STARTS[0] as number);
    const totals = createDispatcherTotals();
    const lines: string[] = [];
    const { run, clock } = played;
    const stop = keepTellingChapters(
      { ...{ city: semarang, clock, dispatcher: { totals } }, ...run, activeCuts: run.fleet.activeCuts },
      (at, text) => lines.push(formatChapter(at, text)),
    );
    await played.pass(20);
    totals.reported++;
    totals.assigned++;
    await played.pass(280);
    stop();
    const chapters = lines.map((line) => line.split('\n').map((each) => each.replace(/^\[.*?\]/, '').trim()));
    expect(chapters.map(([, en]) => en)).toEqual([
      'Calm: every river stands at its normal level.',
      'An emergency call reaches 112.',
      'The nearest ambulance is sent.',
      'Heavy rain upstream on Banjir Kanal Barat; the other rivers stay calm.',
      expect.stringMatching(/^The network fails: /),
      expect.stringMatching(/^The flood has peaked upstream and moves down to /),
      expect.stringMatching(/^The network is back: /),
      expect.stringMatching(/^The flood has peaked at .*; the water falls\.$/),
      'Banjir Kanal Barat is back to normal.',
    ]);
    expect(chapters[3]?.[0]).toBe('Hujan lebat di hulu Banjir Kanal Barat; sungai lain tetap tenang.');
    expect(new Set(chapters.map(([id]) => id)).size).toBe(chapters.length);
    expect(lines[0]).toMatch(/^\[0:00\] /);
  });
});
