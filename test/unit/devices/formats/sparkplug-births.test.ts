/** Births, data by numbers, and deaths: what Sparkplug B means only over several messages. */
import { describe, expect, test } from 'vitest';
import { type Claim, type Format, isClaims } from '../../../../devices/formats/format.ts';
import { createSparkplugB } from '../../../../devices/formats/sparkplug-b.ts';
import {
  formatSparkplug,
  type SparkplugWords,
} from '../../../../firmware-sim/device/formats/sparkplug-payload.ts';

const DEVICE = 'node-1/gauge-7';
const say = (format: Format, type: string, sample: SparkplugWords, device = '/gauge-7'): readonly Claim[] => {
  const topic = `spBv1.0/semarang/${type}/node-1${device}`;
  const decoded = format.decode({ topic, payload: formatSparkplug(sample), receivedAt: 0 });
  if (decoded instanceof Promise || !isClaims(decoded)) throw new Error(`${type} was refused`);
  return decoded;
};
const birth = (bdSeq: number): SparkplugWords => ({
  metrics: [{ name: 'bdSeq', dataType: 4, long: bdSeq }],
});

describe('Sparkplug B', () => {
  test('data names its metrics by the numbers of the birth, with their units', () => {
    const format = createSparkplugB();
    say(format, 'DBIRTH', { metrics: [{ name: 'Level', alias: 5, dataType: 10, double: 140, unit: 'cm' }] });
    const [claim] = say(format, 'DDATA', {
      timestamp: 1_768_444_200_000,
      metrics: [{ alias: 5, double: 142 }],
    });
    expect(claim?.items).toEqual([{ levelM: 1.42, measuredAt: 1_768_444_200_000 }]);
  });

  test('what a node stored while it had no link is a reading for each time, none over another', () => {
    const [claim] = say(createSparkplugB(), 'DDATA', {
      timestamp: 9_000,
      metrics: [
        { name: 'Level', double: 1, timestamp: 1_000 },
        { name: 'Level', double: 2, timestamp: 2_000 },
        { name: 'Battery', double: 90, timestamp: 1_000 },
        { name: 'Level', double: 3 },
      ],
    });
    expect(claim?.items).toEqual([
      { levelM: 1, batteryPct: 90, measuredAt: 1_000 },
      { levelM: 2, measuredAt: 2_000 },
      { levelM: 3, measuredAt: 9_000 },
    ]);
  });

  test('messages that are missing by their sequence are told, across 255 too, and a repeat is none', () => {
    const format = createSparkplugB();
    const seqs = [254, 255, 0, 0, 3, 2];
    const notes = seqs.map(
      (seq) => say(format, 'DDATA', { seq, metrics: [{ name: 'Level', double: 1 }] })[0]?.note,
    );
    expect(notes).toEqual([
      ...[undefined, undefined, undefined, undefined],
      'seq 3 came after 0: 2 messages of the node are missing',
      'seq 2 came after 3: out of order, or most of a round is missing',
    ]);
  });

  test('the numbers of one device are not those of another', () => {
    const format = createSparkplugB();
    say(format, 'DBIRTH', { metrics: [{ name: 'Level', alias: 5, double: 1.4 }] });
    const [claim] = say(format, 'DDATA', { metrics: [{ alias: 5, double: 1.42 }] }, '/gauge-8');
    expect(claim).toMatchObject({ items: [], rejection: { reason: 'bad-format' } });
  });

  test('a birth replaces the one before it', () => {
    const format = createSparkplugB();
    say(format, 'DBIRTH', { metrics: [{ name: 'Level', alias: 5, double: 1.4 }] });
    say(format, 'DBIRTH', { metrics: [{ name: 'Distance', alias: 5, double: 1.4 }] });
    const [claim] = say(format, 'DDATA', { metrics: [{ alias: 5, double: 1234 }] });
    expect(claim?.items).toEqual([{ distanceM: 1.234 }]);
  });

  test('the death of a node takes its devices with it', () => {
    const format = createSparkplugB();
    say(format, 'NBIRTH', birth(7), '');
    say(format, 'DBIRTH', { metrics: [{ name: 'Level', alias: 5, double: 1.4 }] });
    const claims = say(format, 'NDEATH', birth(7), '');
    expect(claims.map(({ aliases, presence }) => [aliases[0], presence])).toEqual([
      ['node-1', 'offline'],
      [DEVICE, 'offline'],
    ]);
  });

  test('the death of an earlier connection takes nobody off line', () => {
    const format = createSparkplugB();
    say(format, 'NBIRTH', birth(8), '');
    const [claim, ...more] = say(format, 'NDEATH', birth(7), '');
    expect(claim?.presence).toBeUndefined();
    expect(more).toEqual([]);
  });
});
