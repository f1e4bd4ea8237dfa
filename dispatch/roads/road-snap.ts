/**
 * Where on the network a position is: the nearest point of the nearest piece of road that the vehicle may use.
 *
 * Pieces lie in a uniform grid; the search widens by rings of grid cells and stops when no further ring can hold a
 * nearer piece. Nobody stands on a ferry's line. Invariant: the answer equals that of a scan over all pieces, within
 * MAX_SNAP_M; a city is small enough that a plane around the position is right to a millimetre in a kilometre.
 */
import { METRES_PER_DEGREE, type Position } from '../../cities/great-circle.ts';
import { CLASS_NUMBERS, type Vehicle } from './road-classes.ts';
import type { RoadGraph } from './road-graph.ts';
import { extent } from './rows.ts';

export interface Snap {
  /** A directed edge on the piece, and how far along it, 0 at `from` to 1 at `to`. */
  readonly edge: number;
  readonly along: number;
  /** From the position to the road. */
  readonly offRoadM: number;
}

/** The nearest so far, while a search runs. */
interface Best {
  edge: number;
  along: number;
  squaredM: number;
}

/** The road that a place is reached by may be this much further from it than the nearest piece: a toll road above. */
const BESIDE_M = 50;
/** Pieces that one place may be reached by. */
const MAX_BESIDE = 4;
/** Further from any road than this, the network says nothing about a place. */
export const MAX_SNAP_M = 2_000;
/** Some ten pieces of a dense city's roads in a cell. */
const CELL_M = 100;
const TOLL_CLASS = CLASS_NUMBERS.indexOf('motorway');
const FERRY_CLASS = CLASS_NUMBERS.indexOf('ferry');
/** Cells of the grid at most: a country in one file gets larger cells and not more of them. */
const MAX_CELLS = 1_000_000;

export class RoadSnap {
  readonly #graph: RoadGraph;
  readonly #south: number;
  readonly #west: number;
  /** Metres in a degree of longitude at the middle of the network, for the grid only. */
  readonly #mPerDegLng: number;
  readonly #cellM: number;
  readonly #columns: number;
  readonly #rows: number;
  readonly #offsets: Uint32Array;
  readonly #edges: Uint32Array;

