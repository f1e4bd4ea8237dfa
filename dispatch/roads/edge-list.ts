/**
 * Edges of a road network as a list: what importers make and the road file holds.
 *
 * Invariant: arrays of one kind are equally long; a ban names edges that follow one another.
 */
import { distanceM } from '../../cities/great-circle.ts';
import { CLASS_NUMBERS, speedKmh, VEHICLES, type Vehicle } from './road-classes.ts';

export interface EdgeList {
  readonly lats: Float64Array;
  readonly lngs: Float64Array;
  /** Of each directed edge: node numbers, metres, number of the class. */
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly lengthsM: Float32Array;
  readonly classes: Uint8Array;
  /** Of each directed edge, by vehicle: hundredths of a km/h, 0 where it may not or cannot go. */
  readonly speeds: Readonly<Record<Vehicle, Uint16Array>>;
  readonly bans: readonly TurnBan[];
}

/** Edges that these vehicles may not drive one after the other: the last is what is banned after the others. */
export interface TurnBan {
  readonly edges: readonly number[];
  readonly vehicles: readonly Vehicle[];
}

export type SpeedsKmh = Readonly<Record<Vehicle, number>>;

/** A ferry is slow, and nothing is slower than what one unit of the file says. */
const SPEED_UNITS_PER_KMH = 100;
const MAX_SPEED_UNITS = 0xffff;

/** Edges that arrive one by one. */
export class EdgeListBuilder {
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  readonly #lengthsM: number[] = [];
  readonly #classes: number[] = [];
  readonly #speeds: Record<Vehicle, number[]> = { motorcycle: [], transport: [] };
  readonly #lats: number[] = [];
  readonly #lngs: number[] = [];
  readonly #bans: TurnBan[] = [];

  get edgeCount(): number {
    return this.#from.length;
  }

  addNode(lat: number, lng: number): number {
    this.#lngs.push(lng);
    return this.#lats.push(lat) - 1;
  }

  /**
   * One direction; its number. The length is the great circle's and the speeds are the class's where none are given.
   */
  addEdge(
    from: number,
    to: number,
    classNumber: number,
    given: { lengthM?: number; speedsKmh?: SpeedsKmh } = {},
  ): number {
    this.#from.push(from);
    this.#to.push(to);
    this.#classes.push(classNumber);
    this.#lengthsM.push(given.lengthM ?? distanceM(this.#at(from), this.#at(to)));
    const roadClass = CLASS_NUMBERS[classNumber];
    if (!roadClass) throw new Error(`no class of road has the number ${classNumber}`);
    for (const vehicle of VEHICLES) {
      const kmh = given.speedsKmh?.[vehicle] ?? speedKmh(vehicle, roadClass);
      this.#speeds[vehicle].push(formatSpeed(kmh));
    }
    return this.#from.length - 1;
  }

  addBan(ban: TurnBan): void {
    this.#bans.push(ban);
  }

  build(): EdgeList {
    return {
      lats: Float64Array.from(this.#lats),
      lngs: Float64Array.from(this.#lngs),
      from: Uint32Array.from(this.#from),
      to: Uint32Array.from(this.#to),
      lengthsM: Float32Array.from(this.#lengthsM),
      classes: Uint8Array.from(this.#classes),
      speeds: {
        motorcycle: Uint16Array.from(this.#speeds.motorcycle),
        transport: Uint16Array.from(this.#speeds.transport),
      },
      bans: [...this.#bans],
    };
  }

  #at(node: number): { lat: number; lng: number } {
    return { lat: this.#lats[node] as number, lng: this.#lngs[node] as number };
  }
}

function formatSpeed(kmh: number): number {
  if (kmh === 0) return 0;
  return Math.min(MAX_SPEED_UNITS, Math.max(1, Math.round(kmh * SPEED_UNITS_PER_KMH)));
}
