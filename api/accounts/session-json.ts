/** A session as the API tells of it. */
import { z } from 'zod';
import { ROLES } from '../access/access.ts';
import { formatTime, timeOutput } from '../border/time.ts';
import type { StoredSession } from './session-store.ts';

export const sessionSchema = z
  .object({
    id: z.int(),
    name: z.string().describe('The person, or the token that was shown.'),
    role: z.enum(ROLES),
    by: z.enum(['invitation', 'token']).describe('How it began.'),
    agent: z.string().describe('What the browser says of itself.'),
    createdAt: timeOutput,
    usedAt: timeOutput,
    expiresAt: timeOutput.describe(
      'Then it ends, however much it is used; a day after its last use in any case.',
    ),
    isThis: z.boolean().describe('Whether this call came by it.'),
  })
  .meta({ id: 'Session' });

/** `thisId` is the session by which the call came. */
export function formatSession(
  session: StoredSession,
  thisId: number | undefined,
): z.infer<typeof sessionSchema> {
  const { id, name, role, owner, agent, createdAt, usedAt, expiresAt } = session;
  return {
    ...{ id, name, role, agent },
    by: 'person' in owner ? 'invitation' : 'token',
    createdAt: formatTime(createdAt),
    usedAt: formatTime(usedAt),
    expiresAt: formatTime(expiresAt),
    isThis: id === thisId,
  };
}
