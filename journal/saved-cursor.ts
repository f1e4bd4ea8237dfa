/**
 * SavedCursor: where a consumer of the journal stands, as a row of `cursors` in the state database.
 *
 * For consumers whose work is its own transaction; alerts save theirs together with their state. Invariant: `save`
 * resolves when the row is on disk, and throws where the state database cannot write.
 */
import type { Database } from '../database/database.ts';

export interface SavedCursor {
  /** Undefined where nobody of this name has ever saved one. */
  load(): Promise<number | undefined>;
  save(position: number): Promise<void>;
}

export function createSavedCursor(database: Database, consumer: string): SavedCursor {
  return {
    async load() {
      const row = await database
        .selectFrom('cursors')
        .select('position')
        .where('consumer', '=', consumer)
        .executeTakeFirst();
      return row && Number(row.position);
    },
    async save(position) {
      await database
        .insertInto('cursors')
        .values({ consumer, position })
        .onConflict((conflict) => conflict.column('consumer').doUpdateSet({ position }))
        .execute();
    },
  };
}
