/** What somebody sends to hold up the server, or to be read as something else than it is. */
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { parseCutObject } from '../../../../devices/cut-json.ts';
import { readCbor } from '../../../../devices/formats/cbor-reader.ts';
import { type Decoded, isClaims } from '../../../../devices/formats/format.ts';
import { createFormats } from '../../../../devices/formats/index.ts';
import { createMapped } from '../../../../devices/formats/mapped.ts';
import { MAX_UNPACKED_BYTES } from '../../../../devices/formats/sparkplug-payload.ts';
import { withoutEnd } from '../../../../devices/payload-text.ts';

const mapped = createMapped();
const formats = createFormats(mapped);
const TOPICS: Readonly<Record<string, string>> = {
  'sparkplug-b': 'spBv1.0/city/DDATA/node/gauge',
  chirpstack: 'application/1/device/0102030405060708/event/up',
  tasmota: 'tele/gauge/SENSOR',
};

afterAll(() => mapped[Symbol.asyncDispose]());

async function decode(name: string, payload: string | Buffer, sender?: string): Promise<Decoded> {
  const format = formats.get(name);
  if (!format) throw new Error(`no format ${name}`);
  const bytes = Buffer.from(payload as string);
  const topic = TOPICS[name] ?? 'gauge/levelM';
  return format.decode({ topic, payload: bytes, receivedAt: 1_796_000_000_000, sender });
}

const itemsOf = (decoded: Decoded) => (isClaims(decoded) ? decoded.flatMap(({ items }) => items) : []);
const toldOf = (decoded: Decoded) =>
  isClaims(decoded) ? decoded.flatMap(({ rejection }) => rejection?.detail ?? []).join('; ') : decoded.detail;
const mappedOf = async (message: unknown) => {
  const decoded = await decode('mapped', JSON.stringify(message));
  return { items: itemsOf(decoded), told: toldOf(decoded) };
};

describe('a payload of 60,000 bytes that take quadratic time where a pattern begins anew at each of them', () => {
  const RUNS: readonly (readonly [string, string])[] = [
    ['NULs', '\0'],
    ['blanks', ' '],
    ['tabs', '\t'],
    ['line ends', '\n'],
    ['quotes', '"'],
    ['fields of a form', 'a=1&'],
    ['open parentheses', '('],
    ['separators', ';'],
  ];
  const BEGINS = ['', 'x', '{', '{"a":1', 'levelM;a('];
  test.each([...formats.keys()])('is done with in %s, and nothing is thrown', async (name) => {
    for (const [, run] of RUNS) {
      for (const begin of BEGINS) {
        const text = `${begin}${run.repeat(60_000 / run.length)}x`;
        expect(await decode(name, text)).toBeDefined();
        expect(await decode(name, `${text}\n1;2`)).toBeDefined();
      }
    }
  });
});

describe('what stands behind a text', () => {
  test('goes from the end, NULs and white space in any order, and nothing else', () => {
    expect(withoutEnd('1.42 \0\r\n\0 ')).toBe('1.42');
    expect(withoutEnd(' \0 1')).toBe(' \0 1');
    expect(withoutEnd('\0 ')).toBe('');
    expect(parseCutObject(Buffer.from('{"a":1,"b":{"c" \0\0'))?.json).toEqual({ a: 1, b: {} });
  });
});

describe('a list of named values', () => {
  test('is refused where each of thousands of values would be given thousands of keys', async () => {
    const beside = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`key-${n}`, n]));
    const data = Array.from({ length: 5_000 }, () => ({ n: 'level', v: 1 }));
    const decoded = await decode('mapped', JSON.stringify({ ...beside, data }));
    expect(decoded).toMatchObject({ reason: 'too-many-readings' });
  });

  test('keeps for each of its moments what stands beside it', async () => {
    const data = [
      { n: 'level', v: 1, t: 0, time: 1_796_000_000 },
      { n: 'level', v: 2, time: 1_796_000_060 },
    ];
    const { items } = await mappedOf({ simulated: true, data });
    expect(items).toEqual([
      { simulated: true, levelM: 1, measuredAt: 1_796_000_000 },
      { simulated: true, levelM: 2, measuredAt: 1_796_000_060 },
    ]);
  });
});

