/**
 * What every format must hold: the recorded messages of its folder, and that nothing a client sends throws,
 * pollutes a prototype or comes out twice as large as it went in.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { type Decoded, type Format, isClaims } from '../../devices/formats/format.ts';
import { createRandom, pick } from '../../firmware-sim/random.ts';
import { FORMAT_CASES_AT_MS, type FormatCase, loadFormatCases, messageOf } from '../support/format-case.ts';

/** What each format is tried with, whatever else it has. */
const REQUIRED_CASES = ['valid', 'minimal', 'omitted-zeros', 'late', 'repeated', 'malformed'];

export function describeFormat(open: () => { format: Format; close?: () => PromiseLike<void> }): void {
  const { format, close } = open();
  const cases = loadFormatCases(format.name);
  const valid = cases.find(({ name }) => name === 'valid') as FormatCase;
  const decode = (payload: Buffer, like = valid): Promise<Decoded> =>
    Promise.resolve(format.decode({ ...messageOf(like), payload }));
  afterAll(() => close?.());

  describe(`the format ${format.name}`, () => {
    test('has a recorded message of each kind', () => {
      expect(cases.map(({ name }) => name)).toEqual(expect.arrayContaining(REQUIRED_CASES));
    });

    test.each(cases)('$name: $says', async (each) => {
      const decoded = await format.decode(messageOf(each));
      if (each.rejection !== undefined) {
        expect(decoded).toMatchObject({ reason: each.rejection });
        return;
      }
      const found = isClaims(decoded)
        ? decoded.map(({ rejection, note, unread: _, ...claim }) => ({
            ...claim,
            ...(rejection ? { rejection: rejection.reason } : {}),
            ...(note === undefined ? {} : { note: true }),
          }))
        : decoded;
      expect(found).toEqual(each.claims);
    });

    test('gives the same for the same message', async () => {
      for (const each of cases.filter(({ name }) => REQUIRED_CASES.includes(name))) {
        expect(await format.decode(messageOf(each))).toEqual(await format.decode(messageOf(each)));
      }
    });

    test('finds the device in a topic of its own, and in no other', () => {
      for (const topic of ['', '/', 'a/b/c', 'siaga', '$SYS/uptime', '//////']) {
        expect(format.namesIn(topic)).toEqual([]);
      }
    });

    test.each([
      ['nothing', Buffer.alloc(0)],
      ['NUL bytes', Buffer.alloc(1_000)],
      ['no UTF-8', Buffer.from([0xff, 0xfe, 0x00])],
      ['a number', Buffer.from('42')],
      ['null', Buffer.from('null')],
      ['text', Buffer.from('"online"')],
      ['an empty object', Buffer.from('{}')],
      ['an empty list', Buffer.from('[]')],
      ['lists in lists', Buffer.from('['.repeat(60_000) + ']'.repeat(60_000))],
      ['a list of lists', Buffer.from(JSON.stringify(Array.from({ length: 10_000 }, () => [])))],
      ['a list of nulls', Buffer.from(JSON.stringify(Array.from({ length: 10_000 }, () => null)))],
      ['ten thousand keys', Buffer.from(JSON.stringify(Object.fromEntries(keys(10_000))))],
      ['one long word', Buffer.from(JSON.stringify('x'.repeat(250_000)))],
      ['digits without end', Buffer.from('9'.repeat(250_000))],
      ['separators without end', Buffer.from(';'.repeat(250_000))],
    ])('makes a refusal or nothing of %s', async (_what, payload) => {
      const decoded = await decode(payload);
      if (!isClaims(decoded)) expect(decoded.detail.length).toBeLessThan(2_000);
      else expect(decoded.flatMap(({ items }) => items).length).toBeLessThan(20_000);
    });

    test('takes nothing from a prototype, and leaves none behind', async () => {
      const polluted =
        '{"__proto__":{"levelM":9,"lat":9,"_type":"location"},"constructor":{"prototype":{"levelM":9}}}';
      const decoded = await decode(Buffer.from(polluted));
      const items = isClaims(decoded) ? decoded.flatMap((claim) => claim.items) : [];
      for (const item of items) {
        expect(Object.getPrototypeOf(item)).toBe(Object.prototype);
        expect(item['levelM']).toBeUndefined();
      }
      expect(({} as Record<string, unknown>)['levelM']).toBeUndefined();
    });

    test('throws at no cut and no bent byte of its own messages', async () => {
      const random = createRandom(7, format.name);
      const isSlow = format.name === 'mapped';
      for (const each of cases.filter(({ name }) => REQUIRED_CASES.includes(name))) {
        const { payload } = messageOf(each);
        for (let n = 0; n < (isSlow ? 10 : 100); n++) {
          const bent = Buffer.from(payload.subarray(0, Math.ceil(random() * payload.length)));
          if (n % 2 === 0) payload.copy(bent);
          bent[Math.floor(random() * bent.length)] = Math.floor(random() * 256);
          await decode(bent, each);
        }
      }
    });

    test('throws at no value of the wrong type', async () => {
      const random = createRandom(7, `${format.name} types`);
      const isSlow = format.name === 'mapped';
      const wrong = [null, true, -1, 1e300, '', 'x', [], {}, [[]], { value: {} }, '__proto__'];
      for (const each of cases.filter(({ payload }) => !isWritten(payload))) {
        for (let n = 0; n < (isSlow ? 5 : 50); n++) {
          const payload = withOneWrong(each.payload, () => pick(random, wrong), random);
          await decode(Buffer.from(JSON.stringify(payload)), each);
        }
      }
    });

    test('dates nothing into the future by itself', async () => {
      for (const each of cases) {
        const decoded = await format.decode(messageOf(each));
        const times = isClaims(decoded)
          ? decoded.flatMap(({ items }) => items.map((item) => item['measuredAt']))
          : [];
        for (const time of times) {
          if (typeof time === 'number' && time > 1e12) expect(time).toBeLessThanOrEqual(FORMAT_CASES_AT_MS);
        }
      }
    });
  });
}

/** A payload that is given as text or bytes, and not as JSON. */
function isWritten(payload: unknown): boolean {
  return Object.keys(payload as object).some((key) => key.startsWith('$'));
}

function keys(count: number): [string, number][] {
  return Array.from({ length: count }, (_, n) => [`k${n}`, n]);
}

/** A copy in which one value, somewhere, is another one. */
function withOneWrong(value: unknown, wrong: () => unknown, random: () => number): unknown {
  if (typeof value !== 'object' || value === null || random() < 0.1) return wrong();
  const names = Object.keys(value);
  const name = names[Math.floor(random() * names.length)];
  if (name === undefined) return wrong();
  const copy: Record<string, unknown> = Array.isArray(value)
    ? (Object.assign([], value) as never)
    : { ...value };
  copy[name] = withOneWrong(copy[name], wrong, random);
  return copy;
}
