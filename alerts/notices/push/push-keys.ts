/** The key pair by which push services know this Siaga (VAPID, RFC 8292): made once, kept in the state database. */
import type { Database } from '../../../database/database.ts';

export interface PushKeys {
  readonly publicKey: string;
  readonly privateKey: string;
}

const ID = 'vapid';

/** Invariant: two that ask at once, also on two machines, get the same pair. */
export async function ensurePushKeys(database: Database): Promise<PushKeys> {
  const known = await readKeys(database);
  if (known) return known;
  // Only now: few starts make keys.
  const { default: webPush } = await import('web-push');
  const made = webPush.generateVAPIDKeys();
  await database
    .insertInto('push_keys')
    .values({ id: ID, public_key: made.publicKey, private_key: made.privateKey })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  return (await readKeys(database)) ?? made;
}

async function readKeys(database: Database): Promise<PushKeys | undefined> {
  const row = await database.selectFrom('push_keys').selectAll().where('id', '=', ID).executeTakeFirst();
  return row && { publicKey: row.public_key, privateKey: row.private_key };
}
