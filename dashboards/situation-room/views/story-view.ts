/**
 * The strip of the last six hours: a row a river, one for uplinks and one for calls, coloured by step over time.
 *
 * In the city's order, which never changes; the colour, the height and the agency's word say the step. Invariants:
 * a hole says that there are no readings; before history has answered there are no rows at all, and it says why.
 */
import type { ApiClient } from '../state/api/api-client.ts';
import { isOpen } from '../state/city-state.ts';
import { rankOf, SEVERITIES } from '../state/levels.ts';
import { CALLS, type Cell, runsOf, StoryBook, type StoryJson, UPLINKS } from '../state/story-book.ts';
import { byId, createKeyedList, html, type KeyedView, setOptionalText, setText } from './dom.ts';
import { gaugeNow, type Room } from './room.ts';

export interface StoryView {
  update(room: Room): void;
  /** What was missed meanwhile is read at the next drawing. */
  renew(): void;
}

interface Row {
  readonly key: string;
  readonly name: string;
  readonly cells: readonly Cell[];
  /** Level, share of the row's height, and words of a cell. */
  readonly look: (cell: number) => Look;
  readonly room: Room;
}

interface Look {
  readonly level: string;
  readonly text: string;
  /** Shown within a run that is long enough, besides being told to those who listen. */
  readonly isShown: boolean;
}

/** Everybody's page renews itself at another moment of the new window. */
const SPREAD_MS = 20_000;
const RETRY_MS = 30_000;
/** So many windows have room for a word. */
const WORD_WINDOWS = 7;
const HOUR_MS = 3_600_000;
/** An hour that has begun later has no room for its figures. */
const HOUR_ROOM_MS = 25 * 60_000;
const UPLINK_DOWN = 'uplink-down';

export function createStoryView(client: ApiClient): StoryView {
  const book = new StoryBook();
  const halves = [byId('story-left'), byId('story-right')];
  const lists = halves.map((half) =>
    createKeyedList<Row>(half.querySelector('ul') as Element, ({ key }) => key, createRow),
  );
  let loadedWindow: number | undefined;
  let dueAt = 0;
  let isFailing = false;
  const load = async (nowMs: number): Promise<void> => {
    dueAt = nowMs + RETRY_MS;
    try {
      book.load(await client.get<StoryJson>('v1/story'));
      loadedWindow = book.windowOf(nowMs);
      isFailing = false;
    } catch {
      // What was loaded stays; it is asked again.
      isFailing = true;
    }
  };
  return {
    renew() {
      loadedWindow = undefined;
      dueAt = 0;
    },
    update(room) {
      const { nowMs, speech } = room;
      const isNew = loadedWindow !== book.windowOf(nowMs);
      if (isNew && loadedWindow !== undefined && dueAt < nowMs - RETRY_MS)
        dueAt = nowMs + Math.random() * SPREAD_MS;
      if (isNew && nowMs >= dueAt) void load(nowMs);
      noteLive(book, room);
      const isThere = book.isLoaded;
      setOptionalText(
        byId('story-note'),
        isThere ? undefined : speech.word(isFailing ? 'storyFailed' : 'loading'),
      );
      byId('story-halves').hidden = !isThere;
      if (!isThere) return;
      const rows = listRows(book, room);
      const left = Math.ceil(rows.length / 2);
      lists[0]?.update(rows.slice(0, left));
      lists[1]?.update(rows.slice(left));
      for (const half of halves) drawAxis(half.querySelector('.story-axis') as HTMLElement, book, room);
    },
  };
}

function noteLive(book: StoryBook, room: Room): void {
  const { state, nowMs } = room;
  for (const gauge of state.city.gauges) {
    const { level } = gaugeNow(room, gauge);
    if (level !== 'none') book.note(gauge.id, level === 'normal' ? 0 : rankOf(level), nowMs);
  }
  const down = state.openAlerts().filter((alert) => alert.rule === UPLINK_DOWN && isOpen(alert)).length;
  book.note(UPLINKS, down, nowMs);
  if (book.hasCalls) book.note(CALLS, state.incidents.length, nowMs);
}

