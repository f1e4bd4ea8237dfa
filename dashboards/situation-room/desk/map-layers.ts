/**
 * What may be laid over the desk's map: where calls came from, and what a free unit reaches in time. Each is off until
 * it is switched on, by its button or its key.
 *
 * Asked by desk-map.ts at each drawing. Invariants: a layer that is off asks for nothing; what it shows it also says
 * in a sentence, below the map as in the list in its place; coverage is of the first candidate, whom Enter sends.
 */
import type { DeskCalls } from '../state/dispatch/desk-calls.ts';
import type { CallHeat, Cell, CoverageNow } from '../state/map/map-shapes.ts';
import type { Speech } from '../state/words/speech.ts';
import { byId, html, setAttribute } from '../views/dom.ts';
import type { Proposed } from '../views/incidents/candidate-list.ts';

const CALLS_AGAIN_MS = 300_000;
const COVERAGE_AGAIN_MS = 10_000;
/** Less of a cell than this is lost or uncovered: not worth a colour. */
const LEAST_SHARE = 0.05;

type LayerCalls = Pick<DeskCalls, 'readCallHeat' | 'readCoverage'>;

/** One layer: whether it is on, its last answer, and when it was asked for. */
class Asked<T> {
  isOn = false;
  answer: T | undefined;
  hasFailed = false;
  #key = '';
  #askedAtMs = Number.NEGATIVE_INFINITY;

  askIfOld(key: string, againMs: number, ask: () => Promise<T>, onAnswer: () => void): void {
    if (!this.isOn) return;
    if (key === this.#key && performance.now() - this.#askedAtMs < againMs) return;
    this.#key = key;
    this.#askedAtMs = performance.now();
    ask().then(
      (answer) => {
        if (this.#key !== key) return;
        this.answer = answer;
        this.hasFailed = false;
        onAnswer();
      },
      () => {
        this.hasFailed = this.answer === undefined;
        onAnswer();
      },
    );
  }
}

export class MapLayers {
  readonly #calls: LayerCalls;
  readonly #onChange: () => void;
  readonly #heat = new Asked<CallHeat>();
  readonly #coverage = new Asked<CoverageNow>();
  #first: Proposed | undefined;

  constructor(calls: LayerCalls, onChange: () => void) {
    this.#calls = calls;
    this.#onChange = onChange;
    byId('layer-calls').addEventListener('click', () => this.switch('calls'));
    byId('layer-coverage').addEventListener('click', () => this.switch('coverage'));
  }

  switch(name: 'calls' | 'coverage'): void {
    const layer = name === 'calls' ? this.#heat : this.#coverage;
    layer.isOn = !layer.isOn;
    setAttribute(byId(`layer-${name}`), 'aria-pressed', String(layer.isOn));
    this.#onChange();
  }

  /** At each drawing. */
  update(first: Proposed | undefined, speech: Speech): void {
    this.#first = first;
    this.#heat.askIfOld('', CALLS_AGAIN_MS, () => this.#calls.readCallHeat(), this.#onChange);
    const unit = first?.candidate.unit;
    const ask = () => this.#calls.readCoverage(unit);
    this.#coverage.askIfOld(unit ?? '', COVERAGE_AGAIN_MS, ask, this.#onChange);
    this.#showLegend(speech);
  }

  cells(): Cell[] {
    const heat = this.#heat.isOn ? (this.#heat.answer?.cells ?? []) : [];
    const most = heat.reduce((highest, { calls }) => Math.max(highest, calls), 1);
    const coverage = this.#coverage.isOn ? (this.#coverage.answer?.cells ?? []) : [];
    return [
      ...coverage.flatMap(({ ring, now, after }): Cell[] => [
        ...(1 - now >= LEAST_SHARE ? [{ ring, fill: 'uncovered', strength: 1 - now } as const] : []),
        ...(now - after >= LEAST_SHARE ? [{ ring, fill: 'lost', strength: now - after } as const] : []),
      ]),
      ...heat.map(({ ring, calls }): Cell => ({ ring, fill: 'calls', strength: calls / most })),
    ];
  }

  /** One for each layer that is on. */
  sentences(speech: Speech): string[] {
    return [
      ...(this.#heat.isOn ? [sayHeat(this.#heat, speech)] : []),
      ...(this.#coverage.isOn ? [sayCoverage(this.#coverage, this.#first, speech)] : []),
    ];
  }

  #showLegend(speech: Speech): void {
    const legend = byId('map-legend');
    const sentences = this.sentences(speech);
    const signs = [
      ...(this.#heat.isOn ? [['calls', speech.word('legendCalls')] as const] : []),
      ...(this.#coverage.isOn
        ? ([
            ['uncovered', speech.word('legendUncovered')],
            ...(this.#first ? [['lost', speech.word('legendLost')] as const] : []),
          ] as const)
        : []),
    ];
    const shown = JSON.stringify([sentences, signs]);
    if (legend.dataset['shown'] === shown) return;
    legend.dataset['shown'] = shown;
    legend.hidden = sentences.length === 0;
    legend.replaceChildren(
      ...sentences.map((sentence) => html('p', {}, sentence)),
      html(
        'ul',
        { class: 'legend-signs' },
        ...signs.map(([fill, word]) =>
          html('li', {}, html('span', { class: 'sign', 'data-fill': fill }), word),
        ),
      ),
    );
  }
}

function sayHeat({ answer, hasFailed }: Asked<CallHeat>, speech: Speech): string {
  if (!answer) return speech.word(hasFailed ? 'layerFailed' : 'layerLoading');
  if (answer.cells.length === 0) return speech.word('heatNone');
  const most = answer.cells.reduce((highest, each) => (each.calls > highest.calls ? each : highest));
  const [lng, lat] = most.ring[0] ?? [0, 0];
  const where = `${lat.toFixed(3)}, ${lng.toFixed(3)}`;
  const calls = `${answer.truncated ? '>' : ''}${answer.calls}`;
  return speech
    .word('heatSays')
    .replace('{calls}', calls)
    .replace('{most}', String(most.calls))
    .replace('{where}', where);
}

function sayCoverage(
  { answer, hasFailed }: Asked<CoverageNow>,
  first: Proposed | undefined,
  speech: Speech,
): string {
  if (!answer) return speech.word(hasFailed ? 'layerFailed' : 'layerLoading');
  if (answer.now === null) return speech.word('coverageNone');
  // 99.6 % is not all.
  const percent = (share: number) => `${Math.floor(share * 100)} %`;
  const minutes = String(Math.round(answer.targetS / 60));
  const now = speech.word('coverageSays').replace('{now}', percent(answer.now)).replace('{minutes}', minutes);
  if (answer.after === null || !first) return now;
  const after = speech
    .word('coverageAfter')
    .replace('{after}', percent(answer.after))
    .replace('{unit}', first.candidate.callSign);
  return `${now} ${after}`;
}
