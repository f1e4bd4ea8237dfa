/**
 * The journal's file as its writing thread sees it: commits of batches, and the newest id of each device.
 *
 * One transaction holds everything of a commit: dictionary, readings, rejections. Invariants: a commit that
 * throws has changed neither the file nor the ids; an id is given in order and once, without gaps within a
 * run; `latest` on disk is complete through `latestThroughId`, and the rest is found by reading on from there.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { FAILED_QUALITY, QualityFlag } from '../../devices/reading.ts';
import { openJournalFile, pragma, readLastId, readMeta, writeDictionary, writeMeta } from './journal-file.ts';
import type { BatchMessage, PackedEntries, WriterData } from './journal-messages.ts';
import { packEntries } from './packed-entries.ts';
import type { Dictionary } from './reading-codec.ts';
import { ReadingInserts, type StoredBatch } from './reading-inserts.ts';
import {
  RECORD_DEVICE,
  RECORD_LENGTH,
  RECORD_MEASURED_AT,
  RECORD_STORED,
  storedQuality,
} from './record-layout.ts';
import { RejectionShelf } from './rejection-shelf.ts';
import { readRun, readRuns } from './row-runs.ts';

/** A reading with one of these is never the latest of its device. */
const NEVER_LATEST = FAILED_QUALITY | QualityFlag.late;
/** Readings between two writes of `latest`; as many are read again at the next start, some 10 ms. */
const LATEST_EVERY = 20_000;

export interface StoredCommit {
  readonly batches: readonly StoredBatch[];
  readonly rejections: number;
  readonly rejectionsDropped: number;
}

export class JournalStore {
  readonly database: DatabaseSync;
  readonly #options: WriterData;
  readonly #inserts: ReadingInserts;
  readonly #writeLatest: StatementSync;
  readonly #shelf: RejectionShelf;
  /** By number of the device: the id and the time of its latest reading. */
  readonly #latestId: (number | undefined)[] = [];
  readonly #latestAt: number[] = [];
  readonly #latestMoved = new Set<number>();
  #latestThroughId: number;
  #lastId: number;
  /** Numbered by the event loop, and not yet on disk because no commit has succeeded since. */
  #unwritten: Dictionary[] = [];

  /** Opens the file, creates it where absent. Throws JournalError JOURNAL_TOO_NEW, or SQLite's own error. */
  constructor(options: WriterData) {
    this.#options = options;
    this.database = openJournalFile(options.file);
    this.#inserts = new ReadingInserts(this.database);
    this.#writeLatest = this.database.prepare('insert or replace into latest values (?, ?, ?)');
    this.#shelf = new RejectionShelf(this.database, options.maxRejections);
    this.#lastId = readLastId(this.database);
    this.#latestThroughId = Number(readMeta(this.database, 'latestThroughId') ?? 0);
    this.#loadLatest();
  }

  get lastId(): number {
    return this.#lastId;
  }

  get fileBytes(): number {
    return pragma(this.database, 'page_count') * pragma(this.database, 'page_size');
  }

  /** Names that the next commit writes before its readings. */
  learn(dictionary: Dictionary): void {
    this.#unwritten.push(dictionary);
  }

