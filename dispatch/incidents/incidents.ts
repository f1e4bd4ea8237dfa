/**
 * Incidents: from the call to the outcome. Intake as a 112 desk has it, triage, notes, duplicates, close.
 *
 * Most calls are none (pranks, silence, questions): an incident is classified before anybody is sent.
 * Invariants: `received_at`, `triaged_at` and `closed_at` are the server's times of the deed and are written
 * once; a closed incident changes no more; open incidents are bounded.
 */
import type { Insertable } from 'kysely';
import { distanceM, type Position } from '../../cities/great-circle.ts';
import type { IncidentsTable } from '../../database/dispatch-tables.ts';
import { type DispatchContext, writeAudit } from '../dispatch-context.ts';
import { DispatchError } from '../dispatch-error.ts';
import { type Correction, compareOrder, tellCorrection } from './corrections.ts';
import { refuseCircle } from './duplicate-circle.ts';
import {
  find,
  findForChange,
  findReported,
  hashReport,
  type IncidentDetails,
  type IncidentQuery,
  type IncidentReport,
  type IncidentRow,
  refuseClosed,
  refuseWhenFull,
} from './incident-row.ts';
import { explainOutside, findPlace, nearestKecamatan } from './places.ts';

/** Two calls about one event come from within a street and some minutes. */
const DUPLICATE_RADIUS_M = 250;
const DUPLICATE_WITHIN_MS = 15 * 60_000;

/** Tells the units that were sent already. */
type OnCorrected = (incident: number, correction: Correction) => Promise<void>;

export class Incidents {
  readonly #context: DispatchContext;
  readonly #onCorrected: OnCorrected;
  constructor(context: DispatchContext, onCorrected: OnCorrected) {
    this.#context = context;
    this.#onCorrected = onCorrected;
  }

  /** The same report with the same key is the same incident. Throws DispatchError `key-reused` for another. */
  async report(report: IncidentReport, user: string): Promise<IncidentRow> {
    await this.#context.followClock();
    const { database, publishEvent } = this.#context;
    const known = await findReported(database, report);
    if (known) return known;
    try {
      const incident = await this.#write(report, user);
      publishEvent('incident', { event: 'reported', incident: incident.id, priority: incident.priority });
      return incident;
    } catch (error) {
      if (error instanceof DispatchError) throw error;
      // The loser of two calls with one key: what it reported is there.
      const twin = await findReported(database, report);
      if (twin) return twin;
      throw error;
    }
  }