  constructor(graph: RoadGraph) {
    this.#graph = graph;
    const { lats, lngs } = graph;
    const [south, north] = extent(lats);
    const [west, east] = extent(lngs);
    this.#south = south;
    this.#west = west;
    this.#mPerDegLng = METRES_PER_DEGREE * Math.cos((((south + north) / 2) * Math.PI) / 180);
    const heightM = (north - south) * METRES_PER_DEGREE;
    const widthM = (east - west) * this.#mPerDegLng;
    this.#cellM = Math.max(CELL_M, Math.sqrt((heightM * widthM) / MAX_CELLS));
    this.#columns = Math.floor(widthM / this.#cellM) + 1;
    this.#rows = Math.floor(heightM / this.#cellM) + 1;
    const counts = new Uint32Array(this.#columns * this.#rows + 1);
    this.#eachCellOfEdges((cell) => {
      counts[cell + 1] = (counts[cell + 1] as number) + 1;
    });
    for (let cell = 1; cell < counts.length; cell++) {
      counts[cell] = (counts[cell] as number) + (counts[cell - 1] as number);
    }
    this.#offsets = counts;
    this.#edges = new Uint32Array(counts.at(-1) as number);
    const next = counts.slice();
    this.#eachCellOfEdges((cell, edge) => {
      const place = next[cell] as number;
      this.#edges[place] = edge;
      next[cell] = place + 1;
    });
  }

  /** The nearest piece of road that `vehicle` may use, or undefined when none is within MAX_SNAP_M. */
  snap(at: Position, vehicle: Vehicle): Snap | undefined {
    const column = this.#column(at.lng);
    const row = this.#row(at.lat);
    const furthestRing = Math.ceil(MAX_SNAP_M / this.#cellM) + 1;
    const best: Best = { edge: -1, along: 0, squaredM: MAX_SNAP_M * MAX_SNAP_M };
    for (let ring = 0; ring <= furthestRing; ring++) {
      // Whatever lies in this ring is at least (ring − 1) cells away; 1 % covers the grid's own longitude.
      const leastM = (ring - 1) * this.#cellM * 0.99;
      if (ring > 0 && best.squaredM < leastM * leastM) break;
      this.#eachCellOfRing(column, row, ring, (cell) =>
        this.#eachPieceOfCell(cell, at, vehicle, (edge, along, squaredM) => {
          if (squaredM < best.squaredM) Object.assign(best, { edge, along, squaredM });
        }),
      );
    }
    return best.edge < 0
      ? undefined
      : { edge: best.edge, along: best.along, offRoadM: Math.sqrt(best.squaredM) };
  }

  /**
   * The nearest piece and those beside it that are another road: the nearest first. A place ten metres from an elevated
   * toll road and thirty from a street is reached by the street; a toll road that is not the nearest reaches nothing.
   */
  snapBeside(at: Position, vehicle: Vehicle): Snap[] {
    const nearest = this.snap(at, vehicle);
    if (!nearest) return [];
    const radiusM = nearest.offRoadM + BESIDE_M;
    const within: Snap[] = [];
    const rings = Math.ceil(radiusM / (this.#cellM * 0.99));
    for (let ring = 0; ring <= rings; ring++) {
      this.#eachCellOfRing(this.#column(at.lng), this.#row(at.lat), ring, (cell) =>
        this.#eachPieceOfCell(cell, at, vehicle, (edge, along, squaredM) => {
          if (squaredM <= radiusM * radiusM) within.push({ edge, along, offRoadM: Math.sqrt(squaredM) });
        }),
      );
    }
    within.sort((a, b) => a.offRoadM - b.offRoadM);
    const beside = [nearest];
    for (const piece of within) {
      if (beside.length === MAX_BESIDE) break;
      const isToll = this.#graph.classes[piece.edge] === TOLL_CLASS;
      if (!isToll && beside.every((each) => this.#isOther(each.edge, piece.edge))) beside.push(piece);
    }
    return beside;
  }

  /** Pieces that meet are one way; the next piece of the same road comes after it. */
  #isOther(one: number, other: number): boolean {
    const { from, to, nodeOf } = this.#graph;
    const endsOf = (edge: number) => [from[edge] as number, nodeOf[to[edge] as number] as number];
    const ends = endsOf(other);
    return endsOf(one).every((end) => !ends.includes(end));
  }

  /** Every piece of a cell, projected on a plane around the position; some thousand pieces a snap. */
  #eachPieceOfCell(
    cell: number,
    at: Position,
    vehicle: Vehicle,
    visit: (edge: number, along: number, squaredM: number) => void,
  ): void {
    const { lats, lngs, from, to, secondsOf } = this.#graph;
    const seconds = secondsOf[vehicle];
    const mPerDegLng = METRES_PER_DEGREE * Math.cos((at.lat * Math.PI) / 180);
    const end = this.#offsets[cell + 1] as number;
    for (let place = this.#offsets[cell] as number; place < end; place++) {
      const edge = this.#edges[place] as number;
      if (seconds[edge] === Number.POSITIVE_INFINITY) continue;
      const a = from[edge] as number;
      const b = to[edge] as number;
      const ax = ((lngs[a] as number) - at.lng) * mPerDegLng;
      const ay = ((lats[a] as number) - at.lat) * METRES_PER_DEGREE;
      const dx = ((lngs[b] as number) - at.lng) * mPerDegLng - ax;
      const dy = ((lats[b] as number) - at.lat) * METRES_PER_DEGREE - ay;
      const squared = dx * dx + dy * dy;
      const along = squared === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / squared));
      const x = ax + along * dx;
      const y = ay + along * dy;
      visit(edge, along, x * x + y * y);
    }
  }

  #column(lng: number): number {
    return Math.floor(((lng - this.#west) * this.#mPerDegLng) / this.#cellM);
  }

  #row(lat: number): number {
    return Math.floor(((lat - this.#south) * METRES_PER_DEGREE) / this.#cellM);
  }

  #eachCellOfEdges(visit: (cell: number, edge: number) => void): void {
    const { lats, lngs, from, to, classes, baseEdgeCount } = this.#graph;
    for (let edge = 0; edge < baseEdgeCount; edge++) {
      if (classes[edge] === FERRY_CLASS) continue;
      const a = from[edge] as number;
      const b = to[edge] as number;
      const rows = [this.#row(lats[a] as number), this.#row(lats[b] as number)];
      const columns = [this.#column(lngs[a] as number), this.#column(lngs[b] as number)];
      for (let row = Math.min(...rows); row <= Math.max(...rows); row++) {
        for (let column = Math.min(...columns); column <= Math.max(...columns); column++) {
          visit(row * this.#columns + column, edge);
        }
      }
    }
  }

  /** Cells at `ring` steps around, those outside the grid left out. */
  #eachCellOfRing(column: number, row: number, ring: number, visit: (cell: number) => void): void {
    for (let y = Math.max(0, row - ring); y <= Math.min(this.#rows - 1, row + ring); y++) {
      const isEdgeRow = Math.abs(y - row) === ring;
      const step = isEdgeRow || ring === 0 ? 1 : 2 * ring;
      for (let x = column - ring; x <= column + ring; x += step) {
        if (x >= 0 && x < this.#columns) visit(y * this.#columns + x);
      }
    }
  }
}
