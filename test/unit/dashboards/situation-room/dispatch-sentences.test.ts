/** Dispatch is made to say all that it can, and each sentence must have its Indonesian. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sayDispatch } from '../../../../dashboards/situation-room/state/words/dispatch-sentences.ts';
import { readStatus, STEPS } from '../../../../dispatch/assignments/assignment-steps.ts';
import { findBlocks, findWarnings } from '../../../../dispatch/recommendation/eligibility.ts';
import type { UnitNow } from '../../../../dispatch/units/unit-board.ts';
import type { CrewLink } from '../../../../dispatch/words/crew-links.ts';
import type { CrewWordRow } from '../../../../dispatch/words/crew-words.ts';
import { describeWord } from '../../../../dispatch/words/word-view.ts';

const ENGLISH = /\b(?:the|its?|not|says?|with|of|is|was|and|no|has|yet|ago|out|off)\b/i;

/** Each is translated whole. */
function expectIndonesian(sentences: readonly string[]): void {
  expect(sentences.length).toBeGreaterThan(0);
  for (const sentence of sentences) {
    const said = sayDispatch(sentence, 'id');
    expect(said, sentence).not.toBe(sentence);
    expect(said, sentence).not.toMatch(ENGLISH);
    expect(sayDispatch(sentence, 'en')).toBe(sentence);
  }
}

const READY: UnitNow = {
  ...{ unit: 'm', callSign: 'MA-01', vehicle: 'motorcycle', canTransport: false, status: 'available' },
  lock: { version: 1, assignment: undefined, outOfService: undefined, patientDoubt: undefined },
  fix: { lat: -7, lng: 110, atMs: 0 } as unknown as UnitNow['fix'],
  ...{ fixAgeMs: 0, isMoving: false, batteryPct: 90, lastWordMeasuredMs: 0, liveness: 'online' },
};

/** The constants of a file of dispatch that are sentences. */
function readConstants(file: string): string[] {
  const text = readFileSync(join(import.meta.dirname, '../../../../dispatch', file), 'utf8');
  return [...text.matchAll(/^const [A-Z_]+ =\s*'([^']+ [^']+)';/gm)].map((match) => match[1] as string);
}

describe('what dispatch says of a unit, in Indonesian', () => {
  test('why it cannot be sent', () => {
    const lock = { ...READY.lock, assignment: 7, outOfService: 'broken down' };
    const blocks = findBlocks({ ...READY, lock, status: 'off-duty' }, 'transport');
    expect(blocks).toHaveLength(4);
    expectIndonesian(blocks);
  });

  test('what a dispatcher is warned of', () => {
    const statuses = ['en-route', 'on-scene', 'transporting', 'at-hospital'].flatMap((status) =>
      findWarnings({ ...READY, status }),
    );
    const livenesses = (['sleeping', 'offline', 'silent', 'unseen'] as const).flatMap((liveness) =>
      findWarnings({ ...READY, liveness }),
    );
    const others = [
      ...findWarnings({ ...READY, status: undefined, fix: undefined, batteryPct: 5 }),
      ...findWarnings({ ...READY, fixAgeMs: 3_600_000 }),
    ];
    expect([statuses.length, livenesses.length, others.length]).toEqual([4, 4, 4]);
    expectIndonesian([...statuses, ...livenesses, ...others]);
  });

  test('why nobody is there, by count', () => {
    const said = sayDispatch('no unit can be sent: 3 × already assigned, 2 × its tracker is silent', 'id');
    expect(said).toBe('tidak ada unit yang dapat dikirim: 3 × sudah bertugas, 2 × pelacaknya senyap');
    expectIndonesian([
      'was asked already',
      'is no transport',
      'too far away (61 km)',
      'this city has no ambulances',
      'its crew refused this incident',
      'its crew refused this incident: ban bocor',
    ]);
  });
});

describe('what dispatch says of a crew, in Indonesian', () => {
  test('what it is asked about', () => {
    const statuses = ['available', 'off-duty'];
    const doubts = statuses.flatMap((status) =>
      STEPS.flatMap((step) => readStatus(status, step, true)?.doubt ?? []),
    );
    const constants = ['units/unit-messages.ts', 'assignments/assignment-row.ts'].flatMap(readConstants);
    expect(constants).toHaveLength(5);
    expectIndonesian([...doubts, ...constants]);
  });

  test('where its word stands', () => {
    const nowMs = 1_000_000;
    const row = {
      ...{
        id: 1,
        kind: 'order',
        unit: 'm',
        incident: 1,
        assignment: 1,
        text: null,
        made_by: 'desk',
        sends: 1,
      },
      ...{ made_at: 0, sent_at: null, reached_at: null, acknowledged_at: null, acknowledged_by: null },
      ...{ ended_at: null, ended_why: null, next_at: null },
    } as unknown as CrewWordRow;
    const gone: CrewLink = { isListening: false, connectedSinceMs: undefined, lastConnectedMs: undefined };
    const listening = { ...gone, isListening: true, connectedSinceMs: 1 };
    const say = (changes: object, link = gone) => describeWord({ ...row, ...changes }, link, nowMs).state;
    const states = [
      say({ acknowledged_at: 1, acknowledged_by: 'm' }),
      say({ acknowledged_at: 1, acknowledged_by: 'desk-1' }),
      say({ kind: 'second-unit', acknowledged_at: 1, acknowledged_by: 'm' }),
      ...[
        'the assignment was refused',
        'the unit is left-scene',
        'a newer change says more',
        'its unit was taken out of the city',
        'motor-02 does not come',
      ].map((ended_why) => say({ ended_at: 1, ended_why })),
      say({ reached_at: 1 }),
      say({ sent_at: 960_000 }, listening),
      say({}, listening),
      say({}, { ...gone, connectedSinceMs: 1 }),
      say({}),
      say({}, { ...gone, lastConnectedMs: 960_000 }),
    ];
    expect(new Set(states).size).toBe(states.length);
    expectIndonesian(states);
    expect(sayDispatch(states.at(-1) as string, 'id')).toBe(
      'belum sampai di kru, terakhir tersambung 40 detik lalu',
    );
  });

  test('what a person wrote stays as it is', () => {
    expect(sayDispatch('ban bocor di Jl. Pemuda', 'id')).toBe('ban bocor di Jl. Pemuda');
    expect(sayDispatch('out of service: ban bocor; off duty', 'id')).toBe(
      'tidak beroperasi: ban bocor; tidak bertugas',
    );
  });
});
