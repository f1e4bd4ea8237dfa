/**
 * What a dispatcher does, as calls of the API: take a call, send a unit, say its steps, cancel it, close the incident.
 *
 * Used by the desk and by the room's dialogs. Invariant: a deed that is tried again without a change carries the same
 * idempotency key, so that an answer lost on the way sends nobody twice.
 */
import type { Answer } from '../api/answer-shapes.ts';
import { type ApiClient, ApiError } from '../api/api-client.ts';
import type { Viewer } from '../api/api-shapes.ts';
import type {
  Assignment,
  CallReport,
  Candidate,
  Destination,
  HospitalNow,
  IncidentDetail,
  Recommendation,
  RecommendationJson,
} from '../api/dispatch-shapes.ts';
import type { CallHeat, CoverageNow, UnitRoute } from '../map/map-shapes.ts';
import type { Position } from './call-place.ts';

/** `forceReason` says why the warnings do not hold; `replaces` is the assignment whose place it takes. */
export interface Order extends Answer<'CreateAssignmentRequest', 'forceReason' | 'hospital' | 'replaces'> {
  readonly incident: number;
  readonly candidate: Candidate;
  readonly role: Assignment['role'];
}

/** A step that a crew told by radio, or the end of its assignment. */
export interface TakenStep extends Answer<'ReportStatusRequest'> {
  readonly incident: number;
  readonly assignment: number;
}

/** Why a unit is offered to nobody although its crew may say that it is available. */
export type WithheldUnit = Answer<'WithheldUnit'>;

/** Each throws ApiError, or what fetch throws. */
export interface DeskCalls {
  readIncident(id: number): Promise<IncidentDetail>;
  recommend(id: number): Promise<RecommendationJson>;
  readHospitals(): Promise<readonly HospitalNow[]>;
  /** Units that nobody is offered, and why. */
  readWithheld(): Promise<readonly WithheldUnit[]>;
  /** Who is near a place before there is an incident, and where a patient could be taken from there. */
  lookAround(at: Position, needsTransport: boolean): Promise<RecommendationJson>;
  destinations(at: Position): Promise<readonly Destination[]>;
  /** The ways that these units would drive there. */
  readRoutes(at: Position, units: readonly string[]): Promise<readonly UnitRoute[]>;
  readCallHeat(): Promise<CallHeat>;
  /** Now, and once `without` is sent. */
  readCoverage(without: string | undefined): Promise<CoverageNow>;
  /** With `key` the caller of this remembers it; else it is remembered here. */
  report(call: CallReport, key?: string): Promise<IncidentDetail>;
  triage(incident: number, details: Answer<'IncidentDetails'>): Promise<void>;
  note(incident: number, text: string): Promise<void>;
  step(step: TakenStep): Promise<void>;
  acknowledge(incident: number, assignment: number): Promise<void>;
  answer(incident: number, assignment: number, take: boolean): Promise<void>;
  /** The crew is told of it. */
  changeHospital(incident: number, assignment: number, hospital: string): Promise<void>;
  setService(unit: string, outOfService: string | undefined): Promise<void>;
  tellCrew(unit: string, text: string): Promise<void>;
  send(order: Order): Promise<void>;
  cancel(incident: number, assignment: number, reason: string): Promise<void>;
  close(incident: number, outcome: string): Promise<void>;
}

/** As api/access/access.ts has it; the page only hides what the API would refuse. */
export function mayDispatch({ role }: Viewer): boolean {
  return role === 'dispatcher' || role === 'admin';
}

export function createDeskCalls(client: ApiClient): DeskCalls {
  const [callKeys, orderKeys] = [createDeedKeys(), createDeedKeys()];
  return {
    readIncident: (id) => client.get(`v1/incidents/${id}`),
    recommend: (id) => client.get(`v1/incidents/${id}/recommendation`),
    async readHospitals() {
      return (await client.get<Answer<'ListHospitalsAnswer'>>('v1/hospitals')).hospitals;
    },
    async readWithheld() {
      return (await client.get<Answer<'ListWithheldUnitsAnswer'>>('v1/ambulances/withheld')).units;
    },
    report: (call, key) =>
      key === undefined
        ? postOnce<IncidentDetail>(client, callKeys, 'v1/incidents', call)
        : client.post<IncidentDetail>('v1/incidents', call, { 'idempotency-key': key }),
    async send({ incident, candidate: { unit, unitVersion }, ...more }) {
      const body: Answer<'CreateAssignmentRequest'> = { unit, unitVersion, ...more };
      await postOnce(client, orderKeys, `v1/incidents/${incident}/assignments`, body);
    },
    async cancel(incident, assignment, reason) {
      const body = { status: 'cancelled', ...(reason === '' ? {} : { reason }) };
      await client.post(`v1/incidents/${incident}/assignments/${assignment}/status`, body);
    },
    async close(incident, outcome) {
      await client.post(`v1/incidents/${incident}/close`, { outcome });
    },
    ...createSteps(client),
    ...createLookAround(client),
    ...createMapCalls(client),
  };
}

