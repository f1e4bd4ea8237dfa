/**
 * What is kept of those who called: corrected, found by number, erased.
 *
 * For the API and for retention. Invariants: an erasure leaves what the figures need (times, kecamatan, units) and
 * nothing that leads to a person; it is written into the audit without saying whose it was; an incident that is open
 * is not erased, since people are on their way to it.
 */
import type { Database } from '../../database/database.ts';
import { type DispatchTransaction, writeAudit } from '../dispatch-context.ts';
import { DispatchError } from '../dispatch-error.ts';
import { find, type IncidentRow } from './incident-row.ts';

/** A number is written with the country's code or with a 0 in its place: Indonesia's. */
const COUNTRY_CODE = '62';
/** Shorter ones are services and typing errors; they would find strangers. */
export const MIN_PHONE_DIGITS = 4;
/** Two decimals of a degree are a kilometre: the quarter, and not the house. */
const COARSE = 100;
const PAGE = 1_000;

export interface CallerCorrection {
  readonly incident: number;
  readonly name?: string | undefined;
  readonly phone?: string | undefined;
  readonly user: string;
  readonly nowMs: number;
}

/** Also of a closed incident: what is wrong is wrong for as long as it is kept. */
export async function correctCaller(
  database: Database,
  { incident, name, phone, user, nowMs }: CallerCorrection,
): Promise<IncidentRow> {
  return database.transaction().execute(async (transaction) => {
    await find(transaction, incident);
    const columns = {
      ...(name === undefined ? {} : { caller_name: name }),
      ...(phone === undefined ? {} : { caller_phone: phone }),
    };
    // It leads to a person again, and is to be erased again.
    const changes = { ...columns, erased_at: null };
    await transaction.updateTable('incidents').set(changes).where('id', '=', incident).execute();
    // What was wrong is not kept a second time in the audit.
    const note = Object.keys(columns).join(', ').replaceAll('caller_', '');
    await writeAudit(transaction, nowMs, { actor: user, action: 'caller-corrected', incident, note });
    return find(transaction, incident);
  });
}

/** Incidents that were reported from this number, however it was written, the oldest first. */
export async function findIncidentsOf(
  reader: Pick<DispatchTransaction, 'selectFrom'>,
  phone: string,
): Promise<number[]> {
  const wanted = normalizePhone(phone);
  const found: number[] = [];
  for (let after = 0; ; ) {
    const rows = await reader
      .selectFrom('incidents')
      .select(['id', 'caller_phone'])
      .where('caller_phone', 'is not', null)
      .where('id', '>', after)
      .orderBy('id')
      .limit(PAGE)
      .execute();
    for (const { id, caller_phone } of rows) {
      if (normalizePhone(caller_phone ?? '') === wanted) found.push(Number(id));
    }
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return found;
    after = Number(last.id);
  }
}

/** Digits without the country's code: `+62 812-3456` and `08123456` are one number. */
export function normalizePhone(phone: string): string {
  const digits = phone.replaceAll(/\D/g, '').replace(/^0+/, '');
  return digits.startsWith(COUNTRY_CODE) ? digits.slice(COUNTRY_CODE.length).replace(/^0+/, '') : digits;
}

/** Throws DispatchError `incident-open` while one of them is. Returns which were erased. */
export async function eraseCaller(
  database: Database,
  { phone, user, nowMs }: { readonly phone: string; readonly user: string; readonly nowMs: number },
): Promise<number[]> {
  return database.transaction().execute(async (transaction) => {
    const ids = await findIncidentsOf(transaction, phone);
    for (const id of ids) {
      const { state } = await find(transaction, id);
      if (state !== 'open') continue;
      throw new DispatchError('incident-open', `incident ${id} is open: close it first`, { incident: id });
    }
    for (const id of ids) await eraseIncident(transaction, id, user, nowMs);
    return ids;
  });
}

/** At most `limit` incidents that were closed before; returns how many there were. */
export async function eraseClosedBefore(
  database: Database,
  { beforeMs, limit, nowMs }: { readonly beforeMs: number; readonly limit: number; readonly nowMs: number },
): Promise<number> {
  return database.transaction().execute(async (transaction) => {
    const rows = await transaction
      .selectFrom('incidents')
      .select('id')
      .where('state', '=', 'closed')
      .where('closed_at', '<', beforeMs)
      .where('erased_at', 'is', null)
      .orderBy('id')
      .limit(limit)
      .execute();
    for (const { id } of rows) await eraseIncident(transaction, Number(id), 'siaga', nowMs);
    return rows.length;
  });
}

async function eraseIncident(
  transaction: DispatchTransaction,
  id: number,
  user: string,
  nowMs: number,
): Promise<void> {
  const { lat, lng } = await find(transaction, id);
  const coarse = (degrees: number | null) =>
    degrees === null ? null : Math.round(degrees * COARSE) / COARSE;
  await transaction
    .updateTable('incidents')
    .set({
      caller_name: null,
      caller_phone: null,
      place: null,
      lat: coarse(lat),
      lng: coarse(lng),
      // A hash of a name and a number can be guessed.
      request_hash: null,
      erased_at: nowMs,
    })
    .where('id', '=', id)
    .execute();
  await transaction.updateTable('dispatch_audit').set({ note: null }).where('incident', '=', id).execute();
  await transaction
    .updateTable('assignments')
    .set({ forced_reason: null, end_reason: null, request: '{}' })
    .where('incident', '=', id)
    .execute();
  await writeAudit(transaction, nowMs, { actor: user, action: 'caller-erased', incident: id });
}
