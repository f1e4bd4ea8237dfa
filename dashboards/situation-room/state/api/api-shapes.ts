/**
 * What the pages read of the API's answers: the parts they use, no more.
 *
 * Made of the API's document (answer-shapes.ts). The server checks each answer against its own schema (api/), so
 * nothing is checked twice here. Invariant: a field that no page shows is not listed.
 */
import type { Answer, PartOf } from './answer-shapes.ts';

export type { LngLat } from './answer-shapes.ts';

export type Bilingual = Answer<'Text'>;
export type Threshold = Answer<'CityGaugeThreshold'>;
export type Severity = Threshold['severity'];
export type Place = Answer<'CityPlace'>;
export type Gauge = Answer<'CityGauge'>;

export type City = Answer<
  'City',
  | ('id' | 'name' | 'timeZone' | 'disclaimer' | 'bounds' | 'kinds' | 'rivers' | 'gauges')
  | ('accessPoints' | 'roads' | 'hospitals' | 'places' | 'crossings')
>;

/** Where the devices of a kind are shown. */
export type Panel = City['kinds'][number]['panel'];

/** `sessionEndsAt` is absent where no browser is signed in. */
export type Viewer = Answer<'Viewer'>;

export type Values = Answer<'Reading'>['values'];
export type Liveness = Answer<'Device'>['liveness'];

export type DeviceJson = PartOf<
  Answer<'Device'>,
  Answer<
    'Device',
    | ('id' | 'kind' | 'name' | 'lat' | 'lng' | 'presence')
    | ('lastHeardAt' | 'silentAfterS' | 'connectedSince')
  > & {
    readonly last?: Answer<'Reading', 'measuredAt' | 'simulated' | 'values'>;
  }
>;

/** The stream's `reading`. The document describes no event of the stream. */
export interface ReadingEvent
  extends Answer<'Reading', 'measuredAt' | 'receivedAt' | 'simulated' | 'values'> {
  readonly kind: string;
  readonly device: string;
  /** Whether it is the device's present, or belongs to history only. */
  readonly present: boolean;
}

/** The stream's `presence`. */
export interface PresenceEvent {
  readonly device: string;
  readonly presence: NonNullable<DeviceJson['presence']>;
  readonly at: string;
}

/** The stream's `fleet`: a unit's connection has opened or ended. */
export interface ConnectionEvent {
  readonly device: string;
  readonly connectedSince: string | null;
  readonly at: string;
}

/**
 * The stream's form has no `acknowledgedBy`; `provisional` says that the severity rests on one reading after a jump.
 */
export type Alert = Answer<
  'Alert',
  | ('id' | 'rule' | 'subject' | 'subjectName' | 'audience' | 'subjectKind' | 'lat' | 'lng' | 'state')
  | ('provisional' | 'severity' | 'label' | 'text' | 'exercise' | 'startedAt' | 'raisedAt' | 'changedAt')
  | ('endedAt' | 'blindSince' | 'acknowledged' | 'foldedInto' | 'silenced' | 'revision')
> &
  Partial<Answer<'Alert', 'acknowledgedBy'>>;

/** Of the list; `units` are those under way for it. */
export type Incident = PartOf<
  Answer<'ListedIncident'>,
  Answer<
    'ListedIncident',
    'id' | 'classification' | 'category' | 'priority' | 'place' | 'kecamatan' | 'lat' | 'lng' | 'receivedAt'
  > & { readonly units: readonly Answer<'ListedIncidentUnit', 'unit' | 'step'>[] }
>;

export type ReadingsJson = Answer<'ReadingPage', 'points' | 'next'>;
