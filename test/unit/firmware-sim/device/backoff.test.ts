import { describe, expect, it } from 'vitest';
import {
  RECONNECT_BASE_MS,
  RECONNECT_CAP_MS,
  RECONNECT_MIN_MS,
  reconnectDelayMs,
} from '../../../../firmware-sim/device/backoff.ts';
import { createRandom } from '../../../../firmware-sim/random.ts';

describe('back-off', () => {
  it('doubles its ceiling with each failure up to the cap', () => {
    const latest = () => 1 - Number.EPSILON;
    const ceilings = [1, 2, 3, 4, 5, 6, 50].map((failures) => Math.round(reconnectDelayMs(failures, latest)));
    expect(ceilings).toEqual([
      2000,
      4000,
      8000,
      16_000,
      RECONNECT_CAP_MS,
      RECONNECT_CAP_MS,
      RECONNECT_CAP_MS,
    ]);
  });

  it('never comes back at once, however lucky the draw', () => {
    expect(reconnectDelayMs(1, () => 0)).toBe(RECONNECT_MIN_MS);
  });

  it('spreads a thousand devices that lost the broker in one instant over the whole span', () => {
    const random = createRandom(1, 'jitter');
    const spanMs = 2 * RECONNECT_BASE_MS;
    const delays = Array.from({ length: 1000 }, () => reconnectDelayMs(1, random));
    const busiest = Math.max(
      ...Array.from({ length: 20 }, (_, slot) => {
        const fromMs = (slot * spanMs) / 20;
        return delays.filter((delayMs) => delayMs >= fromMs && delayMs < fromMs + spanMs / 20).length;
      }),
    );
    // 15 of the 20 slots are in use (from 500 ms on): 67 each on average, and none holds twice as many.
    expect(busiest).toBeLessThan(134);
  });
});
