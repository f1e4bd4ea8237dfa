/**
 * An outside routing engine, asked for travel times to an incident: OSRM or Valhalla, by URL.
 *
 * Stands before the city's own network where ROUTING_URL is set. Invariant: it answers within the timeout
 * or fails with a RoutingError, whose sentence is shown in the answer that then falls back; a time it does
 * not know is undefined and never 0; one that cannot be is not believed.
 */
import { z } from 'zod';
import { distanceM, type Position } from '../../cities/great-circle.ts';
import { type Config, splitUserInfo } from '../../config/config.ts';
import { MAX_SPEED_MPS } from '../../fleet/positions/position-filter.ts';
import type { Vehicle } from './road-classes.ts';
import type { UnitPlace } from './road-network.ts';
import { MAX_SNAP_M } from './road-snap.ts';

export class RoutingError extends Error {
  readonly code = 'ROUTING_FAILED';
}

export interface OutsideTimes {
  /** One a unit in their order; undefined where the engine knows no way, or said what cannot be. */
  readonly seconds: readonly (number | undefined)[];
  /** What it said that cannot be, of some of the units. */
  readonly problem: string | undefined;
}

export interface OutsideEngine {
  readonly name: string;
  /** Throws RoutingError. */
  travelTimes(incident: Position, units: readonly UnitPlace[]): Promise<OutsideTimes>;
}

/** OSRM's public default is 100 coordinates; the nearest 50 are more than anybody looks at. */
export const MAX_OUTSIDE_UNITS = 50;
/** Nobody drives faster, straight line and all, and nobody in a city is slower over the whole way than a walk. */
const FASTEST_MPS = MAX_SPEED_MPS;
const SLOWEST_MPS = 1;
/** Beside the way: to find the vehicle, to turn, a level crossing. */
const SLACK_S = 30 * 60;
/** Rounding of times and of places. */
const ROUNDING_S = 1;

const snapped = z.array(z.object({ distance: z.number().min(0).optional() }).nullable());
const osrmAnswer = z.object({
  code: z.string(),
  durations: z.array(z.array(z.number().nullable())).optional(),
  sources: snapped.optional(),
  destinations: snapped.optional(),
});
const valhallaAnswer = z.object({
  sources_to_targets: z.array(z.array(z.object({ time: z.number().nullable() }))),
});
const VALHALLA_COSTING: Readonly<Record<Vehicle, string>> = { motorcycle: 'motorcycle', transport: 'auto' };

export type RoutingConfig = Pick<Config, 'ROUTING_URL' | 'ROUTING_ENGINE' | 'ROUTING_TIMEOUT_MS'>;

export function createOutsideEngine(config: RoutingConfig): OutsideEngine | undefined {
  const { ROUTING_URL: url, ROUTING_ENGINE: engine, ROUTING_TIMEOUT_MS: timeoutMs } = config;
  if (!url) return undefined;
  const name = engine === 'osrm' ? 'OSRM' : 'Valhalla';
  const call = createCall(name, url, timeoutMs);
  const ask = engine === 'osrm' ? askOsrm : askValhalla;
  return {
    name,
    async travelTimes(incident, units) {
      const seconds: (number | undefined)[] = new Array(units.length).fill(undefined);
      const problems: string[] = [];
      // One question a vehicle, at the same time: the timeout bounds them together.
      const questions = [...Map.groupBy(units.keys(), (index) => (units[index] as UnitPlace).vehicle)];
      await Promise.all(
        questions.map(async ([vehicle, indices]) => {
          const asked = indices.map((index) => units[index] as UnitPlace);
          const answers = await ask(call, { incident, units: asked, vehicle });
          if (answers.length !== asked.length) throw new RoutingError(`${name} answered for other units`);
          for (const [place, index] of indices.entries()) {
            const said = answers[place] as Said;
            const problem = findImpossible(said, distanceM(incident, asked[place] as UnitPlace));
            if (problem !== undefined) problems.push(problem);
            else seconds[index] = said.seconds ?? undefined;
          }
        }),
      );
      const problem =
        problems.length === 0
          ? undefined
          : `${name} said what cannot be of ${problems.length} of ${units.length} units: ${problems[0]}`;
      return { seconds, problem };
    },
  };
}

