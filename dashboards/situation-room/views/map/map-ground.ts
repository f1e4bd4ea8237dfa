/**
 * The map's ground: roads, rivers and hospitals of the city, drawn once.
 *
 * One path a class of road and one a river, from `/v1/city`; no tiles. Invariant: nothing here changes after
 * it is drawn, so the live marks above are all that a second costs.
 */
import type { City, LngLat } from '../../state/api/api-shapes.ts';
import type { Point, Projection } from '../../state/map/projection.ts';
import { svg } from '../dom.ts';

export function drawGround(city: City, projection: Projection): SVGGElement {
  const ground = svg('g', { class: 'ground' });
  for (const river of city.rivers) {
    if (river.line.length > 1) ground.append(drawRiver(river.line, projection));
  }
  const byClass = Map.groupBy(city.roads, (road) => road.class);
  for (const [roadClass, roads] of byClass) {
    const text = roads.map(({ line }) => formatStraight(line, projection)).join('');
    ground.append(svg('path', { class: 'road', 'data-class': roadClass, d: text }));
  }
  for (const hospital of city.hospitals) ground.append(drawHospital(hospital, projection));
  return ground;
}

export function drawHospital(
  { lat, lng, name, class: level }: City['hospitals'][number],
  { project }: Pick<Projection, 'project'>,
): SVGGElement {
  const field = svg('rect', { x: -6, y: -6, width: 12, height: 12, rx: 2 });
  const letter = svg('path', { d: 'M-2.5 -3.5V3.5M2.5 -3.5V3.5M-2.5 0H2.5' });
  const title = svg('title', {}, `${name} (${level})`);
  return placed('hospital', project([lng, lat]), field, letter, title);
}

/** A group at a point whose content keeps its size on screen. */
export function placed(className: string, { x, y }: Point, ...children: Node[]): SVGGElement {
  const group = svg('g', { class: `placed ${className}` }, ...children);
  movePlaced(group, { x, y });
  return group;
}

export function movePlaced(group: SVGGElement, { x, y }: Point): void {
  const at = `${x.toFixed(1)}px, ${y.toFixed(1)}px`;
  if (group.dataset['at'] === at) return;
  group.dataset['at'] = at;
  group.style.setProperty('transform', `translate(${at}) scale(var(--px))`);
}

function formatStraight(line: readonly LngLat[], { project }: Projection): string {
  return line
    .map(project)
    .map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join('');
}

/** A smooth line through all points (Catmull-Rom as Bézier curves, at half the usual tension). */
function drawRiver(line: readonly LngLat[], { project }: Projection): SVGPathElement {
  const points = line.map(project);
  const at = (index: number) => points[Math.min(points.length - 1, Math.max(0, index))] as Point;
  const round = (value: number) => value.toFixed(1);
  let text = `M${round(at(0).x)} ${round(at(0).y)}`;
  for (let index = 0; index < points.length - 1; index++) {
    const [before, from, to, after] = [at(index - 1), at(index), at(index + 1), at(index + 2)];
    const first = { x: from.x + (to.x - before.x) / 8, y: from.y + (to.y - before.y) / 8 };
    const second = { x: to.x - (after.x - from.x) / 8, y: to.y - (after.y - from.y) / 8 };
    text += `C${[first, second, to].map(({ x, y }) => `${round(x)} ${round(y)}`).join(' ')}`;
  }
  return svg('path', { class: 'river', d: text });
}
