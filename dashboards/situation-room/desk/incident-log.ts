/**
 * The log of an incident: when, who, what, the newest first.
 *
 * Invariant: every line names who did it; what a person wrote goes in as text.
 */

import type { IncidentDetail } from '../state/api/dispatch-shapes.ts';
import { describeLine } from '../state/words/log-line.ts';
import { byId, html } from '../views/dom.ts';
import { narratorOf } from '../views/incidents/assignment-list.ts';
import type { Room } from '../views/room.ts';

export function showLog({ log }: IncidentDetail, room: Room): void {
  const narrator = narratorOf(room);
  const lines = log.map((line) => describeLine(line, narrator)).reverse();
  const list = byId('log-list');
  if (list.dataset['shown'] === lines.join('\n')) return;
  list.dataset['shown'] = lines.join('\n');
  list.replaceChildren(...lines.map((line) => html('li', {}, line)));
}
