/**
 * The alerts, the most severe first, each with its age and the agency's own label.
 *
 * Invariants: an alert that is explained by another (an uplink that is down) is counted in that one and not
 * listed; "no alerts" is said only together with whether every gauge is heard; a new severe alert is spoken
 * once to those who listen.
 */
import type { Alert } from '../state/api-shapes.ts';
import { rankOf } from '../state/levels.ts';
import {
  byId,
  createKeyedList,
  html,
  type KeyedView,
  setAttribute,
  setOptionalText,
  setText,
} from './dom.ts';
import { createMarkIcon } from './level-mark.ts';
import { type Actions, gaugeNow, type Room } from './room.ts';

export interface AlertsView {
  update(room: Room): void;
}

interface AlertItem {
  readonly alert: Alert;
  readonly folded: number;
  readonly room: Room;
}

/** The roles that the API lets acknowledge. */
const TAKING_ROLES = new Set(['admin', 'dispatcher', 'engineer', 'desk']);

export function createAlertsView(actions: Actions): AlertsView {
  const open = createKeyedList<AlertItem>(
    byId('alert-list'),
    ({ alert }) => alert.id,
    (item) => createAlertCard(item, actions),
  );
  const ended = createKeyedList<AlertItem>(
    byId('ended-list'),
    ({ alert }) => alert.id,
    () => createEndedLine(),
  );
  const spoken = new Map<string, number>();
  return {
    update(room) {
      const { state, speech } = room;
      const all = state.openAlerts();
      const ids = new Set(all.map(({ id }) => id));
      const folded = new Map<string, number>();
      const shown = all.filter(({ foldedInto }) => {
        if (foldedInto === null || !ids.has(foldedInto)) return true;
        folded.set(foldedInto, (folded.get(foldedInto) ?? 0) + 1);
        return false;
      });
      open.update(shown.map((alert) => ({ alert, folded: folded.get(alert.id) ?? 0, room })));
      setText(byId('alert-count'), shown.length === 0 ? '' : String(shown.length));
      setAttribute(byId('alerts'), 'data-worst', shown[0]?.severity ?? 'normal');
      const leftOut = state.alertsLeftOut;
      setOptionalText(byId('alerts-left-out'), leftOut > 0 ? `${leftOut} ${speech.word('more')}` : undefined);
      showQuiet(room, shown.length === 0);
      const over = state.endedAlerts(room.nowMs);
      byId('ended').hidden = over.length === 0;
      ended.update(over.map((alert) => ({ alert, folded: 0, room })));
      speakNew(shown, spoken, room);
      document.title = `${shown.length > 0 ? `(${shown.length}) ` : ''}${speech.word('title')} · ${state.city.name}`;
    },
  };
}

function showQuiet(room: Room, isQuiet: boolean): void {
  const { state, speech } = room;
  byId('no-alerts').hidden = !isQuiet;
  if (!isQuiet) return;
  const allHeard = state.city.gauges.every((gauge) => gaugeNow(room, gauge).isFresh);
  setText(byId('no-alerts-note'), speech.word(allHeard ? 'noAlertsNote' : 'noAlertsBlind'));
}

function createAlertCard({ alert: { id } }: AlertItem, actions: Actions): KeyedView<AlertItem> {
  const icon = createMarkIcon('normal');
  const [label, age, subject, text] = [
    html('b'),
    html('span', { class: 'age' }),
    html('h3', { class: 'alert-subject' }),
    html('p'),
  ];
  const chips = html('p', { class: 'chips' });
  const take = html('button', { type: 'button', class: 'take' });
  const show = html('button', { type: 'button', class: 'show' }, subject);
  let current: Alert | undefined;
  show.addEventListener('click', () => {
    if (!current) return;
    if (current.lat !== null && current.lng !== null) actions.showPlace(current.lat, current.lng);
    if (current.subjectKind === 'river-gauge') actions.showGauge(current.subject);
  });
  take.addEventListener('click', () => {
    take.disabled = true;
    actions.acknowledge(id).finally(() => {
      take.disabled = false;
    });
  });
  const head = html('div', { class: 'alert-head' }, icon.element, label, age);
  const element = html('li', { class: 'alert' }, head, show, text, chips, take);
  return {
    element,
    update({ alert, folded, room }) {
      const { speech, nowMs, state } = room;
      current = alert;
      setAttribute(element, 'data-level', alert.severity);
      setAttribute(element, 'data-state', alert.state);
      icon.set(alert.severity);
      setText(label, speech.pick(alert.label));
      setText(age, speech.age(nowMs - Date.parse(alert.startedAt)));
      setAttribute(age, 'title', `${speech.word('since')} ${speech.time(Date.parse(alert.startedAt))}`);
      setText(subject, alert.subjectName);
      setText(text, withoutSubject(speech.pick(alert.text), alert.subjectName));
      const words = chipsOf(alert, folded, room);
      setOptionalText(chips, words.length > 0 ? words.join(' · ') : undefined);
      take.hidden = alert.acknowledged || !TAKING_ROLES.has(state.viewer.role);
      setText(take, speech.word('take'));
      setAttribute(take, 'aria-label', `${speech.word('take')}: ${alert.subjectName}`);
    },
  };
}

/** The heading says the subject already. */
function withoutSubject(text: string, subject: string): string {
  return text.startsWith(subject) ? text.slice(subject.length).replace(/^[:,\s]+/, '') : text;
}

function chipsOf(alert: Alert, folded: number, { speech }: Room): string[] {
  const chips: string[] = [];
  if (alert.state === 'provisional') chips.push(speech.word('unconfirmed'));
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

function createEndedLine(): KeyedView<AlertItem> {
  const [name, when] = [html('span'), html('span', { class: 'age' })];
  const element = html('li', {}, name, when);
  return {
    element,
    update({ alert, room: { speech, nowMs } }) {
      setText(name, `${alert.subjectName}: ${speech.pick(alert.label)}`);
      const endedAt = Date.parse(alert.endedAt ?? alert.changedAt);
      setText(when, `${speech.age(nowMs - endedAt)} ${speech.word('ago')}`);
    },
  };
}

/** The two upper levels are spoken, at their first sight and at each rise. Bounded by what is open. */
function speakNew(shown: readonly Alert[], spoken: Map<string, number>, { speech }: Room): void {
  const ids = new Set(shown.map(({ id }) => id));
  for (const id of spoken.keys()) if (!ids.has(id)) spoken.delete(id);
  for (const { id, severity, label, subjectName } of shown) {
    const rank = rankOf(severity);
    if (rank <= (spoken.get(id) ?? 0)) continue;
    spoken.set(id, rank);
    if (rank >= 3) setText(byId('spoken'), `${speech.pick(label)}: ${subjectName}`);
  }
}
