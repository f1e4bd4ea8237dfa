import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { describeDevices } from '../../../devices/describe.ts';
import { deviceKinds } from '../../../devices/kinds/index.ts';
import { QualityFlag } from '../../../devices/reading.ts';

const root = `${import.meta.dirname}/../../..`;

describe('the register of kinds', () => {
  test('has one entry for each file in the folder', () => {
    const files = readdirSync(`${root}/devices/kinds`)
      .filter((file) => file !== 'index.ts')
      .map((file) => file.replace('.ts', ''));
    expect([...deviceKinds.keys()].sort()).toEqual(files.sort());
  });

  test.each([...deviceKinds.values()])('the example of $name is a payload that it accepts', (kind) => {
    const { measuredAt, seq, ...values } = kind.example as Record<string, unknown>;
    expect(measuredAt).toBeDefined();
    expect(seq).toBeDefined();
    expect(kind.quickParse(values)).toEqual(values);
  });

  test.each([...deviceKinds.values()])('$name is silent only after two missed reports', (kind) => {
    expect(kind.silentAfterS).toBeGreaterThanOrEqual(2 * kind.reportIntervalS);
  });

  test('half a bed is refused, and more free beds than the hospital has are marked', () => {
    const hospital = deviceKinds.get('hospital');
    const site = { beds: { emergency: 4, intensive: 2, ward: 50 } };
    expect(hospital?.quickParse({ emergencyFree: 1.5 })).toBeUndefined();
    expect(hospital?.assess?.({ emergencyFree: 4, queue: 9 }, site)).toBe(0);
    expect(hospital?.assess?.({ wardFree: 51 }, site)).toBe(QualityFlag.outsideExpectedRange);
  });

  test('docs/devices.md says what the kinds say; npm run docs writes it again', () => {
    expect(readFileSync(`${root}/docs/devices.md`, 'utf8')).toBe(describeDevices());
  });
});
