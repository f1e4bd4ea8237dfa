/**
 * `PATCH /v1/people/{id}`: another name or another role, for administrators.
 *
 * The sessions of the person have both from the next call on; their live streams end and begin anew, so that nobody
 * goes on seeing what the role before might. Invariants: a change says by If-Match which version it has seen; nobody
 * changes their own role, so that an administrator stays; what was done before bears the name of that time.
 */
import { z } from 'zod';
import type { Database } from '../../database/database.ts';
import { STAFF_ROLES } from '../access/access.ts';
import { Problem } from '../border/problem.ts';
import { idInput } from '../border/text-input.ts';
import type { ZodApp } from '../border/zod-app.ts';
import type { AccountsDependencies } from './accounts-dependencies.ts';
import { writeAct } from './acts.ts';
import { requireFreeName, requireGoodName } from './names.ts';
import { type Doing, type Person, requirePerson, type StaffRole } from './people-store.ts';
import { formatPerson, personName, personSchema, tagOfPerson } from './person-json.ts';

const body = z
  .strictObject({ name: personName.optional(), role: z.enum(STAFF_ROLES).optional() })
  .refine(({ name, role }) => name !== undefined || role !== undefined, 'says a name, a role, or both')
  .meta({ id: 'PersonChange' });
const headers = z.object({
  'if-match': z
    .string()
    .max(200)
    .describe('`etag` of the person as you have seen them; `*` for whatever they are. Without it: 428.')
    .meta({ example: '"nq3Sg2mVd0vCq1Xw6B7o5A"' })
    .optional(),
});

export function addChangePerson(app: ZodApp, dependencies: AccountsDependencies): void {
  const { database, registry, sessions, now } = dependencies;
  app.patch(
    '/people/:id',
    {
      config: { access: ['admin'], fails: [404, 409, 412, 428] },
      schema: {
        operationId: 'changePerson',
        tags: ['accounts'],
        summary: "Change a person's name or role; their sessions follow at once",
        params: z.object({ id: idInput('The number of a person.') }),
        headers,
        body,
        response: { 200: personSchema },
      },
    },
    async (request, reply) => {
      const { user, log } = request;
      const { id } = request.params;
      const wanted = { ...request.body, seen: request.headers['if-match'] };
      const deviceIds = registry.all().map((device) => device.id);
      const doing = { actor: user.name, nowMs: now() };
      const isTheirOwn = await isOfSession(dependencies, user.session?.id, id);
      const person = await changePerson(database, id, { ...wanted, deviceIds, isTheirOwn }, doing);
      sessions.follow({ person: id }, person);
      log.info({ person: person.name, role: person.role, user: user.name }, 'person changed');
      const changed = formatPerson(person);
      return reply.header('etag', changed.etag).send(changed);
    },
  );
}

interface WantedChange {
  readonly name?: string | undefined;
  readonly role?: StaffRole | undefined;
  readonly seen: string | undefined;
  readonly deviceIds: Iterable<string>;
  /** Whether who asks is the person. */
  readonly isTheirOwn: boolean;
}

async function isOfSession(
  { sessions }: AccountsDependencies,
  session: number | undefined,
  person: number,
): Promise<boolean> {
  const own = (await sessions.list()).find(({ id }) => id === session);
  return own !== undefined && 'person' in own.owner && own.owner.person === person;
}

/**
 * Throws Problem 404 for somebody unknown, 409 for a name that is taken or one's own role, 412 and 428 as RFC 9110
 * and 6585 say.
 */
async function changePerson(
  database: Database,
  id: number,
  { name, role, seen, deviceIds, isTheirOwn }: WantedChange,
  { actor, nowMs }: Doing,
): Promise<Person> {
  return database.transaction().execute(async (transaction) => {
    const before = await requirePerson(transaction, id);
    requireSeen(before, seen);
    const after = { ...before, name: name ?? before.name, role: role ?? before.role, invitedUntil: null };
    if (after.role !== before.role && isTheirOwn) {
      const detail = 'Nobody changes their own role: another administrator does, so that one is left.';
      throw new Problem(409, 'own-role', detail);
    }
    if (after.name !== before.name) {
      requireGoodName(after.name, deviceIds);
      await requireFreeName(transaction, after.name, nowMs, id);
    }
    if (after.name !== before.name || after.role !== before.role) {
      const { name: nameNow, role: roleNow } = after;
      await transaction
        .updateTable('people')
        .set({ name: nameNow, role: roleNow })
        .where('id', '=', id)
        .execute();
      const detail = `${before.name}, ${before.role} → ${nameNow}, ${roleNow}`;
      await writeAct(transaction, { at: nowMs, actor, act: 'changed', subject: nameNow, detail });
    }
    const open = await transaction
      .selectFrom('invitations')
      .select('expires_at')
      .where('person', '=', id)
      .where('used_at', 'is', null)
      .where('withdrawn_at', 'is', null)
      .where('expires_at', '>', nowMs)
      .executeTakeFirst();
    return { ...after, invitedUntil: open ? Number(open.expires_at) : null };
  });
}

function requireSeen(before: Pick<Person, 'id' | 'name' | 'role'>, seen: string | undefined): void {
  if (seen === undefined) {
    const detail = 'Say by If-Match which version you have seen; GET /v1/people gives the etag of each.';
    throw new Problem(428, 'if-match-needed', detail);
  }
  const tags = seen.split(',').map((each) => each.trim());
  const etag = tagOfPerson(before);
  if (tags.includes('*') || tags.includes(etag)) return;
  const detail = `Somebody has changed ${before.name} (${before.role}) since you read it; look again: GET /v1/people.`;
  throw new Problem(412, 'changed-meanwhile', detail, { etag });
}
