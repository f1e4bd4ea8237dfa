import { describe, expect, it } from 'vitest';
import { type RiverGauge, riverGauge } from '../../../../devices/kinds/river-gauge.ts';
import { createRandom } from '../../../../firmware-sim/random.ts';
import { createRiverGauge } from '../../../../firmware-sim/rivers/river-gauge.ts';
import { createStoryClock } from '../../../../firmware-sim/story-clock.ts';
import { simulatedGauges } from '../support/simulated-city.ts';

const STARTED_AT = Date.UTC(2026, 0, 15);

function gaugeNamed(id: string): RiverGauge {
  const gauge = simulatedGauges.find((each) => each.id === id);
  if (!gauge) throw new Error(`no ${id}`);
  return gauge;
}

function open(id: string, rainMmPerMin: number) {
  const water = {
    stageM: () => 1.25,
    rainMm: (_: string, from: number, to: number) => (to - from) * rainMmPerMin,
  };
  return createRiverGauge(gaugeNamed(id), water, createStoryClock(STARTED_AT, 60), createRandom(1, id));
}

describe('river gauge', () => {
  it('sends the stage, or the distance where its sensor hangs at a height', () => {
    const level = open('upper', 0).measure(STARTED_AT)?.['levelM'];
    const distance = open('middle', 0).measure(STARTED_AT)?.['distanceM'];
    expect(level).toBeCloseTo(1.25, 1);
    expect(distance).toBeCloseTo(7 - 1.25, 1);
  });

  it('counts rain in whole tips and keeps what is less for the next report', () => {
    const gauge = open('upper', 0.05);
    const tips = Array.from(
      { length: 41 },
      (_, report) => gauge.measure(STARTED_AT + report * 1000)?.['rainMm'],
    );
    expect(new Set(tips)).toEqual(new Set([0, 0.2]));
    // 40 minutes of the story at 0.05 mm: 2 mm in all, one tip perhaps still in the bucket.
    const fallen = tips.reduce<number>((sum, tip) => sum + Number(tip), 0);
    expect(fallen).toBeGreaterThanOrEqual(1.8 - 1e-9);
    expect(fallen).toBeLessThanOrEqual(2 + 1e-9);
  });

  it('sends nothing that its kind would refuse', () => {
    for (const id of ['upper', 'middle', 'tide']) {
      expect(riverGauge.quickParse(open(id, 0.4).measure(STARTED_AT) ?? {}), id).toBeDefined();
    }
  });

  it('a tide gauge has no bucket for rain', () => {
    expect(open('tide', 1).measure(STARTED_AT)).not.toHaveProperty('rainMm');
  });
});
