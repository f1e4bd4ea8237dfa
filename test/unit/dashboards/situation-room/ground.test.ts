import { describe, expect, test } from 'vitest';
import { createCells, listCells } from '../../../../dashboards/situation-room/state/map/ground-cells.ts';
import {
  openMapTilesSchema,
  protomapsSchema,
} from '../../../../dashboards/situation-room/state/map/ground-schema.ts';
import type { GroundFeatures } from '../../../../dashboards/situation-room/state/map/ground-shapes.ts';
import { buildStyle } from '../../../../dashboards/situation-room/state/map/ground-style.ts';
import { placeLabels } from '../../../../dashboards/situation-room/state/map/label-room.ts';
import { sketchGround, smoothLine } from '../../../../dashboards/situation-room/state/map/sketch-ground.ts';

describe('the sketch of a city as ground', () => {
  test('has roads by class, rivers with names, places; and leaves out a river of which one point is known', () => {
    const { features } = sketchGround({
      rivers: [
        {
          id: 'a',
          name: 'Kali A',
          tidal: false,
          line: [
            [110, -7],
            [110.1, -7],
            [110.2, -7.1],
          ],
        },
        { id: 'sea', name: 'Laut', tidal: true, line: [[110, -6.9]] },
      ],
      roads: [
        {
          class: 'trunk',
          line: [
            [110, -7],
            [110.2, -7],
          ],
        },
      ],
      places: [{ id: 'p', name: 'Tugu', lat: -7, lng: 110.3 }],
    });
    expect(features.map(({ properties }) => properties)).toEqual([
      { layer: 'river', class: 'river', name: 'Kali A' },
      { layer: 'road', class: 'trunk' },
      { layer: 'place', class: 'suburb', name: 'Tugu' },
    ]);
  });

  test('a smooth river goes through all its points and stays near them', () => {
    const line = [
      [110, -7],
      [110.1, -7],
      [110.1, -7.1],
      [110.2, -7.1],
    ] as const;
    const smooth = smoothLine(line);
    for (const point of line) {
      expect(smooth.some(([lng, lat]) => Math.hypot(lng - point[0], lat - point[1]) < 1e-9)).toBe(true);
    }
    for (const [lng, lat] of smooth) {
      expect(lng).toBeGreaterThan(109.98);
      expect(lng).toBeLessThan(110.22);
      expect(lat).toBeGreaterThan(-7.12);
      expect(lat).toBeLessThan(-6.98);
    }
  });
});

describe('small roads by squares', () => {
  const features = (name: string): GroundFeatures => ({
    type: 'FeatureCollection',
    features: [
      {
        type: 'Feature',
        properties: { layer: 'road', name },
        geometry: { type: 'Point', coordinates: [0, 0] },
      },
    ],
  });
  const SEEN = [112.0, -7.85, 112.06, -7.81] as const;

  test('the squares in sight are named, the middle first', () => {
    expect(listCells([112.01, -7.84, 112.06, -7.81], 0.05)).toEqual(['2240_-157', '2241_-157']);
    expect(listCells([-0.01, -0.01, 0.01, 0.01], 0.05).sort()).toEqual(['-1_-1', '-1_0', '0_-1', '0_0']);
  });

  test('none is read from afar, none that has no roads, and each once', async () => {
    const asked: string[] = [];
    const cells = createCells(
      { cell: 'part/{cell}', cells: ['2240_-157'], cellDegrees: 0.05 },
      async (path) => {
        asked.push(path);
        return features(path);
      },
    );
    const drawn: number[] = [];
    const draw = (all: GroundFeatures) => drawn.push(all.features.length);
    cells.look(10, SEEN, draw);
    expect(asked).toEqual([]);
    cells.look(14, SEEN, draw);
    cells.look(14, SEEN, draw);
    await Promise.resolve();
    expect(asked).toEqual(['part/2240_-157']);
    expect(drawn.at(-1)).toBe(1);
  });

  test('one that did not come is asked for again, and no more than thirty are kept', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `${index}_0`);
    const asked: string[] = [];
    let fails = true;
    const cells = createCells({ cell: '{cell}', cells: names, cellDegrees: 1 }, async (path) => {
      asked.push(path);
      if (fails) throw new Error('away');
      return features(path);
    });
    let kept = 0;
    const draw = (all: GroundFeatures) => {
      kept = all.features.length;
    };
    cells.look(14, [0.5, 0.2, 0.6, 0.3], draw);
    await new Promise(setImmediate);
    fails = false;
    cells.look(14, [0.5, 0.2, 0.6, 0.3], draw);
    await new Promise(setImmediate);
    expect(asked).toEqual(['0_0', '0_0']);
    for (let x = 1; x < 40; x++) {
      cells.look(14, [x + 0.5, 0.2, x + 0.6, 0.3], draw);
      await new Promise(setImmediate);
    }
    cells.look(14, [39.5, 0.2, 39.6, 0.3], draw);
    expect(kept).toBe(30);
  });
});

