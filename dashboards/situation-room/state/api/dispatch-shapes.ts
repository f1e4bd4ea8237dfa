/**
 * What the desk reads of dispatch's answers: an incident with its assignments, candidates, hospitals.
 *
 * Beside api-shapes.ts and by its rule: made of the API's document, and a field that no page shows is not listed.
 */
import type { Answer, PartOf } from './answer-shapes.ts';

/** Something that a crew was told; `state` says where it stands, in one sentence. */
export type CrewWord = Answer<'CrewWord', 'id' | 'kind' | 'endedAt' | 'acknowledgedAt' | 'state'>;

/** `asked` is what the crew said and what was not taken. */
export type Assignment = PartOf<
  Answer<'Assignment'>,
  Answer<
    'Assignment',
    'id' | 'unit' | 'role' | 'step' | 'assignedBy' | 'forcedReason' | 'endReason' | 'hospital' | 'timeline'
  > & {
    readonly words: readonly CrewWord[];
    readonly asked: Answer<'AssignmentAsked', 'word' | 'step' | 'why'> | null;
  }
>;

export type IncidentDetail = PartOf<
  Answer<'Incident'>,
  Answer<
    'Incident',
    | ('id' | 'classification' | 'category' | 'priority' | 'place' | 'kecamatan' | 'lat' | 'lng')
    | ('receivedAt' | 'state' | 'outcome' | 'triagedAt' | 'needsTransport' | 'createdBy' | 'caller')
    | 'possibleDuplicates'
  > & {
    readonly assignments: readonly Assignment[];
    readonly log: readonly Answer<'AuditEntry', 'at' | 'actor' | 'action' | 'unit' | 'note'>[];
  }
>;

/** `reachable` is false where the roads prove that none leads there; `connected`: its device is told at once. */
export type Candidate = Answer<
  'Candidate',
  | ('unit' | 'callSign' | 'vehicle' | 'etaS' | 'etaRangeS' | 'etaSource' | 'distanceM' | 'fixAgeS' | 'stale')
  | ('batteryPct' | 'unitVersion' | 'reachable' | 'connected' | 'warnings')
  | ('connectedSince' | 'lastConnectedAt' | 'lastWordAt')
>;

export type Recommendation = PartOf<
  Answer<'Recommendation'>,
  Answer<'Recommendation', 'excluded' | 'excludedTotal' | 'asOf' | 'shortfall'> & {
    readonly candidates: readonly Candidate[];
  }
>;

export type RecommendationJson = PartOf<
  Answer<'RecommendForIncidentAnswer'>,
  Answer<'RecommendForIncidentAnswer', 'shortfall'> & {
    readonly destinations?: readonly Destination[];
    readonly firstAid?: Recommendation;
    readonly transport?: Recommendation;
  }
>;

type HospitalFields = 'id' | 'name' | 'class' | 'beds' | 'free' | 'updatedAt' | 'stale' | 'overfull';
export type HospitalNow = Answer<'Hospital', HospitalFields>;

/** Where to take a patient from a place. */
export type Destination = Answer<'Destination', HospitalFields | 'etaS' | 'etaSource'>;

/** A call as it is taken. */
export type CallReport = Answer<
  'NewIncident',
  ('category' | 'note' | 'place' | 'lat' | 'lng') | ('callerName' | 'callerPhone' | 'needsTransport')
> &
  Required<Answer<'NewIncident', 'classification' | 'priority'>>;
