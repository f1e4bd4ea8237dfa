/** The log of an incident is read at night: in the page's language, with names and no ids. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { IncidentDetail } from '../../../../dashboards/situation-room/state/api/dispatch-shapes.ts';
import {
  describeLine,
  listReasons,
  type Narrator,
} from '../../../../dashboards/situation-room/state/words/log-line.ts';
import { createSpeech, loadWords } from '../../../../dashboards/situation-room/state/words/speech.ts';
import { indonesianOfDesk } from '../../../../dashboards/situation-room/state/words/words-desk-id.ts';
import { indonesian } from '../../../../dashboards/situation-room/state/words/words-id.ts';

await loadWords('id');
await loadWords('en');

type Line = IncidentDetail['log'][number];

const NAMES = new Map([
  ['motor-05', 'Motor Ambulans 05'],
  ['motor-08', 'Motor Ambulans 08'],
]);
const narratorIn = (language: 'id' | 'en'): Narrator => ({
  speech: createSpeech(language, 'Asia/Jakarta'),
  nameOf: (unit) => NAMES.get(unit) ?? unit,
});

function say(line: Partial<Line>, language: 'id' | 'en' = 'id'): string {
  const whole = { at: '2026-11-28T13:04:55Z', actor: 'desk-1', unit: null, note: null, ...line } as Line;
  return describeLine(whole, narratorIn(language)).replace(/^\S+ · /, '');
}

test('who was sent in spite of a warning, and why', () => {
  const line = { action: 'assigned', unit: 'motor-05', note: 'forced: jalan kecil' };
  expect(say(line)).toBe('desk-1 · menugaskan Motor Ambulans 05: dikirim dengan alasan: jalan kecil');
  expect(say(line, 'en')).toBe('desk-1 · assigned Motor Ambulans 05: forced: jalan kecil');
});

test("a crew's word that a person must judge", () => {
  const note = 'en-route: its tracker has just restarted and may say its default';
  expect(say({ actor: 'motor-08', unit: 'motor-08', action: 'word-asked', note })).toBe(
    'Motor Ambulans 08 · perkataan kru perlu dipastikan: “menuju lokasi”: ' +
      'pelacaknya baru menyala ulang dan mungkin mengirim nilai bawaannya',
  );
});

test('a unit that took the place of another has its name', () => {
  const line = { action: 'cancelled', unit: 'motor-08', note: 'replaced by motor-05' };
  expect(say(line)).toBe('desk-1 · dibatalkan Motor Ambulans 08: diganti oleh Motor Ambulans 05');
  expect(say(line, 'en')).toBe('desk-1 · cancelled Motor Ambulans 08: replaced by Motor Ambulans 05');
  const assignment = { forcedReason: 'jalan kecil', endReason: 'replaced by motor-05' };
  expect(listReasons(assignment, narratorIn('id'))).toEqual([
    'jalan kecil',
    'diganti oleh Motor Ambulans 05',
  ]);
});

test('what of a caller was corrected', () => {
  expect(say({ action: 'caller-corrected', note: 'name, phone' })).toBe(
    'desk-1 · data penelepon diperbaiki: Nama penelepon, Nomor telepon',
  );
});

/** The actions that are written as they stand; steps of assignments have their words besides. */
function readActions(): string[] {
  const folder = join(import.meta.dirname, '../../../../dispatch');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const text = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
  const written = [...text.matchAll(/\baction: '([a-z-]+)'/g)].map((match) => match[1] as string);
  return [...new Set(written)];
}

test('every deed in the audit has its word', () => {
  const actions = readActions();
  expect(actions).toEqual(expect.arrayContaining(['assigned', 'reported', 'closed', 'word-asked']));
  const words: object = { ...indonesian, ...indonesianOfDesk };
  expect(actions.filter((action) => !Object.hasOwn(words, action))).toEqual([]);
});

test('a word to a crew that nobody answered, by what it is and not by a button', () => {
  const line = { actor: 'siaga', unit: 'motor-08', action: 'escalated' };
  expect(say({ ...line, note: 'cancel' })).toBe(
    'siaga · tidak dijawab, dinaikkan Motor Ambulans 08: pembatalan',
  );
  expect(say({ ...line, note: 'change' })).toContain(': perubahan');
});
