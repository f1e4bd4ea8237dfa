/**
 * What a dispatcher does, as calls of the API: take a call, send a unit, cancel it, close the incident.
 *
 * Used by the desk's dialogs. Invariant: a deed that is tried again without a change carries the same
 * idempotency key, so that an answer lost on the way sends nobody twice.
 */
import { type ApiClient, ApiError } from './api-client.ts';
import type { Viewer } from './api-shapes.ts';
import type {
  CallReport,
  Candidate,
  HospitalNow,
  IncidentDetail,
  RecommendationJson,
} from './dispatch-shapes.ts';

export interface Order {
  readonly incident: number;
  readonly candidate: Candidate;
  readonly role: 'first-aid' | 'transport';
  /** Why the warnings do not hold. */
  readonly forceReason?: string;
}

/** Each throws ApiError, or what fetch throws. */
export interface DeskCalls {
  readIncident(id: number): Promise<IncidentDetail>;
  recommend(id: number): Promise<RecommendationJson>;
  readHospitals(): Promise<readonly HospitalNow[]>;
  report(call: CallReport): Promise<IncidentDetail>;
  send(order: Order): Promise<void>;
  cancel(incident: number, assignment: number, reason: string): Promise<void>;
  close(incident: number, outcome: string): Promise<void>;
}

/** As api/access.ts has it; the page only hides what the API would refuse. */
export function mayDispatch({ role }: Viewer): boolean {
  return role === 'dispatcher' || role === 'admin';
}

export function createDeskCalls(client: ApiClient): DeskCalls {
  const [callKeys, orderKeys] = [createDeedKeys(), createDeedKeys()];
  return {
    readIncident: (id) => client.get(`v1/incidents/${id}`),
    recommend: (id) => client.get(`v1/incidents/${id}/recommendation`),
    async readHospitals() {
      return (await client.get<{ hospitals: HospitalNow[] }>('v1/hospitals')).hospitals;
    },
    report: (call) => postOnce<IncidentDetail>(client, callKeys, 'v1/incidents', call),
    async send({ incident, candidate: { unit, unitVersion }, role, forceReason }) {
      const body = { unit, unitVersion, role, ...(forceReason === undefined ? {} : { forceReason }) };
      await postOnce(client, orderKeys, `v1/incidents/${incident}/assignments`, body);
    },
    async cancel(incident, assignment, reason) {
      const body = { status: 'cancelled', ...(reason === '' ? {} : { reason }) };
      await client.post(`v1/incidents/${incident}/assignments/${assignment}/status`, body);
    },
    async close(incident, outcome) {
      await client.post(`v1/incidents/${incident}/close`, { outcome });
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
function makeKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((each) => each.toString(16).padStart(2, '0')).join('');
}
