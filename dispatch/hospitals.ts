/**
 * Hospitals: free beds as they were reported, and where to take a patient.
 *
 * Most hospitals report rarely and queues are missing, so a number never stands without its age and source.
 * Invariants: a report replaces the one before it whole; what is older than STALE_AFTER_MS or was never
 * reported ranks behind fresh free beds and says so; a hospital known to be full comes last and is not
 * hidden.
 */
import type { Selectable } from 'kysely';
import type { HospitalBedsTable } from '../database/tables.ts';
import type { Hospital } from '../devices/kinds/hospital.ts';
import { distanceM, type Position } from '../fleet/positions/great-circle.ts';
import type { DispatchContext } from './dispatch-context.ts';
import { DispatchError } from './dispatch-error.ts';
import { STRAIGHT_MPS } from './roads/road-classes.ts';
import type { RoadNetwork } from './roads/road-network.ts';
import type { EtaSource } from './travel.ts';

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
    const row = { hospital: id, ...beds, source, updated_at: atMs, updated_by: user };
    await database
      .insertInto('hospital_beds')
      .values(row)
      .onConflict((conflict) => conflict.column('hospital').doUpdateSet(row))
      .execute();
    this.#reports.set(id, row);
    publishEvent('hospital', {
      hospital: id,
      free: beds,
      source,
      updatedAt: new Date(row.updated_at).toISOString(),
    });
    return this.#now(hospital);
  }

  /** Where a patient could go, the best first: fresh free beds, then unknown or stale, then full; each by time. */
  destinations(from: Position, limit: number): Destination[] {
    const ranked = this.all().map((each) => {
      const straightM = distanceM(from, each.hospital);
      const unit = { ...from, vehicle: 'transport' as const };
      const seconds = this.#roads?.travelTimes(each.hospital, [unit], 1)[0];
      return {
        ...each,
        etaS: Math.round(seconds ?? straightM / STRAIGHT_MPS),
        etaSource: seconds === undefined ? ('straight' as const) : ('road' as const),
        distanceM: Math.round(straightM),
        reason: explain(each),
      };
    });
    return ranked.sort((a, b) => rank(a) - rank(b) || a.etaS - b.etaS).slice(0, limit);
  }

  #now(hospital: Hospital): HospitalNow {
    const report = this.#reports.get(hospital.id);
    const ageMs = report && Math.max(0, this.#context.now() - Number(report.updated_at));
    return {
      hospital,
      free: report && {
        emergency: report.emergency,
        intensive: report.intensive,
        ward: report.ward,
        queue: report.queue,
      },
      source: report?.source,
      updatedAtMs: report && Number(report.updated_at),
      ageS: ageMs === undefined ? undefined : Math.round(ageMs / 1000),
      stale: ageMs === undefined || ageMs > STALE_AFTER_MS,
    };
  }
}

function rank({ free, stale }: HospitalNow): number {
  const emergency = free?.emergency ?? null;
  if (stale || emergency === null) return 1;
  return emergency > (free?.queue ?? 0) ? 0 : 2;
}

function explain({ free, ageS, stale, source }: HospitalNow): string {
  if (!free || ageS === undefined) return 'has never reported its beds: ask before you drive';
  const age = ageS < 5_400 ? `${Math.round(ageS / 60)} min` : `${Math.round(ageS / 3600)} h`;
  const beds = free.emergency === null ? 'emergency beds not said' : `${free.emergency} emergency beds free`;
  const queue = free.queue === null ? 'queue not said' : `${free.queue} waiting`;
  return `${beds}, ${queue}, ${age} ago by ${source}${stale ? ': stale, ask before you drive' : ''}`;
}
