/** What the page of the city makes of entries: patches, differences, one's own changes over somebody else's, drafts. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergePatch } from '../../../../cities/overlay.ts';
import { findRemedy } from '../../../../cities/remedies.ts';
import { createDrafts } from '../../../../dashboards/situation-room/city/drafts.ts';
import {
  applyPatch,
  canonical,
  idOf,
  listDifferences,
  makePatch,
  readNumber,
  rebase,
} from '../../../../dashboards/situation-room/city/entry-values.ts';
import { sayReason } from '../../../../dashboards/situation-room/city/sentences.ts';

const entry = fc.dictionary(
  fc.constantFrom('id', 'name', 'lat', 'beds', 'thresholds'),
  fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.array(fc.integer()),
    fc.dictionary(fc.constantFrom('a', 'b'), fc.integer()),
  ),
);

describe('an entry in the form', () => {
  test('the patch that is sent makes of what was read what was typed, as the server puts it together', () => {
    fc.assert(
      fc.property(entry, entry, (from, to) => {
        const patch = makePatch(from, to);
        expect(canonical(mergePatch(from, patch))).toBe(canonical(to));
        expect(canonical(applyPatch(from, patch))).toBe(canonical(to));
        if (canonical(from) === canonical(to)) expect(patch).toEqual({});
      }),
    );
  });

  test('differences are told down to each number', () => {
    const from = { name: 'A', thresholds: [{ levelM: 1 }, { levelM: 2 }] };
    const to = { name: 'A', thresholds: [{ levelM: 1 }, { levelM: 2.5 }], tidal: true };
    expect(listDifferences(from, to)).toEqual([
      { path: 'thresholds.1.levelM', from: 2, to: 2.5 },
      { path: 'tidal', from: undefined, to: true },
    ]);
  });

  test("one's own changes go over somebody else's, and what both have changed is named", () => {
    const base = { name: 'A', lat: 1, lng: 2 };
    const told = rebase(base, { name: 'Mine', lat: 1, lng: 3 }, { name: 'Theirs', lat: 9, lng: 3 });
    expect(told.value).toEqual({ name: 'Mine', lat: 9, lng: 3 });
    expect(told.both).toEqual(['name']);
  });

  test('a number is read with a comma, and what is none stays as it was typed', () => {
    expect([readNumber('1,5'), readNumber('−2'), readNumber('.5')]).toEqual([1.5, -2, 0.5]);
    expect([readNumber('1,5 m'), readNumber('1.2.3')]).toEqual(['1,5 m', '1.2.3']);
  });

  test('parameters of a rule are called as the server calls them', () => {
    expect(idOf('alertRules', { rule: 'river-level', device: 'bendung' })).toBe('river-level.device.bendung');
    expect(idOf('devices', { id: 'bendung' })).toBe('bendung');
  });

  test('a draft outlasts the page with the version that was seen, and nonsense is none', () => {
    const kept = new Map<string, string>([['siaga-city-draft:devices/b', '{']]);
    const drafts = createDrafts({
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: (key) => void kept.delete(key),
    });
    const draft = { value: { name: 'Typed' }, base: { name: 'A' }, etag: '"1"' };
    drafts.write('devices/a', draft);
    expect(drafts.read('devices/a')).toEqual(draft);
    expect(drafts.read('devices/b')).toBeUndefined();
    drafts.forget('devices/a');
    expect(kept.size).toBe(0);
  });
});

describe('sentences of check in Indonesian', () => {
  test.each([
    'Invalid input: expected number, received undefined',
    'Invalid input: expected number, received string',
    'Invalid option: expected one of ">="|">"',
    'Too small: expected string to have >=1 characters',
    'Too small: expected array to have >=1 items',
    'Too big: expected number to be <=90',
    'Unrecognized key: "colour"',
    'lower case letters, digits and hyphens, up to 64',
    'the id is used twice',
    "it lies outside the city's bounds; are lat and lng swapped?",
    'a device has this id already',
    'no upstream gauge nowhere',
    'no river nowhere',
    'the upstream gauges form a circle: a → b → a',
    'sensorRangeM must be [lowest, highest]',
    'the sensor cannot see the normal level 9 m',
    'the sensor cannot see 9 m',
    'the sensor hangs at 3 m and cannot see 6 m above it',
    'the normal level must lie more than the hysteresis below 1.5 m, or its alert never clears',
    'thresholds must ascend',
    'severities must ascend with the levels',
    'Invalid email address',
    'no mail server: SMTP_URL and MAIL_FROM are not set',
    'no bot: TELEGRAM_TOKEN is not set',
    'the number of a chat, or @name of a channel',
  ])('%s, and what to do about it', (reason) => {
    expect(sayReason(reason)).not.toBe(reason);
    const remedy = findRemedy(reason);
    expect(remedy, reason).toBeDefined();
    expect(sayReason(remedy as string)).not.toBe(remedy);
  });
});
