import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatProxyHeader, parseProxyHeader } from '../../../../broker/listeners/proxy-header.ts';
import { PROXY_SIGNATURE, proxyV2, proxyV2From } from '../../../support/proxy-headers.ts';

const HELLO = Buffer.from([0x10, 2, 0, 4]);
const TARGET = [10, 0, 0, 1, 4, 0, 7, 91];

describe('a header of version 2', () => {
  test('says address and port of IPv4', () => {
    const header = proxyV2From('203.0.113.7', 51_234);
    const source = { address: '203.0.113.7', port: 51_234 };
    expect(parseProxyHeader(Buffer.concat([header, HELLO]))).toEqual({ length: header.length, source });
  });

  test('says address and port of IPv6, in the form that sockets show', () => {
    const source = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xab];
    const header = proxyV2({ family: 0x21, rest: [...source, ...new Array(16).fill(0), 0, 80, 7, 91] });
    expect(parseProxyHeader(header)).toEqual({
      length: 52,
      source: { address: '2001:db8::ab', port: 80 },
    });
  });

  test('may have more behind its addresses, which is skipped', () => {
    const header = proxyV2({ rest: [1, 2, 3, 4, ...TARGET, 4, 0, 3, 9, 9, 9] });
    expect(parseProxyHeader(header)).toMatchObject({ length: 34, source: { address: '1.2.3.4' } });
  });

  test.each([
    ['LOCAL, a health check', { command: 0, rest: [1, 2, 3, 4, ...TARGET] }],
    ['an unspecified family', { family: 0, rest: [] }],
    ['a socket of UNIX', { family: 0x31, rest: new Array(216).fill(0) }],
    ['UDP', { family: 0x12, rest: [1, 2, 3, 4, ...TARGET] }],
  ])('speaks of the proxy itself: %s', (_name, parts) => {
    expect(parseProxyHeader(proxyV2(parts))).toEqual({ length: 16 + parts.rest.length, source: undefined });
  });

  test.each([
    ['version 1 in binary', { version: 1, rest: TARGET }],
    ['version 3', { version: 3, rest: TARGET }],
    ['a command that is none', { command: 2, rest: TARGET }],
    ['a family that is none', { family: 0x41, rest: TARGET }],
    ['a transport that is none', { family: 0x13, rest: TARGET }],
    ['addresses that are cut', { rest: [1, 2, 3, 4] }],
    ['IPv6 with the addresses of IPv4', { family: 0x21, rest: [1, 2, 3, 4, ...TARGET] }],
    ['a length that nobody needs', { rest: [], length: 65_535 }],
  ])('is refused: %s', (_name, parts) => {
    expect(parseProxyHeader(proxyV2(parts))).toEqual({ fault: expect.stringContaining('PROXY header') });
  });
});

describe('a header of version 1', () => {
  const parse = (line: string) => parseProxyHeader(Buffer.from(line, 'latin1'));

  test.each([
    ['PROXY TCP4 203.0.113.7 10.0.0.1 51234 8883\r\n', { address: '203.0.113.7', port: 51_234 }],
    ['PROXY TCP6 2001:DB8:0::ab ::1 80 8883\r\n', { address: '2001:db8::ab', port: 80 }],
    ['PROXY UNKNOWN\r\n', undefined],
    ['PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n', undefined],
  ])('%j', (line, source) => {
    expect(parse(`${line}\x10\x02`)).toEqual({ length: line.length, source });
  });

  test.each([
    'PROXY TCP4 203.0.113.7 10.0.0.1 51234\r\n',
    'PROXY TCP4 203.0.113.7 10.0.0.1 51234 8883 1\r\n',
    'PROXY TCP4 203.0.113 10.0.0.1 51234 8883\r\n',
    'PROXY TCP4 2001:db8::1 10.0.0.1 51234 8883\r\n',
    'PROXY TCP6 203.0.113.7 10.0.0.1 51234 8883\r\n',
    'PROXY TCP4 203.0.113.7 10.0.0.1 65536 8883\r\n',
    'PROXY TCP4 203.0.113.7 10.0.0.1 051 8883\r\n',
    'PROXY TCP4  203.0.113.7 10.0.0.1 51 8883\r\n',
    'PROXY UDP4 203.0.113.7 10.0.0.1 51234 8883\r\n',
    'PROXY \r\n',
    `PROXY TCP4 ${'1'.repeat(120)}`,
  ])('is refused: %j', (line) => {
    expect(parse(line)).toEqual({ fault: expect.stringContaining('PROXY line') });
  });
});

test('what begins otherwise is no header, from the first byte that shows it', () => {
  for (const bytes of [HELLO, Buffer.from([0x16, 3, 1]), Buffer.from('GET / HTTP'), Buffer.from('PROXX')]) {
    expect(parseProxyHeader(bytes)).toEqual({ fault: 'no PROXY header' });
  }
});

test('a header that is cut anywhere is awaited, and whatever follows it changes nothing', () => {
  const whole = fc.oneof(
    fc
      .tuple(fc.ipV4(), fc.integer({ min: 0, max: 65_535 }))
      .map(([address, port]) => proxyV2From(address, port)),
    fc
      .tuple(fc.ipV4(), fc.integer({ min: 0, max: 65_535 }))
      .map(([address, port]) => Buffer.from(`PROXY TCP4 ${address} 10.0.0.1 ${port} 8883\r\n`)),
  );
  fc.assert(
    fc.property(whole, fc.uint8Array({ maxLength: 40 }), fc.nat(), (header, rest, at) => {
      expect(parseProxyHeader(header.subarray(0, at % header.length))).toBe('more');
      const parsed = parseProxyHeader(Buffer.concat([header, rest]));
      expect(parsed).toEqual(parseProxyHeader(header));
      expect(parsed).toMatchObject({ length: header.length });
    }),
  );
});

test('no bytes at all end it with an error of ours', () => {
  const bytes = fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each));
  const behindSignature = bytes.map((each) => Buffer.concat([PROXY_SIGNATURE, each]));
  fc.assert(
    fc.property(fc.oneof(bytes, behindSignature), (each) => {
      expect(() => parseProxyHeader(each)).not.toThrow();
    }),
  );
});

describe('a header that we write', () => {
  test.each([
    ['203.0.113.7', 51_234, '203.0.113.7'],
    ['2001:db8::ab', 80, '2001:db8::ab'],
    ['::1', 1, '::1'],
    ['fe80::1%eth0', 9, 'fe80::1'],
    ['::ffff:198.51.100.3', 9, '::ffff:c633:6403'],
  ])('says %s', (address, port, read) => {
    const header = formatProxyHeader({ address, port });
    expect(parseProxyHeader(Buffer.concat([header, HELLO]))).toEqual({
      length: header.length,
      source: { address: read, port },
    });
  });

  test('of what is no address of IP speaks for itself', () => {
    const header = formatProxyHeader({ address: 'unknown' });
    expect(parseProxyHeader(header)).toEqual({ length: header.length, source: undefined });
  });

  test('is what is read of any address', () => {
    const { ipV4, ipV6 } = { ipV4: fc.ipV4(), ipV6: fc.ipV6() };
    fc.assert(
      fc.property(fc.oneof(ipV4, ipV6), fc.integer({ min: 0, max: 65_535 }), (address, port) => {
        const header = parseProxyHeader(formatProxyHeader({ address, port }));
        const source = typeof header === 'object' && 'source' in header ? header.source : undefined;
        const shown = address.includes(':') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
        expect(source).toEqual({ address: shown, port });
      }),
    );
  });
});
