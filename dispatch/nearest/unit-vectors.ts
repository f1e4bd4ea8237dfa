/**
 * The positions of the indexed units in typed arrays: a slot each, without holes, as degrees and as unit vectors.
 *
 * Owned by the unit index. Invariant: slots [0, size) are in use; the last moves into the place of one that
 * goes, so that a scan reads memory in order and the arrays only ever double.
 */
import { writeUnitVector } from '../../cities/great-circle.ts';

const FIRST_CAPACITY = 64;

export class UnitVectors {
  #vectors = new Float64Array(3 * FIRST_CAPACITY);
  #degrees = new Float64Array(2 * FIRST_CAPACITY);
  readonly ids: string[] = [];

  get size(): number {
    return this.ids.length;
  }

  lat(slot: number): number {
    return this.#degrees[2 * slot] as number;
  }

  lng(slot: number): number {
    return this.#degrees[2 * slot + 1] as number;
  }

  /** A new slot at the end; its position is set next. */
  add(unit: string): number {
    const slot = this.ids.push(unit) - 1;
    if (3 * slot >= this.#vectors.length) {
      this.#vectors = doubled(this.#vectors);
      this.#degrees = doubled(this.#degrees);
    }
    return slot;
  }

  set(slot: number, lat: number, lng: number): void {
    writeUnitVector(lat, lng, this.#vectors, 3 * slot);
    this.#degrees[2 * slot] = lat;
    this.#degrees[2 * slot + 1] = lng;
  }

  /** Copies a slot over another. */
  copy(from: number, to: number): void {
    this.#vectors.copyWithin(3 * to, 3 * from, 3 * from + 3);
    this.#degrees.copyWithin(2 * to, 2 * from, 2 * from + 2);
    this.ids[to] = this.ids[from] as string;
  }

  removeLast(): void {
    this.ids.pop();
  }

  /** Squared distance through the Earth, in Earth radii: orders like the great circle, without trigonometry. */
  squaredChord(slot: number, x: number, y: number, z: number): number {
    const dx = (this.#vectors[3 * slot] as number) - x;
    const dy = (this.#vectors[3 * slot + 1] as number) - y;
    const dz = (this.#vectors[3 * slot + 2] as number) - z;
    return dx * dx + dy * dy + dz * dz;
  }
}

function doubled(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * array.length);
  larger.set(array);
  return larger;
}
