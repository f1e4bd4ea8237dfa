/**
 * Words as a unit reads them on its `command` topic: docs/devices.md has the contract.
 *
 * Invariants: what a command says is read when it is sent, so that a repeated one is never older than the incident;
 * `word` is the id of the newest word in it, and a unit that takes it twice has taken it once.
 */
import type { DispatchContext } from '../dispatch-context.ts';
import { find } from '../incidents/incident-row.ts';
import type { CrewWordRow } from './crew-words.ts';

/** `words` is one word, or the open words of one order, the oldest first. */
export async function formatCommand(
  context: DispatchContext,
  words: readonly [CrewWordRow, ...CrewWordRow[]],
): Promise<string> {
  const last = words.at(-1) as CrewWordRow;
  const word = String(last.id);
  switch (last.kind) {
    case 'cancel':
      return JSON.stringify({ command: 'cancel', assignment: String(last.assignment), word });
    case 'message':
      return JSON.stringify({ command: 'message', word, text: last.text });
    case 'second-unit':
      return JSON.stringify({ command: 'second-unit', word, ...describeSecond(context, last) });
    default:
      return JSON.stringify({ command: 'dispatch', ...(await describeOrder(context, last)), word });
  }
}

function describeSecond({ board }: DispatchContext, { incident, text: unit }: CrewWordRow) {
  const callSign = unit === null ? undefined : board.callSignOf(unit);
  const vehicle = unit === null ? undefined : board.vehicleOf(unit);
  return { incident: String(incident), unit: { id: unit, callSign, vehicle } };
}

async function describeOrder({ database, city }: DispatchContext, { assignment, incident }: CrewWordRow) {
  const { lat, lng, priority, category, place } = await find(database, Number(incident));
  const { hospital } = await database
    .selectFrom('assignments')
    .select('hospital')
    .where('id', '=', Number(assignment))
    .executeTakeFirstOrThrow();
  const destination = city.hospitals.find((each) => each.id === hospital);
  return {
    assignment: String(assignment),
    incident: { id: String(incident), lat, lng, priority, category, place },
    ...(destination ? { hospital: { id: destination.id, lat: destination.lat, lng: destination.lng } } : {}),
  };
}
