/**
 * The newest reading of each device: its id and its time, in memory, and from time to time on disk.
 *
 * Kept by the writing thread (journal-store.ts), which moves it on after each commit. Invariant: the table on
 * disk is complete through `latestThroughId` of `meta`, and the rest is found by reading on from there.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { FAILED_QUALITY, QualityFlag } from '../../../devices/reading.ts';
import { readMeta, writeMeta } from '../file/journal-file.ts';
import { packEntries } from '../file/packed-entries.ts';
import {
  RECORD_DEVICE,
  RECORD_LENGTH,
  RECORD_MEASURED_AT,
  RECORD_STORED,
  storedQuality,
} from '../file/record-layout.ts';
import { readRun, readRuns } from '../file/row-runs.ts';
import type { BatchMessage, PackedEntries } from '../journal-messages.ts';
import type { StoredBatch } from './reading-inserts.ts';

/** A reading with one of these is never the latest of its device. */
const NEVER_LATEST = FAILED_QUALITY | QualityFlag.late;
/** Readings between two writes; as many are read again at the next start, some 10 ms. */
const WRITE_EVERY = 20_000;

export class LatestReadings {
  readonly #database: DatabaseSync;
  readonly #write: StatementSync;
  /** By number of the device. */
  readonly #ids: (number | undefined)[] = [];
  readonly #times: number[] = [];
  readonly #moved = new Set<number>();
  #writtenThroughId: number;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#write = database.prepare('insert or replace into latest values (?, ?, ?)');
    this.#writtenThroughId = Number(readMeta(database, 'latestThroughId') ?? 0);
    this.#load();
  }

  /** Those that are still in the journal. */
  read(): PackedEntries {
    // One statement for all ids: a call a device took four times as long.
    const select =
      'select r.id, device, measured_at, record from json_each(?) as wanted join readings as r on r.id = wanted.value';
    const ids = this.#ids.filter((id) => id !== undefined);
    return packEntries(readRun(this.#database, select, JSON.stringify(ids)));
  }

  isDue(lastId: number): boolean {
    return lastId - this.#writtenThroughId >= WRITE_EVERY;
  }

  /** Of readings up to `throughId`. Inside the caller's transaction; `written` follows its commit. */
  write(throughId: number): void {
    for (const device of this.#moved) {
      this.#write.run(device, this.#ids[device] as number, this.#times[device] as number);
    }
    writeMeta(this.#database, 'latestThroughId', throughId);
  }

  /** The same where a batch comes in below: the next start reads on from there. Inside the caller's transaction. */
  goBack(throughId: number): void {
    if (throughId >= this.#writtenThroughId) return;
    writeMeta(this.#database, 'latestThroughId', throughId);
    this.#writtenThroughId = throughId;
  }

  written(throughId: number): void {
    this.#moved.clear();
    this.#writtenThroughId = throughId;
  }

  /** A batch is on disk. */
  move({ records, count, given }: BatchMessage, { firstId, repeats }: StoredBatch): void {
    let id = firstId;
    let nextRepeat = 0;
    for (let start = 0, position = 0; position < count; position++) {
      if (repeats[nextRepeat] === position) nextRepeat++;
      else {
        this.#observe(
          given ? (given.readings[position] as number) : id++,
          records[start + RECORD_DEVICE] as number,
          records[start + RECORD_MEASURED_AT] as number,
          storedQuality(records, start + RECORD_STORED),
        );
      }
      start += records[start + RECORD_LENGTH] as number;
    }
  }

  #observe(id: number, device: number, measuredAt: number, quality: number): void {
    if (quality & NEVER_LATEST) return;
    const known = this.#times[device];
    if (known !== undefined && known > measuredAt) return;
    this.#ids[device] = id;
    this.#times[device] = measuredAt;
    this.#moved.add(device);
  }

  #load(): void {
    for (const { device, id, measured_at } of this.#database.prepare('select * from latest').iterate()) {
      this.#ids[Number(device)] = Number(id);
      this.#times[Number(device)] = Number(measured_at);
    }
    for (const run of readRuns(this.#database, 'true', this.#writtenThroughId)) {
      let from = 0;
      run.ids.forEach((id, i) => {
        const quality = storedQuality(run.numbers, from);
        this.#observe(id, run.devices[i] as number, run.measuredAts[i] as number, quality);
        from += (run.bytes[i] as number) / 8;
      });
    }
  }
}
