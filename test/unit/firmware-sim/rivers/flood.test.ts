import { describe, expect, it } from 'vitest';
import { loadCity } from '../../../../cities/city.ts';
import { isRiverGauge } from '../../../../devices/kinds/river-gauge.ts';
import { createFlood, findBasins, type GaugeFlood } from '../../../../firmware-sim/rivers/flood.ts';
import { createFloodStory } from '../../../../firmware-sim/rivers/flood-story.ts';
import { peakOf, routeDownstream, runOff } from '../../../../firmware-sim/rivers/flow.ts';
import { tideM } from '../../../../firmware-sim/rivers/tide.ts';
import { simulatedGauges } from '../support/simulated-city.ts';

function gaugeOf(flood: ReturnType<typeof createFlood>, id: string): GaugeFlood {
  const found = flood.gauges.get(id);
  if (!found) throw new Error(`no ${id}`);
  return found;
}

const semarang = loadCity('semarang').devices.filter(isRiverGauge);

describe('flow', () => {
  it('a wave arrives later and lower at the end of a reach', () => {
    const rain = new Float64Array(600);
    rain.fill(80, 10, 50);
    const above = runOff(rain);
    const below = routeDownstream(above, 45);
    expect(peakOf(below).minute).toBeGreaterThan(peakOf(above).minute + 30);
    expect(peakOf(below).value).toBeLessThan(peakOf(above).value);
  });

  it('a reach loses no water', () => {
    const inflow = new Float64Array(2000);
    inflow.fill(3, 10, 100);
    const sum = (series: Float64Array) => series.reduce((total, flow) => total + flow, 0);
    expect(sum(routeDownstream(inflow, 60))).toBeCloseTo(sum(inflow), 3);
  });
});

describe('flood', () => {
  it('runs down the river: each gauge peaks after and lower in its bed than the one above', () => {
    const flood = createFlood(simulatedGauges, 1, 0);
    const river = ['upper', 'middle', 'lower'].map((id) => gaugeOf(flood, id));
    const peaksMin = river.map((each) => each.peakMin);
    const peaksM = river.map((each) => peakOf(each.stageM).value);
    expect(peaksMin).toEqual([...peaksMin].sort((a, b) => a - b));
    expect(new Set(peaksMin).size).toBe(3);
    // The three beds of the small city are alike, so stages compare.
    expect(peaksM).toEqual([...peaksM].sort((a, b) => b - a));
  });

  it('passes the severe threshold below the springs of its main river and ends below the first one', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const flood = createFlood(semarang, seed, 0);
      for (const { gauge, stageM } of flood.main.filter((each) => each.gauge.upstream.length > 0)) {
        const severe = gauge.thresholds.find((each) => ['severe', 'extreme'].includes(each.severity));
        expect(peakOf(stageM).value, gauge.id).toBeGreaterThan(severe?.levelM ?? Number.POSITIVE_INFINITY);
      }
      for (const { gauge, stageM } of flood.gauges.values()) {
        const first = gauge.thresholds[0]?.levelM ?? 0;
        expect(stageM[flood.durationMin], gauge.id).toBeLessThan(first - gauge.hysteresisM);
      }
    }
  });

  it('leads down the Banjir Kanal Barat first, over Simongan to the mouth', () => {
    const main = createFlood(semarang, 1, 0).main.map(({ gauge }) => gauge.id);
    expect(main).toContain('bendung-simongan');
    expect(main.at(-1)).toBe('bkb-muara');
  });

  it('stays within what each sensor can see', () => {
    for (const number of [0, 1, 2, 3]) {
      for (const { gauge, stageM } of createFlood(semarang, 9, number).gauges.values()) {
        expect(Math.max(...stageM), gauge.id).toBeLessThan(gauge.sensorRangeM[1]);
        expect(Math.min(...stageM), gauge.id).toBeGreaterThanOrEqual(gauge.normalLevelM);
      }
    }
  });

  it('tells the same story for the same seed and another for another', () => {
    const again = (seed: number) => gaugeOf(createFlood(semarang, seed, 0), 'bendung-simongan').stageM;
    expect(again(7)).toEqual(again(7));
    expect(again(7)).not.toEqual(again(8));
  });

  it('refuses rivers that run in a circle', () => {
    const circle = simulatedGauges.map((gauge) =>
      gauge.id === 'upper' ? { ...gauge, upstream: [{ gauge: 'lower', lagMin: 10 }] } : gauge,
    );
    expect(() => findBasins(circle)).toThrow('a river runs in a circle');
  });

  it('joins rivers into one basin where they meet, upstream first', () => {
    const basins = findBasins(simulatedGauges).map((basin) => basin.map((gauge) => gauge.id));
    expect(basins).toEqual([['upper', 'middle', 'lower'], ['brook']]);
  });
});

describe('the story of the rivers', () => {
  it('lets the first flood of Semarang pass in less than five minutes of real time', () => {
    const story = createFloodStory(semarang, 1);
    expect((story.firstFloodEndsMin * 60) / story.defaultSpeed).toBeLessThan(300);
  });

  it('goes from calm through rain and peaks back to calm', () => {
    const story = createFloodStory(simulatedGauges, 1);
    const phrases: string[] = [];
    for (let minute = 0; minute < 400; minute++) {
      const phrase = story.describe(minute);
      if (phrases.at(-1) !== phrase) phrases.push(phrase);
    }
    expect(phrases.slice(0, 2)).toEqual(['calm', 'clouds gather']);
    expect(phrases).toContain('rain');
    expect(phrases.indexOf('peak at lower')).toBeGreaterThan(phrases.indexOf('peak at upper'));
    expect(phrases.slice(-2)).toEqual(['receding', 'calm']);
  });

  it('follows one flood with another without a step in the water', () => {
    const story = createFloodStory(simulatedGauges, 1);
    for (let minute = 1; minute < 3000; minute++) {
      const rise = Math.abs(story.stageM('lower', minute) - story.stageM('lower', minute - 1));
      expect(rise, `minute ${minute}`).toBeLessThan(0.25);
    }
  });

  it('counts the rain between two reports once, however the time is cut', () => {
    const story = createFloodStory(simulatedGauges, 1);
    let inPieces = 0;
    for (let minute = 0; minute < 90; minute += 0.7) inPieces += story.rainMm('upper', minute, minute + 0.7);
    expect(inPieces).toBeGreaterThan(10);
    expect(inPieces).toBeCloseTo(story.rainMm('upper', 0, 90.3), 6);
  });
});

describe('tide', () => {
  const gauge = simulatedGauges.find((each) => each.tidal);
  it('starts below the mean and passes the first threshold a little at its highest, half a day on', () => {
    if (!gauge) throw new Error('the small city has a tide gauge');
    const levels = Array.from({ length: 3 * 24 * 60 }, (_, minute) => tideM(gauge, minute));
    expect(levels[0]).toBeLessThan(gauge.normalLevelM);
    const first = gauge.thresholds[0]?.levelM ?? 0;
    expect(Math.max(...levels)).toBeGreaterThan(first);
    expect(Math.max(...levels)).toBeLessThan(first * 1.1);
    expect(levels.indexOf(Math.max(...levels))).toBe(12 * 60);
  });
});
