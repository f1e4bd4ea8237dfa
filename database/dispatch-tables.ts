/**
 * The tables of dispatch: incidents, who was sent, what crews are told, locks, audit, beds.
 *
 * Owned by dispatch/. Invariant: a lock belongs to one open assignment at most.
 * How times, booleans and documents are kept is said in tables.ts.
 */
import type { Generated } from 'kysely';

export interface DispatchTables {
  incidents: IncidentsTable;
  assignments: AssignmentsTable;
  crew_words: CrewWordsTable;
  dispatch_units: DispatchUnitsTable;
  dispatch_audit: DispatchAuditTable;
  hospital_beds: HospitalBedsTable;
}

/** A call to 112 and what became of it. */
export interface IncidentsTable {
  id: Generated<number>;
  /** `open` or `closed`. */
  state: string;
  /** `real`, `prank`, `silent`, `information`; null until somebody has judged. */
  classification: string | null;
  category: string | null;
  /** 1 is the most urgent. */
  priority: number;
  caller_name: string | null;
  caller_phone: string | null;
  place: string | null;
  kecamatan: string | null;
  lat: number | null;
  lng: number | null;
  needs_transport: number;
  duplicate_of: number | null;
  outcome: string | null;
  received_at: number;
  triaged_at: number | null;
  closed_at: number | null;
  created_by: string;
  idempotency_key: string | null;
  /** Of the report that the key belongs to; null without a key, and for keys of older versions. */
  request_hash: string | null;
  simulated: number;
  /** When what leads to the caller was erased; null before. */
  erased_at: Generated<number | null>;
}

/** One unit sent to one incident, with its own timeline. Times are the server's; a skipped one is null. */
export interface AssignmentsTable {
  id: Generated<number>;
  incident: number;
  unit: string;
  /** `first-aid` or `transport`. */
  role: string;
  /** One of STEPS in dispatch/assignments/assignment-steps.ts. */
  step: string;
  hospital: string | null;
  assigned_by: string;
  forced_reason: string | null;
  idempotency_key: string;
  /** The request that the key belongs to, as JSON: the same key with another request is refused. */
  request: string;
  reserved_at: number;
  dispatched_at: number | null;
  acknowledged_at: number | null;
  en_route_at: number | null;
  on_scene_at: number | null;
  left_scene_at: number | null;
  at_destination_at: number | null;
  handed_over_at: number | null;
  ended_at: number | null;
  arrival_proposed_at: number | null;
  /** That the crew says it is free counts from here: the order, or the last step that a person took. */
  frees_from: Generated<number>;
  /** A status of the crew that was not taken and that a person must judge; null while there is none. */
  asked_word: string | null;
  /** The step that it would mean; null where it means none. */
  asked_step: string | null;
  asked_why: string | null;
  asked_at: number | null;
  warned_at: number | null;
  escalated_at: number | null;
  end_reason: string | null;
  /** How often the order went out, corrected or not. */
  commands_sent: number;
}

/** What a crew is told: open until the crew has it, or until it is void. */
export interface CrewWordsTable {
  id: Generated<number>;
  /** One of WORD_KINDS in dispatch/words/crew-words.ts. */
  kind: string;
  unit: string;
  incident: number | null;
  assignment: number | null;
  /** Of a message what it says, of `second-unit` which unit. */
  text: string | null;
  made_by: string;
  made_at: number;
  /** How often it was handed to the unit's connection, and when last. */
  sends: Generated<number>;
  sent_at: number | null;
  /** The first PUBACK of the unit's client. */
  reached_at: number | null;
  acknowledged_at: number | null;
  /** The unit, or the person who heard it by radio. */
  acknowledged_by: string | null;
  warned_at: number | null;
  escalated_at: number | null;
  ended_at: number | null;
  /** Why it ended without an acknowledgement. */
  ended_why: string | null;
  /** Due again; null when it has ended, or while it goes out together with an unanswered order. */
  next_at: number | null;
}

/** The lock of a unit. `assignment` is the open one; `out_of_service` says why it may not be sent. */
export interface DispatchUnitsTable {
  unit: string;
  version: number;
  assignment: number | null;
  out_of_service: string | null;
  /** Why a patient may be aboard although nobody has an assignment; null where nothing speaks for it. */
  patient_doubt: string | null;
}

/** Who did what, when. Never changed, but that an erasure takes the notes. */
export interface DispatchAuditTable {
  id: Generated<number>;
  at: number;
  actor: string;
  action: string;
  incident: number | null;
  assignment: number | null;
  unit: string | null;
  note: string | null;
}

/** Free beds by class as last reported: negative where it is overfull, null where it did not say. */
export interface HospitalBedsTable {
  hospital: string;
  emergency: number | null;
  intensive: number | null;
  ward: number | null;
  queue: number | null;
  source: string;
  updated_at: number;
  updated_by: string;
  /** A later report was refused; null while none was. */
  refused_at: number | null;
}
