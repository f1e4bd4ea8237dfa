/**
 * The card of one subject: its most severe alert at large, its other alerts below in a line each.
 *
 * A river in flood has several alerts at once (its level, its rise, what is predicted); one card keeps a
 * storm readable. Invariant: each alert can be taken in hand by itself, and none is hidden by another.
 */
import type { Alert } from '../state/api/api-shapes.ts';
import { createKeyedList, html, type KeyedView, setAttribute, setOptionalText, setText } from './dom.ts';
import { createMarkIcon } from './gauges/level-mark.ts';
import type { Actions, Room } from './room.ts';

export interface SubjectAlerts {
  readonly subject: string;
  /** The most severe first; never empty. */
  readonly alerts: readonly [Alert, ...Alert[]];
  /** Alerts that each of these explains, by id. */
  readonly folded: ReadonlyMap<string, number>;
  readonly room: Room;
}

interface AlertItem {
  readonly alert: Alert;
  readonly folded: number;
  readonly room: Room;
}

/** The roles that the API lets acknowledge. */
const TAKING_ROLES = new Set(['admin', 'dispatcher', 'engineer', 'desk']);

export function createSubjectCard(actions: Actions): KeyedView<SubjectAlerts> {
  const icon = createMarkIcon('normal');
  const [label, age, name] = [
    html('b'),
    html('span', { class: 'age' }),
    html('h3', { class: 'alert-subject' }),
  ];
  const show = html('button', { type: 'button', class: 'show' }, name);
  const lines = html('ul', { class: 'alert-lines' });
  const list = createKeyedList<AlertItem>(
    lines,
    ({ alert }) => alert.id,
    ({ alert }) => createAlertLine(alert.id, actions),
  );
  let shown: Alert | undefined;
  let isGauge = false;
  show.addEventListener('click', () => {
    if (!shown) return;
    if (shown.lat !== null && shown.lng !== null) actions.showPlace(shown.lat, shown.lng);
    if (isGauge) actions.showGauge(shown.subject);
  });
  const head = html('div', { class: 'alert-head' }, icon.element, label, age);
  const element = html('li', { class: 'alert' }, head, show, lines);
  return {
    element,
    update({ alerts, folded, room }) {
      const { speech, state, nowMs } = room;
      const [worst] = alerts;
      shown = worst;
      isGauge = state.gauges.has(worst.subject);
      setAttribute(element, 'data-level', worst.severity);
      setAttribute(element, 'data-state', worst.state);
      icon.set(worst.severity);
      setText(label, capitalise(speech.pick(worst.label)));
      setText(age, speech.age(nowMs - Date.parse(worst.startedAt)));
      setAttribute(age, 'title', `${speech.word('since')} ${speech.time(Date.parse(worst.startedAt))}`);
      setText(name, worst.subjectName);
      list.update(alerts.map((alert) => ({ alert, folded: folded.get(alert.id) ?? 0, room })));
    },
  };
}

/** What it says, what is to be known of it, and the button to take it. */
function createAlertLine(id: string, actions: Actions): KeyedView<AlertItem> {
  const icon = createMarkIcon('normal');
  const [label, text, chips] = [html('b'), html('p'), html('span', { class: 'chips' })];
  const why = html('a', { class: 'why', href: `alerts/${encodeURIComponent(id)}` });
  const take = html('button', { type: 'button', class: 'take' });
  take.addEventListener('click', () => {
    take.disabled = true;
    actions.acknowledge(id).finally(() => {
      take.disabled = false;
    });
  });
  const head = html('div', { class: 'line-head' }, icon.element, label);
  const element = html('li', {}, head, text, html('div', { class: 'line-foot' }, chips, why, take));
  return {
    element,
    update({ alert, folded, room }) {
      const { speech, nowMs, state } = room;
      icon.set(alert.severity);
      const age = speech.age(nowMs - Date.parse(alert.startedAt));
      setText(label, `${capitalise(speech.pick(alert.label))} · ${age}`);
      setText(text, withoutSubject(speech.pick(alert.text), alert.subjectName));
      const words = chipsOf(alert, folded, room);
      setOptionalText(chips, words.length > 0 ? words.join(' · ') : undefined);
      why.hidden = alert.audience !== 'public';
      setText(why, speech.word('why'));
      setAttribute(
        why,
        'aria-label',
        `${speech.word('why')} ${speech.pick(alert.label)}, ${alert.subjectName}`,
      );
      take.hidden = alert.acknowledged || !TAKING_ROLES.has(state.viewer.role);
      setText(take, speech.word('take'));
      setAttribute(
        take,
        'aria-label',
        `${speech.word('take')}: ${speech.pick(alert.label)}, ${alert.subjectName}`,
      );
    },
  };
}

/** The heading says the subject already. */
function withoutSubject(text: string, subject: string): string {
  return text.startsWith(subject) ? capitalise(text.slice(subject.length).replace(/^[:,\s]+/, '')) : text;
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function chipsOf(alert: Alert, folded: number, { speech }: Room): string[] {
  const chips: string[] = [];
  if (alert.provisional) chips.push(speech.word('unconfirmed'));
  if (alert.blindSince !== null) {
    chips.push(`${speech.word('blind')} ${speech.shortTime(Date.parse(alert.blindSince))}`);
  }
  if (alert.acknowledged) {
    const by = alert.acknowledgedBy;
    chips.push(by ? `${speech.word('takenBy')} ${by}` : speech.word('taken'));
  }
  if (folded > 0) chips.push(`+${folded} ${speech.word('folded')}`);
  if (alert.silenced) chips.push(speech.word('silenced'));
  if (alert.exercise) chips.push(speech.word('drill'));
  return chips;
}