describe('Sparkplug B, packed', () => {
  const field = (number: number, bytes: Buffer): Buffer => {
    const varint = (value: number): number[] =>
      value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)];
    return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
  };
  const pack = (bytes: Buffer) =>
    Buffer.concat([field(4, Buffer.from('SPBV1.0_COMPRESSED')), field(5, gzipSync(bytes))]);

  test('more than once is refused, so that a body that is its own content has an end', async () => {
    const inner = field(2, field(1, Buffer.from('levelM')));
    expect(toldOf(await decode('sparkplug-b', pack(pack(inner))))).toMatch(/more than once/);
  });

  test('is no larger than the largest packet once it is unpacked', async () => {
    expect(toldOf(await decode('sparkplug-b', pack(Buffer.alloc(MAX_UNPACKED_BYTES + 1))))).toMatch(
      /at most 262144 bytes/,
    );
  });

  test('empty templates count as metrics do', async () => {
    const template = Buffer.from([0x12, 0x03, 0x92, 0x01, 0x00]);
    const many = Buffer.concat(Array.from({ length: 5_001 }, () => template));
    expect(toldOf(await decode('sparkplug-b', pack(many)))).toMatch(/more than 5000 metrics/);
  });
});

describe('CBOR', () => {
  test.each([
    ['bytes without a length whose parts are maps', '5fa0a0ff'],
    ['a text without a length whose part has none', '7f7fffff'],
    ['a number without a length', '1f'],
    ['a tag without a number', 'df00'],
  ])('refuses %s', (_what, hex) => {
    expect(() => readCbor(Buffer.from(hex, 'hex'))).toThrow(/parts that are none|no length|without a value/);
  });

  test('a float that is whole is not rounded to seven digits, which would move a time by minutes', () => {
    const seconds = Buffer.alloc(5, 0xfa);
    seconds.writeFloatBE(1_795_999_360, 1);
    expect(readCbor(seconds)).toBe(Math.fround(1_795_999_360));
    expect(readCbor(Buffer.from('fa3fb5c28f', 'hex'))).toBe(1.42);
  });

  test('a text in parts is one, and a character may be cut between two', () => {
    expect(readCbor(Buffer.from('7f61c361a9ff', 'hex'))).toBe('é');
  });
});

describe('SenML', () => {
  test('a base value that cannot be read costs the pack, lists within lists too', async () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    expect(toldOf(await decode('senml', `[{"bn":${deep},"n":"level","v":1}]`))).toMatch(/bn is no text/);
    expect(toldOf(await decode('senml', '[{"bt":"yesterday","n":"level","u":"m","v":1}]'))).toMatch(
      /bt is no number: yesterday/,
    );
  });

  test('a time that is none costs its record, which is not of now', async () => {
    const pack = '[{"n":"level","u":"m","v":1,"t":"yesterday"},{"n":"level","u":"m","v":2,"t":"1796000000"}]';
    const decoded = await decode('senml', pack);
    expect(itemsOf(decoded)).toEqual([{ levelM: 2, measuredAt: 1_796_000_000_000 }]);
    expect(toldOf(decoded)).toMatch(/time t that is no number: yesterday/);
  });
});

describe('who speaks', () => {
  test('a birth of another sender does not rename what a device measures', () => {
    const format = createFormats().get('sparkplug-b');
    const say = (type: string, sender: string, hex: string) =>
      format?.decode({
        ...{ topic: `spBv1.0/city/${type}/node/gauge`, payload: Buffer.from(hex, 'hex') },
        ...{ receivedAt: 0, sender },
      }) as Decoded;
    // name "level", alias 1, float 1; name "distance", alias 1, float 1; alias 1, float 2.
    say('DBIRTH', 'gauge', '120e0a056c6576656c1001650000803f');
    say('DBIRTH', 'stranger', '12110a0864697374616e63651001650000803f');
    expect(itemsOf(say('DDATA', 'gauge', '1207100165000000 40'.replace(' ', '')))).toEqual([{ levelM: 2 }]);
  });

  test.each([
    ['value', 'levelM,simulated\n1.4,True'],
    ['mapped', '{"level":1.4,"simulated":1}'],
    ['mapped', '{"simulated":false,"data":{"simulated":"true","level":1.4}}'],
    ['mapped', 'level=1.4&simulated=1'],
    ['mapped', '[{"name":"level","value":1.4,"simulated":true}]'],
    [
      'mapped',
      '{"type":"FeatureCollection","simulated":true,"features":[{"type":"Feature","properties":{"level":1.4}}]}',
    ],
    ['line-protocol', 'm,device=gauge level=1.4,simulated=1i'],
    ['line-protocol', 'm,device=gauge,simulated=True level=1.4'],
    ['chirpstack', '{"deviceInfo":{"devEui":"0102030405060708"},"object":{"level":1.4,"simulated":"TRUE"}}'],
  ])('what is simulated is so however %s says it: %s', async (name, payload) => {
    expect(itemsOf(await decode(name, payload))).toEqual([
      expect.objectContaining({ levelM: 1.4, simulated: true }),
    ]);
  });

  test('values of two devices in one list are not those of one, nor an exercise beside a measurement', async () => {
    const decoded = await decode(
      'mapped',
      '[{"device":"a","n":"level","v":1},{"device":"b","n":"battery","v":80},{"n":"level","v":2,"simulated":true},{"n":"battery","v":70}]',
    );
    expect(isClaims(decoded) && decoded.map(({ aliases, items }) => [aliases, items])).toEqual([
      [['a'], [{ levelM: 1 }]],
      [['b'], [{ batteryPct: 80 }]],
      [[], [{ simulated: true, levelM: 2 }, { batteryPct: 70 }]],
    ]);
  });

  test('a position of OsmAnd says that it is simulated', async () => {
    expect(itemsOf(await decode('osmand', 'id=bus&lat=-7&lon=110&simulated=True'))).toEqual([
      { lat: -7, lng: 110, simulated: true },
    ]);
  });

  test('a flag that is none is passed on to be told', async () => {
    const decoded = await decode('line-protocol', 'm,device=gauge level=1.4,simulated="maybe"');
    expect(itemsOf(decoded)).toEqual([{ levelM: 1.4, simulated: 'maybe' }]);
  });
});

