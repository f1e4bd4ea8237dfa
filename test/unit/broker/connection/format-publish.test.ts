import fc from 'fast-check';
import mqtt from 'mqtt-packet';
import { expect, test } from 'vitest';
import { formatPublish } from '../../../../broker/connection/format-publish.ts';

test('a PUBLISH is the bytes that an independent writer makes of it', () => {
  const topics = fc.string({ minLength: 1, maxLength: 100, unit: 'grapheme' });
  const lengths = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 16_200, max: 16_500 }));
  const identifiers = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined });
  fc.assert(
    fc.property(topics, lengths, identifiers, (topic, length, messageId) => {
      const payload = Buffer.alloc(length, 'x');
      const fields = { cmd: 'publish' as const, topic, payload, retain: false, dup: false };
      const expected = mqtt.generate(
        messageId === undefined ? { ...fields, qos: 0 } : { ...fields, qos: 1, messageId },
      );
      expect(formatPublish(topic, payload, messageId).equals(expected)).toBe(true);
    }),
  );
});
