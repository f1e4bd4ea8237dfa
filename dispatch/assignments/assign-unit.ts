/**
 * Taking a unit for an incident: everything that one assignment writes, in the caller's transaction.
 *
 * The unit's lock, the assignment, the order to its crew, word of it to the crews beside it, the end of the
 * assignment that it replaces, the audit: all of it or nothing. Invariants: every call with one idempotency key
 * has one effect; a block cannot be forced, a warning can.
 */
import { type DispatchContext, type DispatchTransaction, writeAudit } from '../dispatch-context.ts';
import { DispatchError } from '../dispatch-error.ts';
import { findForChange, refuseClosed, refuseUnready } from '../incidents/incident-row.ts';
import { findBlocks, findWarnings } from '../recommendation/eligibility.ts';
import { writeWord } from '../words/crew-words.ts';
import { bindUnit, type LockRow, takeUnit } from './assignment-lock.ts';
import { type AssignmentRow, findByKey, readAssignment, takeStep } from './assignment-row.ts';
import { type Role, STEPS_BY_ORDER } from './assignment-steps.ts';

export interface AssignmentRequest {
  readonly incident: number;
  readonly unit: string;
  /** As the recommendation said it. */
  readonly unitVersion: number;
  readonly role: Role;
  readonly hospital?: string | undefined;
  /** Why the warnings do not hold; a block is not forced by any reason. */
  readonly forceReason?: string | undefined;
  /** An open assignment of the same incident that this one takes the place of. */
  readonly replaces?: number | undefined;
}

export interface Assigned {
  readonly assignment: AssignmentRow;
  /** The key was used before: nothing was done now. */
  readonly isRepeat: boolean;
  readonly replaced: AssignmentRow | undefined;
  /** Locks as they are now, of this unit and of the replaced one. */
  readonly locks: readonly LockRow[];
  /** Units on the same incident, which are told of this one. */
  readonly others: readonly string[];
}

export async function assignUnit(
  context: DispatchContext,
  transaction: DispatchTransaction,
  request: AssignmentRequest,
  key: string,
  user: string,
): Promise<Assigned> {
  const known = await findByKey(transaction, key);
  const text = JSON.stringify(request);
  if (known && known.request !== text) {
    throw new DispatchError('key-reused', 'this idempotency key belongs to another request; use a new one');
  }
  if (known) return { assignment: known, isRepeat: true, replaced: undefined, locks: [], others: [] };
  const at = context.now();
  refuseUnready(refuseClosed(await findForChange(transaction, request.incident)));
  const ended =
    request.replaces === undefined ? undefined : await endReplaced(context, transaction, request, user, at);
  judge(context, request);
  const { incident, unit, forceReason } = request;
  await takeUnit(transaction, unit, request.unitVersion);
  const { id } = await transaction
    .insertInto('assignments')
    .values({
      incident,
      unit,
      role: request.role,
      step: 'reserved',
      hospital: request.hospital ?? null,
      assigned_by: user,
      forced_reason: forceReason ?? null,
      idempotency_key: key,
      request: text,
      reserved_at: at,
      frees_from: at,
      commands_sent: 0,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const lock = await bindUnit(transaction, unit, Number(id));
  const others = await tellCrews(transaction, request, Number(id), user, at);
  const entry = { actor: user, action: 'assigned', incident, assignment: Number(id), unit };
  await writeAudit(transaction, at, { ...entry, note: forceReason && `forced: ${forceReason}` });
  return {
    assignment: await readAssignment(transaction, Number(id)),
    isRepeat: false,
    replaced: ended?.assignment,
    locks: ended?.lock ? [ended.lock, lock] : [lock],
    others,
  };
}

async function endReplaced(
  { board }: DispatchContext,
  transaction: DispatchTransaction,
  { incident, unit, replaces }: AssignmentRequest,
  actor: string,
  atMs: number,
) {
  const old = await readAssignment(transaction, replaces as number);
  if (old.incident !== incident) {
    throw new DispatchError('unknown-assignment', `assignment ${old.id} belongs to another incident`);
  }
  if (old.unit === unit) {
    throw new DispatchError(
      'blocked',
      `${unit} is on assignment ${old.id} already: replace it by another unit`,
    );
  }
  const end = { assignment: old.id, to: 'cancelled', actor, atMs, reason: `replaced by ${unit}` } as const;
  return takeStep(transaction, end, board);
}

/** Blocks and warnings by what is known now; the lock itself is judged by the compare-and-set. */
function judge({ board, city, now }: DispatchContext, request: AssignmentRequest): void {
  const { unit: id, role, forceReason, hospital } = request;
  if (hospital !== undefined && !city.hospitals.some((each) => each.id === hospital)) {
    throw new DispatchError('unknown-hospital', `there is no hospital ${hospital}`);
  }
  const unit = board.now(id, now());
  if (!unit) throw new DispatchError('unknown-unit', `there is no ambulance ${id}`);
  const unlocked = { ...unit, lock: { ...unit.lock, assignment: undefined, outOfService: undefined } };
  const blocks = findBlocks(unlocked, role);
  if (blocks.length > 0)
    throw new DispatchError('blocked', `${id}: ${blocks.join('; ')}: take another unit`, { blocks });
  const warnings = findWarnings(unit);
  if (warnings.length === 0 || forceReason) return;
  const message = `${id}: ${warnings.join('; ')}; send it nevertheless with a forceReason`;
  throw new DispatchError('needs-reason', message, { warnings });
}

/** The order, and word of it to the crews that are on the same incident. Returns their units. */
async function tellCrews(
  transaction: DispatchTransaction,
  { incident, unit }: AssignmentRequest,
  assignment: number,
  actor: string,
  atMs: number,
): Promise<string[]> {
  await writeWord(transaction, { kind: 'order', unit, incident, assignment, actor, atMs });
  const others = await transaction
    .selectFrom('assignments')
    .select(['id', 'unit'])
    .where('incident', '=', incident)
    .where('id', '!=', assignment)
    .where('step', 'in', STEPS_BY_ORDER)
    .execute();
  for (const other of others) {
    const word = { kind: 'second-unit', incident, assignment: Number(other.id), text: unit } as const;
    await writeWord(transaction, { ...word, unit: other.unit, actor, atMs });
  }
  return others.map((other) => other.unit);
}