describe('the style of the ground', () => {
  const colours = {
    ...{ panel: '#fff', ink: '#000', soft: '#333', road: '#ccc', water: '#9cf' },
    ...{ 'water-ink': '#36c', rule: '#ddd', accent: '#06c', outline: '#000' },
    ...{ moderate: '#e81', severe: '#c31', extreme: '#71c' },
  };

  test.each([
    ['protomaps', protomapsSchema(), 'roads'],
    ['openmaptiles', openMapTilesSchema(), 'transportation_name'],
  ])(
    'of %s asks for no font and no sprite, and names roads where the schema has their names',
    (_, schema, names) => {
      const style = buildStyle(
        { schema, sources: { tiles: { type: 'vector', tiles: ['/{z}/{x}/{y}'] } } },
        colours,
      );
      expect(style.glyphs).toBeUndefined();
      expect(style.sprite).toBeUndefined();
      const roadNames = style.layers.filter(({ id }) => id.startsWith('secondary-name'));
      expect(roadNames.map((layer) => 'source-layer' in layer && layer['source-layer'])).toEqual([names]);
      expect(new Set(style.layers.map(({ id }) => id)).size).toBe(style.layers.length);
      // Names give way to what stands for the marks: the last layer is placed first.
      expect(style.layers.at(-1)?.id).toBe('marks');
    },
  );
});

describe('labels beside marks', () => {
  const seen = { box: { left: 0, top: 0, right: 400, bottom: 300 }, unitsPerPx: 1 };
  const unit = (key: string, x: number, y: number, order = 20) => ({
    ...{
      key,
      names: 'unit' as const,
      level: 'none',
      text: 'Motor 07 · available',
      shorter: ['Motor 07', '7'],
    },
    ...{ at: { x, y }, order },
  });

  test('stand on another side where there is no room on the right', () => {
    const [label] = placeLabels([unit('a', 390, 100)], seen);
    expect(label?.side).toBe('left');
    expect(label?.text).toBe('Motor 07 · available');
  });

  test('say less where there is no room for all of it', () => {
    const around = [unit('b', 130, 100), unit('c', 70, 100), unit('d', 100, 80), unit('e', 100, 120)];
    const labels = placeLabels([unit('a', 100, 100, 1), ...around], seen);
    expect(labels.find(({ key }) => key === 'a')?.text).toBe('7');
  });

  test('never lie over a mark or over each other', () => {
    const units = Array.from({ length: 40 }, (_, index) =>
      unit(String(index), (index * 53) % 400, (index * 31) % 300),
    );
    const labels = placeLabels(units, seen);
    expect(labels.length).toBeGreaterThan(3);
    const boxes = labels.map(({ at, side, text }) => {
      const width = text.length * 7.3;
      const x = {
        right: at.x + 13,
        left: at.x - 13 - width,
        above: at.x - width / 2,
        below: at.x - width / 2,
        middle: 0,
      };
      const y = at.y + { right: 0, left: 0, above: -19, below: 19, middle: 0 }[side];
      return { left: x[side], right: x[side] + width, top: y - 7, bottom: y + 7 };
    });
    for (const [index, box] of boxes.entries()) {
      for (const { at } of units) {
        const isOver = at.x > box.left && at.x < box.right && at.y > box.top && at.y < box.bottom;
        expect(isOver).toBe(false);
      }
      for (const other of boxes.slice(index + 1)) {
        const isOver =
          box.left < other.right &&
          other.left < box.right &&
          box.top < other.bottom &&
          other.top < box.bottom;
        expect(isOver).toBe(false);
      }
    }
  });
});
