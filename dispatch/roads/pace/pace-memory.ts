/**
 * What the fleet has learned of the roads' pace: how much longer a stretch takes than its class speeds say, by
 * vehicle, hour of the day and H3 cell.
 *
 * Each level is drawn towards the one above it by ten minutes of driving: the vehicle in the whole city ← its hour ←
 * the cell ← the cell at that hour. So one slow unit moves little, and a cell that nobody has driven takes what the
 * city knows. Invariants: bounded (MAX_CELLS; what does not fit is refused and counted by the caller); old driving
 * fades, since sums are halved when they are full; a factor lies within LEAST_FACTOR and MOST_FACTOR.
 */
import { VEHICLES, type Vehicle } from '../road-classes.ts';

export interface Stretch {
  readonly vehicle: Vehicle;
  readonly cell: string;
  /** 0–23, the city's. */
  readonly hour: number;
  /** By the speeds of the classes. */
  readonly usualS: number;
  readonly takenS: number;
}

/** Sums of a vehicle, of all hours or of one, in the city or in a cell. */
export type PaceRow = readonly [cell: string, vehicle: Vehicle, hour: number, usualS: number, takenS: number];

/** 0.7 km² each: a district of some 3,000 km². */
export const MAX_CELLS = 4_000;
const LEAST_FACTOR = 0.5;
export const MOST_FACTOR = 4;
/** Rows of the whole city, and of all hours. */
const CITY = '';
export const ALL_HOURS = 24;
const HOURS = 25;
/** Driving that weighs as much as what the level above says. */
const BELIEVED_S = 600;
/** Two hours of driving in one cell at one hour; what is older counts half, then a quarter. */
const FULL_S = 7_200;

/** Of a place: for each vehicle and hour the usual and the taken seconds. */
class Sums {
  readonly usual = new Float64Array(VEHICLES.length * HOURS);
  readonly taken = new Float64Array(VEHICLES.length * HOURS);

  add(index: number, usualS: number, takenS: number): void {
    this.usual[index] = (this.usual[index] as number) + usualS;
    this.taken[index] = (this.taken[index] as number) + takenS;
    if ((this.usual[index] as number) < FULL_S) return;
    this.usual[index] = (this.usual[index] as number) / 2;
    this.taken[index] = (this.taken[index] as number) / 2;
  }

  factor(index: number, above: number): number {
    const usualS = (this.usual[index] as number) + BELIEVED_S;
    return ((this.taken[index] as number) + BELIEVED_S * above) / usualS;
  }
}

const indexOf = (vehicle: Vehicle, hour: number) => VEHICLES.indexOf(vehicle) * HOURS + hour;

export class PaceMemory {
  readonly #city = new Sums();
  /** In a cell, what all hours took is measured against the city's hour, so that a slow hour is not a slow place. */
  readonly #cells = new Map<string, Sums>();
  #stretches = 0;

  /** How many were learned, in all runs. */
  get stretches(): number {
    return this.#stretches;
  }

  /** False where the memory is full and the place is new. */
  learn({ vehicle, cell, hour, usualS, takenS }: Stretch): boolean {
    let sums = this.#cells.get(cell);
    if (!sums) {
      if (this.#cells.size >= MAX_CELLS) return false;
      sums = new Sums();
      this.#cells.set(cell, sums);
    }
    const ofHour = this.#hourFactor(vehicle, hour);
    this.#city.add(indexOf(vehicle, ALL_HOURS), usualS, takenS);
    this.#city.add(indexOf(vehicle, hour), usualS, takenS);
    sums.add(indexOf(vehicle, ALL_HOURS), usualS * ofHour, takenS);
    sums.add(indexOf(vehicle, hour), usualS, takenS);
    this.#stretches++;
    return true;
  }

  /** Seconds that are taken for a second by the class speeds; 1 where nothing is known. */
  factor(vehicle: Vehicle, cell: string, hour: number): number {
    const ofHour = this.#hourFactor(vehicle, hour);
    const sums = this.#cells.get(cell);
    if (!sums) return bound(ofHour);
    const ofCell = ofHour * sums.factor(indexOf(vehicle, ALL_HOURS), 1);
    return bound(sums.factor(indexOf(vehicle, hour), ofCell));
  }

  #hourFactor(vehicle: Vehicle, hour: number): number {
    return this.#city.factor(indexOf(vehicle, hour), this.#city.factor(indexOf(vehicle, ALL_HOURS), 1));
  }

  /** What is to be kept: rows with anything in them. */
  *rows(): Generator<PaceRow> {
    for (const [cell, sums] of [[CITY, this.#city] as const, ...this.#cells]) {
      for (const vehicle of VEHICLES) {
        for (let hour = 0; hour < HOURS; hour++) {
          const index = indexOf(vehicle, hour);
          const usualS = sums.usual[index] as number;
          if (usualS > 0) yield [cell, vehicle, hour, usualS, sums.taken[index] as number];
        }
      }
    }
  }

  /** Takes back what `rows` gave; cells beyond the bound are left out. */
  restore(rows: Iterable<PaceRow>, stretches: number): void {
    this.#stretches = stretches;
    for (const [cell, vehicle, hour, usualS, takenS] of rows) {
      let sums = cell === CITY ? this.#city : this.#cells.get(cell);
      if (!sums) {
        if (this.#cells.size >= MAX_CELLS) continue;
        sums = new Sums();
        this.#cells.set(cell, sums);
      }
      sums.usual[indexOf(vehicle, hour)] = usualS;
      sums.taken[indexOf(vehicle, hour)] = takenS;
    }
  }
}

function bound(factor: number): number {
  return Math.min(MOST_FACTOR, Math.max(LEAST_FACTOR, factor));
}
