import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  DOWN_CHANNELS,
  formatDeviceTopic,
  ID_PATTERN,
  parseDeviceTopic,
  UP_CHANNELS,
} from '../../devices/topics.ts';

const id = fc.stringMatching(ID_PATTERN);
const channel = fc.constantFrom(...UP_CHANNELS, ...DOWN_CHANNELS);

test('every device topic that is formatted parses back to what it was', () => {
  fc.assert(
    fc.property(fc.record({ city: id, kind: id, device: id, channel }), (topic) => {
      expect(parseDeviceTopic(formatDeviceTopic(topic))).toEqual(topic);
    }),
  );
});

test('whatever text parses as a device topic formats back to the same text', () => {
  const almost = fc
    .tuple(
      fc.constantFrom('siaga', 'Siaga', ''),
      fc.array(fc.oneof(id, fc.string(), channel), { maxLength: 6 }),
    )
    .map(([root, parts]) => [root, ...parts].join('/'));
  fc.assert(
    fc.property(fc.oneof(almost, fc.string()), (text) => {
      const parsed = parseDeviceTopic(text);
      if (typeof parsed !== 'string') expect(formatDeviceTopic(parsed)).toBe(text);
    }),
  );
});
