/**
 * What is kept of a track once it is thinned, by the journal and by history alike.
 *
 * A track says where a crew was, and when. After some weeks nobody needs each of its fixes; what is still asked is how
 * far a unit drove, which way, and what its crew said. Invariants: the last reading of every minute is kept, and each
 * that brings another word (a status); no fix that is dropped between two kept ones lies further than TURN_M from the
 * straight line between them, so that a track keeps its turns and its length; to thin what is thinned drops nothing.
 */
import type { DeviceKind } from '../devices/device-kind.ts';

/** One reading, in order of time; NaN where it does not say. */
export interface TrackPoint {
  readonly atMs: number;
  readonly lat: number;
  readonly lng: number;
  /** Words that it says, as numbers: a status. */
  readonly words: readonly number[];
  /** A fix that was found wrong is no turn. */
  readonly isSound: boolean;
}

/** What a call thins: full ranges of RANGE_MS that end before `beforeMs`, and nothing above `keepAfterId`. */
export interface ThinOrder {
  readonly kinds: readonly string[];
  readonly beforeMs: number;
  readonly keepAfterId: number;
}

/** Tracks are thinned in ranges of so much: the readings of one are looked at together. */
export const RANGE_MS = 10 * 60_000;
/**
 * Beside the straight line: a lane or two, and what a good fix in a street is off. With 15 m a drive around small
 * blocks lost 3.5 % of its length.
 */
const TURN_M = 12;
const MINUTE_MS = 60_000;
/** Of latitude; a degree of longitude is shorter by the cosine of the latitude. */
const METRES_PER_DEGREE = 111_195;

/** Kinds whose devices say where they are. */
export function kindsWithTracks(kinds: Iterable<Pick<DeviceKind, 'name' | 'quantities'>>): string[] {
  return [...kinds]
    .filter(({ quantities }) => 'lat' in quantities && 'lng' in quantities)
    .map(({ name }) => name);
}

export function startOfRange(atMs: number): number {
  return Math.floor(atMs / RANGE_MS) * RANGE_MS;
}

/** Whether each point of one range is kept. The points ascend by time. */
export function choosePoints(points: readonly TrackPoint[]): boolean[] {
  const kept = points.map((_, index) => isAnchor(points, index));
  const spoken = new Map<number, number>();
  for (const [index, { words }] of points.entries()) {
    for (const [column, word] of words.entries()) {
      if (Number.isNaN(word)) continue;
      if (spoken.get(column) !== word) kept[index] = true;
      spoken.set(column, word);
    }
  }
  let from = 0;
  for (let to = 1; to < points.length; to++) {
    if (!kept[to]) continue;
    keepTurns(points, from, to, kept);
    from = to;
  }
  return kept;
}

/** The first of all, and the last of each minute. */
function isAnchor(points: readonly TrackPoint[], index: number): boolean {
  const next = points[index + 1];
  const minuteOf = ({ atMs }: TrackPoint) => Math.floor(atMs / MINUTE_MS);
  return index === 0 || next === undefined || minuteOf(next) !== minuteOf(points[index] as TrackPoint);
}

/** Between two that are kept, the furthest from their line, and so on in both halves (Douglas and Peucker, 1973). */
function keepTurns(points: readonly TrackPoint[], from: number, to: number, kept: boolean[]): void {
  let furthest = -1;
  let mostM = TURN_M;
  for (let index = from + 1; index < to; index++) {
    const offM = offLineM(points[index] as TrackPoint, points[from] as TrackPoint, points[to] as TrackPoint);
    if (offM <= mostM) continue;
    furthest = index;
    mostM = offM;
  }
  if (furthest < 0) return;
  kept[furthest] = true;
  keepTurns(points, from, furthest, kept);
  keepTurns(points, furthest, to, kept);
}

/** Distance from the piece of line between `a` and `b`, on a plane; far where one of them has no fix. */
function offLineM(point: TrackPoint, a: TrackPoint, b: TrackPoint): number {
  if (!point.isSound || Number.isNaN(point.lat)) return 0;
  const [start, end] = [a, b].filter(({ lat }) => !Number.isNaN(lat));
  if (!start) return Number.POSITIVE_INFINITY;
  const east = METRES_PER_DEGREE * Math.cos((point.lat * Math.PI) / 180);
  const [x, y] = [(point.lng - start.lng) * east, (point.lat - start.lat) * METRES_PER_DEGREE];
  if (!end) return Math.hypot(x, y);
  const [dx, dy] = [(end.lng - start.lng) * east, (end.lat - start.lat) * METRES_PER_DEGREE];
  const lengthSquared = dx * dx + dy * dy;
  const along = lengthSquared === 0 ? 0 : Math.min(1, Math.max(0, (x * dx + y * dy) / lengthSquared));
  return Math.hypot(x - along * dx, y - along * dy);
}
