/**
 * The row of an assignment, and the one way in which it moves on: a step, in the caller's transaction.
 *
 * Invariant: a step is a compare-and-set on the step before it, so of two who move an assignment at once one
 * is refused; the last step frees the unit, and what the crew is told of it is written, in the same transaction.
 */
import type { Selectable } from 'kysely';
import type { AssignmentsTable } from '../../database/dispatch-tables.ts';
import { type DispatchTransaction, writeAudit } from '../dispatch-context.ts';
import { DispatchError } from '../dispatch-error.ts';
import type { UnitBoard } from '../units/unit-board.ts';
import { settleWords } from '../words/crew-words.ts';
import { takeBackSecondUnit } from '../words/second-unit.ts';
import { type LockRow, releaseUnit } from './assignment-lock.ts';
import { isBrokenOff, isEnded, type Step, TIME_COLUMN, whyNot } from './assignment-steps.ts';
import { changeDestination, type Destination, whyNotElsewhere } from './destination-change.ts';

export type AssignmentRow = Selectable<AssignmentsTable>;

export interface Advance {
  readonly assignment: number;
  readonly to: Step;
  readonly actor: string;
  readonly atMs: number;
  readonly reason?: string | undefined;
  /** Where the patient is taken. */
  readonly hospital?: Destination | undefined;
}

/** Of a unit that is called off on its way to a hospital. */
const LEFT_SCENE = 'it was called off after it had left a scene: a patient may be aboard';
/** Nobody is asked any more. */
export const NO_QUESTION = { asked_word: null, asked_step: null, asked_why: null, asked_at: null };

/** One step in the caller's transaction, with the release of the unit when it is the last. */
export async function takeStep(
  transaction: DispatchTransaction,
  { assignment: id, to, actor, atMs, reason, hospital }: Advance,
  board: Pick<UnitBoard, 'vehicleOf' | 'callSignOf'>,
): Promise<{ assignment: AssignmentRow; lock: LockRow | undefined }> {
  const before = await readAssignment(transaction, id);
  const from = before.step as Step;
  const canTransport = board.vehicleOf(before.unit) === 'transport';
  const problem = whyNot(from, to, canTransport);
  if (problem) throw new DispatchError('step-not-possible', problem, { step: from });
  const ends = isEnded(to);
  const isToBeTold = hospital !== undefined && whyNotElsewhere(to, canTransport) === undefined;
  const isByPerson = actor !== before.unit && actor !== 'siaga';
  const { numUpdatedRows } = await transaction
    .updateTable('assignments')
    .set({
      step: to,
      [TIME_COLUMN[to]]: atMs,
      ...(to === 'dispatched' ? {} : NO_QUESTION),
      // That the crew was free before a person knew better belongs to what it did before.
      ...(isByPerson ? { frees_from: atMs } : {}),
      ...(hospital === undefined || isToBeTold ? {} : { hospital: hospital.id }),
      ...(ends ? { end_reason: reason ?? to } : {}),
    })
    .where('id', '=', id)
    .where('step', '=', from)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) {
    throw new DispatchError(
      'step-not-possible',
      'somebody else has just moved this assignment on; look again',
    );
  }
  const { unit, incident } = before;
  await settleWords(transaction, { id, unit, incident }, { to, actor, atMs });
  if (isToBeTold) await changeDestination(transaction, before, { hospital, actor, atMs });
  if (isBrokenOff(to)) {
    const callSign = board.callSignOf(unit) ?? unit;
    await takeBackSecondUnit(transaction, { unit, callSign, incident, actor, atMs });
  }
  await writeAudit(transaction, atMs, { actor, action: to, incident, assignment: id, unit, note: reason });
  const lock = ends
    ? await releaseUnit(transaction, unit, id, {
        outOfService: to === 'broken-down' ? (reason ?? 'broken down') : undefined,
        patientDoubt: to === 'cancelled' && from === 'left-scene' && canTransport ? LEFT_SCENE : undefined,
      })
    : undefined;
  return { assignment: await readAssignment(transaction, id), lock };
}

type Reader = Pick<DispatchTransaction, 'selectFrom'>;

export async function readAssignment(reader: Reader, id: number): Promise<AssignmentRow> {
  const row = await reader.selectFrom('assignments').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw new DispatchError('unknown-assignment', `there is no assignment ${id}`);
  return row;
}

export function findByKey(reader: Reader, key: string): Promise<AssignmentRow | undefined> {
  return reader.selectFrom('assignments').selectAll().where('idempotency_key', '=', key).executeTakeFirst();
}
