/**
 * The alert of an order that nobody answers: it stands exactly while an escalated assignment has no answer.
 *
 * Works from the columns of the assignments and not from the moment of the escalation, so that a restart
 * between the two loses nothing. Invariants: one alert a unit, for staff, under the alerts' own life (notices,
 * acknowledgement, escalation); whoever sends another unit has it in hand; the crew's answer, or the end of
 * the assignment, ends it with that reason.
 */

import { type Alert, rankOf } from '../alerts/alert.ts';
import type { Alerts } from '../alerts/alerts.ts';
import type { Subject } from '../alerts/judgement/engine-change.ts';
import type { Description } from '../alerts/judgement/rule.ts';
import { isAmbulance } from '../devices/kinds/ambulance.ts';
import { type AssignmentRow, readAssignment } from './assignment-row.ts';
import type { Role } from './assignment-steps.ts';
import type { DispatchContext } from './dispatch-context.ts';
import { find, type IncidentRow } from './incident-row.ts';
import { ESCALATE_AFTER_MS, type Orders } from './orders.ts';

export const UNANSWERED_RULE = { name: 'ambulance-order-unanswered', version: 1, unit: 's' } as const;

export type AlertsPort = Pick<Alerts, 'open' | 'raise' | 'resolve' | 'acknowledge'>;

const LABEL = { en: 'order not answered', id: 'perintah tidak dijawab' };
const PARAMETERS = { escalateAfterMs: ESCALATE_AFTER_MS };

export class UnansweredOrders {
  readonly #context: DispatchContext;
  readonly #alerts: AlertsPort;
  readonly #recommendOther: Orders['recommendOther'];

  constructor(context: DispatchContext, alerts: AlertsPort, orders: Orders) {
    this.#context = context;
    this.#alerts = alerts;
    this.#recommendOther = (...query) => orders.recommendOther(...query);
  }

  /** Brings the alerts in line with the assignments. Called each second. */
  async tick(): Promise<void> {
    const unanswered = await this.#context.database
      .selectFrom('assignments')
      .selectAll()
      .where('escalated_at', 'is not', null)
      .where('acknowledged_at', 'is', null)
      .where('ended_at', 'is', null)
      .where('step', 'in', ['reserved', 'dispatched'])
      .execute();
    const waiting = new Map(unanswered.map((row) => [Number(row.id), row]));
    const standing = new Set<number>();
    for (const alert of this.#alerts.open()) {
      if (alert.rule !== UNANSWERED_RULE.name) continue;
      const assignment = Number(alert.detail['assignment']);
      if (!waiting.has(assignment)) await this.#resolve(alert, assignment);
      else {
        standing.add(assignment);
        if (!alert.acknowledgement)
          await this.#noteSecondUnit(alert, waiting.get(assignment) as AssignmentRow);
      }
    }
    for (const [id, row] of waiting) if (!standing.has(id)) await this.#raise(row);
  }

  async #raise(row: AssignmentRow): Promise<void> {
    const { database, board, now } = this.#context;
    const { id, unit, reserved_at: since, role } = row;
    const incident = await find(database, row.incident);
    const other = await this.#recommendOther(row.incident, role as Role, unit);
    const second = other && 'unit' in other ? other : undefined;
    const callSign = board.callSignOf(unit) ?? unit;
    await this.#alerts.raise(UNANSWERED_RULE, this.#subjectOf(unit), {
      rank: rankOf(incident.priority === 1 ? 'severe' : 'moderate'),
      since,
      value: Math.round((now() - since) / 1000),
      simulated: Boolean(incident.simulated),
      parameters: PARAMETERS,
      description: describe(callSign, incident, second, now() - since),
      detail: { assignment: Number(id), incident: row.incident, second: second?.unit ?? null },
    });
  }

  async #resolve({ subject }: Alert, id: number): Promise<void> {
    const { database, board } = this.#context;
    const { step, end_reason, ended_at } = await readAssignment(database, id);
    const callSign = board.callSignOf(subject) ?? subject;
    const why = end_reason && end_reason !== step ? ` (${end_reason})` : '';
    await this.#alerts.resolve(UNANSWERED_RULE, this.#subjectOf(subject), {
      label: LABEL,
      text:
        ended_at !== null
          ? {
              en: `The assignment of ${callSign} has ended: ${step}${why}.`,
              id: `Penugasan ${callSign} berakhir: ${step}${why}.`,
            }
          : {
              en: `${callSign} has answered and is ${step}.`,
              id: `${callSign} telah menjawab: ${step}.`,
            },
    });
  }

  /** Another unit sent to the same incident since: somebody has it in hand, and is named. */
  async #noteSecondUnit(alert: Alert, { id, incident, role }: AssignmentRow): Promise<void> {
    const later = await this.#context.database
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

function describe(
  callSign: string,
  { id, category, place }: IncidentRow,
  second: { readonly callSign: string; readonly etaS: number } | undefined,
  elapsedMs: number,
): Description {
  const seconds = Math.round(elapsedMs / 1000);
  const what = [category, place].filter((each) => each !== null).join(', ');
  const incident = what === '' ? String(id) : `${id} (${what})`;
  const minutes = second && Math.max(1, Math.round(second.etaS / 60));
  return {
    label: LABEL,
    text: {
      en: `${callSign} has not answered its order for incident ${incident} for ${seconds} s. ${
        second
          ? `Call it by radio, or send ${second.callSign}, ${minutes} min away, as well.`
          : 'Call it by radio: no other unit can be sent now.'
      }`,
      id: `${callSign} belum menjawab perintah untuk kejadian ${incident} selama ${seconds} detik. ${
        second
          ? `Hubungi lewat radio, atau kirim juga ${second.callSign}, ${minutes} menit dari lokasi.`
          : 'Hubungi lewat radio: tidak ada unit lain yang dapat dikirim sekarang.'
      }`,
    },
  };
}
