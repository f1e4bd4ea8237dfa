/**
 * The thread that reads the journal's file: entries and messages older than memory holds, and rejections.
 *
 * A connection of its own, so that a slow read delays neither a commit nor the event loop (WAL: readers and
 * the writer do not wait for each other). Spoken to by open-journal.ts alone. Invariant: only what is
 * committed is seen; after an error the file is opened anew, since a salvage may have replaced it.
 */
import type { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { createCallAnswerer } from '../../../database/worker-calls.ts';
import type { RejectionQuery } from '../../journal.ts';
import { openJournalFileReadOnly } from '../file/journal-file.ts';
import { packEntries } from '../file/packed-entries.ts';
import { RUN_COLUMNS, readRun } from '../file/row-runs.ts';
import type { IdRange, PackedEntries, ReaderCalls, RejectionAnswer } from '../journal-messages.ts';
import { readMessagesAfter } from '../writing/message-log.ts';

const port = parentPort;
if (!port) throw new Error('journal-reader.ts runs as a worker thread only');
const { file } = workerData as { file: string };
let database: DatabaseSync | undefined;

const answer = createCallAnswerer<ReaderCalls>({
  readAfter: (range) => reading((opened) => readAfter(opened, range)),
  messagesAfter: (range) => reading((opened) => readMessagesAfter(opened, range)),
  rejections: (query) => reading((opened) => readRejections(opened, query)),
  reopen: () => close(),
});
port.on('message', answer);

function reading<T>(read: (opened: DatabaseSync) => T): T {
  database ??= openJournalFileReadOnly(file);
  try {
    return read(database);
  } catch (error) {
    close();
    throw error;
  }
}

function close(): void {
  database?.close();
  database = undefined;
}

function readAfter(opened: DatabaseSync, { afterId, throughId, limit }: IdRange): PackedEntries {
  const select = `select ${RUN_COLUMNS} from readings where id > ? and id <= ? order by id limit ?`;
  return packEntries(readRun(opened, select, afterId, throughId, limit));
}

function readRejections(
  opened: DatabaseSync,
  { device, reason, before, limit }: RejectionQuery,
): RejectionAnswer[] {
  const conditions = ['id < ?'];
  const parameters: (string | number)[] = [before ?? Number.MAX_SAFE_INTEGER];
  if (device !== undefined) {
    conditions.push('device = ?');
    parameters.push(device);
  }
  if (reason !== undefined) {
    conditions.push('reason = ?');
    parameters.push(reason);
  }
  const rows = opened
    .prepare(`select * from rejections where ${conditions.join(' and ')} order by id desc limit ?`)
    .all(...parameters, limit);
  return rows.map((row) => ({
    id: Number(row['id']),
    device: row['device'] as string | null,
    reason: String(row['reason']),
    detail: String(row['detail']),
    topic: String(row['topic']),
    clientId: String(row['client_id']),
    receivedAt: Number(row['received_at']),
    replayedAt: row['replayed_at'] as number | null,
    payload: row['payload'] as Uint8Array,
  }));
}
