/** Statements of the state database, run one at a time on one SQLite connection, prepared once each. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

export interface Statement {
  readonly sql: string;
  readonly parameters: readonly (string | number | bigint | null | Uint8Array)[];
}

export interface StatementOutcome {
  readonly rows: unknown[];
  readonly changes: number;
  readonly insertId: number;
}

/** Prepared statements kept; the program has some two hundred different ones. */
const MAX_STATEMENTS = 500;

interface Prepared {
  readonly statement: StatementSync;
  /** A statement that returns columns is read, every other is run. */
  readonly isRead: boolean;
}

/** Throws what SQLite refuses. */
export function createStatementRun(database: DatabaseSync): (statement: Statement) => StatementOutcome {
  const known = new Map<string, Prepared>();
  const prepare = (sql: string): Prepared => {
    const statement = database.prepare(sql);
    const prepared = { statement, isRead: statement.columns().length > 0 };
    if (known.size >= MAX_STATEMENTS) known.clear();
    known.set(sql, prepared);
    return prepared;
  };
  return ({ sql, parameters }) => {
    const { statement, isRead } = known.get(sql) ?? prepare(sql);
    if (isRead) {
      const rows = statement.all(...(parameters as never[]));
      return { rows, changes: rows.length, insertId: 0 };
    }
    const { changes, lastInsertRowid } = statement.run(...(parameters as never[]));
    return { rows: [], changes: Number(changes), insertId: Number(lastInsertRowid) };
  };
}
