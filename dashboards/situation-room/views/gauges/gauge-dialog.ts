/**
 * One gauge at large: its plot over 30 minutes, 6 hours or a day, and the facts about it.
 *
 * Reads the history by the API at opening, at each choice of a range and once a minute. Invariants: an
 * answer that comes after another gauge or range was chosen is dropped; a history that does not answer says
 * so in words.
 */
import type { ApiClient } from '../../state/api/api-client.ts';
import type { Gauge } from '../../state/api/api-shapes.ts';
import { readLevels } from '../../state/read-levels.ts';
import type { Word } from '../../state/words/words-id.ts';
import { byId, html, setAttribute, setText } from '../dom.ts';
import { gaugeNow, type Room } from '../room.ts';
import { drawGaugePlot } from './gauge-plot.ts';

interface RangeChoice {
  readonly word: Word;
  readonly lengthMs: number;
  readonly every: string;
  readonly gapMs: number;
}

const MINUTE_MS = 60_000;
/** At most 240 points each: what the plot's width can show. A gap is at least three reports of a minute. */
const RANGES: readonly [RangeChoice, ...RangeChoice[]] = [
  { word: 'range30m', lengthMs: 30 * MINUTE_MS, every: '10s', gapMs: 3.5 * MINUTE_MS },
  { word: 'range6h', lengthMs: 360 * MINUTE_MS, every: '90s', gapMs: 5 * MINUTE_MS },
  { word: 'range24h', lengthMs: 1_440 * MINUTE_MS, every: '6m', gapMs: 13 * MINUTE_MS },
];
const REFRESH_MS = MINUTE_MS;

export interface GaugeDialog {
  open(gaugeId: string): void;
  update(room: Room): void;
}

export function createGaugeDialog(client: ApiClient, currentRoom: () => Room): GaugeDialog {
  const dialog = byId('gauge-dialog') as HTMLDialogElement;
  let chosen: Gauge | undefined;
  let range: RangeChoice = RANGES[0];
  let request = 0;
  let askedAt = 0;

  const buttons = RANGES.map((choice) => {
    const button = html('button', { type: 'button' });
    button.addEventListener('click', () => {
      range = choice;
      void load();
      update(currentRoom());
    });
    return { button, choice };
  });
  byId('gauge-ranges').append(...buttons.map(({ button }) => button));
  byId('gauge-close').addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => {
    // The backdrop belongs to the dialog; its content lies in an inner element.
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener('close', () => {
    chosen = undefined;
    request++;
    byId('gauge-plot').replaceChildren();
  });

  async function load(): Promise<void> {
    if (!chosen) return;
    const mine = ++request;
    const gauge = chosen;
    askedAt = client.now();
    const toMs = askedAt;
    const fromMs = toMs - range.lengthMs;
    const { gapMs } = range;
    try {
      const points = await readLevels(client, gauge.id, fromMs, range.every);
      if (mine !== request) return;
      const { speech } = currentRoom();
      const plot = drawGaugePlot(gauge, points, { fromMs, toMs, gapMs }, speech);
      byId('gauge-plot').replaceChildren(plot);
      setText(byId('gauge-note'), points.length === 0 ? speech.word('noHistory') : '');
    } catch (error) {
      if (mine !== request) return;
      setText(
        byId('gauge-note'),
        `${currentRoom().speech.word('historyFailed')} ${(error as Error).message}`,
      );
    }
  }

  function update(room: Room): void {
    if (!chosen || !dialog.open) return;
    const { speech } = room;
    setText(byId('gauge-title'), chosen.name);
    for (const { button, choice } of buttons) {
      setText(button, speech.word(choice.word));
      setAttribute(button, 'aria-pressed', choice === range ? 'true' : 'false');
    }
    showFacts(chosen, room);
    if (client.now() - askedAt > REFRESH_MS) void load();
  }

  return {
    open(gaugeId) {
      const room = currentRoom();
      chosen = room.state.gauges.get(gaugeId);
      if (!chosen) return;
      setText(byId('gauge-note'), room.speech.word('loading'));
      if (!dialog.open) dialog.showModal();
      void load();
      update(room);
    },
    update,
  };
}

function showFacts(gauge: Gauge, room: Room): void {
  const { speech, state, nowMs } = room;
  const { device, levelM, isFresh } = gaugeNow(room, gauge);
  const values = device?.values ?? {};
  const river = state.city.rivers.find(({ id }) => id === gauge.river)?.name;
  const upstream = gauge.upstream.map(
    ({ gauge: id, lagMin }) => `${state.gauges.get(id)?.name ?? id} (${lagMin} ${speech.word('minutes')})`,
  );
  const facts: [Word, string | undefined][] = [
    [gauge.tidal ? 'sea' : 'river', river],
    ['ordinary', `${speech.metres(gauge.normalLevelM)} m`],
    ['upstream', upstream.length > 0 ? upstream.join('; ') : undefined],
    ['rain', typeof values['rainMm'] === 'number' ? `${speech.number(values['rainMm'])} mm` : undefined],
    [
      'battery',
      typeof values['batteryV'] === 'number' ? `${speech.number(values['batteryV'])} V` : undefined,
    ],
    [
      'lastHeard',
      device?.lastHeardAt ? `${speech.age(nowMs - device.lastHeardAt)} ${speech.word('ago')}` : '–',
    ],
  ];
  const now = levelM === undefined ? '–' : `${speech.metres(levelM)} m`;
  setText(byId('gauge-now'), isFresh ? now : `${now} (${speech.word('noData')})`);
  const rows = facts.flatMap(([word, text]) =>
    text === undefined ? [] : [html('dt', {}, speech.word(word)), html('dd', {}, text)],
  );
  const list = byId('gauge-facts');
  const text = rows.map(({ textContent }) => textContent).join('\n');
  if (list.dataset['shown'] === text) return;
  list.dataset['shown'] = text;
  list.replaceChildren(...rows);
}