function listRows(book: StoryBook, room: Room): Row[] {
  const { state, speech, nowMs } = room;
  const byRiver = Map.groupBy(state.city.gauges, ({ river }) => river);
  const rivers = state.city.rivers.flatMap(({ id, name }) => {
    const gauges = byRiver.get(id);
    if (!gauges) return [];
    const look = (cell: number): Look => {
      const severity = SEVERITIES[cell - 1];
      if (!severity) return { level: 'normal', text: speech.word('normal'), isShown: false };
      const thresholds = gauges.flatMap((gauge) => gauge.thresholds);
      const label = thresholds.find((each) => each.severity === severity)?.label;
      return { level: severity, text: label ? speech.pick(label) : speech.word(severity), isShown: true };
    };
    const cells = book.worst(
      gauges.map((gauge) => gauge.id),
      nowMs,
    );
    return [{ key: id, name, cells, look, room }];
  });
  const count = (level: string) => (cell: number) => ({
    level: cell === 0 ? 'zero' : level,
    text: String(cell),
    isShown: cell > 0,
  });
  const others: Row[] = [
    {
      key: UPLINKS,
      name: speech.word('uplinks'),
      cells: book.cells(UPLINKS, nowMs),
      look: count('severe'),
      room,
    },
  ];
  if (book.hasCalls)
    others.push({
      key: CALLS,
      name: speech.word('calls'),
      cells: book.cells(CALLS, nowMs),
      look: count('calls'),
      room,
    });
  return [...rivers, ...others];
}

function createRow(): KeyedView<Row> {
  const name = html('span', { class: 'story-name' });
  const line = html('span', { class: 'story-line', 'aria-hidden': 'true' });
  const told = html('span', { class: 'unseen' });
  let drawn = '';
  return {
    element: html('li', {}, name, line, told),
    update(row) {
      setText(name, row.name);
      const { speech } = row.room;
      const next = `${speech.language} ${row.cells.map((cell) => cell ?? '-').join()}`;
      if (next === drawn) return;
      drawn = next;
      line.replaceChildren(...runsOf(row.cells).map((run) => drawRun(run, row)));
      setText(told, describe(row));
    },
  };
}

function drawRun({ cell, windows }: { cell: Cell; windows: number }, { look, room }: Row): HTMLElement {
  const shown =
    cell === undefined ? { level: 'none', text: room.speech.word('noReadings'), isShown: true } : look(cell);
  const text = shown.isShown && windows >= WORD_WINDOWS ? shown.text : '';
  const run = html(
    'span',
    { class: 'run', 'data-level': shown.level, title: shown.text },
    html('span', {}, text),
  );
  run.style.flexGrow = String(windows);
  return run;
}

/** For those who listen: the present, the worst, and for how long nothing was heard. */
function describe({ cells, look, room: { speech } }: Row): string {
  const say = (cell: Cell) => (cell === undefined ? speech.word('noReadings') : look(cell).text);
  const heard = cells.filter((cell) => cell !== undefined);
  const parts = [`${speech.word('now')}: ${say(cells.at(-1))}`];
  if (heard.length > 0) parts.push(`${speech.word('highest')}: ${say(Math.max(...heard))}`);
  const silentMs = (cells.length - heard.length) * (HOUR_MS / 12);
  if (silentMs > 0) parts.push(`${speech.word('noReadings')}: ${speech.age(silentMs)}`);
  return parts.join('; ');
}

/** The full hours. */
function drawAxis(axis: HTMLElement, book: StoryBook, { speech, nowMs }: Room): void {
  const fromMs = book.fromMs(nowMs);
  const key = `${speech.language} ${fromMs}`;
  if (axis.dataset['drawn'] === key) return;
  axis.dataset['drawn'] = key;
  const hours: HTMLElement[] = [];
  const lastMs = fromMs + book.spanMs - HOUR_ROOM_MS;
  for (let at = Math.ceil(fromMs / HOUR_MS) * HOUR_MS; at <= lastMs; at += HOUR_MS) {
    const hour = html('span', {}, speech.shortTime(at));
    hour.style.left = `${(((at - fromMs) / book.spanMs) * 100).toFixed(2)}%`;
    hours.push(hour);
  }
  axis.replaceChildren(...hours);
}
