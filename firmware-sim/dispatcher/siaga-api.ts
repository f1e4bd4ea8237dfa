/**
 * The few calls of the public HTTP API that a dispatcher needs, by the client that others copy too.
 *
 * Invariant: every call ends within its timeout; a refusal (RFC 9457 problem) is an ApiRefusal with the API's own
 * sentence, never a guess.
 */
import { answerOf, createSiagaClient, type Schemas, SiagaProblem } from '../../clients/typescript/client.ts';
import type { AssignmentView, IncidentView, Role } from './case-plan.ts';
import type { Call } from './incident-stream.ts';

/** A recommendation by road takes milliseconds; this is for a machine that is busy with a flood. */
const TIMEOUT_MS = 10_000;

/** Candidates asked for: enough to find a motorcycle among them. */
const PROPOSED = 5;

export class ApiRefusal extends Error {
  readonly status: number;
  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

export interface Candidate {
  readonly unit: string;
  readonly unitVersion: number;
  readonly canTransport: boolean;
  readonly warnings: readonly string[];
}

export interface Proposal {
  /** The fastest first; empty where nobody can be sent. */
  readonly candidates: readonly Candidate[];
  /** Where the patient would go. */
  readonly hospital: string | undefined;
}

export interface SiagaApi {
  report(call: Call, key: string): Promise<IncidentView>;
  /** Open incidents that a simulator reported, of this run or of one before. */
  listSimulated(): Promise<number[]>;
  read(incident: number): Promise<IncidentView>;
  propose(incident: number, role: Role): Promise<Proposal>;
  assign(incident: number, request: AssignmentRequest, key: string): Promise<void>;
  close(incident: number, outcome: string): Promise<void>;
}

export interface AssignmentRequest {
  readonly unit: string;
  readonly unitVersion: number;
  readonly role: Role;
  readonly hospital?: string;
  readonly forceReason?: string;
  readonly replaces?: number;
}

export function createSiagaApi(baseUrl: string, token: string | undefined): SiagaApi {
  const client = createSiagaClient({ url: baseUrl, token, timeoutMs: TIMEOUT_MS });
  return {
    async report({ classification, category, priority, needsTransport, place, position }, key) {
      const details = { classification, category, priority, needsTransport, place, ...position };
      const body = { ...details, simulated: true };
      return viewOf(await take(client.POST('/v1/incidents', { params: keyed(key), body })));
    },
    async listSimulated() {
      const query = { state: 'open', limit: 100 } as const;
      const { incidents } = await take(client.GET('/v1/incidents', { params: { query } }));
      return incidents.filter((each) => each.simulated).map((each) => each.id);
    },
    async read(id) {
      return viewOf(await take(client.GET('/v1/incidents/{id}', { params: { path: { id } } })));
    },
    async propose(id, role) {
      const params = { path: { id }, query: { role, limit: PROPOSED } };
      const found = await take(client.GET('/v1/incidents/{id}/recommendation', { params }));
      const { candidates } = (role === 'transport' ? found.transport : found.firstAid) ?? { candidates: [] };
      return { candidates, hospital: found.destinations?.[0]?.id };
    },
    async assign(id, body, key) {
      const params = { path: { id }, ...keyed(key) };
      await take(client.POST('/v1/incidents/{id}/assignments', { params, body }));
    },
    async close(id, outcome) {
      await take(client.POST('/v1/incidents/{id}/close', { params: { path: { id } }, body: { outcome } }));
    },
  };
}

function keyed(key: string) {
  return { header: { 'idempotency-key': key } };
}

/** Throws ApiRefusal where the call was refused. */
async function take<T>(call: Parameters<typeof answerOf<T>>[0]): Promise<NonNullable<T>> {
  try {
    return await answerOf(call);
  } catch (error) {
    throw error instanceof SiagaProblem ? new ApiRefusal(error.status, error.message) : error;
  }
}

function viewOf(answer: Schemas['Incident']): IncidentView {
  const assignments = answer.assignments.map(
    ({ id, unit, role, step, timeline }): AssignmentView => ({
      id,
      unit,
      role,
      step,
      reservedAtMs: Date.parse(timeline.reservedAt),
    }),
  );
  const { id, state, classification, needsTransport } = answer;
  return { id, open: state === 'open', classification, needsTransport, assignments };
}
