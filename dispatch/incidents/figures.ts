/**
 * Figures: response times by step against the target, per day and kecamatan, and how busy each unit was.
 *
 * Computed from the recorded times when asked. Invariants: a time that was skipped is left out of its step and
 * counted as missing, never guessed; the response of an incident is that of its first unit on scene, from
 * the call; simulated incidents are apart from real ones.
 */
import type { Database } from '../../database/database.ts';

/** From the call to the first unit on scene: Dinas Kesehatan Semarang, 2023. */
export const RESPONSE_TARGET_S = 15 * 60;

export interface FiguresQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly timeZone: string;
  readonly simulated: boolean;
  readonly nowMs: number;
}

export interface StepFigures {
  readonly count: number;
  /** Where one of the two times is missing. */
  readonly missing: number;
  readonly p50S: number | null;
  readonly p90S: number | null;
  readonly maxS: number | null;
}

export interface ResponseFigures extends StepFigures {
  /** Share within the target, 0–1; null without any. */
  readonly withinTarget: number | null;
}

export interface Figures {
  readonly targetS: number;
  readonly incidents: number;
  readonly response: ResponseFigures;
  readonly steps: Readonly<Record<string, StepFigures>>;
  readonly byDay: readonly ({ day: string } & ResponseFigures)[];
  readonly byKecamatan: readonly ({ kecamatan: string | null } & ResponseFigures)[];
  readonly utilisation: readonly { unit: string; assignments: number; busyS: number; share: number }[];
  /** True when there were more assignments than are read at once: the newest are in. */
  readonly truncated: boolean;
}

/** A large city's calls of a month; beyond it the answer says that it is truncated. */
export const MAX_ROWS = 50_000;

/** Name → from which recorded time to which. */
const STEP_TIMES = {
  callToAssigned: ['received_at', 'reserved_at'],
  assignedToAcknowledged: ['reserved_at', 'acknowledged_at'],
  acknowledgedToEnRoute: ['acknowledged_at', 'en_route_at'],
  enRouteToOnScene: ['en_route_at', 'on_scene_at'],
  onSceneToLeft: ['on_scene_at', 'left_scene_at'],
  leftToDestination: ['left_scene_at', 'at_destination_at'],
  destinationToAvailable: ['at_destination_at', 'ended_at'],
} as const;

type Row = Awaited<ReturnType<typeof readRows>>[number];

export async function measureFigures(database: Database, query: FiguresQuery): Promise<Figures> {
  const rows = await readRows(database, query);
  const incidents = [...Map.groupBy(rows, (row) => row.incident).values()];
  const dayOf = (of: Row[]) => {
    const received = Temporal.Instant.fromEpochMilliseconds((of[0] as Row).received_at);
    return received.toZonedDateTimeISO(query.timeZone).toPlainDate().toString();
  };
  const byDay = Map.groupBy(incidents, dayOf);
  const byKecamatan = Map.groupBy(incidents, (of) => (of[0] as Row).kecamatan);
  return {
    targetS: RESPONSE_TARGET_S,
    incidents: incidents.length,
    response: respond(incidents),
    steps: Object.fromEntries(
      Object.entries(STEP_TIMES).map(([name, [from, to]]) => [
        name,
        summarise(rows.map((row) => between(row[from], row[to]))),
      ]),
    ),
    byDay: [...byDay].sort().map(([day, of]) => ({ day, ...respond(of) })),
    byKecamatan: [...byKecamatan]
      .map(([kecamatan, of]) => ({ kecamatan, ...respond(of) }))
      .sort((a, b) => b.count - a.count),
    utilisation: utilise(rows, query),
    truncated: rows.length === MAX_ROWS,
  };
}

function readRows(database: Database, { fromMs, toMs, simulated }: FiguresQuery) {
  return database
    .selectFrom('assignments')
    .innerJoin('incidents', 'incidents.id', 'assignments.incident')
    .select([
      'assignments.incident',
      'assignments.unit',
      'assignments.reserved_at',
      'assignments.acknowledged_at',
      'assignments.en_route_at',
      'assignments.on_scene_at',
      'assignments.left_scene_at',
      'assignments.at_destination_at',
      'assignments.ended_at',
      'incidents.received_at',
      'incidents.kecamatan',
    ])
    .where('incidents.received_at', '>=', fromMs)
    .where('incidents.received_at', '<', toMs)
    .where('incidents.simulated', '=', simulated ? 1 : 0)
    .orderBy('assignments.id', 'desc')
    .limit(MAX_ROWS)
    .execute();
}

function between(from: number | null, to: number | null): number | undefined {
  return from === null || to === null ? undefined : (to - from) / 1000;
}

function respond(incidents: readonly Row[][]): ResponseFigures {
  const times = incidents.map((rows) => {
    const arrivals = rows.map((row) => row.on_scene_at).filter((each) => each !== null);
    return arrivals.length === 0 ? undefined : between((rows[0] as Row).received_at, Math.min(...arrivals));
  });
  const known = times.filter((each) => each !== undefined);
  const within = known.filter((seconds) => seconds <= RESPONSE_TARGET_S).length;
  return { ...summarise(times), withinTarget: known.length === 0 ? null : within / known.length };
}

function summarise(times: readonly (number | undefined)[]): StepFigures {
  const known = times.filter((each) => each !== undefined).sort((a, b) => a - b);
  return {
    count: known.length,
    missing: times.length - known.length,
    p50S: percentile(known, 0.5),
    p90S: percentile(known, 0.9),
    maxS: known.at(-1) ?? null,
  };
}

/** Nearest rank: the least value that at least the share of all does not exceed. */
function percentile(ascending: readonly number[], share: number): number | null {
  return ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)] ?? null;
}

function utilise(rows: readonly Row[], { fromMs, toMs, nowMs }: FiguresQuery): Figures['utilisation'] {
  const endMs = Math.min(toMs, nowMs);
  const spanS = Math.max(1, (endMs - fromMs) / 1000);
  return [...Map.groupBy(rows, (row) => row.unit)]
    .map(([unit, of]) => {
      const busyS = of
        .map((row) => (Math.min(row.ended_at ?? nowMs, endMs) - Math.max(row.reserved_at, fromMs)) / 1000)
        .reduce((sum, each) => sum + Math.max(0, each), 0);
      return { unit, assignments: of.length, busyS: Math.round(busyS), share: busyS / spanS };
    })
    .sort((a, b) => b.share - a.share);
}
