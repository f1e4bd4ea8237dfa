/**
 * The sea of a coast: OpenStreetMap has the line only, with the land on its left and the water on its right.
 *
 *   coast → chains → cut at the frame → closed along the frame, clockwise → areas of water with their islands
 *
 * Invariant: where the coast ends inside the frame nobody knows on which side the water lies, and no sea is drawn.
 */
import type { Position } from '../openstreetmap/osm-content.ts';
import { type Frame, isInside } from './map-features.ts';
import { type Chain, isClosed, isWithin } from './rings.ts';

export interface Sea {
  /** The outer ring first, then its islands. */
  readonly rings: readonly (readonly Position[])[];
}

interface Cut {
  readonly line: readonly Position[];
  /** Where it enters and leaves, along the frame; see `alongFrame`. */
  readonly enters: number;
  readonly leaves: number;
}

/** Undefined where the coast has a gap. */
export function drawSea(chains: readonly Chain[], frame: Frame): Sea[] | undefined {
  const islands: (readonly Position[])[] = [];
  const cuts: Cut[] = [];
  for (const chain of chains) {
    const pieces = cutAtFrame(chain, frame);
    if (isClosed(chain) && pieces.length === 1 && pieces[0]?.length === chain.length) islands.push(chain);
    else {
      for (const line of pieces) {
        const [first, last] = [line[0] as Position, line.at(-1) as Position];
        const [enters, leaves] = [alongFrame(first, frame), alongFrame(last, frame)];
        if (enters === undefined || leaves === undefined) return undefined;
        cuts.push({ line, enters, leaves });
      }
    }
  }
  if (cuts.length === 0 && islands.length === 0) return [];
  const outers = cuts.length > 0 ? closeAlongFrame(cuts, frame) : [cornersOf(frame)];
  return outers.map((outer) => ({
    rings: [outer, ...islands.filter((island) => isWithin(island[0] as Position, outer))],
  }));
}

/** Each piece that lies within the frame, with the points where it crosses. */
function cutAtFrame(chain: Chain, frame: Frame): Position[][] {
  const pieces: Position[][] = [];
  let piece: Position[] | undefined;
  const end = () => {
    if (piece && piece.length > 1) pieces.push(piece);
    piece = undefined;
  };
  for (const [index, to] of chain.entries()) {
    const from = chain[index - 1];
    const shares = from ? cutSegment(from, to, frame) : isInside(to, frame) ? ([1, 1] as const) : undefined;
    if (!shares) {
      end();
      continue;
    }
    const [start, stop] = shares;
    if (from && start > 0) end();
    piece ??= [from ? between(from, to, start) : { lat: to.lat, lng: to.lng }];
    if (from) piece.push(stop === 1 ? { lat: to.lat, lng: to.lng } : between(from, to, stop));
    if (stop < 1) end();
  }
  end();
  return pieces;
}

/** From which share of the segment to which it lies within the frame (Liang and Barsky). */
function cutSegment(from: Position, to: Position, frame: Frame): readonly [number, number] | undefined {
  const [dLat, dLng] = [to.lat - from.lat, to.lng - from.lng];
  let [start, stop] = [0, 1];
  for (const [step, room] of [
    [-dLng, from.lng - frame.west],
    [dLng, frame.east - from.lng],
    [-dLat, from.lat - frame.south],
    [dLat, frame.north - from.lat],
  ] as const) {
    if (step === 0 && room < 0) return undefined;
    if (step < 0) start = Math.max(start, room / step);
    if (step > 0) stop = Math.min(stop, room / step);
  }
  return start < stop ? [start, stop] : undefined;
}

function between(from: Position, to: Position, share: number): Position {
  return {
    lat: from.lat + (to.lat - from.lat) * share,
    lng: from.lng + (to.lng - from.lng) * share,
  };
}

/** Half a metre: what was cut at the frame lies on it up to rounding. */
const ON_FRAME_DEGREES = 5e-6;

/**
 * Clockwise from the north-west corner: 0 to 1 along the north, to 2 down the east, to 3 along the south, to 4 up the
 * west.
 */
function alongFrame({ lat, lng }: Position, { south, west, north, east }: Frame): number | undefined {
  const isAt = (value: number, side: number) => Math.abs(value - side) < ON_FRAME_DEGREES;
  const [across, down] = [(lng - west) / (east - west), (north - lat) / (north - south)];
  if (isAt(lat, north)) return across;
  if (isAt(lng, east)) return 1 + down;
  if (isAt(lat, south)) return 3 - across;
  return isAt(lng, west) ? 4 - down : undefined;
}

function cornersOf({ south, west, north, east }: Frame): Position[] {
  const corner = (lat: number, lng: number) => ({ lat, lng });
  const first = corner(north, west);
  return [first, corner(north, east), corner(south, east), corner(south, west), first];
}

/** Water is on the right: from where a coast leaves, clockwise along the frame to where the next one enters. */
function closeAlongFrame(cuts: readonly Cut[], frame: Frame): Position[][] {
  const corners = cornersOf(frame).slice(0, 4);
  const left = new Set(cuts);
  const rings: Position[][] = [];
  for (const first of left) {
    const ring: Position[] = [];
    for (let cut: Cut | undefined = first; cut; ) {
      left.delete(cut);
      ring.push(...cut.line);
      const here: number = cut.leaves;
      const far = ({ enters }: Cut) => (enters - here + 4) % 4;
      const next: Cut = [first, ...left].reduce((best, each) => (far(each) < far(best) ? each : best));
      for (let step = 1; step <= 4; step++) {
        const corner = (Math.floor(here) + step) % 4;
        if ((corner - here + 4) % 4 < far(next)) ring.push(corners[corner] as Position);
      }
      cut = next === first ? undefined : next;
    }
    rings.push([...ring, ring[0] as Position]);
  }
  return rings;
}
