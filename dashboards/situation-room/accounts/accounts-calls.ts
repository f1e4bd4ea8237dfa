/** Accounts as the API tells of them, and what the page asks of it. */
import type { Answer } from '../state/api/answer-shapes.ts';
import type { ApiClient } from '../state/api/api-client.ts';
import type { Viewer } from '../state/api/api-shapes.ts';

/** `etag` is what a change must have seen. */
export type Person = Answer<'Person', 'id' | 'name' | 'role' | 'etag' | 'invitedUntil'>;
/** Its link ends at `invitedUntil`, which the document leaves open for all people. */
export type Invited = Person & Required<Answer<'InvitedPerson', 'invitedUntil' | 'link' | 'qr'>>;
export type Session = Answer<
  'Session',
  'id' | 'name' | 'by' | 'agent' | 'createdAt' | 'usedAt' | 'expiresAt' | 'isThis'
>;
export type Act = Answer<'AccountAct', 'id' | 'at' | 'actor' | 'act' | 'subject'>;

/** All that the page shows. */
export interface Accounts {
  readonly viewer: Viewer;
  readonly sessions: readonly Session[];
  /** Empty for who is no administrator. */
  readonly people: readonly Person[];
  readonly acts: readonly Act[];
}

const ACTS = 30;

/** Undefined where nobody is signed in. Throws ApiError, 401 where the session has ended, or what fetch throws. */
export async function readAccounts(client: ApiClient): Promise<Accounts | undefined> {
  const viewer = await client.get<Viewer>('v1/session');
  if (viewer.sessionEndsAt !== undefined) client.isSignedIn = true;
  if (viewer.role === 'public') return undefined;
  const { sessions } = await client.get<Answer<'ListSessionsAnswer'>>('v1/sessions');
  if (viewer.role !== 'admin') return { viewer, sessions, people: [], acts: [] };
  const { people } = await client.get<Answer<'ListPeopleAnswer'>>('v1/people');
  const { acts } = await client.get<Answer<'ListAccountActsAnswer'>>(`v1/account-acts?limit=${ACTS}`);
  return { viewer, sessions, people, acts };
}