type Steps =
  | 'triage'
  | 'note'
  | 'step'
  | 'acknowledge'
  | 'answer'
  | 'changeHospital'
  | 'setService'
  | 'tellCrew';

function createSteps(client: ApiClient): Pick<DeskCalls, Steps> {
  const post = async (path: string, body: object) => {
    await client.post(path, body);
  };
  return {
    triage: (incident, details) => post(`v1/incidents/${incident}/triage`, details),
    note: (incident, text) => post(`v1/incidents/${incident}/notes`, { text }),
    step: ({ incident, assignment, ...body }) =>
      post(`v1/incidents/${incident}/assignments/${assignment}/status`, body),
    acknowledge: (incident, assignment) =>
      post(`v1/incidents/${incident}/assignments/${assignment}/acknowledge`, {}),
    answer: (incident, assignment, take) =>
      post(`v1/incidents/${incident}/assignments/${assignment}/answer`, { take }),
    changeHospital: (incident, assignment, hospital) =>
      post(`v1/incidents/${incident}/assignments/${assignment}/hospital`, { hospital }),
    async setService(unit, reason) {
      const body = reason === undefined ? { inService: true } : { inService: false, reason };
      await client.put(`v1/ambulances/${encodeURIComponent(unit)}/service`, body);
    },
    tellCrew: (unit, text) => post(`v1/ambulances/${encodeURIComponent(unit)}/messages`, { text }),
  };
}

function createMapCalls(client: ApiClient): Pick<DeskCalls, 'readRoutes' | 'readCallHeat' | 'readCoverage'> {
  return {
    async readRoutes({ lat, lng }, units) {
      const path = `v1/ambulances/routes?lat=${lat}&lng=${lng}&units=${units.map(encodeURIComponent).join()}`;
      return (await client.get<Answer<'FindAmbulanceRoutesAnswer'>>(path)).routes;
    },
    readCallHeat: () => client.get('v1/map/calls'),
    readCoverage: (without) =>
      client.get(`v1/map/coverage${without === undefined ? '' : `?without=${encodeURIComponent(without)}`}`),
  };
}

function createLookAround(client: ApiClient): Pick<DeskCalls, 'lookAround' | 'destinations'> {
  const nearest = ({ lat, lng }: Position, more = '') =>
    client.get<Recommendation>(`v1/ambulances/nearest?lat=${lat}&lng=${lng}${more}`);
  return {
    async lookAround(at, needsTransport) {
      const [firstAid, transport] = await Promise.all([
        nearest(at),
        needsTransport ? nearest(at, '&vehicle=transport') : undefined,
      ]);
      return { firstAid, ...(transport ? { transport } : {}) };
    },
    async destinations({ lat, lng }) {
      const path = `v1/hospitals/recommended?lat=${lat}&lng=${lng}&limit=8`;
      return (await client.get<Answer<'RecommendHospitalsAnswer'>>(path)).destinations;
    },
  };
}

async function postOnce<T>(client: ApiClient, keys: DeedKeys, path: string, body: object): Promise<T> {
  const key = keys.keyFor(`${path} ${JSON.stringify(body)}`);
  try {
    const answer = await client.post<T>(path, body, { 'idempotency-key': key });
    keys.forget();
    return answer;
  } catch (error) {
    // An answer says that it was not done; without one it may have been.
    if (error instanceof ApiError && error.status < 500) keys.forget();
    throw error;
  }
}

export interface DeedKeys {
  /** The same key for the same deed until it is forgotten. */
  keyFor(deed: string): string;
  forget(): void;
}

export function createDeedKeys(): DeedKeys {
  let last: { deed: string; key: string } | undefined;
  return {
    keyFor(deed) {
      if (last?.deed !== deed) last = { deed, key: makeKey() };
      return last.key;
    },
    forget() {
      last = undefined;
    },
  };
}

/** `crypto.randomUUID` is missing where the page comes by plain HTTP from another machine. */
export function makeKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((each) => each.toString(16).padStart(2, '0')).join('');
}
