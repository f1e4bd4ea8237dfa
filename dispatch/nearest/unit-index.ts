/**
 * Where the units are that can be sent, and the k nearest of them to any point: exact, at any fleet size.
 *
 * Dispatch puts units in and takes them out as they become eligible, and asks. Small fleets are scanned;
 * larger ones stand in an H3 grid that is searched ring by ring. Invariants: an answer equals that of a
 * scan over all units, ties by id; a query visits no more cells than there are units before it scans
 * instead; the grid holds at most MAX_CELLS_PER_UNIT cells a unit, then it is built anew.
 *
 * Stop rule: the geodesic from the query to any unit beyond ring k crosses ring k+1. So once the worst of
 * the k found is nearer than every cell of ring k+1 can be, nobody outside can come in. It assumes nothing
 * of distortion or pentagons.
 */
import { chordToM, writeUnitVector } from '../../cities/great-circle.ts';
import { type Cell, CellGrid } from './cell-grid.ts';
import { Closest } from './closest.ts';
import {
  COARSEST,
  FINEST,
  firstResolution,
  MAX_PER_CELL,
  MIN_PER_CELL,
  nextResolution,
} from './resolution.ts';
import { UnitVectors } from './unit-vectors.ts';

export interface NearUnit {
  readonly unit: string;
  readonly distanceM: number;
}

export interface UnitIndex {
  readonly size: number;
  /** H3 resolution in use; undefined while the fleet is scanned. */
  readonly resolution: number | undefined;
  /** Puts or moves a unit. Throws RangeError outside lat ±90, lng ±180: validate has refused those. */
  upsert(unit: string, lat: number, lng: number): void;
  remove(unit: string): boolean;
  has(unit: string): boolean;
  /** The `k` nearest that pass `filter`, nearest first, ties by id. */
  nearest(lat: number, lng: number, k: number, filter?: (unit: string) => boolean): NearUnit[];
}

/** Below it a scan takes no longer than the rings: 8 µs at 100 units either way. */
const SCAN_BELOW = 300;
/** Cells met by units and queries, empty ones included. */
const MAX_CELLS_PER_UNIT = 8;

export function createUnitIndex(): UnitIndex {
  return new H3UnitIndex();
}

class H3UnitIndex implements UnitIndex {
  readonly #vectors = new UnitVectors();
  readonly #slotOf = new Map<string, number>();
  /** Of each slot, while there is a grid: its cell, and its place there. */
  #cells: Cell[] = [];
  #places: number[] = [];
  #grid: CellGrid | undefined;
  #upsertsUntilCheck = 0;

  get size(): number {
    return this.#vectors.size;
  }

  get resolution(): number | undefined {
    return this.#grid?.resolution;
  }

  has(unit: string): boolean {
    return this.#slotOf.has(unit);
  }

