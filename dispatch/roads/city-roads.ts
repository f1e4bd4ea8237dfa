/**
 * The network that comes with a city's folder: its main roads between junctions.
 *
 * Used where no road file was imported. A main road between two junctions is longer than the great circle
 * by DETOUR, unless the folder gives its length.
 */
import type { City } from '../../cities/city.ts';
import { distanceM } from '../../cities/great-circle.ts';
import { type EdgeList, EdgeListBuilder } from './edge-list.ts';
import { CLASS_NUMBERS } from './road-classes.ts';

/** Bends of a main road between two junctions: length over great circle. */
const DETOUR = 1.15;

export function cityEdges(roads: NonNullable<City['roads']>): EdgeList {
  const builder = new EdgeListBuilder();
  const numbers = new Map(roads.junctions.map(({ id, lat, lng }) => [id, builder.addNode(lat, lng)]));
  const places = new Map(roads.junctions.map((junction) => [junction.id, junction]));
  for (const { from, to, class: roadClass, oneway, lengthM } of roads.roads) {
    // The city's schema has checked that both exist.
    const [a, b] = [places.get(from), places.get(to)];
    const [start, end] = [numbers.get(from), numbers.get(to)];
    if (!a || !b || start === undefined || end === undefined) throw new Error(`no junction ${from} or ${to}`);
    const length = { lengthM: lengthM ?? DETOUR * distanceM(a, b) };
    const classNumber = CLASS_NUMBERS.indexOf(roadClass);
    builder.addEdge(start, end, classNumber, length);
    if (!oneway) builder.addEdge(end, start, classNumber, length);
  }
  return builder.build();
}
