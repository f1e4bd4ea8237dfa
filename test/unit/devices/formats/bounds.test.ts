/** Bounds of the formats: what one message has beyond them is counted and told, and the rest is read. */
import { describe, expect, test } from 'vitest';
import { type Claim, type Decoded, type Format, isClaims } from '../../../../devices/formats/format.ts';
import { openwisp } from '../../../../devices/formats/openwisp.ts';
import { readSensorObject } from '../../../../devices/formats/sensor-object.ts';
import { createSparkplugB } from '../../../../devices/formats/sparkplug-b.ts';
import { tasmota } from '../../../../devices/formats/tasmota.ts';
import { unifi } from '../../../../devices/formats/unifi.ts';
import { value } from '../../../../devices/formats/value.ts';
import { formatSparkplug } from '../../../../firmware-sim/device/formats/sparkplug-payload.ts';

const many = <Part>(count: number, make: (index: number) => Part) =>
  Array.from({ length: count }, (_, n) => make(n));

async function read(format: Format, topic: string, payload: unknown): Promise<readonly Claim[]> {
  const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
  const decoded: Decoded = await format.decode({
    topic,
    payload: bytes,
    receivedAt: 0,
    options: { columns: 'levelM' },
  });
  return isClaims(decoded) ? decoded : [];
}

const toldOf = (claims: readonly Claim[]) =>
  claims.flatMap(({ rejection }) => (rejection ? [rejection] : []));

describe('of what is beyond the bound', () => {
  test.each<[string, Format, string, (count: number) => unknown, number]>([
    [
      'access points',
      unifi,
      'unifi/x',
      (count) => ({ data: many(count, (n) => ({ type: 'uap', mac: `m${n}`, state: 1, num_sta: 1 })) }),
      5_000,
    ],
    [
      'interfaces',
      openwisp,
      'openwisp/ap-1',
      (count) => ({
        type: 'DeviceMonitoring',
        interfaces: many(count, (n) => ({ type: 'wireless', name: `w${n}` })),
      }),
      64,
    ],
    [
      'sensors',
      tasmota,
      'tele/kali/SENSOR',
      (count) =>
        Object.fromEntries(
          many(count, (n) => [`S${n}`, n === 0 ? { Distance: 1_234 } : { Temperature: 20 }]),
        ),
      20,
    ],
    ['lines', value, 'any', (count) => Buffer.from(many(count, () => '1.5').join('\n')), 10_000],
    [
      'metrics of a birth',
      createSparkplugB(),
      'spBv1.0/g/NBIRTH/n',
      (count) =>
        formatSparkplug({
          timestamp: 1_768_444_200_000,
          metrics: many(count, (n) => ({
            name: n === 0 ? 'levelM' : `other${n}`,
            alias: n + 1,
            double: 1.5,
          })),
        } as never),
      1_000,
    ],
  ])('%s, the number is told and the others are read', async (what, format, topic, make, bound) => {
    const within = await read(format, topic, make(bound));
    expect(toldOf(within)).toEqual([]);
    const beyond = await read(format, topic, make(bound + 3));
    expect(toldOf(beyond)).toHaveLength(1);
    expect(toldOf(beyond)[0]?.detail).toContain(`${bound + 3} ${what}`);
    expect(toldOf(beyond)[0]?.detail).toContain('3 are left out');
    const itemsOf = (claims: readonly Claim[]) => claims.flatMap(({ items }) => items);
    expect(itemsOf(beyond)).toEqual(itemsOf(within));
    expect(itemsOf(beyond).length).toBeGreaterThan(0);
  });

  test('a level is found behind however many other keys', () => {
    const object = { ...Object.fromEntries(many(20_000, (n) => [`k${n}`, n])), level: 1.4 };
    const { item, faults, unread } = readSensorObject(object);
    expect({ item, faults }).toEqual({ item: { levelM: 1.4 }, faults: [] });
    expect(Object.keys(unread)).toHaveLength(20);
  });
});
