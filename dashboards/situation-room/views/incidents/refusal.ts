/**
 * Why dispatch refused, in the dispatcher's language where the page has words for it, else in the API's own.
 *
 * Invariant: a lost race says who has the unit and for which incident.
 */
import { ApiError } from '../../state/api/api-client.ts';
import { sayDispatch } from '../../state/words/dispatch-sentences.ts';
import type { Word } from '../../state/words/words-id.ts';
import type { Room } from '../room.ts';
import { nameUnit } from './assignment-list.ts';

/** Of refusals whose sentence needs no fact. */
const WORDS: Readonly<Record<string, Word>> = {
  'session-ended': 'sessionEnded',
  'incident-closed': 'refusedClosed',
  'no-location': 'refusedUnplaced',
  'not-classified': 'refusedUnclassified',
  'step-not-possible': 'refusedStep',
  'outside-city': 'refusedOutside',
  'too-many-open-incidents': 'refusedFull',
};

export function explainRefusal(error: Error, room: Pick<Room, 'state' | 'speech'>): string {
  const { speech } = room;
  if (!(error instanceof ApiError)) return speech.word('notAnswered');
  const { unit, incident, takenBy, assignments } = error.facts;
  const name = nameUnit(String(unit), room);
  const renewed = speech.word('listRenewed');
  switch (error.slug) {
    case 'unit-taken': {
      const by = takenBy === undefined ? '' : ` ${speech.word('by')} ${takenBy}`;
      const whatFor = incident === undefined ? '' : ` ${speech.word('forIncident')} #${incident}`;
      return `${name} ${speech.word('takenByOther')}${by}${whatFor}. ${renewed}`;
    }
    case 'unit-changed':
      return `${name} ${speech.word('unitChanged')} ${renewed}`;
    case 'incident-has-open-assignments': {
      const open = assignments as readonly { readonly unit: string }[];
      return `${open.map((each) => nameUnit(each.unit, room)).join(', ')} ${speech.word('stillUnderWay')}`;
    }
    case 'blocked': {
      const blocks = (error.facts['blocks'] ?? []) as readonly string[];
      const why = blocks.map((each) => sayDispatch(each, speech.language)).join('; ');
      return `${why === '' ? error.message : why}: ${speech.word('refusedBlocked')}`;
    }
    default: {
      const word = WORDS[error.slug];
      if (word !== undefined) return speech.word(word);
      return error.status === 403 ? speech.word('refusedRights') : error.message;
    }
  }
}