/** Asks the engine at `path` and gives the JSON of its answer. Throws RoutingError. */
type Call = (path: string, init?: RequestInit) => Promise<unknown>;

function createCall(name: string, given: string, timeoutMs: number): Call {
  const { url, headers } = splitUserInfo(given);
  const base = url.replace(/\/$/, '');
  return async (path, init) => {
    try {
      const response = await fetch(`${base}${path}`, {
        ...init,
        headers: { ...headers, ...init?.headers },
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (!response.ok) throw new RoutingError(`${name} answered ${response.status}`);
      return await response.json();
    } catch (error) {
      if (error instanceof RoutingError) throw error;
      const { name: failure } = error as Error;
      const why = failure === 'TimeoutError' ? `did not answer within ${timeoutMs} ms` : 'cannot be reached';
      throw new RoutingError(`${name} ${why}`, { cause: error });
    }
  };
}

/** How long each of the units needs, all of one vehicle. */
interface Question {
  readonly incident: Position;
  readonly units: readonly Position[];
  readonly vehicle: Vehicle;
}

/** OSRM has one profile a server; the vehicle is the server's. */
async function askOsrm(call: Call, { incident, units }: Question): Promise<Said[]> {
  const points = [...units, incident].map(({ lat, lng }) => `${lng.toFixed(6)},${lat.toFixed(6)}`).join(';');
  const sources = units.map((_, index) => index).join(';');
  const query = `sources=${sources}&destinations=${units.length}&annotations=duration`;
  return readOsrm(await call(`/table/v1/driving/${points}?${query}`));
}

async function askValhalla(call: Call, { incident, units, vehicle }: Question): Promise<Said[]> {
  const point = ({ lat, lng }: Position) => ({ lat, lon: lng });
  const answer = valhallaAnswer.safeParse(
    await call('/sources_to_targets', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        sources: units.map(point),
        targets: [point(incident)],
        costing: VALHALLA_COSTING[vehicle],
      }),
    }),
  );
  if (!answer.success) throw new RoutingError('Valhalla answered something else than a matrix');
  return answer.data.sources_to_targets.map((row) => ({ seconds: row[0]?.time ?? null, snapM: 0 }));
}

/** What an engine said of one unit. */
interface Said {
  readonly seconds: number | null;
  /** From the unit to the road that it was put on. */
  readonly snapM: number;
}

/** Throws RoutingError where it is no table, or one of another place. */
function readOsrm(body: unknown): Said[] {
  const answer = osrmAnswer.safeParse(body);
  if (!answer.success) throw new RoutingError('OSRM answered something else than a table');
  const { code, durations, sources: from, destinations } = answer.data;
  if (code !== 'Ok') throw new RoutingError(`OSRM answered ${code}`);
  if (!durations) throw new RoutingError('OSRM answered something else than a table');
  const snapM = destinations?.[0]?.distance ?? 0;
  if (snapM > MAX_SNAP_M) throw new RoutingError(`OSRM knows no road within ${formatKm(snapM)} of the place`);
  return durations.map((row, index) => ({ seconds: row[0] ?? null, snapM: from?.[index]?.distance ?? 0 }));
}

/** Bounded by the straight line at the top speed and by the snap; undefined where it may be. */
function findImpossible({ seconds, snapM }: Said, straightM: number): string | undefined {
  if (seconds === null) return undefined;
  if (snapM > MAX_SNAP_M) return `put on a road ${formatKm(snapM)} away`;
  const leastS = Math.max(0, straightM - snapM) / FASTEST_MPS - ROUNDING_S;
  const mostS = straightM / SLOWEST_MPS + SLACK_S;
  const isPossible = seconds >= Math.max(0, leastS) && seconds <= mostS;
  return isPossible ? undefined : `${seconds} s for ${formatKm(straightM)}`;
}

function formatKm(metres: number): string {
  return `${(metres / 1000).toFixed(1)} km`;
}
