/**
 * A line of an incident's log, and the reasons at an assignment, as people read them.
 *
 * Used by desk/incident-log.ts and by the lists of assignments. Invariant: what dispatch writes is said in the page's
 * language and with names; what a person wrote goes through as it is.
 */
import type { Assignment, IncidentDetail } from '../api/dispatch-shapes.ts';
import { sayDispatch } from './dispatch-sentences.ts';
import type { Speech } from './speech.ts';
import type { Word } from './words-id.ts';

export interface Narrator {
  readonly speech: Speech;
  /** The name of a unit; of who is no unit the same word. */
  nameOf(unit: string): string;
}

/** What was corrected of a caller, as the audit says it. */
const CALLER_WORDS: Readonly<Record<string, Word>> = { name: 'callerName', phone: 'callerPhone' };

type WordKind = Assignment['words'][number]['kind'];
/** `cancel` is what stands on a button. */
const WORD_NAMES: Partial<Record<WordKind, Word>> = { cancel: 'cancellation' };

/** What a kind of word to a crew is called. */
export function nameWord(kind: WordKind): Word {
  return WORD_NAMES[kind] ?? kind;
}

export function describeLine(
  { at, actor, action, unit, note }: IncidentDetail['log'][number],
  narrator: Narrator,
): string {
  const { speech, nameOf } = narrator;
  const what = speech.wordOr(action);
  // Of a triage the note is what it changed, for a program to read.
  const said = note === null || action === 'triaged' ? '' : `: ${sayNote(action, note, narrator)}`;
  const whom = unit === null || unit === actor ? '' : ` ${nameOf(unit)}`;
  return `${speech.time(Date.parse(at))} · ${nameOf(actor)} · ${what}${whom}${said}`;
}

function sayNote(action: string, note: string, narrator: Narrator): string {
  const { speech } = narrator;
  // What the crew said, and why a person is asked about it.
  const [, word, why] = (action === 'word-asked' && /^([a-z-]+): (.+)$/s.exec(note)) || [];
  if (word !== undefined && why !== undefined) return `“${speech.wordOr(word)}”: ${sayReason(why, narrator)}`;
  if (action === 'caller-corrected') {
    const columns = note.split(', ').map((column) => speech.wordOr(CALLER_WORDS[column] ?? column));
    return columns.join(', ');
  }
  // Of an escalation it is the kind of the word, where that is no order.
  if (action === 'escalated' && note === 'cancel') return speech.word(nameWord(note));
  return sayReason(speech.wordOr(note), narrator);
}

/** Why a unit was sent in spite of a warning, and why its work ended. */
export function listReasons(
  { forcedReason, endReason }: Pick<Assignment, 'forcedReason' | 'endReason'>,
  narrator: Narrator,
): string[] {
  return [forcedReason, endReason].flatMap((each) => (each === null ? [] : [sayReason(each, narrator)]));
}

function sayReason(reason: string, { speech, nameOf }: Narrator): string {
  return sayDispatch(reason, speech.language, nameOf);
}
