/**
 * `POST/PATCH/DELETE` of a city's entries: devices with their thresholds, hospitals, places, bases, rivers, uplinks,
 * people's channels, and the parameters of alert rules.
 *
 * For engineers. What is asked is judged by the sentences of `npm run city -- check` and written by
 * cities/change-city.ts. Invariants: whoever changes or removes an entry says by If-Match which version of it he has
 * seen, so that two editors do not overwrite each other; an answer comes after the commit, when lists, alarms and
 * dispatch go by it.
 */
import { hash } from 'node:crypto';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { EditsRefusedError, type WrittenChange } from '../../cities/change-city.ts';
import { type CityState, currentEntry } from '../../cities/city-state.ts';
import { canonicalJson, type Entry, type EntryList, keyOf, mergePatch } from '../../cities/overlay.ts';
import type { LiveRegistry } from '../../fleet/registry.ts';
import { Problem } from '../border/problem.ts';
import type { ZodApp } from '../border/zod-app.ts';

export interface CityEntriesDependencies {
  readonly registry: LiveRegistry;
  readonly now: () => number;
}

interface Resource {
  readonly path: string;
  readonly list: EntryList;
  /** For operations: `createDevice`. */
  readonly name: string;
  /** For sentences. */
  readonly words: string;
  /** Holds addresses of people. */
  readonly isPersonal?: true;
}

export const RESOURCES: readonly Resource[] = [
  { path: 'devices', list: 'devices', name: 'Device', words: 'device' },
  { path: 'hospitals', list: 'hospitals', name: 'Hospital', words: 'hospital' },
  { path: 'places', list: 'kecamatan', name: 'Place', words: 'place (kecamatan)' },
  { path: 'bases', list: 'bases', name: 'Base', words: 'base' },
  { path: 'rivers', list: 'rivers', name: 'River', words: 'river' },
  { path: 'uplinks', list: 'uplinks', name: 'Uplink', words: 'uplink' },
  { path: 'channels', list: 'channels', name: 'Channel', words: "people's channel", isPersonal: true },
  { path: 'alert-rules', list: 'alertRules', name: 'AlertRule', words: 'set of parameters of an alert rule' },
];

const ACCESS = { access: ['engineer'] } as const;
const params = z.object({
  id: z
    .string()
    .regex(/^[a-z0-9.-]{1,200}$/, 'lower case letters, digits, hyphens and points')
    .describe('Its id; of parameters of a rule: `rule`, `rule.group.<group>` or `rule.device.<device>`.')
    .meta({ example: 'kreo-cepoko' }),
});
const ifMatch = z.object({
  'if-match': z
    .string()
    .max(1_000)
    .describe('The ETag of the entry as you have seen it; `*` for whatever it is. Without it: 428.')
    .meta({ example: '"nq3Sg2mVd0vCq1Xw6B7o5A"' })
    .optional(),
});
export const entrySchema = z
  .record(z.string(), z.unknown())
  .describe("As in the city's folder; docs/your-own-city.md.")
  .meta({ id: 'CityEntry' });
const changed = z
  .object({
    change: z.int().nullable().describe('Its number in /v1/changes; null where it stood so already.'),
    entry: entrySchema.nullable().describe('As it stands now; null where it was removed.'),
  })
  .meta({ id: 'CityEntryChanged' });

export const cityEntryRoutes =
  (dependencies: CityEntriesDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    // A patch is JSON that says so itself, RFC 7396.
    app.addContentTypeParser(
      'application/merge-patch+json',
      { parseAs: 'string' },
      app.getDefaultJsonParser('error', 'error'),
    );
    for (const resource of RESOURCES) {
      addReadEntry(app, dependencies, resource);
      addCreateEntry(app, dependencies, resource);
      addPatchEntry(app, dependencies, resource);
      addRemoveEntry(app, dependencies, resource);
    }
  };

/** The version of an entry: the same for the same content, RFC 9110 §8.8.3. */
export function tagOf(entry: Entry): string {
  return `"${hash('sha256', canonicalJson(entry), 'base64url').slice(0, 22)}"`;
}

/** Every reason why a change was refused, as `check` says it; what else was thrown stays. */
export function toProblem(error: unknown): unknown {
  if (!(error instanceof EditsRefusedError)) return error;
  const { problems } = error;
  const words = problems.slice(0, 3).map(({ entry, reason }) => `${entry}: ${reason}`);
  const more = problems.length > words.length ? ` (and ${problems.length - words.length} more)` : '';
  const errors = problems.map(({ entry, reason }) => ({ in: 'body', field: entry, detail: reason }));
  return new Problem(422, 'city-refused', `Nothing was changed. ${words.join('; ')}${more}`, {
    errors,
    problems,
  });
}

