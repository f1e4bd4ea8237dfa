/**
 * The large plot of one gauge: stage over time, the thresholds as bands with their labels, and a readout.
 *
 * Drawn anew for each answer of the history. Invariant: the readout is a measured point, never a value
 * between two; the pointer and the arrow keys reach the same points.
 */
import type { Gauge } from '../../state/api/api-shapes.ts';
import type { LevelPoint } from '../../state/level-series.ts';
import { levelSpan } from '../../state/levels.ts';
import type { Speech } from '../../state/words/speech.ts';
import { setAttribute, setText, svg } from '../dom.ts';
import { type Frame, formatLine, xOf, yOf } from './level-line.ts';

const WIDTH = 720;
const HEIGHT = 300;
/** Room for the labels of the thresholds at the right, of the times below, of the metres at the left. */
const MARGIN = { left: 46, right: 150, top: 12, bottom: 28 };
const TIME_TICKS = 6;

export interface PlotRange {
  readonly fromMs: number;
  readonly toMs: number;
  /** Points further apart are not joined. */
  readonly gapMs: number;
}

export function drawGaugePlot(
  gauge: Gauge,
  points: readonly LevelPoint[],
  range: PlotRange,
  speech: Speech,
): SVGSVGElement {
  const inner = {
    width: WIDTH - MARGIN.left - MARGIN.right,
    height: HEIGHT - MARGIN.top - MARGIN.bottom,
  };
  const span = levelSpan(
    gauge,
    points.map(({ levelM }) => levelM),
  );
  const frame: Frame = { ...inner, ...range, ...span };
  const field = svg('g', { transform: `translate(${MARGIN.left} ${MARGIN.top})` });
  field.append(...drawBands(gauge, frame, speech), ...drawTimes(frame, speech), ...drawMetres(frame, speech));
  field.append(svg('path', { class: 'plot-line', d: formatLine(frame, points, range.gapMs) }));
  const plot = svg('svg', {
    ...{ class: 'plot', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', tabindex: 0 },
    'aria-label': describe(gauge, points, speech),
  });
  plot.append(field);
  if (points.length > 0) addReadout(plot, field, frame, points, speech);
  return plot;
}

/** One sentence for those who do not see it. */
function describe(gauge: Gauge, points: readonly LevelPoint[], speech: Speech): string {
  const [first] = points;
  if (!first) return gauge.name;
  const top = points.reduce((best, point) => (point.levelM > best.levelM ? point : best), first);
  const low = points.reduce((best, point) => (point.levelM < best.levelM ? point : best), first);
  const say = (point: LevelPoint) => `${speech.metres(point.levelM)} m, ${speech.shortTime(point.atMs)}`;
  return `${gauge.name}. ${speech.word('highest')} ${say(top)}. ${speech.word('lowest')} ${say(low)}.`;
}

function drawBands({ thresholds }: Gauge, frame: Frame, speech: Speech): SVGElement[] {
  return thresholds.flatMap(({ severity, label, levelM }, index) => {
    const y = yOf(frame, levelM);
    const above = thresholds[index + 1];
    const top = above ? yOf(frame, above.levelM) : 0;
    const text = `${speech.pick(label)} ${speech.metres(levelM)}`;
    return [
      svg('rect', {
        ...{ class: 'plot-band', 'data-level': severity, x: 0, y: top },
        ...{ width: frame.width, height: Math.max(0, y - top) },
      }),
      svg('path', { class: 'rule', 'data-level': severity, d: `M0 ${y}H${frame.width}` }),
      svg('text', { class: 'plot-label', x: frame.width + 8, y, dy: '0.35em' }, text),
    ];
  });
}

function drawTimes(frame: Frame, speech: Speech): SVGElement[] {
  return Array.from({ length: TIME_TICKS + 1 }, (_, index) => {
    const atMs = frame.fromMs + ((frame.toMs - frame.fromMs) * index) / TIME_TICKS;
    const at = { x: xOf(frame, atMs), y: frame.height + 18 };
    return svg('text', { class: 'plot-tick', 'text-anchor': 'middle', ...at }, speech.shortTime(atMs));
  });
}

function drawMetres(frame: Frame, speech: Speech): SVGElement[] {
  const step = niceStep((frame.maxM - frame.minM) / 5);
  const ticks: SVGElement[] = [];
  for (let levelM = Math.ceil(frame.minM / step) * step; levelM <= frame.maxM; levelM += step) {
    const y = yOf(frame, levelM);
    ticks.push(
      svg('path', { class: 'plot-grid', d: `M0 ${y}H${frame.width}` }),
      svg(
        'text',
        { class: 'plot-tick', 'text-anchor': 'end', x: -8, y, dy: '0.35em' },
        speech.number(levelM),
      ),
    );
  }
  return ticks;
}

/** 1, 2 or 5 times a power of ten, at least `rough`. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
}

function addReadout(
  plot: SVGSVGElement,
  field: SVGGElement,
  frame: Frame,
  points: readonly LevelPoint[],
  speech: Speech,
): void {
  const rule = svg('path', { class: 'plot-cursor' });
  const dot = svg('circle', { class: 'plot-dot', r: 4 });
  const text = svg('text', { class: 'plot-readout', y: 4 });
  const readout = svg('g', {}, rule, dot, text);
  field.append(readout);
  let index = points.length - 1;
  function show(next: number): void {
    index = Math.min(points.length - 1, Math.max(0, next));
    const point = points[index] as LevelPoint;
    const [x, y] = [xOf(frame, point.atMs), yOf(frame, point.levelM)];
    setAttribute(rule, 'd', `M${x} 0V${frame.height}`);
    setAttribute(dot, 'cx', x);
    setAttribute(dot, 'cy', y);
    setAttribute(text, 'x', x);
    setAttribute(text, 'text-anchor', x > frame.width / 2 ? 'end' : 'start');
    setAttribute(text, 'dx', x > frame.width / 2 ? -8 : 8);
    setAttribute(text, 'dy', '0.6em');
    setText(text, `${speech.metres(point.levelM)} m · ${speech.time(point.atMs)}`);
  }
  plot.addEventListener('pointermove', ({ clientX }) => {
    const box = plot.getBoundingClientRect();
    const x = ((clientX - box.left) / box.width) * WIDTH - MARGIN.left;
    const away = (point: LevelPoint) => Math.abs(xOf(frame, point.atMs) - x);
    show(
      points.reduce((best, point, each) => (away(point) < away(points[best] as LevelPoint) ? each : best), 0),
    );
  });
  plot.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -points.length, End: points.length }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    show(index + step);
  });
  show(index);
}