  #write(report: IncidentReport, user: string): Promise<IncidentRow> {
    const { database, now } = this.#context;
    return database.transaction().execute(async (transaction) => {
      await refuseWhenFull(transaction);
      const at = now();
      const row: Insertable<IncidentsTable> = {
        state: 'open',
        priority: report.priority ?? 2,
        needs_transport: report.needsTransport ? 1 : 0,
        classification: null,
        category: null,
        caller_name: report.callerName ?? null,
        caller_phone: report.callerPhone ?? null,
        place: null,
        kecamatan: null,
        lat: null,
        lng: null,
        duplicate_of: null,
        outcome: null,
        received_at: at,
        triaged_at: null,
        closed_at: null,
        created_by: user,
        idempotency_key: report.key ?? null,
        request_hash: report.key === undefined ? null : hashReport(report),
        simulated: report.simulated ? 1 : 0,
        ...this.#columnsOf(report),
        ...(report.classification ? { triaged_at: at } : {}),
      };
      const { id } = await transaction
        .insertInto('incidents')
        .values(row)
        .returning('id')
        .executeTakeFirstOrThrow();
      if (report.duplicateOf !== undefined) await find(transaction, report.duplicateOf);
      await writeAudit(transaction, at, {
        actor: user,
        action: 'reported',
        incident: Number(id),
        note: report.note,
      });
      return find(transaction, Number(id));
    });
  }

  /** Classifies, places, links; only what is given changes. Units that were sent are told what is new. */
  async triage(id: number, details: IncidentDetails, user: string): Promise<IncidentRow> {
    await this.#context.followClock();
    const { database, now, publishEvent } = this.#context;
    const { incident, correction } = await database.transaction().execute(async (transaction) => {
      const before = refuseClosed(await findForChange(transaction, id));
      if (details.duplicateOf !== undefined) await refuseCircle(transaction, id, details.duplicateOf);
      const at = now();
      const isFirst = details.classification !== undefined && before.triaged_at === null;
      const columns = { ...this.#columnsOf(details), ...(isFirst ? { triaged_at: at } : {}) };
      if (Object.keys(columns).length > 0) {
        await transaction.updateTable('incidents').set(columns).where('id', '=', id).execute();
      }
      await writeAudit(transaction, at, {
        actor: user,
        action: 'triaged',
        incident: id,
        note: JSON.stringify(details),
      });
      const after = await find(transaction, id);
      const correction = compareOrder(before, after);
      await tellCorrection(transaction, id, correction, user, at);
      return { incident: after, correction };
    });
    publishEvent('incident', { event: 'triaged', incident: id, priority: incident.priority });
    await this.#onCorrected(id, correction);
    return incident;
  }

  async note(id: number, text: string, user: string): Promise<void> {
    const { database, now, publishEvent } = this.#context;
    await database.transaction().execute(async (transaction) => {
      const { erased_at } = await find(transaction, id);
      await writeAudit(transaction, now(), { actor: user, action: 'note', incident: id, note: text });
      // It may lead to a person again, and is to be erased again.
      if (erased_at !== null) {
        await transaction.updateTable('incidents').set({ erased_at: null }).where('id', '=', id).execute();
      }
    });
    publishEvent('incident', { event: 'noted', incident: id });
  }

  /** Refused while a unit is still under way for it. Closing again with the same outcome changes nothing. */
  async close(id: number, outcome: string, user: string, note?: string): Promise<IncidentRow> {
    const { database, now, publishEvent } = this.#context;
    const incident = await database.transaction().execute(async (transaction) => {
      const before = await findForChange(transaction, id);
      if (before.state === 'closed' && before.outcome === outcome) return before;
      refuseClosed(before);
      const open = await transaction
        .selectFrom('assignments')
        .select(['id', 'unit'])
        .where('incident', '=', id)
        .where('ended_at', 'is', null)
        .execute();
      if (open.length > 0) {
        const units = open.map(({ unit }) => unit).join(', ');
        const message = `${units} is still assigned: complete or cancel the assignment first`;
        throw new DispatchError('incident-has-open-assignments', message, { assignments: open });
      }
      const at = now();
      const changes = { state: 'closed', outcome, closed_at: at };
      await transaction.updateTable('incidents').set(changes).where('id', '=', id).execute();
      await writeAudit(transaction, at, {
        actor: user,
        action: 'closed',
        incident: id,
        note: note ?? outcome,
      });
      return find(transaction, id);
    });
    publishEvent('incident', { event: 'closed', incident: id, outcome });
    return incident;
  }

  get(id: number): Promise<IncidentRow> {
    return find(this.#context.database, id);
  }

  list({ state, before, limit }: IncidentQuery): Promise<IncidentRow[]> {
    let query = this.#context.database.selectFrom('incidents').selectAll().orderBy('id', 'desc').limit(limit);
    if (state) query = query.where('state', '=', state);
    if (before !== undefined) query = query.where('id', '<', before);
    return query.execute();
  }

  /** From when to when the newest incidents were open, and nothing else of them. */
  async listSpans(limit: number): Promise<{ fromMs: number; toMs: number | undefined }[]> {
    const { database } = this.#context;
    const newest = database.selectFrom('incidents').orderBy('id', 'desc').limit(limit);
    const rows = await newest.select(['received_at', 'closed_at']).execute();
    return rows.map((row) => ({
      fromMs: Number(row.received_at),
      toMs: row.closed_at === null ? undefined : Number(row.closed_at),
    }));
  }

  /** Open incidents of the last minutes so near that they may be the same event. */
  async possibleDuplicates({ id, lat, lng, received_at }: IncidentRow): Promise<number[]> {
    if (lat === null || lng === null) return [];
    const near = await this.#context.database
      .selectFrom('incidents')
      .select(['id', 'lat', 'lng'])
      .where('state', '=', 'open')
      .where('duplicate_of', 'is', null)
      .where('received_at', '>=', received_at - DUPLICATE_WITHIN_MS)
      .where('id', '<', id)
      .orderBy('id', 'desc')
      .limit(1_000)
      .execute();
    return near
      .filter((each) => each.lat !== null && each.lng !== null)
      .filter((each) => distanceM(each as Position, { lat, lng }) <= DUPLICATE_RADIUS_M)
      .map((each) => Number(each.id));
  }

  /** The columns that the details name. A named place that the city knows gives the coordinates. */
  #columnsOf(details: IncidentDetails): Partial<Insertable<IncidentsTable>> {
    const { city } = this.#context;
    const given: Position | undefined =
      details.lat !== undefined && details.lng !== undefined
        ? { lat: details.lat, lng: details.lng }
        : undefined;
    const problem = given && explainOutside(city, given);
    if (problem) throw new DispatchError('outside-city', problem);
    const at = given ?? (details.place === undefined ? undefined : findPlace(city, details.place));
    return {
      ...(details.classification === undefined ? {} : { classification: details.classification }),
      ...(details.category === undefined ? {} : { category: details.category }),
      ...(details.priority === undefined ? {} : { priority: details.priority }),
      ...(details.place === undefined ? {} : { place: details.place }),
      ...(details.needsTransport === undefined ? {} : { needs_transport: details.needsTransport ? 1 : 0 }),
      ...(details.duplicateOf === undefined ? {} : { duplicate_of: details.duplicateOf }),
      ...(at === undefined
        ? {}
        : { lat: at.lat, lng: at.lng, kecamatan: nearestKecamatan(city, at)?.id ?? null }),
    };
  }
}
