/**
 * The small roads of an imported map, read by squares of a grid as they come into sight.
 *
 * Invariants: nothing is read until its roads would be drawn; a square is asked for once while it is kept; the number
 * of squares that are kept has a bound, beyond which the one seen longest ago is given up.
 */
import type { GroundFeatures, GroundJson } from './ground-shapes.ts';

/** Alleys are drawn from 11.5 on; from 12.5 on a screen holds few squares. */
const FROM_ZOOM = 12.5;
/** Some 5 km each, a few hundred kB of features: 30 km by 25 km. */
const MAX_CELLS = 30;

export interface Cells {
  /** Calls `draw` with all that is kept when something came. */
  look(
    zoom: number,
    seen: readonly [west: number, south: number, east: number, north: number],
    draw: (features: GroundFeatures) => void,
  ): void;
}

export function createCells(
  { cell: path, cells, cellDegrees }: Pick<GroundJson & { from: 'import' }, 'cell' | 'cells' | 'cellDegrees'>,
  read: (path: string) => Promise<GroundFeatures>,
): Cells {
  const known = new Set(cells);
  const kept = new Map<string, GroundFeatures | 'asked'>();
  const collect = (): GroundFeatures => ({
    type: 'FeatureCollection',
    features: [...kept.values()].flatMap((each) => (each === 'asked' ? [] : each.features)),
  });
  return {
    look(zoom, seen, draw) {
      if (zoom < FROM_ZOOM) return;
      const wanted = listCells(seen, cellDegrees).filter((each) => known.has(each));
      let isNew = false;
      for (const cell of wanted.slice(0, MAX_CELLS)) {
        const there = kept.get(cell);
        kept.delete(cell);
        kept.set(cell, there ?? 'asked');
        if (there) continue;
        isNew = true;
        read(path.replace('{cell}', cell)).then(
          (features) => {
            if (!kept.has(cell)) return;
            kept.set(cell, features);
            draw(collect());
          },
          // It is asked for again when the map is moved.
          () => kept.delete(cell),
        );
      }
      if (!isNew) draw(collect());
      for (const cell of [...kept.keys()].slice(0, Math.max(0, kept.size - MAX_CELLS))) kept.delete(cell);
    },
  };
}

/** `x_y` in steps of `degrees`, the middle ones first. */
export function listCells(
  [west, south, east, north]: readonly [number, number, number, number],
  degrees: number,
): string[] {
  const step = (value: number) => Math.floor(value / degrees);
  const [x, y] = [(west + east) / 2 / degrees, (south + north) / 2 / degrees];
  const cells: { readonly name: string; readonly far: number }[] = [];
  for (let across = step(west); across <= step(east); across++) {
    for (let up = step(south); up <= step(north); up++) {
      cells.push({ name: `${across}_${up}`, far: Math.hypot(across + 0.5 - x, up + 0.5 - y) });
    }
  }
  return cells.sort((a, b) => a.far - b.far).map(({ name }) => name);
}