  /** Returns when everything is on disk (fsync of the WAL). Throws SQLite's error, and then nothing happened. */
  commit(batches: readonly BatchMessage[]): StoredCommit {
    this.#applyPageLimit();
    const before = this.#lastId;
    this.database.exec('begin immediate');
    try {
      for (const dictionary of this.#unwritten) writeDictionary(this.database, dictionary);
      const stored = batches.map((batch) => this.#storeBatch(batch));
      const shelved = batches.flatMap((batch) =>
        batch.rejections ? [this.#shelf.store(batch.rejections)] : [],
      );
      const writesLatest = before - this.#latestThroughId >= LATEST_EVERY;
      if (writesLatest) this.#storeLatest(before);
      this.database.exec('commit');
      this.#unwritten = [];
      if (writesLatest) this.#latestWritten(before);
      batches.forEach((batch, i) => {
        this.#moveLatest(batch, stored[i] as StoredBatch);
      });
      return {
        batches: stored,
        rejections: shelved.reduce((sum, each) => sum + each.stored, 0),
        rejectionsDropped: shelved.reduce((sum, each) => sum + each.dropped, 0),
      };
    } catch (error) {
      this.#lastId = before;
      this.#rollBack();
      this.#shelf.forget();
      throw error;
    }
  }

  /** Ids up to this one are not given (again). */
  skipIds(throughId: number): void {
    writeMeta(this.database, 'idsGivenThrough', throughId);
    this.#lastId = Math.max(this.#lastId, throughId);
  }

  /** The latest reading of every device that is still in the journal. */
  latest(): PackedEntries {
    // One statement for all ids: a call a device took four times as long.
    const ids = this.#latestId.filter((id) => id !== undefined);
    const select =
      'select r.id, device, measured_at, record from json_each(?) as wanted join readings as r on r.id = wanted.value';
    return packEntries(readRun(this.database, select, JSON.stringify(ids)));
  }

  markReplayed(id: number, replayedAt: number): void {
    this.database.prepare('update rejections set replayed_at = ? where id = ?').run(replayedAt, id);
  }

  close(): void {
    if (!this.database.isOpen) return;
    try {
      this.database.exec('begin immediate');
      this.#storeLatest(this.#lastId);
      this.database.exec('commit');
      this.#latestWritten(this.#lastId);
    } catch {
      // A full or damaged disk: the next start reads on from the last `latest` that was written.
      this.#rollBack();
    }
    this.database.close();
  }

  /** Closes a damaged file without writing to it. */
  abandon(): void {
    this.database.close();
  }

  #storeBatch(batch: BatchMessage): StoredBatch {
    const stored = this.#inserts.store(batch, this.#lastId);
    this.#lastId += batch.count - stored.repeats.length;
    return stored;
  }

  #moveLatest({ records, count }: BatchMessage, { firstId, repeats }: StoredBatch): void {
    let id = firstId;
    let nextRepeat = 0;
    for (let start = 0, position = 0; position < count; position++) {
      const length = records[start + RECORD_LENGTH] as number;
      if (repeats[nextRepeat] === position) nextRepeat++;
      else this.#observe(id++, records, start);
      start += length;
    }
  }

  #observe(id: number, records: Float64Array, start: number): void {
    const quality = storedQuality(records, start + RECORD_STORED);
    this.#observeLatest(
      id,
      records[start + RECORD_DEVICE] as number,
      records[start + RECORD_MEASURED_AT] as number,
      quality,
    );
  }

  #observeLatest(id: number, device: number, measuredAt: number, quality: number): void {
    if (quality & NEVER_LATEST) return;
    const known = this.#latestAt[device];
    if (known !== undefined && known > measuredAt) return;
    this.#latestId[device] = id;
    this.#latestAt[device] = measuredAt;
    this.#latestMoved.add(device);
  }

  #loadLatest(): void {
    for (const { device, id, measured_at } of this.database.prepare('select * from latest').iterate()) {
      this.#latestId[Number(device)] = Number(id);
      this.#latestAt[Number(device)] = Number(measured_at);
    }
    for (const { ids, devices, measuredAts, bytes, numbers } of readRuns(
      this.database,
      'true',
      this.#latestThroughId,
    )) {
      let from = 0;
      ids.forEach((id, i) => {
        const quality = storedQuality(numbers, from);
        this.#observeLatest(id, devices[i] as number, measuredAts[i] as number, quality);
        from += (bytes[i] as number) / 8;
      });
    }
  }

  #storeLatest(throughId: number): void {
    for (const device of this.#latestMoved) {
      this.#writeLatest.run(device, this.#latestId[device] as number, this.#latestAt[device] as number);
    }
    writeMeta(this.database, 'latestThroughId', throughId);
  }

  #latestWritten(throughId: number): void {
    this.#latestMoved.clear();
    this.#latestThroughId = throughId;
  }

  #rollBack(): void {
    // SQLite has rolled back by itself after some errors (full, I/O).
    if (this.database.isOpen && this.database.isTransaction) this.database.exec('rollback');
  }

  #applyPageLimit(): void {
    const limit = this.#options.pageLimit;
    if (!limit) return;
    const pages = Atomics.load(limit, 0);
    this.database.exec(`pragma max_page_count = ${pages === 0 ? 0xfffffffe : pages}`);
  }
}
