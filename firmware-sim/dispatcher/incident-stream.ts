/**
 * Calls to the 112 desk: a Poisson stream of them at sensible places of the city, and noise between them.
 *
 * Accidents happen at junctions, illness near public places and around the centres of the kecamatan. Some of
 * the calls are none: pranks, silence, questions. Invariant: the same city, seed and rate give the same calls
 * in the same order, with the same gaps.
 */

import type { City } from '../../cities/city.ts';
import { METRES_PER_DEGREE, type Position } from '../../cities/great-circle.ts';
import { isAccessPoint } from '../../devices/kinds/wifi-access-point.ts';
import { moved } from '../ambulances/position.ts';
import { between, exponential, normal, pick, type Random } from '../random.ts';

export interface Call {
  /** After the call before it, ms. */
  readonly gapMs: number;
  readonly classification: 'real' | 'prank' | 'silent' | 'information';
  readonly category: string;
  readonly priority: 1 | 2 | 3;
  readonly needsTransport: boolean;
  readonly place: string;
  readonly position: Position;
}

interface Category {
  readonly category: string;
  readonly where: 'junction' | 'public-place' | 'neighbourhood';
  readonly weight: number;
  readonly priority: 1 | 2 | 3;
  /** Chance that first aid is not enough. */
  readonly transportChance: number;
}

/** As callers in Indonesia say it: these cities are all there. */
const CATEGORIES: readonly Category[] = [
  { category: 'kecelakaan lalu lintas', where: 'junction', weight: 30, priority: 1, transportChance: 0.6 },
  { category: 'nyeri dada', where: 'neighbourhood', weight: 12, priority: 1, transportChance: 0.9 },
  { category: 'sesak napas', where: 'neighbourhood', weight: 15, priority: 1, transportChance: 0.7 },
  { category: 'stroke', where: 'neighbourhood', weight: 8, priority: 1, transportChance: 1 },
  { category: 'pingsan', where: 'public-place', weight: 15, priority: 2, transportChance: 0.3 },
  { category: 'jatuh', where: 'public-place', weight: 10, priority: 3, transportChance: 0.4 },
  { category: 'persalinan', where: 'neighbourhood', weight: 5, priority: 2, transportChance: 1 },
  { category: 'demam', where: 'neighbourhood', weight: 5, priority: 3, transportChance: 0.2 },
];
/** A desk hears far more noise than this; here it is enough to show that it is classified and closed. */
const NOISE_CHANCE = 0.2;
const NOISE = ['prank', 'silent', 'information'] as const;
/** Homes lie around a centre within a kilometre or so, one standard deviation. */
const NEIGHBOURHOOD_M = 700;
/** A patient at a junction or a square stands a few metres beside it. */
const BESIDE_M = 25;

interface Place extends Position {
  readonly name: string;
}

export function createIncidentStream(city: City, callsPerHour: number, random: Random): () => Call {
  const junctions: Place[] = (city.roads?.junctions ?? []).map(({ id, name, lat, lng }) => ({
    name: name ?? id,
    lat,
    lng,
  }));
  const squares: Place[] = city.devices.filter(isAccessPoint);
  const centres: Place[] = city.kecamatan;
  const anywhere = [...junctions, ...squares, ...centres, ...city.bases, ...city.hospitals];
  if (anywhere.length === 0) throw new Error(`${city.id} has no place where something could happen`);
  const places = { junction: junctions, 'public-place': squares, neighbourhood: centres };
  return () => {
    const gapMs = exponential(random, 3_600_000 / callsPerHour);
    const kind = pickWeighted(random, CATEGORIES);
    const candidates = places[kind.where].length > 0 ? places[kind.where] : anywhere;
    const near = pick(random, candidates);
    const spreadM = kind.where === 'neighbourhood' ? NEIGHBOURHOOD_M : BESIDE_M;
    const position = keepInside(moved(near, spreadM * normal(random), spreadM * normal(random)), city);
    const noise = random() < NOISE_CHANCE;
    const which = pick(random, NOISE);
    return {
      gapMs,
      classification: noise ? which : 'real',
      category: kind.category,
      priority: kind.priority,
      needsTransport: random() < kind.transportChance,
      place: near.name,
      position,
    };
  };
}

/** The stream, but its first call is an emergency and comes after `afterMs`: who watches sees one at once. */
export function withFirstEmergency(next: () => Call, afterMs: number): () => Call {
  let isFirst = true;
  return () => {
    let call = next();
    if (!isFirst) return call;
    isFirst = false;
    while (call.classification !== 'real') call = next();
    return { ...call, gapMs: afterMs };
  };
}

function pickWeighted(random: Random, categories: readonly Category[]): Category {
  const total = categories.reduce((sum, each) => sum + each.weight, 0);
  let left = between(random, 0, total);
  for (const each of categories) {
    left -= each.weight;
    if (left < 0) return each;
  }
  return categories[0] as Category;
}

/** A home near the edge must not end up in the sea of the next city: 100 m inside the bounds at least. */
function keepInside({ lat, lng }: Position, { bounds }: City): Position {
  const margin = 100 / METRES_PER_DEGREE;
  // A caller's place is known to a street number at best: five decimals are a metre.
  return {
    lat: Number(Math.min(bounds.north - margin, Math.max(bounds.south + margin, lat)).toFixed(5)),
    lng: Number(Math.min(bounds.east - margin, Math.max(bounds.west + margin, lng)).toFixed(5)),
  };
}
