/**
 * Line protocol that was made to hurt: whatever it holds, it is refused or read, in time, and grows to nothing large.
 */
import { describe, expect, test } from 'vitest';
import { isClaims } from '../../../../devices/formats/format.ts';
import { lineProtocol } from '../../../../devices/formats/line-protocol.ts';

const BYTES = 256 * 1024;
const fill = (line: (n: number) => string) => {
  let text = '';
  for (let n = 0; text.length < BYTES; n++) text += line(n);
  return text;
};
const decode = (text: string, options?: Record<string, string>) => {
  const message = { topic: 'x', payload: Buffer.from(text), receivedAt: 0, ...(options ? { options } : {}) };
  const decoded = lineProtocol.decode(message);
  if (decoded instanceof Promise) throw new Error('it waits for nothing');
  return decoded;
};

describe('line protocol', () => {
  test.each([
    ['a topic of levels without end', `m,topic=${'a/'.repeat(BYTES / 2)} value=1`],
    ['an entity of words without end', `m,entity_id=${'a_'.repeat(BYTES / 2)} value=1`],
    ['a measurement of escapes', `${'\\ '.repeat(BYTES / 2)} level=1`],
    ['tags without end', `m${fill((n) => `,t${n}=a`)} level=1`],
    ['fields without end', `m level=1${fill((n) => `,f${n}=1`)}`],
    ['digits without end', `m level=${'9'.repeat(BYTES)}`],
    ['exponents without end', `m level=${'1e'.repeat(BYTES / 2)}`],
    ['a quote that is never closed', `m level="${'\n'.repeat(BYTES)}`],
    ['quotes that close in the next line', fill(() => 'm f="\n')],
    ['backslashes without end', `m f="${'\\'.repeat(BYTES)}`],
    ['blanks without end', ' '.repeat(BYTES)],
    ['comments without end', fill(() => '#\n')],
    ['a device in each line', fill((n) => `m,device=d${n},level=x level="x"\n`)],
  ])('%s', (_what, text) => {
    const decoded = decode(text);
    if (!isClaims(decoded)) {
      expect(decoded.detail.length).toBeLessThan(2_000);
      return;
    }
    expect(decoded.flatMap(({ aliases }) => aliases).length).toBeLessThanOrEqual(10_000);
    // Each of them keeps the whole message once.
    expect(decoded.filter(({ rejection }) => rejection).length).toBeLessThanOrEqual(21);
    for (const { rejection } of decoded) expect(rejection?.detail.length ?? 0).toBeLessThan(2_000);
  });

  test('more lines than a message may have are refused as a whole', () => {
    expect(decode('a b=1\n'.repeat(10_001))).toMatchObject({ reason: 'too-many-readings' });
  });

  test('options that mean nothing leave the rest alone', () => {
    const options = { identity: ' , ,', fields: '=,a=,=b,__proto__=x,y=__proto__', precision: 'fortnight' };
    expect(decode('level,device=g value=1 1000000', options)).toEqual([
      { aliases: [], items: [{ levelM: 1, measuredAt: '1970-01-01T00:00:00.001Z' }] },
    ]);
  });
});
