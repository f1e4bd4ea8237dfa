/** Drills as the state database keeps them. */
import type { Database } from '../database/database.ts';
import { type Scenario, scenarioSchema } from './scenario.ts';

export interface Drill {
  readonly id: number;
  readonly scenario: Scenario;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly startedBy: string;
  readonly endsAt: number;
  readonly endedAt: number | undefined;
  readonly endedBy: string | undefined;
}

const SHOWN = 50;

/** The newest first, at most fifty. */
export async function listDrills(database: Database, city: string): Promise<readonly Drill[]> {
  const rows = await ofCity(database, city).orderBy('id', 'desc').limit(SHOWN).execute();
  return rows.map(readDrill);
}

export async function findDrill(database: Database, city: string, id: number): Promise<Drill | undefined> {
  const row = await ofCity(database, city).where('id', '=', id).executeTakeFirst();
  return row && readDrill(row);
}

export async function findUnderWay(database: Database, city: string): Promise<Drill | undefined> {
  const row = await ofCity(database, city)
    .where('ended_at', 'is', null)
    .orderBy('id', 'desc')
    .executeTakeFirst();
  return row && readDrill(row);
}

function ofCity(database: Database, city: string) {
  return database.selectFrom('drills').selectAll().where('city', '=', city);
}

interface DrillRow {
  readonly id: number;
  readonly scenario: string;
  readonly started_at: number;
  readonly started_by: string;
  readonly ends_at: number;
  readonly ended_at: number | null;
  readonly ended_by: string | null;
}

export function readDrill(row: DrillRow): Drill {
  return {
    id: Number(row.id),
    scenario: scenarioSchema.parse(JSON.parse(row.scenario)),
    startedAt: Number(row.started_at),
    startedBy: row.started_by,
    endsAt: Number(row.ends_at),
    endedAt: row.ended_at === null ? undefined : Number(row.ended_at),
    endedBy: row.ended_by ?? undefined,
  };
}
