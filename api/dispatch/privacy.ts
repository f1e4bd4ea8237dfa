/**
 * What people have a right to: `PATCH /v1/incidents/{id}/caller`, `POST /v1/callers/export`, `POST
 * /v1/callers/erase`.
 *
 * A number is in a body and never in a path, since paths are logged by proxies. Invariant: each of these calls is in
 * an audit: a correction and an erasure in that of dispatch, an export in that of reads.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Database } from '../../database/database.ts';
import type { Dispatch } from '../../dispatch/dispatch.ts';
import {
  correctCaller,
  eraseCaller,
  findIncidentsOf,
  MIN_PHONE_DIGITS,
  normalizePhone,
} from '../../dispatch/incidents/caller-records.ts';
import type { ZodApp } from '../border/zod-app.ts';
import { registerDispatchProblems } from './dispatch-problem.ts';
import { incidentId } from './incident-input.ts';
import { incidentDetailSchema } from './incident-json.ts';
import { detail } from './incident-reads.ts';

export interface PrivacyDependencies {
  readonly dispatch: Dispatch;
  readonly database: Database;
  readonly now: () => number;
}

/** Calls of one number that are shown at once. */
export const MAX_EXPORTED = 100;

const phone = z
  .string()
  .max(50)
  .refine((text) => normalizePhone(text).length >= MIN_PHONE_DIGITS, `at least ${MIN_PHONE_DIGITS} digits`)
  .describe('The number that called, with or without the code of the country.');
const line = (max: number) => z.string().trim().min(1).max(max).optional();

export const privacyRoutes =
  (dependencies: PrivacyDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    registerDispatchProblems(app);
    addCorrectCaller(app, dependencies);
    addExportCaller(app, dependencies);
    addEraseCaller(app, dependencies);
  };

function addCorrectCaller(app: ZodApp, { dispatch, database, now }: PrivacyDependencies): void {
  app.patch(
    '/incidents/:id/caller',
    {
      config: { access: ['dispatcher', 'desk'] },
      schema: {
        operationId: 'correctCaller',
        tags: ['incidents'],
        summary: "Corrects the caller's name or number, also of a closed incident",
        params: z.object({ id: incidentId }),
        body: z
          .strictObject({ name: line(200), phone: line(50) })
          .refine(({ name, phone }) => name !== undefined || phone !== undefined, 'name or phone, or both'),
        response: { 200: incidentDetailSchema },
      },
    },
    async ({ params: { id }, body, user }) => {
      const row = await correctCaller(database, { incident: id, ...body, user: user.name, nowMs: now() });
      return detail(dispatch, row, user);
    },
  );
}

function addExportCaller(app: ZodApp, { dispatch, database }: PrivacyDependencies): void {
  app.post(
    '/callers/export',
    {
      config: { access: ['admin'] },
      schema: {
        operationId: 'exportCaller',
        tags: ['incidents'],
        summary: 'All that is kept of who called from a number',
        body: z.strictObject({ phone }),
        response: {
          200: z.object({
            incidents: z.array(incidentDetailSchema),
            total: z.int().describe(`All of them; the first ${MAX_EXPORTED} are shown.`),
          }),
        },
      },
    },
    async (request) => {
      const ids = await findIncidentsOf(database, request.body.phone);
      const shown = ids.slice(0, MAX_EXPORTED);
      request.read = { what: 'caller', which: shown.join(',') };
      const incidents = [];
      for (const id of shown) {
        incidents.push(await detail(dispatch, await dispatch.incidents.get(id), request.user));
      }
      return { incidents, total: ids.length };
    },
  );
}

function addEraseCaller(app: ZodApp, { database, now }: PrivacyDependencies): void {
  app.post(
    '/callers/erase',
    {
      config: { access: ['admin'], fails: [409] },
      schema: {
        operationId: 'eraseCaller',
        tags: ['incidents'],
        summary: 'Erases what leads to who called from a number: name, number, place, notes',
        description:
          '409 `incident-open` while one of the incidents is open. Times and units stay, for the figures.',
        body: z.strictObject({ phone }),
        response: { 200: z.object({ erased: z.array(z.int()).describe('Numbers of the incidents.') }) },
      },
    },
    async ({ body, user }) => ({
      erased: await eraseCaller(database, { phone: body.phone, user: user.name, nowMs: now() }),
    }),
  );
}
