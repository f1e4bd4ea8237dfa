import { describe, expect, it } from 'vitest';
import { LatencyHistogram } from '../../../firmware-sim/latency-histogram.ts';

describe('latency histogram', () => {
  it('gives percentiles to within five per cent', () => {
    const histogram = new LatencyHistogram();
    for (let ms = 1; ms <= 1000; ms++) histogram.add(ms);
    expect(histogram.percentileMs(0.5)).toBeGreaterThanOrEqual(500);
    expect(histogram.percentileMs(0.5)).toBeLessThan(500 * 1.05);
    expect(histogram.percentileMs(0.99)).toBeGreaterThanOrEqual(990);
    expect(histogram.percentileMs(0.99)).toBeLessThan(990 * 1.05);
  });

  it('has nothing to say before the first', () => {
    expect(new LatencyHistogram().percentileMs(0.5)).toBeUndefined();
  });

  it('takes what is beyond its last bucket for two minutes', () => {
    const histogram = new LatencyHistogram();
    histogram.add(1e9);
    expect(histogram.percentileMs(1)).toBeGreaterThan(100_000);
  });
});
