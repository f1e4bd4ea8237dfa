/** The guard before the parser: what passes, what stops the walk, what ends the connection. */
import fc from 'fast-check';
import mqtt, { type Packet } from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import { PacketScanner } from '../../../../broker/connection/packet-scanner.ts';
import { connectPacket, publishPacket } from '../../../support/raw-mqtt-client.ts';

const LIMITS = { maxPacketBytes: 1_000, maxConnectBytes: 200 };
const CONNECT = mqtt.generate(connectPacket());

const bytes = (...packets: Packet[]) => Buffer.concat(packets.map((packet) => mqtt.generate(packet)));
const publish = (payload = '{}') => publishPacket('a/b', payload);

/** A scanner behind its CONNECT. */
function openScanner(): PacketScanner {
  const scanner = new PacketScanner(LIMITS);
  expect(scanner.scan(CONNECT, 0, 100)).toBe(CONNECT.length);
  return scanner;
}

function violationOf(chunk: Buffer, scanner = openScanner()) {
  scanner.scan(chunk, 100, 100);
  return scanner.violation;
}

describe('the scanner', () => {
  test('stops behind the CONNECT, whatever follows it in the chunk', () => {
    const scanner = new PacketScanner(LIMITS);
    expect(scanner.scan(Buffer.concat([CONNECT, bytes(publish())]), 100, 100)).toBe(CONNECT.length);
    expect(scanner.connectPassed).toBe(true);
  });

  test('stops at the first PUBLISH beyond the budget and passes other packets before it', () => {
    const scanner = openScanner();
    const allowed = bytes(publish(), { cmd: 'pingreq' }, publish());
    const chunk = Buffer.concat([allowed, bytes(publish(), { cmd: 'pingreq' })]);
    expect(scanner.scan(chunk, 2, 100)).toBe(allowed.length);
    expect(scanner.publishesBegun).toBe(2);
    expect(scanner.atBoundary).toBe(true);
  });

  test('stops at the first packet with a price when the work is used up, and says so', () => {
    const scanner = openScanner();
    const paid = bytes({ cmd: 'pingreq' }, { cmd: 'pubrel', messageId: 1 }, publish(), { cmd: 'pingreq' });
    const chunk = Buffer.concat([paid, bytes({ cmd: 'pingreq' })]);
    expect(scanner.scan(chunk, 100, 4)).toBe(paid.length);
    expect([scanner.workBegun, scanner.needsWork]).toEqual([4, true]);
    const qos2 = bytes(publishPacket('a/b', '{}', { qos: 2, messageId: 1 }));
    expect(scanner.scan(qos2, 100, 0)).toBe(0);
    expect(scanner.scan(bytes(publish()), 0, 0)).toBe(0);
    expect(scanner.needsWork).toBe(false);
    expect(scanner.scan(bytes({ cmd: 'disconnect' }), 0, 0)).toBe(2);
  });

  test('finds the same packets however the bytes are cut into chunks', () => {
    const packets = bytes(publish('x'.repeat(300)), { cmd: 'pingreq' }, publish(''), publish('yz'));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: packets.length }), { maxLength: 20 }), (cuts) => {
        const scanner = openScanner();
        const ends = [...new Set(cuts), packets.length].sort((a, b) => a - b);
        let from = 0;
        let begun = 0;
        for (const end of ends) {
          const part = packets.subarray(from, end);
          expect(scanner.scan(part, 100, 100)).toBe(part.length);
          begun += scanner.publishesBegun;
          from = end;
        }
        expect(scanner.violation).toBeUndefined();
        expect(scanner.atBoundary).toBe(true);
        expect(begun).toBe(3);
      }),
    );
  });

  test('cuts a PUBLISH over the limit at its fixed header, before its body has come', () => {
    const header = Buffer.of(0x30, 0xff, 0xff, 0xff, 0x7f);
    expect(violationOf(header)).toBe('packet-too-large');
  });

  test('passes a packet of exactly the limit and refuses one byte more', () => {
    const ofSize = (size: number) => {
      const packet = bytes(publish('x'.repeat(size - 8)));
      expect(packet.length).toBe(size);
      return packet;
    };
    expect(violationOf(ofSize(1_000))).toBeUndefined();
    expect(violationOf(ofSize(1_001))).toBe('packet-too-large');
  });

  test('gives a CONNECT less room than other packets', () => {
    const chunk = mqtt.generate(connectPacket({ username: 'u'.repeat(250) }));
    expect(violationOf(chunk, new PacketScanner(LIMITS))).toBe('packet-too-large');
  });

  test('never passes more bytes than it was given, nor any behind a violation', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 64 })), (chunks) => {
        const scanner = openScanner();
        for (const chunk of chunks) {
          const passed = scanner.scan(chunk, 5, 100);
          expect(passed).toBeGreaterThanOrEqual(0);
          expect(passed).toBeLessThanOrEqual(chunk.length);
          expect(scanner.publishesBegun).toBeLessThanOrEqual(5);
          if (scanner.violation) {
            expect(passed).toBe(0);
            return;
          }
        }
      }),
    );
  });

  test.each([
    ['a PUBLISH before the CONNECT', bytes(publish()), 'protocol-violation', new PacketScanner(LIMITS)],
    ['a second CONNECT', CONNECT, 'protocol-violation', undefined],
    ['a CONNACK from a client', Buffer.of(0x20, 2, 0, 0), 'protocol-violation', undefined],
    ['the reserved type 0', Buffer.of(0x00, 0), 'protocol-violation', undefined],
    ['the reserved type 15', Buffer.of(0xf0, 0), 'protocol-violation', undefined],
    ['a PUBLISH with both QoS bits', Buffer.of(0x36, 5), 'malformed', undefined],
    ['a SUBSCRIBE with flags 0', Buffer.of(0x80, 8), 'malformed', undefined],
    ['a PINGREQ with a body', Buffer.of(0xc0, 1, 0), 'malformed', undefined],
    ['a length field of five bytes', Buffer.of(0x30, 0x80, 0x80, 0x80, 0x80, 1), 'malformed', undefined],
  ] as const)('ends the connection at %s', (_name, chunk, reason, scanner) => {
    expect(violationOf(chunk, scanner ?? openScanner())).toBe(reason);
  });
});
