/**
 * The gauges: level, trend, bands and the last half hour of each; a click opens the large plot.
 *
 * In the city's order within each level, the highest level first, so that the list moves only when a level
 * does. Invariant: a gauge that is not heard is grey and says for how long; its old stage is never shown in
 * a level's colour.
 */
import type { Gauge } from '../../state/api/api-shapes.ts';
import { BUCKET_MS, GAP_MS, type LevelChange, SERIES_MS } from '../../state/level-series.ts';
import { levelSpan, nextThreshold, rankOf, thresholdAt, trendOf } from '../../state/levels.ts';
import { byId, createKeyedList, html, type KeyedView, setAttribute, setText, svg } from '../dom.ts';
import { type Actions, type GaugeNow, gaugeNow, type Room } from '../room.ts';
import { type Frame, formatLine, yOf } from './level-line.ts';
import { createMarkIcon } from './level-mark.ts';
import { createTrendArrow } from './trend-arrow.ts';

export interface GaugesView {
  update(room: Room): void;
}

interface GaugeItem extends GaugeNow {
  readonly room: Room;
}

const WIDTH = 120;
const HEIGHT = 40;

export function createGaugesView(actions: Actions): GaugesView {
  const list = createKeyedList<GaugeItem>(
    byId('gauge-list'),
    ({ gauge }) => gauge.id,
    ({ gauge }) => createGaugeCard(gauge, actions),
  );
  return {
    update(room) {
      const all = room.state.city.gauges.map((gauge) => ({ ...gaugeNow(room, gauge), room }));
      const rank = ({ level }: GaugeItem) => (level === 'none' || level === 'normal' ? 0 : rankOf(level));
      list.update(all.sort((a, b) => rank(b) - rank(a)));
    },
  };
}

function createGaugeCard(gauge: Gauge, actions: Actions): KeyedView<GaugeItem> {
  const icon = createMarkIcon('none');
  const [river, place] = splitName(gauge.name);
  const figure = html('b', { class: 'figure' });
  const [label, trend] = [html('small', { class: 'gauge-level' }), html('small')];
  const arrow = createTrendArrow();
  const trendWord = html('span', { class: 'unseen' });
  const spark = createSpark(gauge);
  const water = html('small', {}, river === '' ? '' : ` · ${river}`);
  // A long name is cut on the row; pointing at it tells all of it.
  const name = html(
    'span',
    { class: 'gauge-name', title: gauge.name },
    ...[html('b', {}, place), html('span', {}, label, water)],
  );
  const stage = html(
    'span',
    { class: 'gauge-stage' },
    ...[html('span', {}, figure, arrow.element), trendWord, trend],
  );
  const button = html(
    'button',
    { type: 'button', class: 'gauge' },
    ...[icon.element, name, stage, spark.element],
  );
  button.addEventListener('click', () => actions.showGauge(gauge.id));
  return {
    element: html('li', {}, button),
    update(item) {
      const { room, levelM, isFresh, level } = item;
      const { speech, nowMs, state } = room;
      const change = state.series.get(gauge.id)?.change(nowMs);
      setAttribute(button, 'data-level', level);
      icon.set(level);
      setText(figure, levelM === undefined ? '–' : `${speech.metres(levelM)} m`);
      setText(label, describeLevel(item));
      const direction = isFresh && change ? trendOf(change.changeM) : undefined;
      arrow.set(direction);
      setText(trendWord, direction === undefined ? '' : speech.word(direction));
      setText(trend, isFresh && change ? formatChange(change, room) : '');
      spark.update(room, levelM, isFresh);
    },
  };
}

/** "Banjir Kanal Barat, Bendung Simongan" is the river and the place on it. */
export function splitName(name: string): [river: string, place: string] {
  const comma = name.indexOf(', ');
  return comma < 0 ? ['', name] : [name.slice(0, comma), name.slice(comma + 2)];
}

