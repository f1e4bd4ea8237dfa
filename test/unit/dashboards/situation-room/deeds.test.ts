/** A key is pressed without looking: it means the card that stands first and says so. */
import { expect, test } from 'vitest';
import type { Assignment } from '../../../../dashboards/situation-room/state/api/dispatch-shapes.ts';
import {
  nextStep,
  orderCards,
  whoDrivesPatient,
  whomKeyMeans,
} from '../../../../dashboards/situation-room/state/dispatch/deeds.ts';

const assignment = (id: number, step: string, more: object = {}) =>
  ({
    ...{ id, step, unit: `motor-0${id}`, role: 'first-aid', words: [], asked: null },
    timeline: { acknowledgedAt: null, endedAt: null },
    ...more,
  }) as unknown as Assignment;
const ended = { timeline: { acknowledgedAt: null, endedAt: '2026-11-28T13:05:00Z' } };

test('of two units the key means the one that is shown first', () => {
  const both = [assignment(1, 'en-route'), assignment(2, 'en-route'), assignment(3, 'refused', ended)];
  expect(orderCards(both).map(({ id }) => id)).toEqual([2, 1, 3]);
  for (const deed of ['step', 'cancel', 'broken-down', 'reassign'] as const) {
    expect(whomKeyMeans(deed, both)?.id, deed).toBe(2);
  }
});

test('or the first that offers the deed', () => {
  const asked = { word: 'available', step: 'completed', why: '', at: '' };
  const both = [assignment(1, 'dispatched', { asked }), assignment(2, 'completed', ended)];
  expect(whomKeyMeans('take', both)?.id).toBe(1);
  expect(whomKeyMeans('acknowledge', both)?.id).toBe(1);
  expect(whomKeyMeans('take', [assignment(1, 'dispatched')])).toBeUndefined();
});

test('the next step of a unit is told in its turn, and none of one that is at its end', () => {
  const walk = (role: Assignment['role']) => {
    const told: string[] = [];
    for (let step = nextStep({ step: 'reserved', role }); step; step = nextStep({ step, role }))
      told.push(step);
    return told;
  };
  expect(walk('first-aid')).toEqual(['en-route', 'on-scene', 'completed']);
  expect(walk('transport')).toEqual([
    ...['en-route', 'on-scene', 'left-scene', 'at-destination', 'handed-over', 'completed'],
  ]);
  expect(nextStep({ step: 'acknowledged', role: 'transport' })).toBe('en-route');
  expect(nextStep({ step: 'broken-down', role: 'transport' })).toBeUndefined();
});

test('a unit that was sent for first aid and carries the patient all the same is told on to its end', () => {
  const of = (step: Assignment['step']) => nextStep({ step, role: 'first-aid' });
  expect([of('left-scene'), of('at-destination'), of('handed-over')]).toEqual([
    ...['at-destination', 'handed-over', 'completed'],
  ]);
  const carrying = assignment(1, 'left-scene');
  expect(whoDrivesPatient([carrying, assignment(2, 'en-route')])).toBe(carrying);
  expect(whoDrivesPatient([assignment(1, 'at-destination', { role: 'transport' })])).toBeUndefined();
});
