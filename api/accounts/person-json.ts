/**
 * A person as the API tells of them, and the version that a change must have seen.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { STAFF_ROLES } from '../access/access.ts';
import { formatTime, timeOutput } from '../border/time.ts';
import type { Person } from './people-store.ts';
import { explainBadName } from './token-name.ts';

export const personName = z
  .string()
  .superRefine((text, context) => {
    const message = explainBadName(text);
    if (message) context.addIssue({ code: 'custom', message });
  })
  .describe('Whose account it is: the audit of each act says it.');

export const personSchema = z
  .object({
    id: z.int(),
    name: z.string(),
    role: z.enum(STAFF_ROLES),
    createdAt: timeOutput,
    createdBy: z.string(),
    etag: z.string().describe('Of name and role: what a change says by If-Match.'),
    invitedUntil: timeOutput.describe('Until when the link that is open can be used.').optional(),
  })
  .meta({ id: 'Person' });

export function formatPerson(person: Person): z.infer<typeof personSchema> {
  const { id, name: whose, role, createdAt, createdBy, invitedUntil } = person;
  return {
    ...{ id, name: whose, role, createdBy },
    createdAt: formatTime(createdAt),
    etag: tagOfPerson(person),
    ...(invitedUntil === null ? {} : { invitedUntil: formatTime(invitedUntil) }),
  };
}

/** Links come and go without a change of the person. */
export function tagOfPerson({ id, name, role }: Pick<Person, 'id' | 'name' | 'role'>): string {
  const hash = createHash('sha256').update(JSON.stringify([id, name, role]));
  return `"${hash.digest('base64url').slice(0, 22)}"`;
}
