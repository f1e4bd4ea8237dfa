/** The rivers as a map draws them: through what the folder knows, and the sea not at all. */
import { expect, test } from 'vitest';
import { drawRivers } from '../../../../api/city/river-lines.ts';
import { loadCity } from '../../../../cities/city.ts';

const linesOf = (name: string) =>
  new Map(drawRivers(loadCity(name)).map(({ id, line }) => [id, line.length]));

test('the tidal rivers and canals of Banjarmasin are lines, since roads cross them', () => {
  const lines = linesOf('banjarmasin');
  expect(lines.size).toBe(6);
  for (const [id, points] of lines) expect(points, id).toBeGreaterThanOrEqual(2);
});

test.each(['semarang', 'batang'])('the sea off %s is none, however many gauges stand in it', (name) => {
  expect(linesOf(name).get('laut-jawa')).toBe(0);
});

test('two rivers that meet are drawn on to the gauge below both', () => {
  const lines = new Map(drawRivers(loadCity('kotawaringin-barat')).map(({ id, line }) => [id, line]));
  const tanjungPutri = [111.502, -2.785];
  expect(lines.get('sungai-arut')?.at(-1)).toEqual(tanjungPutri);
  expect(lines.get('sungai-lamandau')?.at(-1)).toEqual(tanjungPutri);
});
