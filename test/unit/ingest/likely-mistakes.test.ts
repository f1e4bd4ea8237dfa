/**
 * What firmware gets wrong beside its numbers: what is read of it all the same, and in which words the rest is told.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { createPipelineHouse, type PipelineHouse } from '../../support/pipeline-house.ts';

const GAUGE = 'siaga/semarang/river-gauge/bendung/telemetry';
const STATUS = 'siaga/semarang/river-gauge/bendung/status';

let house: PipelineHouse;
beforeEach(() => {
  house = createPipelineHouse();
});
const values = () => house.readings.map((reading) => reading.values);
const told = () => house.inbox.look('bendung')[0]?.outcome ?? 'nothing';
const utf16 = (text: string, order: 'le' | 'be') => {
  const bytes = Buffer.from(text, 'utf16le');
  return order === 'le' ? bytes : bytes.swap16();
};

describe('a payload of another encoding, or with something before it', () => {
  test.each<[string, Buffer | string]>([
    ['a byte order mark', '\ufeff{"levelM":3.1}'],
    ['UTF-16 with its mark', utf16('\ufeff{"levelM":3.1}', 'le')],
    ['UTF-16, the high byte first, with its mark', utf16('\ufeff{"levelM":3.1}', 'be')],
    ['UTF-16 without a mark', utf16('{"levelM":3.1}', 'le')],
    ['UTF-16, the high byte first, without a mark', utf16('{"levelM":3.1}', 'be')],
    ['UTF-16 with half a character at its end', Buffer.concat([utf16('{"levelM":3.1}', 'le'), Buffer.of(0)])],
    ['a NUL', '\0{"levelM":3.1}'],
    ['three of them, and some behind it', '\0\0\0{"levelM":3.1}\0\0'],
  ])('is read: %s', async (_what, payload) => {
    expect(await house.publish(GAUGE, payload)).toEqual({ stored: 1, repeated: 0, rejected: 0 });
    expect(values()).toEqual([{ levelM: 3.1 }]);
  });

  test('is read as a list and as a status', async () => {
    await house.publish(GAUGE, utf16('[{"levelM":3.1,"seq":1},{"levelM":3.2,"seq":2},{"lev', 'le'));
    expect(values()).toEqual([{ levelM: 3.1 }, { levelM: 3.2 }]);
    await house.publish(STATUS, utf16('online', 'be'));
    expect(house.presences).toEqual([['bendung', 'online']]);
  });

  test.each([Buffer.of(0xff, 0xfe), Buffer.of(0xfe, 0xff, 0x7b), Buffer.of(0, 0, 0, 0), Buffer.of(0, 0x7b)])(
    'is refused where there is nothing else: %j',
    async (payload) => {
      expect(await house.publish(GAUGE, payload)).toMatchObject({ stored: 0, rejected: 1 });
    },
  );
});

describe('what other languages print in place of JSON', () => {
  test.each([
    ["{'levelM': 3.1}", 'a dictionary of Python'],
    ["{'levelM': 3.1, 'simulated': False, 'rainMm': None}", 'with its own words'],
    ['{levelM:3.1, seq : 4}', 'an object of JavaScript'],
    ['{"levelM":3.1,\'rainMm\':nan}', 'both quotes'],
    ["[{'levelM':3.1},]", 'a list of them'],
  ])('is read: %s (%s)', async (payload) => {
    expect(await house.publish(GAUGE, payload)).toMatchObject({ stored: 1, rejected: 0 });
    expect(values()).toEqual([{ levelM: 3.1 }]);
  });

  test.each([
    `{"levelM":3.1,"note":"a\tb\nc"}`,
    `{"levelM":3.1,"note":"C:\\x \\q \\u12"}`,
    `{'levelM':3.1,'note':'it\\'s "high"'}`,
    `{"levelM":3.1,"note":"'rainMm': 9, True, levelM: 4"}`,
  ])('costs no number where only a text is wrong: %s', async (payload) => {
    expect(await house.publish(GAUGE, payload)).toMatchObject({ stored: 1, rejected: 0 });
    expect(values()).toEqual([{ levelM: 3.1 }]);
  });

  test.each([
    `{'levelM':3.1`,
    `{'levelM:3.1}`,
    '{levelM 3.1}',
    '{“levelM”:3.1}',
    '{"levelM":3.1;"rainMm":0}',
  ])('is refused where it leaves a doubt: %s', async (payload) => {
    expect(await house.publish(GAUGE, payload)).toMatchObject({ stored: 0, rejected: 1 });
    expect(house.rejections[0]?.reason).toBe('not-json');
  });

  test.each(["'", "{'", "'\\", '{a'.repeat(50_000), "'a'".repeat(50_000), `{"a":"${'\\q'.repeat(50_000)}`])(
    'costs no time where it has no end: %#',
    async (payload) => {
      expect(await house.publish(GAUGE, payload)).toMatchObject({ rejected: 1 });
    },
  );
});

describe('no value', () => {
  test.each([
    'N/A',
    'n/a',
    'NA',
    '-',
    '--',
    'nil',
    'null',
    'NaN',
    '-nan',
    'nan(ind)',
    '-inf',
    'Infinity',
    '',
  ])('is none: "%s"', async (text) => {
    const payload = { levelM: '3.10\0', rainMm: text };
    expect(await house.publish(GAUGE, payload)).toMatchObject({ stored: 1, rejected: 0 });
    expect(values()).toEqual([{ levelM: 3.1 }]);
  });
});

describe('what is left alone beside a sound level', () => {
  test.each<[string, string]>([
    ['{"levelM":3.1,"RainMm":0.2}', 'stored; RainMm is not read (did you mean rainMm?)'],
    ['{"levelM":3.1,"foo":1}', 'stored; foo is not read'],
    [
      '{"levelM":3.1,"power":{"batteryV":12}}',
      'stored; power is not read (batteryV must stand one level higher)',
    ],
    ['{"levelM":3.1,"seq":"12"}', 'stored; seq is "12" and is left out; expected a whole number from 0'],
    [
      '{"levelM":3.1,"simulated":1}',
      'stored; simulated is 1 and is left out; expected true or false, without quotes',
    ],
    ['{"levelM":3.1,"Simulated":true}', 'stored; Simulated is not read (did you mean simulated?)'],
    ['{"levelM":2,"levelM":3.1}', 'stored; levelM stands twice in one object, the last one counts'],
    [
      '[{"levelM":3.1,"note":"a \\" b","seq":1,"seq":2}]',
      'stored; note is not read; seq stands twice in one object, the last one counts',
    ],
  ])('is told: %s', async (payload, sentence) => {
    expect(await house.publish(GAUGE, payload)).toMatchObject({ stored: 1, rejected: 0 });
    expect(values()).toEqual([{ levelM: 3.1 }]);
    expect(told()).toBe(sentence);
  });

  test('is nothing where each reading of a list has the same keys', async () => {
    await house.publish(GAUGE, '[{"levelM":3.1,"seq":1},{"levelM":3.2,"seq":2}]');
    expect(told()).toBe('nothing');
  });
});

describe('a refusal names the likely mistake', () => {
  test.each<[string, string]>([
    [
      '{"levelM":"3,1 m"}',
      'levelM is "3,1 m"; expected a number, in m, as in 3.1: a point, no unit, no quotes',
    ],
    ['{"levelM":1e400}', 'levelM is Infinity; expected a number, in m'],
    ['{"levelM":true}', 'levelM is true; expected a number, in m'],
    ['{"data":{"levelM":3.1}}', 'data (levelM must stand one level higher)'],
    ['{"readings":[{"levelM":3.1}]}', 'readings (it holds a list of readings: send the list itself)'],
    ['[[{"levelM":3.1}]]', 'is a list within the list'],
    ['"{\\"levelM\\":3.1}"', 'it is JSON within a text: send it without the quotes around it'],
    ['3.1', 'for a bare number register the device with --format value'],
    ['{"levelM":3.1', 'it ends early: is the buffer of the firmware too small?'],
  ])('%s', async (payload, sentence) => {
    expect(await house.publish(GAUGE, payload)).toMatchObject({ stored: 0, rejected: 1 });
    expect(house.rejections[0]?.detail).toContain(sentence);
    expect(told()).toContain(sentence);
  });
});
