/**
 * Names of those who may call: of people and of tokens, which the audit does not tell apart.
 *
 * Asked by the stores of both, in the transaction that adds one. Invariant: of all names in force no two look alike.
 */
import type { Database } from '../../database/database.ts';
import { Problem } from '../border/problem.ts';
import { explainBadName, findLookAlike } from './token-name.ts';

/** Throws Problem 400 for a name that can be nobody's, 409 when it looks like a device's. */
export function requireGoodName(name: string, deviceIds: Iterable<string>): void {
  const bad = explainBadName(name);
  if (bad) throw new Problem(400, 'bad-name', `The name ${JSON.stringify(name)}: ${bad}.`);
  const device = findLookAlike(name, deviceIds);
  if (device === undefined) return;
  const detail = `There is a device ${device}, and the audit could not tell them apart; take another name.`;
  throw new Problem(409, 'name-taken', detail);
}

/**
 * Throws Problem 409 when it looks like a person's or a token's, but for the one's whose it is to be. Tokens that
 * have ended are out of force.
 */
export async function requireFreeName(
  transaction: Database,
  name: string,
  nowMs: number,
  forPerson = -1,
): Promise<void> {
  const people = await transaction
    .selectFrom('people')
    .select('name')
    .where('id', '<>', forPerson)
    .where('removed_at', 'is', null)
    .execute();
  const person = findLookAlike(
    name,
    people.map((each) => each.name),
  );
  if (person !== undefined) {
    const detail = `There is a person named ${person}; take another name, or remove that one first.`;
    throw new Problem(409, 'name-taken', detail);
  }
  const tokens = await transaction
    .selectFrom('api_tokens')
    .select('name')
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', nowMs)
    .execute();
  const token = findLookAlike(
    name,
    tokens.map((each) => each.name),
  );
  if (token === undefined) return;
  const detail = `A token named ${token} is in force; take another name, or revoke that one first.`;
  throw new Problem(409, 'name-taken', detail);
}
