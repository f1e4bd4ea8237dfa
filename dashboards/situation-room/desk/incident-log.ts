/**
 * The log of an incident: when, who, what, the newest first.
 *
 * Invariant: every line names who did it; what a person wrote goes in as text.
 */

import { sayDispatch } from '../state/dispatch-sentences.ts';
import type { IncidentDetail } from '../state/dispatch-shapes.ts';
import { nameUnit } from '../views/assignment-list.ts';
import { byId, html } from '../views/dom.ts';
import type { Room } from '../views/room.ts';

export function showLog({ log }: IncidentDetail, room: Room): void {
  const lines = log.map((line) => describeLine(line, room)).reverse();
  const list = byId('log-list');
  if (list.dataset['shown'] === lines.join('\n')) return;
  list.dataset['shown'] = lines.join('\n');
  list.replaceChildren(...lines.map((line) => html('li', {}, line)));
}

function describeLine({ at, actor, action, unit, note }: IncidentDetail['log'][number], room: Room): string {
  const { speech } = room;
  const who = room.state.devices.has(actor) ? nameUnit(actor, room) : actor;
  const what = speech.wordOr(action);
  // Of a triage the note is what it changed, for a program to read.
  const said =
    note === null || action === 'triaged' ? '' : `: ${sayDispatch(speech.wordOr(note), speech.language)}`;
  const whom = unit === null || unit === actor ? '' : ` ${nameUnit(unit, room)}`;
  return `${speech.time(Date.parse(at))} · ${who} · ${what}${whom}${said}`;
}
