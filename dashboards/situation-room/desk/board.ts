/**
 * The board: the units by what they do, each with its assignment, battery and the age of its fix, its connection and
 * its last word; the hospitals.
 *
 * Invariants: connected and heard stand apart; a unit with an open assignment stands under "assigned", whatever its
 * tracker says; one that is offered to nobody never stands under "ready", and says why; a number never stands without
 * its age.
 */

import type { HospitalNow } from '../state/api/dispatch-shapes.ts';
import { sayUnitLink } from '../state/dispatch/connected-and-heard.ts';
import type { WithheldUnit } from '../state/dispatch/desk-calls.ts';
import { sayDispatch } from '../state/words/dispatch-sentences.ts';
import type { Word } from '../state/words/words-id.ts';
import { byId, createKeyedList, html, setAttribute, setText } from '../views/dom.ts';
import { createHospitalList } from '../views/incidents/hospital-list.ts';
import type { Room } from '../views/room.ts';
import { type UnitNow, unitsNow } from '../views/units-view.ts';

type Group = 'idleUnits' | 'on-assignment' | 'otherUnits';
const GROUPS: readonly Group[] = ['on-assignment', 'idleUnits', 'otherUnits'];
const LOW_BATTERY_PCT = 15;

interface BoardUnit {
  readonly unit: UnitNow;
  readonly task: { readonly incident: number; readonly step: string } | undefined;
  readonly withheld: WithheldUnit | undefined;
  readonly room: Room;
}

export interface Board {
  update(room: Room, hospitals: readonly HospitalNow[], withheld: readonly WithheldUnit[]): void;
}

export function createBoard(onUnit: (unit: string) => void): Board {
  const hospitalList = createHospitalList();
  const groups = GROUPS.map((group) => {
    const [heading, list] = [html('h3'), html('ul', { class: 'board-units' })];
    byId('unit-groups').append(heading, list);
    const units = createKeyedList<BoardUnit>(
      list,
      ({ unit }) => unit.device.id,
      ({ unit }) => createUnit(() => onUnit(unit.device.id)),
    );
    return { group, heading, list, units };
  });
  return {
    update(room, hospitals, withheld) {
      const all = listUnits(room, withheld);
      byId('no-units').hidden = all.length > 0;
      for (const { group, heading, list, units } of groups) {
        const here = all.filter((each) => groupOf(each) === group);
        heading.hidden = list.hidden = here.length === 0;
        setText(heading, `${room.speech.word(group satisfies Word)} (${here.length})`);
        units.update(here);
      }
      hospitalList.update(hospitals, room);
    },
  };
}

function listUnits(room: Room, withheld: readonly WithheldUnit[]): BoardUnit[] {
  const heldBack = new Map(withheld.map((each) => [each.unit, each]));
  const tasks = new Map<string, BoardUnit['task']>();
  for (const { id, units } of room.state.incidents) {
    for (const { unit, step } of units) tasks.set(unit, { incident: id, step });
  }
  return unitsNow(room)
    .map((unit) => {
      const { id } = unit.device;
      return { unit, task: tasks.get(id), withheld: heldBack.get(id), room };
    })
    .sort((a, b) => a.unit.device.name.localeCompare(b.unit.device.name));
}

function groupOf({ unit, task, withheld, room }: BoardUnit): Group {
  if (task) return 'on-assignment';
  if (withheld) return 'otherUnits';
  const isHeard = room.state.liveness(unit.device, room.nowMs) === 'online';
  return isHeard && unit.status === 'available' ? 'idleUnits' : 'otherUnits';
}

function createUnit(onChosen: () => void): { element: Element; update(item: BoardUnit): void } {
  const [name, doing] = [html('b'), html('span')];
  const [facts, link] = [html('span', { class: 'age' }), html('span', { class: 'age link' })];
  const button = html('button', { type: 'button', class: 'board-unit' }, name, doing, facts, link);
  button.addEventListener('click', onChosen);
  return {
    element: html('li', {}, button),
    update({ unit, task, withheld, room }) {
      const { speech, state, nowMs } = room;
      const { device, fixAgeMs, isStale } = unit;
      const liveness = state.liveness(device, nowMs);
      const crewSays = speech.wordOr(liveness === 'unseen' ? liveness : unit.status);
      const said = withheld ? speech.word('heldBack') : crewSays;
      setText(name, device.name);
      setText(doing, task ? `#${task.incident} · ${speech.wordOr(task.step)}` : said);
      const battery = device.values['batteryPct'];
      const isLow = typeof battery === 'number' && battery < LOW_BATTERY_PCT;
      setAttribute(button, 'data-low', isLow);
      const parts = [
        ...(liveness === 'online' || liveness === 'unseen' ? [] : [speech.word(liveness)]),
        ...(typeof battery === 'number' ? [`${speech.word('unitBattery')} ${Math.round(battery)} %`] : []),
        ...(fixAgeMs === undefined
          ? []
          : [
              `${speech.word('fixAge')} ${speech.age(fixAgeMs)} ${speech.word('ago')}${isStale ? `, ${speech.word('staleFix')}` : ''}`,
            ]),
      ];
      setText(facts, [...sayWithheld(withheld, speech), ...parts].join(' · '));
      setText(link, sayUnitLink(device, speech));
    },
  };
}

function sayWithheld(withheld: WithheldUnit | undefined, { language }: Room['speech']): string[] {
  if (!withheld) return [];
  const { outOfService, patientDoubt } = withheld;
  const out = outOfService === null ? [] : [sayDispatch(`out of service: ${outOfService}`, language)];
  return [...out, ...(patientDoubt === null ? [] : [sayDispatch(patientDoubt, language)])];
}
