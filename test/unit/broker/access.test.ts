/** Who may subscribe to what, and which texts are refused. */
import { expect, test } from 'vitest';
import { hasForbiddenCharacters, listensToDevices, maySubscribe } from '../../../broker/access.ts';

const gauge = { role: 'device', id: 'gauge-1', kind: 'river-gauge' } as const;
const observer = { role: 'observer', id: 'observer:room' } as const;
const root = 'siaga/semarang';

test.each([
  [`${root}/river-gauge/gauge-1/command`, true],
  [`${root}/river-gauge/gauge-1/config`, true],
  [`${root}/alerts/#`, true],
  [`${root}/alerts/flood-1`, true],
  [`${root}/river-gauge/gauge-2/command`, false],
  [`${root}/river-gauge/+/command`, false],
  [`${root}/ambulance/gauge-1/command`, false],
  [`${root}/river-gauge/gauge-1/telemetry`, false],
  [`${root}/#`, false],
  ['siaga/jakarta/alerts/#', false],
  ['$SYS/#', false],
  ['#', false],
])('a device that asks for %s is granted it: %s', (filter, granted) => {
  expect(maySubscribe(gauge, 'semarang', filter)).toBe(granted);
});

test.each([
  [`${root}/#`, true],
  [`${root}/river-gauge/+/telemetry`, true],
  ['siaga/#', false],
  ['#', false],
  ['$SYS/#', false],
])('an observer that asks for %s is granted it: %s', (filter, granted) => {
  expect(maySubscribe(observer, 'semarang', filter)).toBe(granted);
});

test.each([
  [`${root}/#`, true],
  [`${root}/+/+/telemetry`, true],
  [`${root}/river-gauge/gauge-1/+`, true],
  [`${root}/river-gauge/gauge-1/command`, false],
  [`${root}/alerts/#`, false],
])('a subscription to %s may match what devices send: %s', (filter, may) => {
  expect(listensToDevices('semarang', filter)).toBe(may);
});

test('NUL, control characters and what was no UTF-8 are refused, other letters are not', () => {
  for (const text of ['a\u0000b', 'a\u001fb', 'a\u007fb', 'a\u0085b', 'a\ufffdb']) {
    expect(hasForbiddenCharacters(text)).toBe(true);
  }
  for (const text of ['', 'gauge-1', 'Bendung Simongan', 'ꦱꦼꦩꦫꦁ', 'é'])
    expect(hasForbiddenCharacters(text)).toBe(false);
});
