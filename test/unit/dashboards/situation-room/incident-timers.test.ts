import { describe, expect, test } from 'vitest';
import type {
  Assignment,
  IncidentDetail,
} from '../../../../dashboards/situation-room/state/api/dispatch-shapes.ts';
import {
  findAttention,
  runningTimers,
} from '../../../../dashboards/situation-room/state/dispatch/incident-timers.ts';

const CALL = Date.parse('2026-11-28T12:00:00Z');
const at = (seconds: number) => new Date(CALL + seconds * 1000).toISOString();
const RESERVED: Assignment['timeline'] = {
  ...{ reservedAt: at(20), dispatchedAt: null, acknowledgedAt: null, enRouteAt: null },
  ...{ arrivalProposedAt: null, onSceneAt: null, leftSceneAt: null, atDestinationAt: null },
  ...{ handedOverAt: null, endedAt: null, warnedAt: null, escalatedAt: null },
};

function assigned(
  step: Assignment['step'],
  times: Partial<Assignment['timeline']> = {},
  asked: Assignment['asked'] = null,
): Assignment {
  return {
    ...{
      id: 1,
      unit: 'motor-01',
      role: 'first-aid',
      step,
      assignedBy: 'desk',
      forcedReason: null,
      endReason: null,
    },
    ...{ hospital: null, words: [], asked },
    timeline: { ...RESERVED, ...times },
  };
}

function incident(assignments: Assignment[] = [], more: Partial<IncidentDetail> = {}): IncidentDetail {
  return {
    ...{
      id: 1,
      state: 'open',
      outcome: null,
      classification: 'real',
      category: null,
      priority: 1,
      place: null,
    },
    ...{ kecamatan: null, lat: -7, lng: 110, receivedAt: at(0), triagedAt: at(0), needsTransport: false },
    ...{ createdBy: 'desk', assignments, possibleDuplicates: [], log: [] },
    ...more,
  };
}

const timersOf = (detail: IncidentDetail, seconds: number) =>
  runningTimers(detail, CALL + seconds * 1000).map(({ what, elapsedS, isOverdue }) => [
    what,
    elapsedS,
    isOverdue,
  ]);

describe('what runs against a target', () => {
  test('a call that nobody has classified: 15 s, and the arrival beside it', () => {
    expect(timersOf(incident([], { triagedAt: null }), 16)).toEqual([
      ['triage', 16, true],
      ['arrival', 16, false],
    ]);
  });

  test('no unit yet: 64 s; an order without an answer: 30 s from the order', () => {
    expect(timersOf(incident(), 64)).toEqual([
      ['send', 64, false],
      ['arrival', 64, false],
    ]);
    expect(timersOf(incident([assigned('dispatched')]), 51)).toEqual([
      ['order', 31, true],
      ['arrival', 51, false],
    ]);
  });

  test('only the arrival once the crew has answered, 15 minutes from the call, and nothing from the scene on', () => {
    const answered = assigned('en-route', { acknowledgedAt: at(30) });
    expect(timersOf(incident([answered]), 901)).toEqual([['arrival', 901, true]]);
    expect(timersOf(incident([assigned('on-scene', { onSceneAt: at(600) })]), 901)).toEqual([]);
    expect(timersOf(incident([], { state: 'closed' }), 901)).toEqual([]);
  });
});

describe('what somebody must look at now', () => {
  test('nobody sent, also when the only unit broke off', () => {
    expect(findAttention(incident())).toBe('unsent');
    expect(findAttention(incident([assigned('broken-down', { endedAt: at(90) })]))).toBe('unsent');
  });

  test('an order that was escalated, until the crew answers', () => {
    const escalated = { escalatedAt: at(95) };
    expect(findAttention(incident([assigned('dispatched', escalated)]))).toBe('unanswered');
    const answered = assigned('acknowledged', { ...escalated, acknowledgedAt: at(99) });
    expect(findAttention(incident([answered]))).toBeUndefined();
  });

  test('a word of the crew that a person is asked about; nothing once it is closed or the crew was there', () => {
    const asked = { word: 'available', step: null, why: 'does it still go?' };
    expect(findAttention(incident([assigned('en-route', {}, asked)]))).toBe('asked');
    const done = assigned('completed', { onSceneAt: at(600), endedAt: at(900) });
    expect(findAttention(incident([done]))).toBeUndefined();
    expect(findAttention(incident([], { state: 'closed' }))).toBeUndefined();
  });

  test('a patient in a unit that broke down on its way asks for another, whoever else is under way', () => {
    const times = { onSceneAt: at(100), leftSceneAt: at(200), endedAt: at(300) };
    const broken = assigned('broken-down', times);
    const other = (more: Partial<Assignment>) => ({ ...assigned('en-route'), id: 2, ...more });
    const later = { ...RESERVED, reservedAt: at(310) };
    expect(findAttention(incident([broken]))).toBe('stranded');
    expect(findAttention(incident([broken, other({ role: 'transport' })]))).toBe('stranded');
    expect(findAttention(incident([broken, other({ timeline: later })]))).toBe('stranded');
    expect(findAttention(incident([broken, other({ role: 'transport', timeline: later })]))).toBeUndefined();
    const refused = other({ role: 'transport', step: 'refused', timeline: { ...later, endedAt: at(320) } });
    expect(findAttention(incident([broken, refused]))).toBe('stranded');
    const arrived = assigned('broken-down', { ...times, atDestinationAt: at(250) });
    expect(findAttention(incident([arrived]))).toBeUndefined();
  });
});
