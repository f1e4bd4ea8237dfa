/**
 * Assignments of an incident: take a unit and send it, say what the crew said by radio, cancel, reassign.
 *
 * For dispatchers. Invariants: an assignment presents the `unitVersion` that its recommendation said and an
 * Idempotency-Key, so that it happens once or says why not; a time is the server's at the call.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { AssignmentRow } from '../../dispatch/assignments/assignment-row.ts';
import type { Step } from '../../dispatch/assignments/assignment-steps.ts';
import type { Dispatch } from '../../dispatch/dispatch.ts';
import { DispatchError } from '../../dispatch/dispatch-error.ts';
import type { User } from '../access/access.ts';
import { idempotencyKey } from '../border/idempotency-key.ts';
import type { ZodApp } from '../border/zod-app.ts';
import { deviceId } from '../devices/devices.ts';
import type { DispatchRoutesDependencies } from './ambulances.ts';
import { registerDispatchProblems } from './dispatch-problem.ts';
import { assignmentId, incidentId } from './incident-input.ts';
import { assignmentSchema, formatAssignment } from './incident-json.ts';

const reason = z.string().trim().min(1).max(500);
const assignmentParams = z.object({ id: incidentId, assignment: assignmentId });
const REPORTABLE = [
  'en-route',
  'on-scene',
  'left-scene',
  'at-destination',
  'handed-over',
  'completed',
  'refused',
  'cancelled',
  'broken-down',
] as const satisfies readonly Step[];

export const assignmentRoutes =
  (dependencies: DispatchRoutesDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    registerDispatchProblems(app);
    addCreateAssignment(app, dependencies);
    addAcknowledgeAssignment(app, dependencies);
    addReportStatus(app, dependencies);
    addChangeHospital(app, dependencies);
    addAnswerCrew(app, dependencies);
  };

function addCreateAssignment(app: ZodApp, { dispatch }: DispatchRoutesDependencies): void {
  app.post(
    '/incidents/:id/assignments',
    {
      config: { access: ['dispatcher'], fails: [409, 422] },
      schema: {
        operationId: 'createAssignment',
        tags: ['assignments'],
        summary: 'Takes a unit for the incident and sends it the order',
        description:
          '409 says why not: `unit-taken`, `unit-changed` (look again), `blocked` (cannot be forced), ' +
          '`needs-reason` (warnings: send again with `forceReason`).',
        params: z.object({ id: incidentId }),
        headers: z.looseObject({ 'idempotency-key': idempotencyKey }),
        body: z.strictObject({
          unit: deviceId,
          unitVersion: z.int().min(0).describe('Of the candidate in the recommendation.'),
          role: z.enum(['first-aid', 'transport']).default('first-aid'),
          hospital: deviceId.optional(),
          forceReason: reason.optional().describe('Why the warnings do not hold.'),
          replaces: z
            .int()
            .min(1)
            .optional()
            .describe('An assignment of this incident that this one takes the place of.'),
        }),
        response: {
          200: assignmentSchema.describe('The key was used before: what it did.'),
          201: assignmentSchema,
        },
      },
    },
    async ({ params: { id }, body, headers, user }, reply) => {
      const request = { incident: id, ...body };
      const { assignment, isRepeat } = await dispatch.assign(request, headers['idempotency-key'], user.name);
      reply.code(isRepeat ? 200 : 201);
      return show(dispatch, assignment, user);
    },
  );
}

function addAcknowledgeAssignment(app: ZodApp, { dispatch }: DispatchRoutesDependencies): void {
  app.post(
    '/incidents/:id/assignments/:assignment/acknowledge',
    {
      config: { access: ['dispatcher'], fails: [409] },
      schema: {
        operationId: 'acknowledgeAssignment',
        tags: ['assignments'],
        summary: 'The crew has acknowledged by radio: its order, or what was changed or called off since',
        params: assignmentParams,
        response: { 200: assignmentSchema },
      },
    },
    async ({ params, user }) => {
      await refuseForeign(dispatch, params);
      return show(dispatch, await dispatch.hearByRadio(params.assignment, user.name), user);
    },
  );
}

function addReportStatus(app: ZodApp, { dispatch }: DispatchRoutesDependencies): void {
  app.post(
    '/incidents/:id/assignments/:assignment/status',
    {
      config: { access: ['dispatcher'], fails: [409] },
      schema: {
        operationId: 'reportStatus',
        tags: ['assignments'],
        summary: 'A step that the crew has told, or its end: refused, cancelled, broken down',
        params: assignmentParams,
        body: z.strictObject({
          status: z.enum(REPORTABLE),
          reason: reason.optional(),
          hospital: deviceId.optional().describe('Where the patient is taken.'),
        }),
        response: { 200: assignmentSchema },
      },
    },
    async ({ params, body: { status, ...more }, user }) => advance(dispatch, params, status, user, more),
  );
}

function addChangeHospital(app: ZodApp, { dispatch }: DispatchRoutesDependencies): void {
  app.post(
    '/incidents/:id/assignments/:assignment/hospital',
    {
      config: { access: ['dispatcher'], fails: [409] },
      schema: {
        operationId: 'changeDestination',
        tags: ['assignments'],
        summary: 'Takes the patient to another hospital, and tells the crew until it has it',
        params: assignmentParams,
        body: z.strictObject({ hospital: deviceId }),
        response: { 200: assignmentSchema },
      },
    },
    async ({ params, body: { hospital }, user }) => {
      await refuseForeign(dispatch, params);
      return show(dispatch, await dispatch.changeHospital(params.assignment, hospital, user.name), user);
    },
  );
}

function addAnswerCrew(app: ZodApp, { dispatch }: DispatchRoutesDependencies): void {
  app.post(
    '/incidents/:id/assignments/:assignment/answer',
    {
      config: { access: ['dispatcher'], fails: [409] },
      schema: {
        operationId: 'answerCrew',
        tags: ['assignments'],
        summary: 'Judges what the crew said and what was not taken by itself (`asked`)',
        params: assignmentParams,
        body: z.strictObject({
          take: z.boolean().describe('Whether the step that the word means is taken; else it is dropped.'),
        }),
        response: { 200: assignmentSchema },
      },
    },
    async ({ params, body: { take }, user }) => {
      await refuseForeign(dispatch, params);
      return show(dispatch, await dispatch.answer(params.assignment, take, user.name), user);
    },
  );
}

async function show(dispatch: Dispatch, row: AssignmentRow, user: User) {
  const words = await dispatch.words.ofAssignments([row.id]);
  return formatAssignment(row, words.get(row.id) ?? [], user);
}

async function refuseForeign(
  dispatch: Dispatch,
  { id, assignment }: z.output<typeof assignmentParams>,
): Promise<void> {
  const { incident } = await dispatch.assignments.get(assignment);
  if (incident === id) return;
  throw new DispatchError('unknown-assignment', `incident ${id} has no assignment ${assignment}`);
}

async function advance(
  dispatch: Dispatch,
  params: z.output<typeof assignmentParams>,
  to: Step,
  user: User,
  more: { reason?: string | undefined; hospital?: string | undefined } = {},
) {
  await refuseForeign(dispatch, params);
  const { assignment } = params;
  return show(dispatch, await dispatch.advance({ assignment, to, actor: user.name, ...more }), user);
}
