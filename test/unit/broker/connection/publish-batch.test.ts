import fc from 'fast-check';
import mqtt from 'mqtt-packet';
import { expect, test } from 'vitest';
import { PublishBatch } from '../../../../broker/connection/publish-batch.ts';

test('a batch is the bytes that an independent writer makes of its packets, and so is the next', () => {
  const packets = fc.array(
    fc.record({
      topic: fc.string({ minLength: 1, maxLength: 100, unit: 'grapheme' }),
      length: fc.oneof(
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 16_200, max: 16_500 }),
        fc.constant(2_200_000),
      ),
      messageId: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(fc.array(packets, { minLength: 1, maxLength: 3 }), (batches) => {
      const batch = new PublishBatch();
      const taken: Buffer[] = [];
      const expected: Buffer[] = [];
      for (const each of batches) {
        for (const { topic, length, messageId } of each) {
          const payload = Buffer.alloc(length, taken.length + 1);
          batch.add(Buffer.from(topic), payload, messageId);
          const fields = { cmd: 'publish' as const, topic, payload, retain: false, dup: false };
          expected.push(
            mqtt.generate(messageId === undefined ? { ...fields, qos: 0 } : { ...fields, qos: 1, messageId }),
          );
        }
        taken.push(batch.take());
        expect(batch.length).toBe(0);
      }
      expect(Buffer.concat(taken).equals(Buffer.concat(expected))).toBe(true);
    }),
    { numRuns: 50 },
  );
});