  upsert(unit: string, lat: number, lng: number): void {
    // latLngToCell(97, 10) answers silently, only NaN throws.
    if (!(Math.abs(lat) <= 90 && Math.abs(lng) <= 180)) throw new RangeError(`no position: ${lat}, ${lng}`);
    const known = this.#slotOf.get(unit);
    const slot = known ?? this.#newSlot(unit);
    this.#vectors.set(slot, lat, lng);
    if (this.#grid) this.#place(this.#grid, slot, this.#grid.at(lat, lng, this.#cells[slot]));
    if (--this.#upsertsUntilCheck <= 0) this.#checkGrid();
  }

  remove(unit: string): boolean {
    const slot = this.#slotOf.get(unit);
    if (slot === undefined) return false;
    if (this.#grid) this.#unplace(this.#grid, slot);
    const last = this.#vectors.ids.length - 1;
    if (slot !== last) this.#moveSlot(last, slot);
    this.#vectors.removeLast();
    this.#cells.length = Math.min(this.#cells.length, last);
    this.#places.length = this.#cells.length;
    this.#slotOf.delete(unit);
    if (this.#grid && this.#vectors.ids.length < SCAN_BELOW / 2) this.#dropGrid();
    return true;
  }

  nearest(lat: number, lng: number, k: number, filter?: (unit: string) => boolean): NearUnit[] {
    if (!(Math.abs(lat) <= 90 && Math.abs(lng) <= 180)) throw new RangeError(`no position: ${lat}, ${lng}`);
    if (k < 1) return [];
    const query = new Float64Array(3);
    writeUnitVector(lat, lng, query, 0);
    const [x, y, z] = query as unknown as [number, number, number];
    let found: Closest | undefined;
    if (this.#grid) {
      found = this.#searchRings(this.#grid, this.#grid.at(lat, lng), x, y, z, k, filter);
      // Empty cells that queries have met are given back here and not only when units move.
      if (this.#grid.size > MAX_CELLS_PER_UNIT * this.size) this.#rebuild();
    }
    found ??= this.#scan(x, y, z, k, filter);
    const near: NearUnit[] = [];
    for (const { slot, squaredChord } of found.entries()) {
      near.push({ unit: this.#vectors.ids[slot] as string, distanceM: chordToM(Math.sqrt(squaredChord)) });
    }
    return near;
  }

  /** Undefined when the rings would hold more cells than there are units: then a scan is cheaper. */
  #searchRings(
    grid: CellGrid,
    origin: Cell,
    x: number,
    y: number,
    z: number,
    k: number,
    filter: ((unit: string) => boolean) | undefined,
  ): Closest | undefined {
    const closest = new Closest(k, this.#vectors.ids);
    this.#offerAll(closest, origin.slots, x, y, z, filter);
    let visited = 1;
    for (let ring = 1; ; ring++) {
      // A ring k holds at most 6k cells; the check comes before H3 is asked to list them.
      visited += 6 * ring;
      if (visited > this.size) return undefined;
      const cells = grid.ring(origin, ring);
      if (cells.length === 0) return closest;
      const leastChord = grid.leastChord(cells, x, y, z);
      if (leastChord > 0 && closest.worst < leastChord * leastChord) return closest;
      for (const cell of cells) this.#offerAll(closest, cell.slots, x, y, z, filter);
    }
  }

  #offerAll(
    closest: Closest,
    slots: readonly number[],
    x: number,
    y: number,
    z: number,
    filter: ((unit: string) => boolean) | undefined,
  ): void {
    for (const slot of slots) {
      const squaredChord = this.#vectors.squaredChord(slot, x, y, z);
      if (squaredChord > closest.worst) continue;
      if (filter && !filter(this.#vectors.ids[slot] as string)) continue;
      closest.offer(slot, squaredChord);
    }
  }

  #scan(
    x: number,
    y: number,
    z: number,
    k: number,
    filter: ((unit: string) => boolean) | undefined,
  ): Closest {
    const closest = new Closest(k, this.#vectors.ids);
    let worst = closest.worst;
    for (let slot = 0; slot < this.#vectors.ids.length; slot++) {
      const squaredChord = this.#vectors.squaredChord(slot, x, y, z);
      if (squaredChord > worst || (filter && !filter(this.#vectors.ids[slot] as string))) continue;
      closest.offer(slot, squaredChord);
      worst = closest.worst;
    }
    return closest;
  }

  #newSlot(unit: string): number {
    const slot = this.#vectors.add(unit);
    this.#slotOf.set(unit, slot);
    return slot;
  }

  #moveSlot(from: number, to: number): void {
    this.#vectors.copy(from, to);
    this.#slotOf.set(this.#vectors.ids[to] as string, to);
    const cell = this.#cells[from];
    if (!cell) return;
    this.#cells[to] = cell;
    this.#places[to] = this.#places[from] as number;
    cell.slots[this.#places[to] as number] = to;
  }

  #place(grid: CellGrid, slot: number, cell: Cell): void {
    if (this.#cells[slot] === cell) return;
    if (this.#cells[slot]) this.#unplace(grid, slot);
    this.#cells[slot] = cell;
    this.#places[slot] = grid.add(cell, slot);
  }

  #unplace(grid: CellGrid, slot: number): void {
    const place = this.#places[slot] as number;
    const moved = grid.removeAt(this.#cells[slot] as Cell, place);
    if (moved !== undefined) this.#places[moved] = place;
  }

  /** Runs once in a quarter as many upserts as there are units, so that a rebuild costs each of them a constant. */
  #checkGrid(): void {
    this.#upsertsUntilCheck = Math.max(SCAN_BELOW, this.size / 4);
    if (this.size < SCAN_BELOW) return;
    const perCell = this.#grid ? this.size / this.#grid.occupied : 0;
    const tooCoarse = perCell > MAX_PER_CELL && this.resolution !== FINEST;
    const tooFine = perCell < MIN_PER_CELL && this.resolution !== COARSEST;
    if (tooCoarse || tooFine || (this.#grid && this.#grid.size > MAX_CELLS_PER_UNIT * this.size)) {
      this.#rebuild();
    }
  }

  /** Chooses the resolution by what the cells really hold, which adapts to a city and to the globe alike. */
  #rebuild(): void {
    let resolution = this.resolution ?? firstResolution(this.size);
    const tried = new Set<number>();
    for (;;) {
      tried.add(resolution);
      this.#build(resolution);
      const perCell = this.size / (this.#grid as CellGrid).occupied;
      if (perCell >= MIN_PER_CELL && perCell <= MAX_PER_CELL) return;
      // Clumped units may jump over the aim: no way back.
      resolution = nextResolution(resolution, perCell);
      if (tried.has(resolution)) return;
    }
  }

  #build(resolution: number): void {
    const grid = new CellGrid(resolution);
    this.#dropGrid();
    this.#grid = grid;
    for (let slot = 0; slot < this.size; slot++) {
      const cell = grid.at(this.#vectors.lat(slot), this.#vectors.lng(slot));
      this.#place(grid, slot, cell);
    }
  }

  #dropGrid(): void {
    this.#grid = undefined;
    this.#cells = [];
    this.#places = [];
  }
}