function addReadEntry(app: ZodApp, { registry }: CityEntriesDependencies, resource: Resource): void {
  const { path, list, name, words } = resource;
  app.get(
    `/${path}/:id/entry`,
    {
      ...(resource.isPersonal ? { config: ACCESS } : {}),
      schema: {
        operationId: `get${name}Entry`,
        tags: ['city'],
        summary: `What the city says of a ${words}, with the ETag that a change asks for`,
        params,
        response: { 200: entrySchema },
      },
    },
    async ({ params: { id } }, reply) => {
      const entry = currentEntry(registry.state, list, id) ?? refuseUnknown(resource, id);
      return reply.header('etag', tagOf(entry)).send({ ...entry });
    },
  );
}

function addCreateEntry(app: ZodApp, dependencies: CityEntriesDependencies, resource: Resource): void {
  const { path, list, name, words } = resource;
  app.post(
    `/${path}`,
    {
      config: { ...ACCESS, fails: [409, 422] },
      schema: {
        operationId: `create${name}`,
        tags: ['city'],
        summary: `Adds a ${words} to the city`,
        body: entrySchema,
        response: { 201: changed },
      },
    },
    async ({ body, user }, reply) => {
      const id = keyOf(list, body);
      const answer = await change(dependencies, list, id, user.name, (before) => {
        if (before === undefined) return body;
        throw new Problem(409, 'already-there', `There is a ${words} ${id} already; PATCH changes it.`);
      });
      return reply
        .code(201)
        .header('etag', tagOf(answer.entry as Entry))
        .send(answer);
    },
  );
}

function addPatchEntry(app: ZodApp, dependencies: CityEntriesDependencies, resource: Resource): void {
  const { path, list, name, words } = resource;
  app.patch(
    `/${path}/:id`,
    {
      config: { ...ACCESS, nullSpeaks: true, fails: [404, 412, 422, 428] },
      schema: {
        operationId: `change${name}`,
        tags: ['city'],
        summary: `Changes a ${words}: a merge patch (RFC 7396), lists as a whole, null for what is to go`,
        params,
        headers: ifMatch,
        body: entrySchema,
        response: { 200: changed },
      },
    },
    async ({ params: { id }, headers, body, user }, reply) => {
      const answer = await change(dependencies, list, id, user.name, (before) => {
        requireSeen(resource, id, before, headers['if-match']);
        return mergePatch(before, body);
      });
      return reply.header('etag', tagOf(answer.entry as Entry)).send(answer);
    },
  );
}

function addRemoveEntry(app: ZodApp, dependencies: CityEntriesDependencies, resource: Resource): void {
  const { path, list, name, words } = resource;
  app.delete(
    `/${path}/:id`,
    {
      config: { ...ACCESS, fails: [404, 412, 422, 428] },
      schema: {
        operationId: `remove${name}`,
        tags: ['city'],
        summary: `Removes a ${words} from the city; what was measured stays`,
        params,
        headers: ifMatch,
        response: { 200: changed },
      },
    },
    async ({ params: { id }, headers, user }) =>
      change(dependencies, list, id, user.name, (before) => {
        requireSeen(resource, id, before, headers['if-match']);
        return null;
      }),
  );
}

/** `decide` gives what is to stand, of what stands within the transaction; it throws to refuse. */
async function change(
  { registry, now }: CityEntriesDependencies,
  list: EntryList,
  id: string,
  actor: string,
  decide: (before: Entry | undefined) => unknown,
): Promise<z.infer<typeof changed>> {
  const makeEdits = async (state: CityState) => [{ list, id, entry: decide(currentEntry(state, list, id)) }];
  let written: readonly WrittenChange[];
  try {
    written = await registry.change({ actor, at: now(), makeEdits });
  } catch (error) {
    throw toProblem(error);
  }
  return { change: written[0]?.id ?? null, entry: currentEntry(registry.state, list, id) ?? null };
}

/** RFC 6585 §3, RFC 9110 §13.1.1. */
function requireSeen(
  resource: Resource,
  id: string,
  before: Entry | undefined,
  seen: string | undefined,
): void {
  if (before === undefined) refuseUnknown(resource, id);
  const where = `GET /v1/${resource.path}/${id}/entry`;
  if (seen === undefined) {
    const detail = `Say by If-Match which version you have seen; ${where} gives its ETag.`;
    throw new Problem(428, 'if-match-needed', detail);
  }
  const tags = seen.split(',').map((each) => each.trim());
  if (tags.includes('*') || tags.includes(tagOf(before))) return;
  const detail = `Somebody has changed it since you read it; look at it again: ${where}, and GET /v1/changes.`;
  throw new Problem(412, 'changed-meanwhile', detail, { etag: tagOf(before) });
}

function refuseUnknown({ path, words }: Resource, id: string): never {
  throw new Problem(404, 'unknown-entry', `There is no ${words} ${id}; POST /v1/${path} adds one.`);
}
