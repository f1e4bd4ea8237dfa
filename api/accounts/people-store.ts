/**
 * People in the state database: invited, listed, removed; and the links by which they come in.
 *
 * A link's secret stands behind `#` in it, so that no server and no preview of a chat is sent it; it is taken once, by
 * a person who presses a button. Invariants: the secret is returned once and never kept; a person has at most one link
 * that is open; no two names in force look alike.
 */
import type { Database } from '../../database/database.ts';
import { type Role, STAFF_ROLES } from '../access/access.ts';
import { Problem } from '../border/problem.ts';
import { writeAct } from './acts.ts';
import { requireFreeName, requireGoodName } from './names.ts';
import { hashSecret, makeSecret } from './secrets.ts';

/** Of one city's staff; more is a script gone wrong. */
export const MAX_PEOPLE = 1_000;
/** Each is a way in for who finds it. */
export const MAX_OPEN_INVITATIONS = 100;
const HOUR_MS = 3_600_000;
/** Sent on a Friday, opened on a Monday. */
export const DEFAULT_LINK_HOURS = 72;
export const MAX_LINK_HOURS = 168;

export type StaffRole = (typeof STAFF_ROLES)[number];

export interface Person {
  readonly id: number;
  readonly name: string;
  readonly role: StaffRole;
  readonly createdAt: number;
  readonly createdBy: string;
  /** Until when the link that is open can be used; null where none is. */
  readonly invitedUntil: number | null;
}

export interface Invited extends Person {
  readonly invitedUntil: number;
  /** What stands behind `#` of the link, shown this once. */
  readonly secret: string;
}

export interface WantedPerson {
  readonly name: string;
  readonly role: StaffRole;
  readonly linkHours?: number | undefined;
  /** Ids of devices: the audit writes them too. */
  readonly deviceIds: Iterable<string>;
}

/** Who does it, and when. */
export interface Doing {
  readonly actor: string;
  readonly nowMs: number;
}

/** Throws Problem 400 for a name that cannot be, 409 when it looks like another's or there are too many. */
export async function invitePerson(
  database: Database,
  { name, role, linkHours, deviceIds }: WantedPerson,
  doing: Doing,
): Promise<Invited> {
  requireGoodName(name, deviceIds);
  return database.transaction().execute(async (transaction) => {
    const people = await transaction
      .selectFrom('people')
      .select('id')
      .where('removed_at', 'is', null)
      .execute();
    if (people.length >= MAX_PEOPLE) {
      throw new Problem(409, 'too-many-people', `There are ${people.length} people; remove some first.`);
    }
    await requireFreeName(transaction, name, doing.nowMs);
    const row = await transaction
      .insertInto('people')
      .values({ name, role, created_at: doing.nowMs, created_by: doing.actor, removed_at: null })
      .returningAll()
      .executeTakeFirstOrThrow();
    await writeAct(transaction, {
      ...{ at: doing.nowMs, actor: doing.actor },
      ...{ act: 'invited', subject: name, detail: role },
    });
    return addLink(transaction, parsePerson(row), linkHours, doing);
  });
}

/**
 * A new link for somebody who is known: another device, or a session that has ended. The one that was open is
 * withdrawn.
 */
export async function makeLink(
  database: Database,
  id: number,
  linkHours: number | undefined,
  doing: Doing,
): Promise<Invited> {
  return database.transaction().execute(async (transaction) => {
    const person = await requirePerson(transaction, id);
    await withdraw(transaction, id, doing.nowMs);
    await writeAct(transaction, {
      ...{ at: doing.nowMs, actor: doing.actor },
      ...{ act: 'link-made', subject: person.name, detail: person.role },
    });
    return addLink(transaction, person, linkHours, doing);
  });
}

