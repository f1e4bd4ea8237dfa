/**
 * MessageLog: `status` and `ack` of devices in their table, as the journal's writing thread sees it.
 *
 * A status that another one of its device has followed, and an ack that was carried out, are kept for a while only;
 * the newest status of each device stays, since a device that sleeps says nothing for days. Invariants: ids are given
 * in order and once; nothing goes above the id that its follower has reached; a status that was set aside and
 * replayed does not become the newest where its device has said something since.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { DeviceMessage, MessageChannel, MessageEntry } from '../../device-messages.ts';
import { readMeta, writeMeta } from '../file/journal-file.ts';
import type { IdRange, MessagesHeld, MessageTrimOutcome, TrimStep } from '../journal-messages.ts';
import { isOverMessageBound, MESSAGE_BYTES } from './message-bounds.ts';

/** Rows of one step of retention: some 5 ms. */
const STEP_ROWS = 1_000;
/** Key of `meta`. */
export const MESSAGES_GIVEN_THROUGH = 'messageIdsGivenThrough';

export class MessageLog {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #latest: StatementSync;
  readonly #unmark: StatementSync;
  readonly #has: StatementSync;
  #lastId: number;
  #held: MessagesHeld;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare('insert into messages values (?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#latest = database.prepare(
      'select id, received_at, is_replay from messages where device = ? and is_latest = 1',
    );
    this.#has = database.prepare('select 1 from messages where id = ?');
    this.#unmark = database.prepare('update messages set is_latest = 0 where id = ?');
    this.#lastId = readLastMessageId(database);
    this.#held = readHeld(database);
  }

  get lastId(): number {
    return this.#lastId;
  }

  get held(): MessagesHeld {
    return this.#held;
  }

  /**
   * Inside the commit's transaction; returns the id of the first. Without `given` the others follow without a gap.
   * Those of a refill lie below the last id, and what is there stays.
   */
  store(messages: readonly DeviceMessage[], given?: readonly number[], isRefill = false): number {
    const firstId = given?.[0] ?? this.#lastId + 1;
    let { count, bytes } = this.#held;
    for (const [i, message] of messages.entries()) {
      const { channel, device, receivedAt, isReplay, clientId, topic, payload } = message;
      const id = given?.[i] ?? this.#lastId + 1;
      if (isRefill && this.#has.get(id)) continue;
      this.#lastId = Math.max(this.#lastId, id);
      const isLatest = channel === 'status' && this.#takesOver(id, message) ? 1 : 0;
      this.#insert.run(
        ...([id, channel, device, receivedAt, isReplay ? 1 : 0, isLatest] as const),
        ...([clientId, topic, payload] as const),
      );
      count++;
      bytes += payload.byteLength + MESSAGE_BYTES;
    }
    this.#held = { count, bytes };
    return firstId;
  }

  /** The transaction was rolled back: what `store` has counted since is not on disk. */
  takeBack(lastId: number, held: MessagesHeld): void {
    this.#lastId = lastId;
    this.#held = held;
  }

  /** Ids up to this one are not given (again). */
  skipIds(throughId: number): void {
    writeMeta(this.#database, MESSAGES_GIVEN_THROUGH, throughId);
    this.#lastId = Math.max(this.#lastId, throughId);
  }

  latestStatuses(): readonly MessageEntry[] {
    return this.#database
      .prepare('select * from messages where is_latest = 1 order by id')
      .all()
      .map(toEntry);
  }

  /** One step: what is past its age or above the bound, the oldest first. */
  trimStep({ keepAfterId, now }: TrimStep, retentionMs: number): MessageTrimOutcome {
    const oldest = this.#database
      .prepare(
        'select id, received_at, length(payload) as bytes from messages where is_latest = 0 and id <= ? order by id limit ?',
      )
      .all(keepAfterId, STEP_ROWS);
    let { count, bytes } = this.#held;
    const ids: number[] = [];
    for (const row of oldest) {
      const isPast = Number(row['received_at']) < now - retentionMs;
      if (!isPast && !isOverMessageBound({ count, bytes })) break;
      ids.push(Number(row['id']));
      count--;
      bytes -= Number(row['bytes']) + MESSAGE_BYTES;
    }
    if (ids.length > 0) this.#delete(ids);
    this.#held = { count, bytes };
    const done = ids.length < STEP_ROWS;
    return { trimmed: ids.length, throughId: ids.at(-1) ?? 0, done, held: this.#held };
  }

  #delete(ids: readonly number[]): void {
    this.#database.exec('begin immediate');
    try {
      this.#database
        .prepare('delete from messages where id in (select value from json_each(?))')
        .run(JSON.stringify(ids));
      writeMeta(this.#database, MESSAGES_GIVEN_THROUGH, this.#lastId);
      this.#database.exec('commit');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('rollback');
      throw error;
    }
  }

  #takesOver(id: number, { device, receivedAt, isReplay }: DeviceMessage): boolean {
    const known = this.#latest.get(device);
    if (!known) return true;
    const knownAt = Number(known['received_at']);
    // Known is what came later, but for a replay of what had been said before this.
    if (id < Number(known['id']) && !(known['is_replay'] === 1 && knownAt < receivedAt)) return false;
    if (isReplay && receivedAt < knownAt) return false;
    this.#unmark.run(Number(known['id']));
    return true;
  }
}

/** The largest id ever given, also when the rows that bore it are trimmed. */
export function readLastMessageId(database: DatabaseSync): number {
  const row = database.prepare('select max(id) as id from messages').get();
  return Math.max(Number(row?.['id'] ?? 0), Number(readMeta(database, MESSAGES_GIVEN_THROUGH) ?? 0));
}

export function readMessagesAfter(
  database: DatabaseSync,
  { afterId, throughId, limit }: IdRange,
): MessageEntry[] {
  return database
    .prepare('select * from messages where id > ? and id <= ? order by id limit ?')
    .all(afterId, throughId, limit)
    .map(toEntry);
}

function readHeld(database: DatabaseSync): MessagesHeld {
  const row = database
    .prepare('select count(*) as count, total(length(payload)) as bytes from messages')
    .get();
  const count = Number(row?.['count'] ?? 0);
  return { count, bytes: Number(row?.['bytes'] ?? 0) + count * MESSAGE_BYTES };
}

function toEntry(row: Record<string, unknown>): MessageEntry {
  return {
    id: Number(row['id']),
    message: {
      channel: row['channel'] as MessageChannel,
      device: String(row['device']),
      receivedAt: Number(row['received_at']),
      topic: String(row['topic']),
      clientId: String(row['client_id']),
      payload: row['payload'] as Uint8Array,
      isReplay: row['is_replay'] === 1,
    },
  };
}
