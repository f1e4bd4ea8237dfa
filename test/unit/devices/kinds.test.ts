import { globSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { describeDevices } from '../../../devices/describe.ts';
import { deviceKinds } from '../../../devices/kinds/index.ts';
import { ladderRank } from '../../../devices/kinds/river-gauge.ts';
import { QualityFlag } from '../../../devices/reading.ts';
import type { Severity } from '../../../devices/site.ts';

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

  test('no other file asks for a kind by its name: what differs between kinds is said in the kind', () => {
    const files = globSync('**/*.{ts,js}', {
      cwd: root,
      exclude: (path) => /^(?:node_modules|test|data|\.git)$|^devices\/kinds$/.test(path),
    });
    expect(files.length).toBeGreaterThan(300);
    const names = [...deviceKinds.keys()].join('|');
    const asks = new RegExp(`kind (?:===|!==) '|\\b[kK]ind (?:===|!==) '(?:${names})'|case '(?:${names})'`);
    const asking = files.filter((file) => asks.test(readFileSync(`${root}/${file}`, 'utf8')));
    expect(asking).toEqual([]);
  });

  test('half a bed is refused, and more free beds than the hospital has are marked', () => {
    const hospital = deviceKinds.get('hospital');
    const site = { beds: { emergency: 4, intensive: 2, ward: 50 } };
    expect(hospital?.quickParse({ emergencyFree: 1.5 })).toBeUndefined();
    expect(hospital?.assess?.({ emergencyFree: 4, queue: 9 }, site)).toBe(0);
    expect(hospital?.assess?.({ wardFree: 51 }, site)).toBe(QualityFlag.outsideExpectedRange);
  });

  test('a gauge stands on its ladder by what it has met, never by what it has nearly met', () => {
    const label = { id: 'x', en: 'x' };
    const step = (severity: Severity, levelM: number, comparator: '>=' | '>' = '>=') => ({
      ...{ severity, levelM, comparator, label },
    });
    const site = {
      normalLevelM: 1,
      thresholds: [step('moderate', 2), step('severe', 3, '>'), step('extreme', 5)],
    };
    const at = (levelM: number) => ladderRank(site, levelM);
    expect([at(-4), at(1), at(1.5), at(2), at(2.5), at(4), at(5), at(99)]).toEqual([
      0, 0, 0.5, 2, 2.5, 3.5, 4, 4,
    ]);
    // Below the lowest threshold it is below 1, and a threshold that must be passed is not met at its level.
    expect(at(1.9999)).toBeLessThan(1);
    expect(at(3)).toBeLessThan(3);
    expect(ladderRank({}, 3)).toBeUndefined();
  });

  test('docs/devices.md says what the kinds say; npm run docs writes it again', () => {
    expect(readFileSync(`${root}/docs/devices.md`, 'utf8')).toBe(describeDevices());
  });
});
