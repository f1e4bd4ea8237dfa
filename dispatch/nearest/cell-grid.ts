/**
 * The cells of one H3 resolution that the unit index has met: which units stand in each, its centre, its
 * rings. Made anew by the index when the fleet has outgrown the resolution.
 *
 * Invariant: a cell is the same object for as long as the grid lives, so that rings can hold references;
 * the number of cells is bounded by the index, which rebuilds the grid beyond it.
 */
import { cellToLatLng, gridRing, latLngToCell } from 'h3-js';
import { writeUnitVector } from '../../cities/great-circle.ts';

export interface Cell {
  readonly id: string;
  /** Unit vector of the centre; all zero until somebody asks how far the cell is. */
  readonly centre: Float64Array;
  /** Slots of the units in it. */
  readonly slots: number[];
  /** Rings 1 to CACHED_RINGS, filled on first use. */
  readonly rings: (readonly Cell[])[];
}

/** Nearly every query ends within two rings; further ones are asked of H3 each time. */
const CACHED_RINGS = 3;

/**
 * A bound on the circumradius of every cell of a resolution, in radians, so on its chord too.
 * H3 lays hexagons of equal size on the gnomonic projection of each icosahedron face, and that projection
 * never shrinks: no cell is larger on the sphere than on the plane. There the centres of resolution 0 are
 * RES0_U_GNOMONIC = 0.381966… apart (H3, constants.h), a circumradius is that over √3, and each finer
 * resolution is √7 smaller. One part in a thousand covers points that rounding puts into the neighbour.
 */
export function cellRadiusBound(resolution: number): number {
  return (1.001 * 0.381966011250105) / Math.sqrt(3) / 7 ** (resolution / 2);
}

export class CellGrid {
  readonly resolution: number;
  readonly radiusBound: number;
  readonly #cells = new Map<string, Cell>();
  #occupied = 0;

  constructor(resolution: number) {
    this.resolution = resolution;
    this.radiusBound = cellRadiusBound(resolution);
  }

  get size(): number {
    return this.#cells.size;
  }

  get occupied(): number {
    return this.#occupied;
  }

  /** The cell of a position. `guess` is where the unit was: most moves stay there, and comparing is cheaper. */
  at(lat: number, lng: number, guess?: Cell): Cell {
    const id = latLngToCell(lat, lng, this.resolution);
    return guess?.id === id ? guess : this.#cell(id);
  }

  /** Puts a slot into a cell; returns its place there. */
  add(cell: Cell, slot: number): number {
    if (cell.slots.length === 0) this.#occupied++;
    return cell.slots.push(slot) - 1;
  }

  /** Takes out the slot at `place`; returns the slot that moved there, or undefined. */
  removeAt(cell: Cell, place: number): number | undefined {
    const last = cell.slots.pop() as number;
    if (cell.slots.length === 0) this.#occupied--;
    if (place === cell.slots.length) return undefined;
    cell.slots[place] = last;
    return last;
  }

  /** All cells at grid distance `k` ≥ 1. Empty when the globe ends before. */
  ring(cell: Cell, k: number): readonly Cell[] {
    const cached = cell.rings[k];
    if (cached) return cached;
    const cells = gridRing(cell.id, k).map((id) => this.#cell(id));
    if (k <= CACHED_RINGS) cell.rings[k] = cells;
    return cells;
  }

  /** The least that any point of any of the cells can be away from the unit vector, as a chord. */
  leastChord(cells: readonly Cell[], x: number, y: number, z: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (const cell of cells) {
      const { centre } = cell;
      if (centre[0] === 0 && centre[1] === 0 && centre[2] === 0) {
        const [lat, lng] = cellToLatLng(cell.id);
        writeUnitVector(lat, lng, centre, 0);
      }
      const dx = (centre[0] as number) - x;
      const dy = (centre[1] as number) - y;
      const dz = (centre[2] as number) - z;
      // Chords are distances of space: |q − p| ≥ |q − c| − |c − p| holds without trigonometry.
      least = Math.min(least, Math.sqrt(dx * dx + dy * dy + dz * dz) - this.radiusBound);
    }
    return least;
  }

  #cell(id: string): Cell {
    const known = this.#cells.get(id);
    if (known) return known;
    const fresh: Cell = { id, centre: new Float64Array(3), slots: [], rings: [] };
    this.#cells.set(id, fresh);
    return fresh;
  }
}
