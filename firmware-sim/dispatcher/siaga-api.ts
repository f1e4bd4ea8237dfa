/**
 * The few calls of the public HTTP API that a dispatcher needs, with a token where one is asked for.
 *
 * Answers are parsed for what is used and nothing else. Invariant: every call ends within its timeout; a
 * refusal (RFC 9457 problem) is an ApiRefusal with the API's own sentence, never a guess.
 */
import { z } from 'zod';
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

const assignment = z.object({
  id: z.int(),
  unit: z.string(),
  role: z.enum(['first-aid', 'transport']),
  step: z.string(),
  timeline: z.object({ reservedAt: z.string() }),
});
const incident = z.object({
  id: z.int(),
  state: z.string(),
  classification: z.string().nullable(),
  needsTransport: z.boolean(),
  assignments: z.array(assignment),
});
const list = z.object({ incidents: z.array(z.object({ id: z.int(), simulated: z.boolean() })) });
const recommendation = z.object({
  candidates: z.array(
    z.object({
      unit: z.string(),
      unitVersion: z.int(),
      canTransport: z.boolean(),
      warnings: z.array(z.string()),
    }),
  ),
});
const proposal = z.object({
  firstAid: recommendation.optional(),
  transport: recommendation.optional(),
  destinations: z.array(z.looseObject({ id: z.string().optional() })).optional(),
});
const problem = z.object({ title: z.string().optional(), detail: z.string().optional() });

export function createSiagaApi(baseUrl: string, token: string | undefined): SiagaApi {
  const call = async <T>(
    schema: z.ZodType<T>,
    method: 'GET' | 'POST',
    path: string,
    body?: object,
    key?: string,
  ): Promise<T> => {
    const response = await fetch(new URL(path, baseUrl), {
      method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(key ? { 'idempotency-key': key } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer: unknown = await response.json();
    if (!response.ok) {
      const said = problem.safeParse(answer).data;
      throw new ApiRefusal(
        response.status,
        said?.detail ?? said?.title ?? `${method} ${path}: ${response.status}`,
      );
    }
    return schema.parse(answer);
  };
  return {
    async report({ classification, category, priority, needsTransport, place, position }, key) {
      const details = { classification, category, priority, needsTransport, place, ...position };
      return viewOf(await call(incident, 'POST', '/v1/incidents', { ...details, simulated: true }, key));
    },
    async listSimulated() {
      const { incidents } = await call(list, 'GET', '/v1/incidents?state=open&limit=100');
      return incidents.filter((each) => each.simulated).map((each) => each.id);
    },
    async read(id) {
      return viewOf(await call(incident, 'GET', `/v1/incidents/${id}`));
    },
    async propose(id, role) {
      const found = await call(
        proposal,
        'GET',
        `/v1/incidents/${id}/recommendation?role=${role}&limit=${PROPOSED}`,
      );
      const { candidates } = (role === 'transport' ? found.transport : found.firstAid) ?? { candidates: [] };
      return { candidates, hospital: found.destinations?.[0]?.id };
    },
    async assign(id, request, key) {
      await call(z.unknown(), 'POST', `/v1/incidents/${id}/assignments`, request, key);
    },
    async close(id, outcome) {
      await call(z.unknown(), 'POST', `/v1/incidents/${id}/close`, { outcome });
    },
  };
}

function viewOf(answer: z.infer<typeof incident>): IncidentView {
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