/** The agency's label, or how far the first threshold is; for a silent gauge, how long it is silent. */
function describeLevel({
  room: { speech, state, nowMs },
  gauge,
  device,
  levelM,
  isFresh,
}: GaugeItem): string {
  if (!isFresh || levelM === undefined) {
    if (!device || device.lastHeardAt === 0) return speech.word('unseen');
    return `${speech.word(state.liveness(device, nowMs))} ${speech.age(nowMs - device.lastHeardAt)}`;
  }
  const met = thresholdAt(levelM, gauge.thresholds);
  if (met) return speech.pick(met.label);
  const next = nextThreshold(levelM, gauge.thresholds);
  return next
    ? `${speech.metres(next.levelM - levelM)} m ${speech.word('toNext')} ${speech.pick(next.label)}`
    : '';
}

function formatChange({ changeM, overMs }: LevelChange, { speech }: Room): string {
  return `${speech.signed(changeM)} m / ${Math.max(1, Math.round(overMs / 60_000))} ${speech.word('minutes')}`;
}

/** The sparkline, and beside it on the same scale the bands with a pointer at the stage. */
function createSpark(gauge: Gauge): {
  element: SVGSVGElement;
  update(room: Room, levelM: number | undefined, isFresh: boolean): void;
} {
  const line = svg('path', { class: 'spark-line' });
  const bands = gauge.thresholds.map(({ severity }) => ({
    band: svg('rect', { class: 'band', 'data-level': severity, x: WIDTH + 6, width: 7 }),
    rule: svg('path', { class: 'rule', 'data-level': severity }),
  }));
  const ground = svg('rect', { class: 'band', 'data-level': 'normal', x: WIDTH + 6, width: 7 });
  const pointer = svg('path', { class: 'pointer' });
  const element = svg(
    'svg',
    { class: 'spark', viewBox: `0 0 ${WIDTH + 20} ${HEIGHT}`, 'aria-hidden': 'true' },
    ...bands.map(({ rule }) => rule),
    ...[line, ground, ...bands.map(({ band }) => band), pointer],
  );
  let drawn = '';
  return {
    element,
    update({ state, nowMs }, levelM, isFresh) {
      // Half an hour is 120 pixels wide: it moves by one in 15 s, and else only when the stage does.
      const next = `${Math.floor(nowMs / BUCKET_MS)} ${levelM} ${isFresh} ${state.series.get(gauge.id)?.version}`;
      if (next === drawn) return;
      drawn = next;
      const points = state.series.get(gauge.id)?.points(nowMs) ?? [];
      const levels = points.map((point) => point.levelM);
      const span = levelSpan(gauge, levelM === undefined ? levels : [...levels, levelM]);
      const frame: Frame = { width: WIDTH, height: HEIGHT, fromMs: nowMs - SERIES_MS, toMs: nowMs, ...span };
      setAttribute(line, 'd', formatLine(frame, points, GAP_MS));
      let bottom = HEIGHT;
      gauge.thresholds.forEach((threshold, index) => {
        const y = yOf(frame, threshold.levelM);
        const above = gauge.thresholds[index + 1];
        const top = above ? yOf(frame, above.levelM) : 0;
        if (index === 0) bottom = y;
        setAttribute(bands[index]?.band as Element, 'y', top.toFixed(1));
        setAttribute(bands[index]?.band as Element, 'height', Math.max(0, y - top).toFixed(1));
        setAttribute(bands[index]?.rule as Element, 'd', `M0 ${y.toFixed(1)}H${WIDTH}`);
      });
      setAttribute(ground, 'y', bottom.toFixed(1));
      setAttribute(ground, 'height', (HEIGHT - bottom).toFixed(1));
      const at = levelM === undefined ? undefined : yOf(frame, levelM).toFixed(1);
      setAttribute(pointer, 'd', at === undefined || !isFresh ? '' : `M${WIDTH + 14} ${at}l6 -4v8Z`);
    },
  };
}
