/**
 * Crews that drive through a city whose traffic is known to the bench and hidden from what learns it: each trip as its
 * fixes.
 *
 * The truth differs from the class speeds by vehicle, hour, neighbourhood, class and trip, and has stops at junctions.
 * The way is the quickest by that truth, found by a plain search that shares no code with the router.
 */
import FlatQueue from 'flatqueue';
import { distanceM, METRES_PER_DEGREE, type Position } from '../cities/great-circle.ts';
import { CLASS_NUMBERS, type Vehicle } from '../dispatch/roads/road-classes.ts';
import type { RoadGraph } from '../dispatch/roads/road-graph.ts';
import type { Fix } from '../fleet/positions/position-filter.ts';

export interface Trip {
  readonly vehicle: Vehicle;
  readonly start: Position;
  readonly end: Position;
  readonly takenS: number;
  readonly fixes: readonly Fix[];
}

/** A crew's tracker says where it is this often, with this error. */
const FIX_EVERY_S = 5;
const FIX_ERROR_M = 5;
const LEAST_TRIP_M = 1_500;
const MOST_TRIP_M = 6_000;
/** How the truth differs from the class speeds. */
const OF_VEHICLE = { motorcycle: 0.95, transport: 1.25 } as const;
const NEIGHBOURHOOD_DEG = 0.02;
const NEIGHBOURHOOD_SIGMA = 0.3;
const CLASS_SIGMA = 0.15;
const TRIP_SIGMA = 0.12;
const STOP_SHARE = 0.1;
const STOP_S = 20;

export class Traffic {
  readonly #graph: RoadGraph;
  readonly #usualS: Readonly<Record<Vehicle, Float64Array>>;
  readonly #random: () => number;
  readonly #places = new Map<string, number>();
  readonly #ofClass: readonly number[];
  readonly #strength: number;

  /** `strength` 1 is a city at odds with the class speeds, 0 one that drives by them but for chance and stops. */
  constructor(graph: RoadGraph, random: () => number, strength: number) {
    this.#strength = strength;
    this.#graph = graph;
    // The learner writes into the graph's.
    this.#usualS = {
      motorcycle: graph.secondsOf.motorcycle.slice(),
      transport: graph.secondsOf.transport.slice(),
    };
    this.#random = random;
    this.#ofClass = CLASS_NUMBERS.map(() => this.#lognormal(CLASS_SIGMA));
  }

  /** One trip that begins at `atMs`, in an hour of the day. */
  drive(vehicle: Vehicle, atMs: number, hour: number): Trip {
    for (;;) {
      const [start, end] = [this.#somewhere(), this.#somewhere()];
      const awayM = distanceM(this.#at(start), this.#at(end));
      if (awayM < LEAST_TRIP_M || awayM > MOST_TRIP_M) continue;
      const way = this.#findWay(start, end, vehicle, hour);
      if (way) return this.#follow(way, vehicle, atMs, hour);
    }
  }

  #follow(way: readonly number[], vehicle: Vehicle, atMs: number, hour: number): Trip {
    const { from, to } = this.#graph;
    const ofTrip = this.#lognormal(TRIP_SIGMA);
    const fixes: Fix[] = [];
    let seconds = 0;
    let nextFixS = 0;
    const see = (until: number, place: (share: number) => Position, beganS: number) => {
      for (; nextFixS <= until; nextFixS += FIX_EVERY_S) {
        const share = until === beganS ? 1 : (nextFixS - beganS) / (until - beganS);
        fixes.push({
          ...this.#blur(place(share)),
          measuredAt: atMs + nextFixS * 1000,
          accuracyM: FIX_ERROR_M,
        });
      }
    };
    for (const edge of way) {
      const [a, b] = [this.#at(from[edge] as number), this.#at(to[edge] as number)];
      const beganS = seconds;
      seconds += this.#truthS(edge, vehicle, hour) * ofTrip;
      see(
        seconds,
        (share) => ({ lat: a.lat + share * (b.lat - a.lat), lng: a.lng + share * (b.lng - a.lng) }),
        beganS,
      );
      if (this.#isJunction(to[edge] as number) && this.#random() < STOP_SHARE) {
        const stoppedS = seconds;
        seconds += STOP_S;
        see(seconds, () => b, stoppedS);
      }
    }
    const [first, last] = [way[0] as number, way.at(-1) as number];
    return {
      vehicle,
      start: this.#at(from[first] as number),
      end: this.#at(to[last] as number),
      takenS: seconds,
      fixes,
    };
  }

  #truthS(edge: number, vehicle: Vehicle, hour: number): number {
    const { from, classes, lats, lngs } = this.#graph;
    const node = from[edge] as number;
    const place = `${Math.floor((lats[node] as number) / NEIGHBOURHOOD_DEG)} ${Math.floor((lngs[node] as number) / NEIGHBOURHOOD_DEG)}`;
    const ofPlace = this.#places.get(place) ?? this.#lognormal(NEIGHBOURHOOD_SIGMA);
    this.#places.set(place, ofPlace);
    const peak = (at: number, width: number) => Math.exp(-(((hour - at) / width) ** 2));
    const ofHour = 0.9 + 0.6 * peak(7, 1.5) + 0.7 * peak(17, 2);
    const ofClass = this.#ofClass[classes[edge] as number] as number;
    const factor = (OF_VEHICLE[vehicle] * ofPlace * ofHour * ofClass) ** this.#strength;
    return (this.#usualS[vehicle][edge] as number) * factor;
  }

  /** Edges of the quickest way by the truth; undefined where there is none. */
  #findWay(start: number, end: number, vehicle: Vehicle, hour: number): number[] | undefined {
    const { forward, from } = this.#graph;
    const best = new Map<number, number>([[start, 0]]);
    const cameBy = new Map<number, number>();
    const queue = new FlatQueue();
    queue.push(start, 0);
    while (queue.length > 0) {
      const seconds = queue.peekValue() as number;
      const node = queue.pop() as number;
      if (node === end) break;
      if (seconds > (best.get(node) as number)) continue;
      for (
        let place = forward.offsets[node] as number;
        place < (forward.offsets[node + 1] as number);
        place++
      ) {
        const edge = forward.edges[place] as number;
        const next = forward.ends[place] as number;
        const arrivalS = seconds + this.#truthS(edge, vehicle, hour);
        if (arrivalS >= (best.get(next) ?? Number.POSITIVE_INFINITY)) continue;
        best.set(next, arrivalS);
        cameBy.set(next, edge);
        queue.push(next, arrivalS);
      }
    }
    const way: number[] = [];
    for (let node = end; node !== start; node = from[way[0] as number] as number) {
      const edge = cameBy.get(node);
      if (edge === undefined) return undefined;
      way.unshift(edge);
    }
    return way;
  }

  #isJunction(node: number): boolean {
    const { offsets } = this.#graph.forward;
    return (offsets[node + 1] as number) - (offsets[node] as number) > 2;
  }

  #somewhere(): number {
    return Math.floor(this.#random() * this.#graph.baseNodeCount);
  }

  #at(node: number): Position {
    return { lat: this.#graph.lats[node] as number, lng: this.#graph.lngs[node] as number };
  }

  #blur({ lat, lng }: Position): Position {
    const errorDeg = () => (this.#normal() * FIX_ERROR_M) / METRES_PER_DEGREE;
    return { lat: lat + errorDeg(), lng: lng + errorDeg() };
  }

  #lognormal(sigma: number): number {
    return Math.exp(sigma * this.#normal());
  }

  /** Box and Muller. */
  #normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.#random())) * Math.cos(2 * Math.PI * this.#random());
  }
}
