/**
 * Hospitals: free beds as they were reported, and where to take a patient.
 *
 * Most hospitals report rarely and queues are missing, so a number never stands without its age and source.
 * Invariants: a report replaces the one before it whole, a refused one ends the trust in the one before; what is
 * older than STALE_AFTER_MS or was never reported ranks behind fresh free beds and says so; a hospital known to be
 * full comes last and is not hidden.
 */
import type { Selectable } from 'kysely';
import { distanceM, type Position } from '../../cities/great-circle.ts';
import type { HospitalBedsTable } from '../../database/dispatch-tables.ts';
import type { Hospital } from '../../devices/kinds/hospital.ts';
import type { DispatchContext } from '../dispatch-context.ts';
import { DispatchError } from '../dispatch-error.ts';
import type { EtaSource } from '../recommendation/travel.ts';
import { STRAIGHT_MPS } from '../roads/road-classes.ts';
import type { RoadNetwork } from '../roads/road-network.ts';

export interface BedReport {
  readonly emergency: number | null;
  readonly intensive: number | null;
  readonly ward: number | null;
  /** Patients who wait for a bed. */
  readonly queue: number | null;
}

export interface HospitalNow {
  readonly hospital: Hospital;
  readonly free: BedReport | undefined;
  readonly source: string | undefined;
  readonly updatedAtMs: number | undefined;
  readonly ageS: number | undefined;
  readonly stale: boolean;
  /** More patients than emergency beds: it reported fewer than none free. */
  readonly overfull: boolean;
  /** A report after the known one was refused: that one is trusted no more. */
  readonly refusedAtMs: number | undefined;
}

export interface Destination extends HospitalNow {
  readonly etaS: number;
  readonly etaSource: EtaSource;
  readonly distanceM: number;
  readonly reason: string;
}

/** Emergency rooms fill within hours. */
const STALE_AFTER_MS = 2 * 3_600_000;

export class Hospitals {
  readonly #context: DispatchContext;
  readonly #roads: RoadNetwork | undefined;
  readonly #reports = new Map<string, Selectable<HospitalBedsTable>>();

  constructor(context: DispatchContext, roads: RoadNetwork | undefined) {
    this.#context = context;
    this.#roads = roads;
  }

  async load(): Promise<void> {
    const rows = await this.#context.database.selectFrom('hospital_beds').selectAll().execute();
    for (const row of rows) this.#reports.set(row.hospital, row);
  }

  all(): HospitalNow[] {
    return this.#context.city.hospitals.map((hospital) => this.#now(hospital));
  }

  /** A report of now. `source` says which way it came: api, telephone. */
  async report(id: string, beds: BedReport, source: string, user: string): Promise<HospitalNow> {
    return this.#write(id, beds, source, user, this.#context.now());
  }

  /** A report that is `atMs` old already. False when a newer one is known, from whoever it came. */
  async reportIfNewer(
    id: string,
    beds: BedReport,
    source: string,
    user: string,
    atMs: number,
  ): Promise<boolean> {
    const known = this.#reports.get(id);
    if (known && Number(known.updated_at) >= atMs) return false;
    await this.#write(id, beds, source, user, atMs);
    return true;
  }

  /** A report of now could not be understood: what is known is no longer the hospital's last word. */
  async noteRefused(id: string): Promise<void> {
    const { database, now } = this.#context;
    const known = this.#reports.get(id);
    if (!known || known.refused_at !== null) return;
    const refused_at = now();
    await database.updateTable('hospital_beds').set({ refused_at }).where('hospital', '=', id).execute();
    this.#reports.set(id, { ...known, refused_at });
  }

