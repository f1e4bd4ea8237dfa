import { describe, expect, test } from 'vitest';
import type { Threshold } from '../../../../dashboards/situation-room/state/api/api-shapes.ts';
import {
  levelSpan,
  nextThreshold,
  thresholdAt,
  trendOf,
} from '../../../../dashboards/situation-room/state/levels.ts';
import { createSpeech, loadWords } from '../../../../dashboards/situation-room/state/words/speech.ts';

await loadWords('id');
await loadWords('en');

const label = { id: 'Siaga', en: 'Alert' };
const thresholds: Threshold[] = [
  { severity: 'minor', label, levelM: 1.5, comparator: '>=' },
  { severity: 'severe', label, levelM: 1.8, comparator: '>' },
];

describe('a stage against its thresholds', () => {
  test.each([
    [1.49, undefined, 'minor'],
    [1.5, 'minor', 'severe'],
    [1.8, 'minor', 'severe'],
    [1.801, 'severe', undefined],
  ])(
    'of %s m has met %s, and the next is %s: the comparator decides at the exact level',
    (levelM, met, next) => {
      expect(thresholdAt(levelM, thresholds)?.severity).toBe(met);
      expect(nextThreshold(levelM, thresholds)?.severity).toBe(next);
    },
  );

  test('is always inside the span that is drawn, with every threshold', () => {
    for (const levelM of [-3, 0.5, 9]) {
      const { minM, maxM } = levelSpan({ normalLevelM: 0.5, thresholds }, [levelM]);
      expect(minM).toBeLessThan(Math.min(levelM, 0.5));
      expect(maxM).toBeGreaterThan(Math.max(levelM, 1.8));
    }
  });

  test.each([
    [0.01, 'steady'],
    [0.02, 'rise'],
    [0.4, 'steep-rise'],
    [-0.02, 'fall'],
    [-0.25, 'steep-fall'],
  ])('that changed by %s m in five minutes is called %s', (changeM, trend) => {
    expect(trendOf(changeM)).toBe(trend);
  });
});

describe('speech', () => {
  const indonesian = createSpeech('id', 'Asia/Jakarta');
  const english = createSpeech('en', 'Asia/Jakarta');

  test('writes metres and changes as each language does', () => {
    expect(indonesian.metres(1.824)).toBe('1,82');
    expect(english.metres(1.824)).toBe('1.82');
    expect(indonesian.signed(0.4)).toBe('+0,40');
    expect(indonesian.signed(-0.4)).toBe('−0,40');
    expect(english.signed(0.001)).toBe('0.00');
  });

  test('writes the time of the city, whatever the zone of the computer', () => {
    const atMs = Date.UTC(2026, 0, 15, 17, 5, 9);
    expect(indonesian.time(atMs)).toBe('00.05.09');
    expect(english.time(atMs)).toBe('00:05:09');
    expect(indonesian.zone).toBe('WIB');
    expect(english.date(atMs)).toBe('Fri 16 Jan 2026'.replace('Fri ', 'Fri, '));
  });

  test.each([
    ['Asia/Jakarta', 'WIB'],
    ['Asia/Pontianak', 'WIB'],
    ['Asia/Makassar', 'WITA'],
    ['Asia/Jayapura', 'WIT'],
  ])('names the zone of %s as it is today: %s', (timeZone, zone) => {
    expect(createSpeech('en', timeZone).zone).toBe(zone);
  });

  test.each([
    [-5, '0 dtk'],
    [59_999, '59 dtk'],
    [60_000, '1 mnt'],
    [2 * 3_600_000 + 300_000, '2 j 05 mnt'],
    [50 * 3_600_000, '2 hr'],
  ])('says an age of %s ms as %s', (ms, said) => {
    expect(indonesian.age(ms)).toBe(said);
  });
});
