/** Who may subscribe to what. */
import { describe, expect, test } from 'vitest';
import { listensToDevices, matchesFilter, maySubscribe } from '../../../../broker/clients/access.ts';

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

describe('a filter', () => {
  test.each([
    ['a/b/c', 'a/b/c', true],
    ['a/b', 'a/b/c', false],
    ['a/b/c', 'a/b', false],
    ['a/+/c', 'a/b/c', true],
    ['a/+', 'a/b/c', false],
    ['a/+', 'a', false],
    ['a/+', 'a/', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'a', true],
    ['a/b/#', 'a', false],
    ['a/#', 'ab', false],
    ['a/+/#', 'a', false],
    ['a/+/#', 'a/b', true],
    ['A/b', 'a/b', false],
  ])('%s and the topic %s: %s', (filter, topic, expected) => {
    expect(matchesFilter(filter, topic.split('/'))).toBe(expected);
  });
});
