/**
 * What was not understood, in the journal's own file and commit, with its raw payload.
 *
 * Bounded by count and by bytes, so that a broken fleet cannot fill the disk: the oldest go, and are counted.
 * Invariant: runs inside the caller's transaction; after one that was rolled back, `forget` is due.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { PackedRejections, RejectionRow } from './journal-messages.ts';

/** 256 MiB: a hundred thousand rejected messages of 2.6 KB, or a thousand of the largest. */
const MAX_PAYLOAD_BYTES = 256 * 1024 * 1024;

export class RejectionShelf {
  readonly #database: DatabaseSync;
  readonly #maxCount: number;
  readonly #insert: StatementSync;
  readonly #oldest: StatementSync;
  readonly #delete: StatementSync;
  #nextId = 1;
  #count = 0;
  #bytes = 0;
  #isCounted = false;

  constructor(database: DatabaseSync, maxCount: number) {
    this.#database = database;
    this.#maxCount = maxCount;
    this.#insert = database.prepare(
      'insert into rejections (id, device, reason, detail, received_at, client_id, topic, bytes, payload) values (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#oldest = database.prepare('select id, bytes from rejections order by id limit 1');
    this.#delete = database.prepare('delete from rejections where id = ?');
  }

  /** What was counted is not what is on disk; the next `store` counts again. */
  forget(): void {
    this.#isCounted = false;
  }

  /** Stores them; says how many, and how many older ones went. */
  store({ json, payloads }: PackedRejections): { stored: number; dropped: number } {
    if (!this.#isCounted) this.#recount();
    const rows = JSON.parse(json) as RejectionRow[];
    let from = 0;
    for (const { device, reason, detail, topic, clientId, receivedAt, payloadBytes } of rows) {
      const payload = payloads.subarray(from, from + payloadBytes);
      from += payloadBytes;
      const id = this.#nextId++;
      this.#insert.run(id, device, reason, detail, receivedAt, clientId, topic, payloadBytes, payload);
      this.#count++;
      this.#bytes += payloadBytes;
    }
    return { stored: rows.length, dropped: this.#dropOldest() };
  }

  #recount(): void {
    const row = this.#database
      .prepare('select count(*) as count, total(bytes) as bytes, max(id) as last from rejections')
      .get();
    this.#count = Number(row?.['count'] ?? 0);
    this.#bytes = Number(row?.['bytes'] ?? 0);
    this.#nextId = Number(row?.['last'] ?? 0) + 1;
    this.#isCounted = true;
  }

  #dropOldest(): number {
    let dropped = 0;
    while (this.#count > this.#maxCount || this.#bytes > MAX_PAYLOAD_BYTES) {
      const oldest = this.#oldest.get();
      if (!oldest) break;
      this.#delete.run(Number(oldest['id']));
      this.#count--;
      this.#bytes -= Number(oldest['bytes']);
      dropped++;
    }
    return dropped;
  }
}
