/**
 * Credentials in the state database: issue, rotate, revoke, list.
 *
 * Used by the command line and the demo; the running server reads the same table (credential-check.ts).
 * Invariants: a device or observer has at most two valid credentials, and two only while one is being rotated
 * out; a secret is in no row, no log and no error.
 */
import type { Database } from '../../database/database.ts';
import { generateSecret, hashSecret } from './secret.ts';

export interface CredentialSummary {
  readonly id: number;
  readonly device: string;
  /** Epoch ms. */
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

/** What the version of the table is made of: every change of a credential changes one of these. */
export type CredentialsVersion = string;

/** Stands in the place of a hash where a device that has only a certificate was revoked. */
const NO_SECRET = 'none';
/** Rows in one statement: far below SQLite's and PostgreSQL's limits of parameters. */
const ROWS_PER_STATEMENT = 200;

/**
 * Issues one new credential to each; whatever they had before is void at once. Returns their secrets, the
 * only time they can be read.
 */
export async function issueCredentials(
  database: Database,
  devices: readonly string[],
  now: number,
): Promise<Map<string, string>> {
  const secrets = new Map(devices.map((device) => [device, generateSecret()]));
  const names = [...secrets.keys()];
  for (let at = 0; at < names.length; at += ROWS_PER_STATEMENT) {
    const part = names.slice(at, at + ROWS_PER_STATEMENT);
    const rows = part.map((device) => ({
      device,
      hash: hashSecret(secrets.get(device) as string),
      created_at: now,
      expires_at: null,
      revoked_at: null,
    }));
    await database.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('device_credentials').where('device', 'in', part).execute();
      await transaction.insertInto('device_credentials').values(rows).execute();
    });
  }
  return secrets;
}

/** A new credential; the present one stays valid for `overlapMs` more, an older one not at all. */
export async function rotateCredential(
  database: Database,
  device: string,
  { now, overlapMs }: { now: number; overlapMs: number },
): Promise<string> {
  const secret = generateSecret();
  const hash = hashSecret(secret);
  await database.transaction().execute(async (transaction) => {
    const valid = await transaction
      .selectFrom('device_credentials')
      .select(['id', 'expires_at'])
      .where('device', '=', device)
      .where('revoked_at', 'is', null)
      .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', now)]))
      .orderBy('id', 'desc')
      .execute();
    for (const [age, { id }] of valid.entries()) {
      const change = age === 0 ? { expires_at: now + overlapMs } : { revoked_at: now };
      await transaction.updateTable('device_credentials').set(change).where('id', '=', id).execute();
    }
    await transaction
      .insertInto('device_credentials')
      .values({ device, hash, created_at: now, expires_at: null, revoked_at: null })
      .execute();
  });
  return secret;
}

/**
 * Voids every credential of a device, and every certificate that was issued to it so far: those never count again,
 * whatever it is given later. Returns how many secrets were valid.
 */
export async function revokeCredentials(database: Database, device: string, now: number): Promise<number> {
  return database.transaction().execute(async (transaction) => {
    const { numUpdatedRows } = await transaction
      .updateTable('device_credentials')
      .set({ revoked_at: now })
      .where('device', '=', device)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    // The newest row of a device says whether its certificate counts; a revoked one must exist for that.
    if (numUpdatedRows === 0n) {
      await transaction
        .insertInto('device_credentials')
        .values({ device, hash: NO_SECRET, created_at: now, expires_at: null, revoked_at: now })
        .execute();
    }
    await transaction
      .insertInto('revoked_certificates')
      .values({ device, revoked_at: now })
      .onConflict((conflict) => conflict.column('device').doUpdateSet({ revoked_at: now }))
      .execute();
    return Number(numUpdatedRows);
  });
}

/** All of them, or those of one device, in the order in which they were issued. */
export async function listCredentials(database: Database, device?: string): Promise<CredentialSummary[]> {
  let query = database
    .selectFrom('device_credentials')
    .select(['id', 'device', 'created_at', 'expires_at', 'revoked_at'])
    .orderBy('id');
  if (device !== undefined) query = query.where('device', '=', device);
  return (await query.execute()).map((row) => ({
    id: Number(row.id),
    device: row.device,
    createdAt: Number(row.created_at),
    expiresAt: row.expires_at === null ? null : Number(row.expires_at),
    revokedAt: row.revoked_at === null ? null : Number(row.revoked_at),
  }));
}

/** Changes whenever a credential does; one cheap statement. Devices are the registry's to look at. */
export async function readCredentialsVersion(database: Database): Promise<CredentialsVersion> {
  const { fn } = database;
  const credentials = await database
    .selectFrom('device_credentials')
    .select([
      fn.countAll().as('rows'),
      fn.max('id').as('newest'),
      fn.count('revoked_at').as('revoked'),
      fn.count('expires_at').as('expiring'),
    ])
    .executeTakeFirst();
  return Object.values(credentials ?? {}).join('/');
}