async function addLink(
  transaction: Database,
  person: Omit<Person, 'invitedUntil'>,
  linkHours: number = DEFAULT_LINK_HOURS,
  { actor, nowMs }: Doing,
): Promise<Invited> {
  const open = await transaction
    .selectFrom('invitations')
    .select('id')
    .where('used_at', 'is', null)
    .where('withdrawn_at', 'is', null)
    .where('expires_at', '>', nowMs)
    .execute();
  if (open.length >= MAX_OPEN_INVITATIONS) {
    const detail = `There are ${open.length} links that nobody has used; withdraw some, or wait until they end.`;
    throw new Problem(409, 'too-many-invitations', detail);
  }
  const secret = makeSecret();
  const invitedUntil = nowMs + linkHours * HOUR_MS;
  await transaction
    .insertInto('invitations')
    .values({
      person: person.id,
      hash: hashSecret(secret),
      created_at: nowMs,
      created_by: actor,
      expires_at: invitedUntil,
      used_at: null,
      withdrawn_at: null,
    })
    .execute();
  return { ...person, invitedUntil, secret };
}

/** Throws Problem 404 for somebody unknown, and where no link is open. */
export async function withdrawLink(database: Database, id: number, doing: Doing): Promise<Person> {
  return database.transaction().execute(async (transaction) => {
    const person = await requirePerson(transaction, id);
    if ((await withdraw(transaction, id, doing.nowMs)) === 0) {
      throw new Problem(404, 'no-open-link', `${person.name} has no link that is open.`);
    }
    await writeAct(transaction, {
      ...{ at: doing.nowMs, actor: doing.actor },
      ...{ act: 'link-withdrawn', subject: person.name, detail: person.role },
    });
    return { ...person, invitedUntil: null };
  });
}

/** How many were open. */
async function withdraw(transaction: Database, person: number, nowMs: number): Promise<number> {
  const { numUpdatedRows } = await transaction
    .updateTable('invitations')
    .set({ withdrawn_at: nowMs })
    .where('person', '=', person)
    .where('used_at', 'is', null)
    .where('withdrawn_at', 'is', null)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

/** The name is free again; sessions.ts ends what is open. Throws Problem 404 for somebody unknown. */
export async function removePerson(database: Database, id: number, doing: Doing): Promise<Person> {
  return database.transaction().execute(async (transaction) => {
    const person = await requirePerson(transaction, id);
    await withdraw(transaction, id, doing.nowMs);
    await transaction.updateTable('people').set({ removed_at: doing.nowMs }).where('id', '=', id).execute();
    await writeAct(transaction, {
      ...{ at: doing.nowMs, actor: doing.actor },
      ...{ act: 'removed', subject: person.name, detail: person.role },
    });
    return { ...person, invitedUntil: null };
  });
}

/** By name. */
export async function listPeople(database: Database, nowMs: number): Promise<Person[]> {
  const rows = await database
    .selectFrom('people')
    .selectAll()
    .where('removed_at', 'is', null)
    .orderBy('name')
    .execute();
  const open = await database
    .selectFrom('invitations')
    .select(['person', 'expires_at'])
    .where('used_at', 'is', null)
    .where('withdrawn_at', 'is', null)
    .where('expires_at', '>', nowMs)
    .execute();
  const untilOf = new Map(open.map((each) => [Number(each.person), Number(each.expires_at)]));
  return rows.map((row) => {
    const person = parsePerson(row);
    return { ...person, invitedUntil: untilOf.get(person.id) ?? null };
  });
}

/** Throws Problem 404 for somebody unknown. */
export async function requirePerson(
  transaction: Database,
  id: number,
): Promise<Omit<Person, 'invitedUntil'>> {
  const row = await transaction
    .selectFrom('people')
    .selectAll()
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  if (!row) throw new Problem(404, 'unknown-person', `There is no person ${id}; GET /v1/people lists them.`);
  return parsePerson(row);
}

interface Row {
  readonly id: number;
  readonly name: string;
  readonly role: string;
  readonly created_at: number;
  readonly created_by: string;
}

export function parsePerson(row: Row): Omit<Person, 'invitedUntil'> {
  return {
    id: Number(row.id),
    name: row.name,
    role: parseStaffRole(row.role, row.name),
    createdAt: Number(row.created_at),
    createdBy: row.created_by,
  };
}

function parseStaffRole(text: Role | string, name: string): StaffRole {
  const role = STAFF_ROLES.find((each) => each === text);
  if (!role) throw new Error(`${name} has the role ${text}, which this Siaga does not know`);
  return role;
}
