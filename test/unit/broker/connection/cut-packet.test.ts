/** The begin of a packet, kept until its end is here. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CutPacket } from '../../../../broker/connection/cut-packet.ts';

test('a packet comes out as it went in, in whatever pieces it came, and only when it is whole', () => {
  const packetAndCuts = fc
    .uint8Array({ minLength: 2, maxLength: 2_000 })
    .chain((packet) =>
      fc.tuple(
        fc.constant(Buffer.from(packet)),
        fc.uniqueArray(fc.integer({ min: 1, max: packet.length - 1 })),
      ),
    );
  fc.assert(
    fc.property(packetAndCuts, ([packet, cuts]) => {
      const ends = [...cuts.sort((a, b) => a - b), packet.length];
      const cut = new CutPacket();
      const [first] = ends as [number];
      if (first === packet.length) return;
      cut.begin(packet.subarray(0, first), packet.length);
      for (const [i, end] of ends.slice(1).entries()) {
        const joined = cut.join(packet.subarray(ends[i], end));
        if (end < packet.length) expect(joined).toBeUndefined();
        else expect(joined).toEqual(packet);
      }
      expect(cut.isEmpty).toBe(true);
    }),
  );
});

test('while nobody knows how long the packet is, all that is here comes out for another look', () => {
  const cut = new CutPacket();
  cut.begin(Buffer.from([0x32]), 0);
  expect(cut.join(Buffer.from([0x80]))).toEqual(Buffer.from([0x32, 0x80]));
  expect(cut.isEmpty).toBe(true);
});

test('what is kept is a copy of its own', () => {
  const bytes = Buffer.from([1, 2, 3]);
  const cut = new CutPacket();
  cut.begin(bytes, 4);
  bytes.fill(9);
  expect(cut.join(Buffer.from([4]))).toEqual(Buffer.from([1, 2, 3, 4]));
});
