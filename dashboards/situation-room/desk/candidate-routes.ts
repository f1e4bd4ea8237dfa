/**
 * The ways that the candidates would drive, asked for when the candidates or the place are others and each time they
 * are ranked anew.
 *
 * Filled and read by desk-map.ts. Invariants: an answer about another place is dropped; a way is shown for the place
 * that it leads to and no other; one that does not come is a straight line, as before.
 */
import type { LngLat } from '../state/api/api-shapes.ts';
import type { Position } from '../state/dispatch/call-place.ts';
import type { DeskCalls } from '../state/dispatch/desk-calls.ts';
import type { UnitRoute } from '../state/map/map-shapes.ts';
import type { Proposed } from '../views/incidents/candidate-list.ts';

export interface CandidateLine {
  readonly line: readonly LngLat[];
  readonly rank: number;
  readonly by: UnitRoute['by'];
}

/** As many as the API takes at once. */
const MAX_ROUTES = 10;

export class CandidateRoutes {
  readonly #calls: Pick<DeskCalls, 'readRoutes'>;
  readonly #onAnswer: () => void;
  #asked = '';
  #place = '';
  #routes: ReadonlyMap<string, UnitRoute> = new Map();

  constructor(calls: Pick<DeskCalls, 'readRoutes'>, onAnswer: () => void) {
    this.#calls = calls;
    this.#onAnswer = onAnswer;
  }

  /** From each candidate to the place, the first last, so that it lies above the others. */
  lines(
    at: Position | undefined,
    candidates: readonly Proposed[],
    placeOf: (unit: string) => LngLat | undefined,
  ): CandidateLine[] {
    if (!at || candidates.length === 0) return [];
    this.#ask(at, candidates);
    const isOfPlace = this.#place === keyOf(at);
    const lines = candidates.flatMap(({ candidate: { unit } }, index): CandidateLine[] => {
      const route = isOfPlace ? this.#routes.get(unit) : undefined;
      const rank = index + 1;
      if (route?.by === 'road') return [{ line: route.line, rank, by: 'road' }];
      const from = placeOf(unit);
      return from ? [{ line: [from, [at.lng, at.lat]], rank, by: 'straight' }] : [];
    });
    return lines.reverse();
  }

  #ask(at: Position, candidates: readonly Proposed[]): void {
    const units = [...new Set(candidates.map(({ candidate }) => candidate.unit))].slice(0, MAX_ROUTES);
    const asked = `${keyOf(at)} ${candidates[0]?.asOfMs} ${units.join()}`;
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.#calls.readRoutes(at, units).then(
      (routes) => {
        if (this.#asked !== asked) return;
        this.#place = keyOf(at);
        this.#routes = new Map(routes.map((route) => [route.unit, route]));
        this.#onAnswer();
      },
      // They are asked for again with the next ranking; until then the lines are straight and say so.
      () => undefined,
    );
  }
}

function keyOf({ lat, lng }: Position): string {
  return `${lat},${lng}`;
}
