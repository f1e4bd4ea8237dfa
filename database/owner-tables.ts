/**
 * The tables of who owns the city, where several servers stand on one PostgreSQL.
 *
 * Owned by ownership/. Invariant: `epoch` grows with each change of owner and never goes back; whoever writes for the
 * city holds the row of its epoch, see fenced-dialect.ts. Empty where the state is in SQLite.
 * How times, booleans and documents are kept is said in tables.ts.
 */
export interface OwnerTables {
  owners: OwnersTable;
  owner_nodes: OwnerNodesTable;
  journal_cursors: JournalCursorsTable;
}

/** One row a city. Times are of the database's clock. */
export interface OwnersTable {
  city: string;
  epoch: number;
  /** For people: the machine's name and the process. */
  holder: string;
  /** The owner's data folder, by the name in its file `folder-id`. */
  folder: string;
  /** One run of the owner's machine: with the same folder it is the same machine, and the last process is gone. */
  boot: string;
  /** The journal whose ids the rows of `cursors` are, by the name in its file; null until its server has opened it. */
  journal: string | null;
  since: number;
  until: number;
}

/** One row a city, of the last owner that other nodes could reach; it counts in its epoch alone. */
export interface OwnerNodesTable {
  city: string;
  epoch: number;
  host: string;
  port: number;
  /** Of 32 bytes, drawn for this epoch: base64. Who reads this table is a node. */
  key: string;
}

/** Where the consumers of a journal stood when a server with another journal became the owner. */
export interface JournalCursorsTable {
  journal: string;
  consumer: string;
  position: number;
}
