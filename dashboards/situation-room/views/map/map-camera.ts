/**
 * The map's camera: zoom and movement by wheel, drag, two fingers, keys and buttons.
 *
 * It sets the drawing's viewBox and the size of a screen pixel in drawing units (`--px`), from which marks
 * keep their size at every zoom. Invariant: the page scrolls past the map unless the map is zoomed in.
 */
import type { Seen } from '../../state/map/label-room.ts';
import {
  moveView,
  type Point,
  type Projection,
  type View,
  wholeView,
  zoomView,
} from '../../state/map/projection.ts';
import { byId, setAttribute } from '../dom.ts';

export interface Camera {
  readonly seen: Seen;
  /** Brings a point to the middle, closer than before. */
  show(point: Point): void;
}

const STEP = 1.5;
const SHOW_ZOOM = 4;
/** A key moves the map by this share of what is seen. */
const KEY_SHARE = 0.15;

const KEYS: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

export function createCamera(map: SVGSVGElement, projection: Projection, onChange: () => void): Camera {
  let view: View = wholeView(projection);
  let unitsPerPx = 1;
  let sizePx = { width: 0, height: 0 };
  const { width, height } = projection;

  function apply(next: View): void {
    view = next;
    const box = map.getBoundingClientRect();
    sizePx = { width: box.width, height: box.height };
    const seen = { width: width / view.zoom, height: height / view.zoom };
    const left = view.centre.x - seen.width / 2;
    const top = view.centre.y - seen.height / 2;
    setAttribute(map, 'viewBox', `${left} ${top} ${seen.width} ${seen.height}`);
    unitsPerPx = Math.max(seen.width / Math.max(1, box.width), seen.height / Math.max(1, box.height));
    map.style.setProperty('--px', unitsPerPx.toFixed(4));
    map.style.touchAction = view.zoom > 1 ? 'none' : 'pan-y';
    onChange();
  }
  const pointAt = ({ clientX, clientY }: { clientX: number; clientY: number }): Point => {
    const box = map.getBoundingClientRect();
    return {
      x: view.centre.x + (clientX - box.left - box.width / 2) * unitsPerPx,
      y: view.centre.y + (clientY - box.top - box.height / 2) * unitsPerPx,
    };
  };
  const zoomBy = (factor: number, about: Point = view.centre) =>
    apply(zoomView(view, factor, about, projection));
  const reset = () => apply(wholeView(projection));

  map.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      zoomBy(event.deltaY < 0 ? 1.2 : 1 / 1.2, pointAt(event));
    },
    { passive: false },
  );
  map.addEventListener('keydown', (event) => {
    const direction = KEYS[event.key];
    if (direction) {
      const reach = (KEY_SHARE * width) / view.zoom;
      apply(moveView(view, { x: direction.x * reach, y: direction.y * reach }, projection));
    } else if (event.key === '+' || event.key === '=') zoomBy(STEP);
    else if (event.key === '-') zoomBy(1 / STEP);
    else if (event.key === '0') reset();
    else return;
    event.preventDefault();
  });
  followPointers(map, {
    move: (dx, dy) => apply(moveView(view, { x: -dx * unitsPerPx, y: -dy * unitsPerPx }, projection)),
    pinch: (factor, at) => zoomBy(factor, pointAt(at)),
  });
  byId('zoom-in').addEventListener('click', () => zoomBy(STEP));
  byId('zoom-out').addEventListener('click', () => zoomBy(1 / STEP));
  byId('zoom-reset').addEventListener('click', reset);
  map.tabIndex = 0;
  new ResizeObserver(() => apply(view)).observe(map);
  apply(view);
  return {
    get seen() {
      const { x, y } = view.centre;
      // The size of the last resize: to ask the page for it would cost a layout at each drawing.
      const reach = { x: (sizePx.width / 2) * unitsPerPx, y: (sizePx.height / 2) * unitsPerPx };
      const box = { left: x - reach.x, right: x + reach.x, top: y - reach.y, bottom: y + reach.y };
      return { box, unitsPerPx };
    },
    show(point) {
      apply(moveView({ centre: point, zoom: Math.max(view.zoom, SHOW_ZOOM) }, { x: 0, y: 0 }, projection));
    },
  };
}

interface PointerMoves {
  move(dx: number, dy: number): void;
  pinch(factor: number, at: { clientX: number; clientY: number }): void;
}

/** Further than this a press is a drag, and opens nothing where it ends. */
const DRAG_PX = 5;

/** One pointer drags, two pinch. */
function followPointers(map: SVGSVGElement, { move, pinch }: PointerMoves): void {
  const held = new Map<number, PointerEvent>();
  let draggedPx = 0;
  map.addEventListener('pointerdown', (event) => {
    if (held.size === 0) draggedPx = 0;
    if (held.size < 2) held.set(event.pointerId, event);
  });
  map.addEventListener('click', (event) => draggedPx > DRAG_PX && event.stopPropagation(), { capture: true });
  map.addEventListener('pointermove', (event) => {
    const before = held.get(event.pointerId);
    if (!before) return;
    held.set(event.pointerId, event);
    draggedPx += Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY);
    const other = [...held.values()].find(({ pointerId }) => pointerId !== event.pointerId);
    if (!other) {
      move(event.clientX - before.clientX, event.clientY - before.clientY);
      return;
    }
    const apart = (a: PointerEvent) => Math.hypot(a.clientX - other.clientX, a.clientY - other.clientY);
    pinch(apart(event) / Math.max(1, apart(before)), {
      clientX: (event.clientX + other.clientX) / 2,
      clientY: (event.clientY + other.clientY) / 2,
    });
  });
  for (const end of ['pointerup', 'pointercancel', 'pointerleave'] as const) {
    map.addEventListener(end, ({ pointerId }) => held.delete(pointerId));
  }
}
