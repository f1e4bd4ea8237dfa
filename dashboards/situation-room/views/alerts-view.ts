/**
 * The alerts, one card a subject, the most severe first; and what is just over.
 *
 * Invariants: an alert that is explained by another (an uplink that is down) is counted in that one and not
 * listed; "no alerts" is said only together with whether every gauge is heard; a new severe alert is spoken
 * once to those who listen.
 */
import type { Alert } from '../state/api/api-shapes.ts';
import { rankOf } from '../state/levels.ts';
import { createSubjectCard, type SubjectAlerts } from './alert-card.ts';
import { byId, createKeyedList, html, type KeyedView, setOptionalText, setText } from './dom.ts';
import { type Actions, gaugeNow, type Room } from './room.ts';

export interface AlertsView {
  update(room: Room): void;
}

interface EndedItem {
  readonly alert: Alert;
  readonly room: Room;
}

export function createAlertsView(actions: Actions): AlertsView {
  const open = createKeyedList<SubjectAlerts>(
    byId('alert-list'),
    ({ subject }) => subject,
    () => createSubjectCard(actions),
  );
  const ended = createKeyedList<EndedItem>(
    byId('ended-list'),
    ({ alert }) => alert.id,
    () => createEndedLine(),
  );
  const spoken = new Map<string, number>();
  return {
    update(room) {
      const { state, speech } = room;
      const { shown, folded } = foldAlerts(state.openAlerts());
      open.update(groupBySubject(shown).map((group) => ({ ...group, folded, room })));
      setText(byId('alert-count'), shown.length === 0 ? '' : String(shown.length));
      const leftOut = state.alertsLeftOut;
      setOptionalText(byId('alerts-left-out'), leftOut > 0 ? `${leftOut} ${speech.word('more')}` : undefined);
      showQuiet(room, shown.length === 0);
      const over = state.endedAlerts(room.nowMs);
      byId('ended').hidden = over.length === 0;
      ended.update(over.map((alert) => ({ alert, room })));
      speakNew(shown, spoken, room);
      const count = shown.length > 0 ? `(${shown.length}) ` : '';
      document.title = `${count}${speech.word('title')} · ${state.city.name}`;
    },
  };
}

/** An alert that is explained by another open one is counted in that one. */
function foldAlerts(all: readonly Alert[]): { shown: Alert[]; folded: Map<string, number> } {
  const ids = new Set(all.map(({ id }) => id));
  const folded = new Map<string, number>();
  const shown = all.filter(({ foldedInto }) => {
    if (foldedInto === null || !ids.has(foldedInto)) return true;
    folded.set(foldedInto, (folded.get(foldedInto) ?? 0) + 1);
    return false;
  });
  return { shown, folded };
}

/** In the order of each subject's first alert. */
function groupBySubject(shown: readonly Alert[]): Pick<SubjectAlerts, 'subject' | 'alerts'>[] {
  const groups = new Map<string, [Alert, ...Alert[]]>();
  for (const alert of shown) {
    const group = groups.get(alert.subject);
    if (group) group.push(alert);
    else groups.set(alert.subject, [alert]);
  }
  return [...groups].map(([subject, alerts]) => ({ subject, alerts }));
}

function showQuiet(room: Room, isQuiet: boolean): void {
  const { state, speech } = room;
  byId('no-alerts').hidden = !isQuiet;
  if (!isQuiet) return;
  const allHeard = state.city.gauges.every((gauge) => gaugeNow(room, gauge).isFresh);
  setText(byId('no-alerts-note'), speech.word(allHeard ? 'noAlertsNote' : 'noAlertsBlind'));
}

function createEndedLine(): KeyedView<EndedItem> {
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
