/**
 * `/query` of InfluxDB 1.x: what clients ask before they write, and nothing else.
 *
 * Used by ingest-influx.ts. CREATE DATABASE is answered as if it were there, since what it names means nothing here;
 * SHOW DATABASES with one name, for those who look before they make. Invariant: nothing is read and nothing changed.
 */

/** One result a statement; or why it cannot be answered. */
export function answerQuery(query: string, database: string): readonly object[] | string {
  const statements = query.split(';').filter((each) => each.trim() !== '');
  if (statements.length === 0) return 'missing required parameter "q"';
  if (statements.length > MAX_STATEMENTS) return `at most ${MAX_STATEMENTS} statements at once`;
  const results: object[] = [];
  for (const [index, statement] of statements.entries()) {
    const words = statement.trim();
    if (SHOW.test(words)) {
      const series = [{ name: 'databases', columns: ['name'], values: [[database]] }];
      results.push({ statement_id: index, series });
    } else if (CREATE.test(words)) results.push({ statement_id: index });
    else
      return `Siaga takes lines and answers no queries but CREATE DATABASE and SHOW DATABASES; ${READ_HERE}`;
  }
  return results;
}

export const MAX_STATEMENTS = 20;
const READ_HERE = 'readings are at /v1/devices/{id}/readings, and its copy in InfluxDB answers InfluxQL';
/** With or without a policy behind it, which means nothing here either. */
const CREATE = /^create\s+database\s+\S/i;
const SHOW = /^show\s+databases$/i;
