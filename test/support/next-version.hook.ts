/**
 * Makes a Siaga the version after this one: its state has one migration more, of the kind that docs/cluster.md allows.
 *
 * Loaded by NODE_OPTIONS=--import before start.js. Invariant: nothing differs but the list of migrations.
 */
import { registerHooks } from 'node:module';

const LIST = 'export const migrations: Readonly<Record<string, Migration>> = {';
/** Expands: a column that the version before neither writes nor misses. */
const NEXT = `
  '9999-next': { up: (database) => database.schema.alterTable('alerts').addColumn('of_the_next_version', 'text').execute() },`;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith('/database/migrate.ts')) return loaded;
    const source = String(loaded.source);
    if (!source.includes(LIST)) throw new Error('database/migrate.ts no longer lists its migrations so');
    return { ...loaded, source: source.replace(LIST, LIST + NEXT) };
  },
});
