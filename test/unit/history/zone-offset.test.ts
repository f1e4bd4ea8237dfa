import { describe, expect, test } from 'vitest';
import { createZoneOffset, windowStart } from '../../../history/zone-offset.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('a zone’s offset', () => {
  test('changes at the very millisecond in which its clocks change', () => {
    const springMs = Date.UTC(2026, 2, 29, 1);
    const offset = createZoneOffset('Europe/London', springMs - DAY_MS, springMs + DAY_MS);
    expect(offset(springMs - 1)).toBe(0);
    expect(offset(springMs)).toBe(HOUR_MS);
    const autumnMs = Date.UTC(2026, 9, 25, 1);
    expect(offset(autumnMs - 1)).toBe(HOUR_MS);
    expect(offset(autumnMs)).toBe(0);
  });

  test('is of quarter hours, of half hours, west of Greenwich and of no change at all', () => {
    const at = (timeZone: string, atMs: number) => createZoneOffset(timeZone, atMs, atMs + 1)(atMs);
    const winter = Date.UTC(2026, 0, 15);
    expect(at('Asia/Kathmandu', winter)).toBe(5.75 * HOUR_MS);
    expect(at('Australia/Lord_Howe', winter)).toBe(11 * HOUR_MS);
    expect(at('Australia/Lord_Howe', Date.UTC(2026, 6, 15))).toBe(10.5 * HOUR_MS);
    expect(at('America/St_Johns', winter)).toBe(-3.5 * HOUR_MS);
    expect(at('UTC', winter)).toBe(0);
    expect(at('Asia/Jakarta', winter)).toBe(7 * HOUR_MS);
  });

  test('is known over decades, and asked for over ten thousand years it ends with the last one', () => {
    const offset = createZoneOffset('Europe/London', Date.UTC(1990, 0, 1), Date.UTC(2026, 0, 1));
    expect(offset(Date.UTC(1990, 6, 1))).toBe(HOUR_MS);
    expect(offset(Date.UTC(2025, 6, 1))).toBe(HOUR_MS);
    const far = createZoneOffset('Europe/London', Date.UTC(2000, 0, 1), Date.UTC(9_999, 0, 1));
    expect([0, HOUR_MS]).toContain(far(Date.UTC(9_999, 0, 1)));
  });
});

test('a window of a day starts at local midnight, on days of 23 and of 25 hours too', () => {
  for (const [year, month, day] of [
    [2026, 2, 29],
    [2026, 9, 25],
    [2026, 6, 1],
  ] as const) {
    const noonMs = Date.UTC(year, month, day, 12);
    const offset = createZoneOffset('Europe/London', noonMs - DAY_MS, noonMs + DAY_MS);
    const startMs = windowStart(noonMs, DAY_MS, offset);
    expect(startMs + offset(startMs)).toBe(Date.UTC(year, month, day));
  }
});