describe('what can be read in two ways', () => {
  test.each(['1 234', '0.123.456', '0,123.5', '1,2,3', '1 2'])('%s is no number', async (level) => {
    const { items, told } = await mappedOf({ level });
    expect(items).toEqual([]);
    expect(told).toMatch(/the sensor says/);
  });

  test.each([
    ['1.234,5', 1234.5],
    ['1 234,5', 1234.5],
    ['1\u00a0234', 1234],
    ["12'345", 12345],
    ['1.234.567', 1234567],
  ])('%s is one', async (level, levelM) => {
    expect((await mappedOf({ level })).items).toEqual([{ levelM }]);
  });

  test('a unit beside two values that is the usual one of one of them is asked for', async () => {
    const { items, told } = await mappedOf({ level: 1.42, rainfallTotal: 30, unit: 'mm' });
    expect(items).toEqual([{ rainTotalMm: 30 }]);
    expect(told).toMatch(/level: is it in m, or in the mm that stands beside it\? Say level_unit/);
    expect((await mappedOf({ level: 1.42, level_unit: 'm', rainfallTotal: 30, unit: 'mm' })).items).toEqual([
      { levelM: 1.42, rainTotalMm: 30 },
    ]);
    expect((await mappedOf({ level: 142, distance: 300, unit: 'cm' })).items).toEqual([
      { levelM: 1.42, distanceM: 3 },
    ]);
  });

  test('a unit of its own that we do not know costs the value, one of the message may be of something else', async () => {
    const { items, told } = await mappedOf({ level: 142, level_unit: 'sentimetre', battery: 80 });
    expect(items).toEqual([{ batteryPct: 80 }]);
    expect(told).toMatch(/level: no unit "sentimetre"/);
    expect((await mappedOf({ level: 1.42, unit: 'mg/L' })).items).toEqual([{ levelM: 1.42 }]);
  });

  test('values with times of their own are readings of those times', async () => {
    const { items } = await mappedOf({
      battery: { value: 80, observedAt: '2026-11-29T01:00:00Z' },
      level: { value: 1.42, observedAt: '2026-11-29T02:00:00Z' },
      rssi: -70,
      simulated: true,
    });
    expect(items).toEqual([
      { simulated: true, batteryPct: 80, measuredAt: '2026-11-29T01:00:00Z' },
      { rssiDbm: -70, simulated: true, levelM: 1.42, measuredAt: '2026-11-29T02:00:00Z' },
    ]);
  });

  test.each([
    ['what stands behind a quote', 'levelM;batteryV;x\n"1.4"2;3.7', []],
    ['tabs between quotes', '"levelM"\t"batteryV"\n"1.4"\t"3.7"', [{ levelM: 1.4, batteryV: 3.7 }]],
    ['blanks between quotes', '"levelM" "batteryV"\n"1,4" "3.7"', [{ levelM: 1.4, batteryV: 3.7 }]],
    ['an inch', 'note;levelM\n5" pipe;1.4', [{ levelM: 1.4 }]],
    ['a quote that is not closed', 'levelM;batteryV\n"1.4;3.7', []],
  ])('%s in a line shifts no field', async (_what, text, items) => {
    expect(itemsOf(await decode('value', text))).toEqual(items);
  });
});

test('Tasmota tells how many nodes behind it are left out, and reads its own sensor beside them', async () => {
  const nodes = Object.fromEntries(Array.from({ length: 22 }, (_, n) => [`0x${n}`, { Distance: 100 }]));
  const decoded = await decode('tasmota', JSON.stringify({ ZbReceived: nodes, SR04: { Distance: 150 } }));
  expect(itemsOf(decoded)).toHaveLength(21);
  expect(toldOf(decoded)).toMatch(/2 .*nodes|nodes.* 20/);
});
