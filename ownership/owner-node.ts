/**
 * OwnerNode: where the other nodes reach the owner, as the database has it, and the key that they show there.
 *
 * The owner announces it once it serves; standbys look it up with the owner (relay/). A key is drawn for each epoch, so
 * that whoever reads the state's database is a node, and nobody else. Invariant: what is found is of the epoch that
 * owns the city now.
 */
import { sql } from 'kysely';
import type { Database } from '../database/database.ts';

export interface OwnerNode {
  readonly city: string;
  readonly epoch: number;
  readonly host: string;
  readonly port: number;
  readonly key: Buffer;
}

/** Undefined table, in PostgreSQL's own code: the owner is of a version that was reached by nobody. */
const NO_SUCH_TABLE = '42P01';

/** Nothing is written where the epoch is over. */
export async function announceNode(database: Database, node: OwnerNode): Promise<void> {
  const { city, epoch, host, port } = node;
  const key = node.key.toString('base64');
  await database
    .insertInto('owner_nodes')
    .columns(['city', 'epoch', 'host', 'port', 'key'])
    .expression(
      database
        .selectFrom('owners')
        .select([
          'city',
          'epoch',
          sql.val(host).as('host'),
          sql`cast(${port} as integer)`.as('port'),
          sql.val(key).as('key'),
        ])
        .where('city', '=', city)
        .where('epoch', '=', epoch),
    )
    .onConflict((conflict) => conflict.column('city').doUpdateSet({ epoch, host, port, key }))
    .execute();
}

/** Of whoever owns the city now; undefined where nobody does, or where it takes nothing from other nodes. */
export async function findNode(database: Database, city: string): Promise<OwnerNode | undefined> {
  try {
    const row = await database
      .selectFrom('owner_nodes')
      .innerJoin('owners', (join) =>
        join.onRef('owners.city', '=', 'owner_nodes.city').onRef('owners.epoch', '=', 'owner_nodes.epoch'),
      )
      .select(['owner_nodes.epoch', 'host', 'port', 'key'])
      .where('owners.city', '=', city)
      .executeTakeFirst();
    return row && { ...row, city, epoch: Number(row.epoch), key: Buffer.from(row.key, 'base64') };
  } catch (error) {
    if ((error as { code?: string }).code === NO_SUCH_TABLE) return undefined;
    throw error;
  }
}
