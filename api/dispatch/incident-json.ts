/**
 * Incidents and assignments as the API shows them.
 *
 * Invariant: each time of the timeline is shown or null, never filled in; the caller's name and number, and what
 * people have written (place, notes, reasons), are for those who answer the calls (dispatchers, the desk) and for
 * nobody else.
 */
import { z } from 'zod';
import type { AssignmentRow } from '../../dispatch/assignments/assignment-row.ts';
import { STEPS, type Step } from '../../dispatch/assignments/assignment-steps.ts';
import type { AuditLine } from '../../dispatch/dispatch.ts';
import { CLASSIFICATIONS, type IncidentRow } from '../../dispatch/incidents/incident-row.ts';
import type { WordView } from '../../dispatch/words/word-view.ts';
import { seesPeople, type User } from '../access/access.ts';
import { formatTime, timeOutput } from '../border/time.ts';
import { formatWord, wordSchema } from './word-json.ts';

const time = timeOutput.nullable();

export const assignmentSchema = z
  .object({
    id: z.int(),
    incident: z.int(),
    unit: z.string(),
    role: z.enum(['first-aid', 'transport']),
    step: z.enum(STEPS),
    hospital: z.string().nullable(),
    assignedBy: z.string(),
    forcedReason: z.string().nullable(),
    endReason: z.string().nullable(),
    ordersSent: z.int(),
    words: z.array(wordSchema).describe('What its crew was told, the oldest first.'),
    asked: z
      .object({
        word: z.string().describe('As the crew said it.'),
        step: z.enum(STEPS).nullable().describe('What it would mean; null where it means no step.'),
        why: z.string(),
        at: timeOutput,
      })
      .nullable()
      .describe('What the crew said and what was not taken: a person answers it.'),
    timeline: z.object({
      reservedAt: timeOutput,
      dispatchedAt: time,
      acknowledgedAt: time,
      enRouteAt: time,
      arrivalProposedAt: time.describe('By position; the crew or the dispatcher confirms it.'),
      onSceneAt: time,
      leftSceneAt: time,
      atDestinationAt: time,
      handedOverAt: time,
      endedAt: time,
      warnedAt: time.describe('Not acknowledged after 30 s.'),
      escalatedAt: time.describe('Not acknowledged after 75 s.'),
    }),
  })
  .meta({ id: 'Assignment' });

export const incidentSchema = z.object({
  id: z.int(),
  state: z.enum(['open', 'closed']),
  classification: z.enum(CLASSIFICATIONS).nullable(),
  category: z.string().nullable(),
  priority: z.int(),
  caller: z
    .object({ name: z.string().nullable(), phone: z.string().nullable() })
    .meta({ id: 'Caller' })
    .optional(),
  place: z.string().nullable(),
  kecamatan: z.string().nullable(),
  lat: z.number().nullable(),
  lng: z.number().nullable(),
  needsTransport: z.boolean(),
  duplicateOf: z.int().nullable(),
  outcome: z.string().nullable(),
  receivedAt: timeOutput,
  triagedAt: time,
  closedAt: time,
  createdBy: z.string(),
  simulated: z.boolean(),
});

/** In the list: who is under way for it now. */
export const listedIncidentSchema = incidentSchema
  .extend({
    units: z
      .array(z.object({ unit: z.string(), assignment: z.int(), step: z.enum(STEPS) }))
      .describe('Units with an open assignment for it.'),
  })
  .meta({ id: 'ListedIncident' });

export const auditSchema = z
  .object({
    at: timeOutput,
    actor: z.string(),
    action: z.string(),
    assignment: z.int().nullable(),
    unit: z.string().nullable(),
    note: z.string().nullable(),
  })
  .meta({ id: 'AuditEntry' });

export const incidentDetailSchema = incidentSchema
  .extend({
    assignments: z.array(assignmentSchema),
    possibleDuplicates: z.array(z.int()),
    log: z.array(auditSchema),
  })
  .meta({ id: 'Incident' });

function formatOptional(ms: number | null): string | null {
  return ms === null ? null : formatTime(Number(ms));
}

function formatQuestion({ asked_word: word, asked_step, asked_why, asked_at }: AssignmentRow) {
  if (word === null) return null;
  return { word, step: asked_step as Step | null, why: asked_why ?? '', at: formatTime(Number(asked_at)) };
}

export function formatAssignment(
  row: AssignmentRow,
  words: readonly WordView[],
  user: User,
): z.input<typeof assignmentSchema> {
  const isShown = seesPeople(user);
  return {
    id: row.id,
    incident: row.incident,
    unit: row.unit,
    role: row.role as 'first-aid' | 'transport',
    step: row.step as Step,
    hospital: row.hospital,
    assignedBy: row.assigned_by,
    forcedReason: isShown ? row.forced_reason : null,
    endReason: isShown ? row.end_reason : null,
    ordersSent: row.commands_sent,
    words: words.map(formatWord),
    asked: formatQuestion(row),
    timeline: {
      reservedAt: formatTime(Number(row.reserved_at)),
      dispatchedAt: formatOptional(row.dispatched_at),
      acknowledgedAt: formatOptional(row.acknowledged_at),
      enRouteAt: formatOptional(row.en_route_at),
      arrivalProposedAt: formatOptional(row.arrival_proposed_at),
      onSceneAt: formatOptional(row.on_scene_at),
      leftSceneAt: formatOptional(row.left_scene_at),
      atDestinationAt: formatOptional(row.at_destination_at),
      handedOverAt: formatOptional(row.handed_over_at),
      endedAt: formatOptional(row.ended_at),
      warnedAt: formatOptional(row.warned_at),
      escalatedAt: formatOptional(row.escalated_at),
    },
  };
}

export function formatIncident(row: IncidentRow, user: User): z.input<typeof incidentSchema> {
  const isShown = seesPeople(user);
  return {
    id: row.id,
    state: row.state as 'open' | 'closed',
    classification: row.classification as (typeof CLASSIFICATIONS)[number] | null,
    category: row.category,
    priority: row.priority,
    ...(isShown ? { caller: { name: row.caller_name, phone: row.caller_phone } } : {}),
    place: isShown ? row.place : null,
    kecamatan: row.kecamatan,
    lat: row.lat,
    lng: row.lng,
    needsTransport: row.needs_transport === 1,
    duplicateOf: row.duplicate_of,
    outcome: row.outcome,
    receivedAt: formatTime(Number(row.received_at)),
    triagedAt: formatOptional(row.triaged_at),
    closedAt: formatOptional(row.closed_at),
    createdBy: row.created_by,
    simulated: row.simulated === 1,
  };
}

export function formatAudit({ at, note, ...rest }: AuditLine, user: User): z.input<typeof auditSchema> {
  return { at: formatTime(Number(at)), ...rest, note: seesPeople(user) ? note : null };
}