  async #write(
    id: string,
    beds: BedReport,
    source: string,
    user: string,
    atMs: number,
  ): Promise<HospitalNow> {
    const { city, database, publishEvent } = this.#context;
    const hospital = city.hospitals.find((each) => each.id === id);
    if (!hospital) throw new DispatchError('unknown-hospital', `there is no hospital ${id}`);
    const row = { hospital: id, ...beds, source, updated_at: atMs, updated_by: user, refused_at: null };
    await database
      .insertInto('hospital_beds')
      .values(row)
      .onConflict((conflict) => conflict.column('hospital').doUpdateSet(row))
      .execute();
    this.#reports.set(id, row);
    publishEvent('hospital', {
      hospital: id,
      free: freeOf(beds),
      overfull: isOverfull(beds),
      source,
      updatedAt: new Date(row.updated_at).toISOString(),
    });
    return this.#now(hospital);
  }

  /**
   * Where a patient could go, the best first: fresh free beds, then unknown or stale, then full; each by time. What the
   * roads prove unreachable comes last, whatever its beds.
   */
  destinations(from: Position, limit: number): Destination[] {
    const ranked = this.all().map((each) => {
      const straightM = distanceM(from, each.hospital);
      const unit = { ...from, vehicle: 'transport' as const };
      const seconds = this.#roads?.travelTimes(each.hospital, [unit], 1)[0];
      const hasNoWay =
        seconds === undefined &&
        this.#roads?.isOnRoads(from, 'transport') === true &&
        this.#roads.isOnRoads(each.hospital, 'transport');
      const destination = {
        ...each,
        etaS: Math.round(seconds ?? straightM / STRAIGHT_MPS),
        etaSource: seconds === undefined ? ('straight' as const) : ('road' as const),
        distanceM: Math.round(straightM),
        reason: hasNoWay ? `no road leads there; ${explain(each)}` : explain(each),
      };
      return { destination, rank: hasNoWay ? UNREACHABLE_RANK : rank(each) };
    });
    return ranked
      .sort((a, b) => a.rank - b.rank || a.destination.etaS - b.destination.etaS)
      .slice(0, limit)
      .map(({ destination }) => destination);
  }

  #now(hospital: Hospital): HospitalNow {
    const report = this.#reports.get(hospital.id);
    const ageMs = report && Math.max(0, this.#context.now() - Number(report.updated_at));
    return {
      hospital,
      free: report && freeOf(report),
      source: report?.source,
      updatedAtMs: report && Number(report.updated_at),
      ageS: ageMs === undefined ? undefined : Math.round(ageMs / 1000),
      stale: ageMs === undefined || ageMs > STALE_AFTER_MS || report?.refused_at !== null,
      overfull: report !== undefined && isOverfull(report),
      refusedAtMs: report?.refused_at === null ? undefined : report?.refused_at,
    };
  }
}

/** Fewer than none free is none free: patients lie in the corridor. */
function freeOf({ emergency, intensive, ward, queue }: BedReport): BedReport {
  const atLeastNone = (beds: number | null) => (beds === null ? null : Math.max(0, beds));
  return {
    emergency: atLeastNone(emergency),
    intensive: atLeastNone(intensive),
    ward: atLeastNone(ward),
    queue,
  };
}

function isOverfull({ emergency }: BedReport): boolean {
  return emergency !== null && emergency < 0;
}

/** Behind the full ones. */
const UNREACHABLE_RANK = 3;

function rank({ free, stale }: HospitalNow): number {
  const emergency = free?.emergency ?? null;
  if (stale || emergency === null) return 1;
  return emergency > (free?.queue ?? 0) ? 0 : 2;
}

function explain({ free, ageS, stale, source, overfull, refusedAtMs }: HospitalNow): string {
  if (!free || ageS === undefined) return 'has never reported its beds: ask before you drive';
  const age = ageS < 5_400 ? `${Math.round(ageS / 60)} min` : `${Math.round(ageS / 3600)} h`;
  const count = free.emergency === null ? 'emergency beds not said' : `${free.emergency} emergency beds free`;
  const beds = overfull ? `${count}, overfull` : count;
  const queue = free.queue === null ? 'queue not said' : `${free.queue} waiting`;
  const refused = refusedAtMs === undefined ? 'stale' : 'a later report was refused';
  return `${beds}, ${queue}, ${age} ago by ${source}${stale ? `: ${refused}, ask before you drive` : ''}`;
}
