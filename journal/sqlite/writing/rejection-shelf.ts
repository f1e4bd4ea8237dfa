/**
 * What was not understood, in the journal's own file and commit, with its raw payload.
 *
 * Bounded by count and by bytes, so that a broken fleet cannot fill the disk: the oldest go, and are counted. Of these
 * bounds each device has a share, and what is beyond it pushes out its own: a flood of garbage from one takes nothing
 * from the others. Those whom nobody knows share one share. Invariant: runs inside the caller's transaction; after one
 * that was rolled back, `forget` is due.
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { PackedRejections, RejectionRow } from '../journal-messages.ts';

/** 256 MiB: a hundred thousand rejected messages of 2.6 KB, or a thousand of the largest. */
export const MAX_PAYLOAD_BYTES = 256 * 1024 * 1024;

/** Of both bounds, for one device. */
export const DEVICE_SHARE = 0.1;
/** Where the whole bound is small. */
export const MIN_SHARE_COUNT = 1_000;
/** A device beyond its share is named again after this: an hour. */
const SAY_EVERY_MS = 3_600_000;

export interface Shelved {
  readonly stored: number;
  /** Older ones that made room. */
  readonly dropped: number;
  /** Of `dropped` those that went because their own device was beyond its share. */
  readonly droppedOfShare: number;
  /** Devices that are beyond their share, each once an hour. */
  readonly beyondShare: readonly string[];
}

interface Weight {
  count: number;
  bytes: number;
}

export class RejectionShelf {
  readonly #database: DatabaseSync;
  readonly #bound: Weight;
  readonly #share: Weight;
  readonly #insert: StatementSync;
  readonly #oldest: StatementSync;
  readonly #oldestOf: StatementSync;
  readonly #delete: StatementSync;
  readonly #has: StatementSync;
  #nextId = 1;
  #all: Weight = { count: 0, bytes: 0 };
  /** By device; '' of those whom nobody knows. */
  readonly #byDevice = new Map<string, Weight>();
  readonly #saidAt = new Map<string, number>();
  #isCounted = false;

  constructor(database: DatabaseSync, maxCount: number) {
    this.#database = database;
    this.#bound = { count: maxCount, bytes: MAX_PAYLOAD_BYTES };
    this.#share = {
      count: Math.max(MIN_SHARE_COUNT, maxCount * DEVICE_SHARE),
      bytes: MAX_PAYLOAD_BYTES * DEVICE_SHARE,
    };
    this.#insert = database.prepare(
      'insert into rejections (id, device, reason, detail, received_at, client_id, topic, bytes, payload) values (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#oldest = database.prepare('select id, device, bytes from rejections order by id limit 1');
    this.#oldestOf = database.prepare(
      'select id, device, bytes from rejections where device is ? order by id limit 1',
    );
    this.#has = database.prepare('select 1 from rejections where id = ?');
    this.#delete = database.prepare('delete from rejections where id = ?');
  }

  /** What was counted is not what is on disk; the next `store` counts again. */
  forget(): void {
    this.#isCounted = false;
  }

  /**
   * `given` are ids of a log outside, above those that it has; of a refill below them, and those that are there stay.
   */
  store({ json, payloads }: PackedRejections, given?: readonly number[], isRefill = false): Shelved {
    if (!this.#isCounted) this.#recount();
    const rows = JSON.parse(json) as RejectionRow[];
    let from = 0;
    let droppedOfShare = 0;
    const beyondShare: string[] = [];
    for (const [i, row] of rows.entries()) {
      const { device, reason, detail, topic, clientId, receivedAt, payloadBytes } = row;
      const payload = payloads.subarray(from, from + payloadBytes);
      from += payloadBytes;
      const id = given?.[i] ?? this.#nextId;
      if (isRefill && this.#has.get(id)) continue;
      this.#nextId = Math.max(this.#nextId, id + 1);
      this.#insert.run(id, device, reason, detail, receivedAt, clientId, topic, payloadBytes, payload);
      this.#count(device, 1, payloadBytes);
      const dropped = this.#dropBeyondShare(device);
      droppedOfShare += dropped;
      if (dropped > 0 && this.#isToBeSaid(device ?? '', receivedAt)) beyondShare.push(device ?? '');
    }
    const dropped = droppedOfShare + this.#dropOldest();
    return { stored: rows.length, dropped, droppedOfShare, beyondShare };
  }

  #recount(): void {
    this.#all = { count: 0, bytes: 0 };
    this.#byDevice.clear();
    const rows = this.#database
      .prepare(
        'select device, count(*) as count, total(bytes) as bytes, max(id) as last from rejections group by device',
      )
      .all();
    let lastId = 0;
    for (const { device, count, bytes, last } of rows) {
      this.#count(device as string | null, Number(count), Number(bytes));
      lastId = Math.max(lastId, Number(last));
    }
    this.#nextId = lastId + 1;
    this.#isCounted = true;
  }

  #count(device: string | null, count: number, bytes: number): void {
    const own = this.#byDevice.get(device ?? '') ?? { count: 0, bytes: 0 };
    this.#byDevice.set(device ?? '', own);
    for (const weight of [own, this.#all]) {
      weight.count += count;
      weight.bytes += bytes;
    }
    if (own.count === 0) this.#byDevice.delete(device ?? '');
  }

  #dropBeyondShare(device: string | null): number {
    let dropped = 0;
    const isBeyond = () => isHeavier(this.#byDevice.get(device ?? ''), this.#share);
    while (isBeyond() && this.#drop(this.#oldestOf.get(device))) dropped++;
    return dropped;
  }

  #dropOldest(): number {
    let dropped = 0;
    while (isHeavier(this.#all, this.#bound) && this.#drop(this.#oldest.get())) dropped++;
    return dropped;
  }

  #drop(row: Record<string, SQLOutputValue> | undefined): boolean {
    if (!row) return false;
    this.#delete.run(Number(row['id']));
    this.#count(row['device'] as string | null, -1, -Number(row['bytes']));
    return true;
  }

  #isToBeSaid(device: string, atMs: number): boolean {
    const saidAt = this.#saidAt.get(device);
    if (saidAt !== undefined && Math.abs(atMs - saidAt) < SAY_EVERY_MS) return false;
    this.#saidAt.set(device, atMs);
    return true;
  }
}

function isHeavier(weight: Weight | undefined, bound: Weight): boolean {
  return weight !== undefined && (weight.count > bound.count || weight.bytes > bound.bytes);
}
