/**
 * Why dispatch refused, in the dispatcher's language where the page has words for it, else in the API's own.
 *
 * Invariant: a lost race says who has the unit and for which incident.
 */
import { ApiError } from '../state/api-client.ts';
import { nameUnit } from './assignment-list.ts';
import type { Room } from './room.ts';

export function explainRefusal(error: Error, room: Pick<Room, 'state' | 'speech'>): string {
  if (!(error instanceof ApiError)) return error.message;
  const { speech } = room;
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
    default:
      return error.message;
  }
}
