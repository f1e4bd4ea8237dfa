/**
 * The alert of a crew that does not answer: it stands exactly while an escalated order, change or cancellation is
 * open.
 *
 * Works from the columns of the words and not from the moment of the escalation, so that a restart between the two
 * loses nothing. Invariants: one alert a unit, for staff, under the alerts' own life (notices, acknowledgement,
 * escalation); an order comes before what was said of it since; whoever sends another unit has it in hand; the
 * crew's answer, or the end of the word, ends it with that reason.
 */
import { type Alert, rankOf } from '../../alerts/alert.ts';
import type { Alerts } from '../../alerts/alerts.ts';
import type { Subject } from '../../alerts/judgement/engine-change.ts';
import { isAmbulance } from '../../devices/kinds/ambulance.ts';
import { type AssignmentRow, readAssignment } from '../assignments/assignment-row.ts';
import type { Role } from '../assignments/assignment-steps.ts';
import type { DispatchContext } from '../dispatch-context.ts';
import { find } from '../incidents/incident-row.ts';
import { type CrewWordRow, findWord, isWord } from './crew-words.ts';
import { describeAnswer, describeUnanswered } from './unanswered-texts.ts';
import type { WordReminders } from './word-reminders.ts';
import { ESCALATE_AFTER_MS } from './word-timers.ts';

const UNANSWERED_RULE = { name: 'ambulance-order-unanswered', version: 1, unit: 's' } as const;

export type AlertsPort = Pick<Alerts, 'open' | 'raise' | 'resolve' | 'acknowledge'>;

const PARAMETERS = { escalateAfterMs: ESCALATE_AFTER_MS };

export class UnansweredOrders {
  readonly #context: DispatchContext;
  readonly #alerts: AlertsPort;
  readonly #recommendOther: WordReminders['recommendOther'];

  constructor(context: DispatchContext, alerts: AlertsPort, reminders: WordReminders) {
    this.#context = context;
    this.#alerts = alerts;
    this.#recommendOther = (...query) => reminders.recommendOther(...query);
  }

  /** Brings the alerts in line with the words. Called each second. */
  async tick(): Promise<void> {
    const { board, database } = this.#context;
    const rows = await database
      .selectFrom('crew_words')
      .selectAll()
      .where('escalated_at', 'is not', null)
      .where('ended_at', 'is', null)
      .where('kind', 'in', ['order', 'change', 'cancel'])
      .orderBy('id')
      .execute();
    // A unit that was taken out of the city is told nothing more; one on an assignment cannot be taken out.
    const escalated = rows.filter((word) => !isWord(word, 'cancel') || board.vehicleOf(word.unit));
    const open = this.#alerts.open().filter(({ rule }) => rule === UNANSWERED_RULE.name);
    const standing = new Set<string>();
    for (const alert of open) {
      const word = escalated.find((each) => isAbout(alert, each));
      if (!word) await this.#resolve(alert);
      else {
        standing.add(word.unit);
        if (isWord(word, 'order') && !alert.acknowledgement) await this.#noteSecondUnit(alert, word);
      }
    }
    const ofUnits = Map.groupBy(escalated, ({ unit }) => unit);
    for (const [unit, words] of ofUnits) {
      const first = words.find((each) => isWord(each, 'order')) ?? words[0];
      if (first && !standing.has(unit)) await this.#raise(first);
    }
  }

  async #raise(word: CrewWordRow): Promise<void> {
    const { database, board, now } = this.#context;
    const { unit, kind, assignment: id } = word;
    const since = Number(word.made_at);
    const incident = await find(database, Number(word.incident));
    const { role } = await readAssignment(database, Number(id));
    const other = isWord(word, 'order')
      ? await this.#recommendOther(incident.id, role as Role, unit)
      : undefined;
    const second = other && 'unit' in other ? other : undefined;
    const elapsedMs = now() - since;
    await this.#alerts.raise(UNANSWERED_RULE, this.#subjectOf(unit), {
      rank: rankOf(incident.priority === 1 ? 'severe' : 'moderate'),
      since,
      value: Math.round(elapsedMs / 1000),
      simulated: Boolean(incident.simulated),
      parameters: PARAMETERS,
      description: describeUnanswered({
        kind,
        callSign: board.callSignOf(unit) ?? unit,
        incident,
        second,
        elapsedMs,
      }),
      detail: {
        assignment: Number(id),
        incident: incident.id,
        second: second?.unit ?? null,
        // Those of before words had numbers are about the order.
        ...(isWord(word, 'order') ? {} : { word: word.id }),
      },
    });
  }

  async #resolve({ subject, detail }: Alert): Promise<void> {
    const { database, board } = this.#context;
    const assignment = await readAssignment(database, Number(detail['assignment']));
    const word = detail['word'] === undefined ? undefined : await findWord(database, Number(detail['word']));
    const why = describeAnswer(assignment, word, (unit) => board.callSignOf(unit) ?? unit);
    await this.#alerts.resolve(UNANSWERED_RULE, this.#subjectOf(subject), why);
  }

  /** Another unit sent to the same incident since: somebody has it in hand, and is named. */
  async #noteSecondUnit(alert: Alert, { assignment }: CrewWordRow): Promise<void> {
    const { database } = this.#context;
    const { id, incident, role }: AssignmentRow = await readAssignment(database, Number(assignment));
    const later = await database
      .selectFrom('assignments')
      .select(['unit', 'assigned_by'])
      .where('incident', '=', incident)
      .where('role', '=', role)
      .where('id', '>', id)
      .where((column) => column.or([column('ended_at', 'is', null), column('step', '=', 'completed')]))
      .orderBy('id')
      .executeTakeFirst();
    if (later) await this.#alerts.acknowledge(alert.id, later.assigned_by, `${later.unit} was sent`);
  }

  #subjectOf(unit: string): Subject {
    const { board, city, now } = this.#context;
    const site = city.devices.find((each) => each.id === unit);
    const fix = board.now(unit, now())?.fix;
    return {
      id: unit,
      name: board.callSignOf(unit) ?? unit,
      kind: 'ambulance',
      group: isAmbulance(site) ? site.base : undefined,
      ...(fix ? { lat: fix.lat, lng: fix.lng } : {}),
    };
  }
}

function isAbout({ subject, detail }: Alert, { id, kind, unit, assignment }: CrewWordRow): boolean {
  if (subject !== unit) return false;
  return isWord({ kind }, 'order')
    ? detail['word'] === undefined && Number(detail['assignment']) === assignment
    : detail['word'] === id;
}
