import { describe, expect, it } from 'vitest';
import {
  type AssignmentView,
  type IncidentView,
  planNextDeeds,
} from '../../../../firmware-sim/dispatcher/case-plan.ts';

const NOW = Date.UTC(2026, 0, 15);

function incident(...assignments: Partial<AssignmentView>[]): IncidentView {
  return {
    id: 1,
    open: true,
    classification: 'real',
    needsTransport: false,
    assignments: assignments.map((each, index) => ({
      id: index + 1,
      unit: `unit-${index}`,
      role: 'first-aid',
      step: 'dispatched',
      reservedAtMs: NOW - 10_000,
      ...each,
    })),
  };
}

const plan = (of: IncidentView) => planNextDeeds(of, NOW);

describe('what the automatic dispatcher does next', () => {
  it('sends first aid, or a transport unit and a motorcycle ahead of it where one is needed', () => {
    expect(plan(incident())).toEqual([{ do: 'assign', role: 'first-aid', replaces: undefined }]);
    expect(plan({ ...incident(), needsTransport: true })).toEqual([
      { do: 'assign', role: 'transport', replaces: undefined },
      { do: 'assign', role: 'first-aid', replaces: undefined },
    ]);
  });

  it('waits while a unit is under way', () => {
    for (const step of ['reserved', 'dispatched', 'acknowledged', 'en-route', 'on-scene']) {
      expect(plan(incident({ step })), step).toEqual([{ do: 'wait' }]);
    }
  });

  it('puts another unit in the place of one that has not answered for a minute', () => {
    const silent = { id: 7, step: 'dispatched', reservedAtMs: NOW - 61_000 };
    expect(plan(incident(silent))).toEqual([{ do: 'assign', role: 'first-aid', replaces: 7 }]);
    expect(plan(incident({ ...silent, step: 'en-route' }))).toEqual([{ do: 'wait' }]);
  });

  it('sends another after a refusal, a cancellation or a breakdown', () => {
    for (const step of ['refused', 'cancelled', 'broken-down']) {
      expect(plan(incident({ step })), step).toEqual([
        { do: 'assign', role: 'first-aid', replaces: undefined },
      ]);
    }
  });

  it('closes a case when every task is done, and not before', () => {
    const done = { step: 'completed' };
    expect(plan(incident(done))).toEqual([{ do: 'close', outcome: 'treated on scene' }]);
    const both = { ...incident(done, { role: 'transport', step: 'left-scene' }), needsTransport: true };
    expect(plan(both)).toEqual([{ do: 'wait' }]);
    const ended = { ...incident(done, { role: 'transport', step: 'completed' }), needsTransport: true };
    expect(plan(ended)).toEqual([{ do: 'close', outcome: 'transported' }]);
  });

  it('closes what is no emergency without sending anybody', () => {
    for (const classification of ['prank', 'silent', 'information']) {
      expect(plan({ ...incident(), classification })).toEqual([{ do: 'close', outcome: classification }]);
    }
  });

  it('sends no motorcycle ahead of a transport unit that is there, and asks none back that is under way', () => {
    const there = { role: 'transport', step: 'on-scene' } as const;
    expect(plan({ ...incident(there), needsTransport: true })).toEqual([{ do: 'wait' }]);
    const both = incident(there, { step: 'en-route' });
    expect(plan({ ...both, needsTransport: true })).toEqual([{ do: 'wait' }, { do: 'wait' }]);
    const done = incident({ role: 'transport', step: 'completed' });
    expect(plan({ ...done, needsTransport: true })).toEqual([{ do: 'close', outcome: 'transported' }]);
  });

  it('leaves a closed incident alone', () => {
    expect(plan({ ...incident(), open: false })).toEqual([]);
  });
});
