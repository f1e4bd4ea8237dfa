/**
 * The lock of a unit: one row, changed only by compare-and-set on its version, inside a transaction.
 *
 * This is where two dispatchers meet. Invariant: of any number of concurrent takers of one version exactly one
 * wins, in SQLite (one writer) and in PostgreSQL (the row is locked until the commit); each change adds one.
 */
import type { Selectable } from 'kysely';
import type { DispatchUnitsTable } from '../../database/dispatch-tables.ts';
import type { DispatchTransaction } from '../dispatch-context.ts';
import { DispatchError } from '../dispatch-error.ts';

export type LockRow = Selectable<DispatchUnitsTable>;

/** Takes the unit at the version that the caller saw. Throws DispatchError with who has it now. */
export async function takeUnit(
  transaction: DispatchTransaction,
  unit: string,
  version: number,
): Promise<void> {
  await transaction
    .insertInto('dispatch_units')
    .values({ unit, version: 0, assignment: null, out_of_service: null })
    .onConflict((conflict) => conflict.column('unit').doNothing())
    .execute();
  const { numUpdatedRows } = await transaction
    .updateTable('dispatch_units')
    .set({ version: version + 1 })
    .where('unit', '=', unit)
    .where('version', '=', version)
    .where('assignment', 'is', null)
    .where('out_of_service', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 1n) return;
  const lock = await readLock(transaction, unit);
  const facts = { unit, unitVersion: lock.version, assignment: lock.assignment };
  if (lock.assignment !== null) {
    const holder = await transaction
      .selectFrom('assignments')
      .select(['incident', 'assigned_by as takenBy'])
      .where('id', '=', lock.assignment)
      .executeTakeFirst();
    const message = `${unit} was taken by assignment ${lock.assignment}; ask for another recommendation`;
    throw new DispatchError('unit-taken', message, { ...facts, ...holder });
  }
  if (lock.out_of_service !== null) {
    throw new DispatchError(
      'blocked',
      `${unit} is out of service: ${lock.out_of_service}: take another unit`,
      facts,
    );
  }
  const message = `${unit} has changed since you looked (version ${lock.version}, not ${version}); look again`;
  throw new DispatchError('unit-changed', message, facts);
}

/** Names the assignment that the taken unit belongs to. Who sends it answers for what was in doubt. */
export async function bindUnit(
  transaction: DispatchTransaction,
  unit: string,
  assignment: number,
): Promise<LockRow> {
  await transaction
    .updateTable('dispatch_units')
    .set({ assignment, patient_doubt: null })
    .where('unit', '=', unit)
    .execute();
  return readLock(transaction, unit);
}

/** Frees the unit of an assignment that has ended; `reasons` say why it may not be sent at once. */
export async function releaseUnit(
  transaction: DispatchTransaction,
  unit: string,
  assignment: number,
  reasons: { readonly outOfService: string | undefined; readonly patientDoubt: string | undefined },
): Promise<LockRow> {
  const { outOfService, patientDoubt } = reasons;
  await transaction
    .updateTable('dispatch_units')
    .set((column) => ({
      version: column('version', '+', 1),
      assignment: null,
      ...(outOfService === undefined ? {} : { out_of_service: outOfService }),
      ...(patientDoubt === undefined ? {} : { patient_doubt: patientDoubt }),
    }))
    .where('unit', '=', unit)
    .where('assignment', '=', assignment)
    .execute();
  return readLock(transaction, unit);
}

/**
 * Takes a unit out of service or puts it back; an open assignment is not touched by it. Who puts it back says
 * that no patient is aboard.
 */
export async function setService(
  transaction: DispatchTransaction,
  unit: string,
  outOfService: string | null,
): Promise<LockRow> {
  await transaction
    .insertInto('dispatch_units')
    .values({ unit, version: 1, assignment: null, out_of_service: outOfService })
    .onConflict((conflict) =>
      conflict.column('unit').doUpdateSet((column) => ({
        version: column('dispatch_units.version', '+', 1),
        out_of_service: outOfService,
        ...(outOfService === null ? { patient_doubt: null } : {}),
      })),
    )
    .execute();
  return readLock(transaction, unit);
}

/** Notes, or with null takes back, that a patient may be aboard of a unit without an assignment. */
export async function setPatientDoubt(
  transaction: DispatchTransaction,
  unit: string,
  doubt: string | null,
): Promise<LockRow> {
  await transaction
    .insertInto('dispatch_units')
    .values({ unit, version: 1, assignment: null, out_of_service: null, patient_doubt: doubt })
    .onConflict((conflict) =>
      conflict.column('unit').doUpdateSet((column) => ({
        version: column('dispatch_units.version', '+', 1),
        patient_doubt: doubt,
      })),
    )
    .execute();
  return readLock(transaction, unit);
}

async function readLock(transaction: DispatchTransaction, unit: string): Promise<LockRow> {
  return transaction
    .selectFrom('dispatch_units')
    .selectAll()
    .where('unit', '=', unit)
    .executeTakeFirstOrThrow();
}
