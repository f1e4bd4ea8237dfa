/**
 * An outside routing engine, asked for travel times to an incident: OSRM or Valhalla, by URL.
 *
 * Stands before the city's own network where ROUTING_URL is set. Invariant: it answers within the timeout
 * or fails with a RoutingError, whose sentence is shown in the answer that then falls back; a time it does
 * not know is undefined and never 0.
 */
import { z } from 'zod';
import { type Config, splitUserInfo } from '../../config/config.ts';
import type { Position } from '../../fleet/positions/great-circle.ts';
import type { Vehicle } from './road-classes.ts';
import type { UnitPlace } from './road-network.ts';

export class RoutingError extends Error {
  readonly code = 'ROUTING_FAILED';
}

export interface OutsideEngine {
  readonly name: string;
  /** Seconds, one a unit in their order. Throws RoutingError. */
  travelTimes(incident: Position, units: readonly UnitPlace[]): Promise<(number | undefined)[]>;
}

/** OSRM's public default is 100 coordinates; the nearest 50 are more than anybody looks at. */
export const MAX_OUTSIDE_UNITS = 50;
const osrmAnswer = z.object({ durations: z.array(z.array(z.number().nullable())) });
const valhallaAnswer = z.object({
  sources_to_targets: z.array(z.array(z.object({ time: z.number().nullable() }))),
});
const VALHALLA_COSTING: Readonly<Record<Vehicle, string>> = { motorcycle: 'motorcycle', transport: 'auto' };

export type RoutingConfig = Pick<Config, 'ROUTING_URL' | 'ROUTING_ENGINE' | 'ROUTING_TIMEOUT_MS'>;

export function createOutsideEngine(config: RoutingConfig): OutsideEngine | undefined {
  const { ROUTING_URL: given, ROUTING_ENGINE: engine, ROUTING_TIMEOUT_MS: timeoutMs } = config;
  if (!given) return undefined;
  const { url, headers } = splitUserInfo(given);
  const base = url.replace(/\/$/, '');
  const name = engine === 'osrm' ? 'OSRM' : 'Valhalla';

  async function ask(request: string, init?: RequestInit): Promise<unknown> {
    try {
      const response = await fetch(request, {
        ...init,
        headers: { ...headers, ...init?.headers },
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (!response.ok) throw new RoutingError(`${name} answered ${response.status}`);
      return await response.json();
    } catch (error) {
      if (error instanceof RoutingError) throw error;
      const { name: kind } = error as Error;
      const why = kind === 'TimeoutError' ? `did not answer within ${timeoutMs} ms` : 'cannot be reached';
      throw new RoutingError(`${name} ${why}`, { cause: error });
    }
  }

  /** OSRM has one profile a server; the vehicle is the server's. */
  async function askOsrm(incident: Position, units: readonly UnitPlace[]): Promise<(number | null)[]> {
    const points = [...units, incident]
      .map(({ lat, lng }) => `${lng.toFixed(6)},${lat.toFixed(6)}`)
      .join(';');
    const sources = units.map((_, index) => index).join(';');
    const query = `sources=${sources}&destinations=${units.length}&annotations=duration`;
    const answer = osrmAnswer.safeParse(await ask(`${base}/table/v1/driving/${points}?${query}`));
    if (!answer.success) throw new RoutingError('OSRM answered something else than a table');
    return answer.data.durations.map((row) => row[0] ?? null);
  }

  async function askValhalla(
    incident: Position,
    units: readonly UnitPlace[],
    vehicle: Vehicle,
  ): Promise<(number | null)[]> {
    const point = ({ lat, lng }: Position) => ({ lat, lon: lng });
    const answer = valhallaAnswer.safeParse(
      await ask(`${base}/sources_to_targets`, {
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
    return answer.data.sources_to_targets.map((row) => row[0]?.time ?? null);
  }

  return {
    name,
    async travelTimes(incident, units) {
      const seconds: (number | undefined)[] = new Array(units.length).fill(undefined);
      // One question a vehicle, at the same time: the timeout bounds them together.
      const questions = [...Map.groupBy(units.keys(), (index) => (units[index] as UnitPlace).vehicle)];
      await Promise.all(
        questions.map(async ([vehicle, indices]) => {
          const asked = indices.map((index) => units[index] as UnitPlace);
          const answers = await (engine === 'osrm'
            ? askOsrm(incident, asked)
            : askValhalla(incident, asked, vehicle));
          if (answers.length !== asked.length) throw new RoutingError(`${name} answered for other units`);
          for (const [place, index] of indices.entries()) seconds[index] = answers[place] ?? undefined;
        }),
      );
      return seconds;
    },
  };
}
