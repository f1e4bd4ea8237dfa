/**
 * startJournal: the journal's file at the start of the writing thread: looked at, salvaged where it is damaged, opened.
 *
 * What opening would hide is looked at before: a salvage that was interrupted, a log with a hole, files that are not as
 * the last run left them. What may be lost is noted (lost-ids.ts). Invariant: ids that a lost reading may have had are
 * not given again to another one: they are left out, or where a log outside gives the ids, the log has them.
 */
import { copyFileSync, existsSync } from 'node:fs';
import { isDamage } from '../failure-policy.ts';
import type { Dictionary } from '../file/dictionary.ts';
import { readDictionary, readLastRejectionId, WAL_MAX_BYTES } from '../file/journal-file.ts';
import { noteLostIds } from '../file/lost-ids.ts';
import { type LeftOpen, lookAtLastRun, removeOpenMark } from '../file/open-mark.ts';
import type { OpenedJournal, WriterData } from '../journal-messages.ts';
import { checkJournalFile } from '../salvage/check-journal-file.ts';
import { findLostLog } from '../salvage/check-journal-log.ts';
import {
  finishSalvage,
  MESSAGE_ROW_BYTES_MIN,
  nameForDamaged,
  ROW_BYTES_MIN,
  salvageJournal,
} from '../salvage/salvage.ts';
import type { JournalStore } from './journal-store.ts';

/** What a log can hold that was deleted: some checkpoints that a long read had put off. */
const GONE_LOG_BYTES = 4 * WAL_MAX_BYTES;

export interface StartedJournal {
  readonly store: JournalStore;
  readonly dictionary: Dictionary;
  readonly report: OpenedJournal;
}

export function startJournal(options: WriterData, openStore: () => JournalStore): StartedJournal {
  const { file, openedAt, followsLog } = options;
  let salvage = finishSalvage(file, openedAt);
  const fault = lookAtLastRun(file);
  const lost = findLostLog(file);
  // Opening takes what is whole of the log into the file and begins it anew: the copy comes first.
  const setAside = lost && copyLog(file, openedAt);
  let store: JournalStore;
  try {
    checkJournalFile(file);
    store = openStore();
  } catch (error) {
    if (!isDamage(error) || !existsSync(file)) throw error;
    removeOpenMark(file);
    salvage = salvageJournal({ file, cause: (error as Error).message, atMs: openedAt, followsLog });
    checkJournalFile(file);
    store = openStore();
  }
  const dictionary = readDictionary(store.database);
  const lostLog = lost &&
    setAside && { commits: lost.commits, setAside, ...loseEnd(store, lost.bytes, followsLog) };
  if (followsLog) noteLeftOut(store);
  const leftOpen = fault && { fault, ...loseByFault(store, fault, followsLog) };
  return {
    store,
    dictionary,
    report: {
      dictionary,
      lastId: store.lastId,
      lastMessageId: store.messages.lastId,
      messagesHeld: store.messages.held,
      fileBytes: store.fileBytes,
      usedBytes: store.usedBytes,
      ...(salvage ? { salvage } : {}),
      ...(lostLog ? { lostLog } : {}),
      ...(leftOpen ? { leftOpen } : {}),
    },
  };
}

function copyLog(file: string, atMs: number): string {
  const setAside = `${nameForDamaged(file, atMs)}-wal`;
  copyFileSync(`${file}-wal`, setAside);
  return setAside;
}

function loseByFault(store: JournalStore, fault: NonNullable<LeftOpen>, followsLog: boolean) {
  if (fault === 'log-gone') return loseEnd(store, GONE_LOG_BYTES, followsLog);
  // What another file has in between is as it was in that one: nobody knows what of it this one had.
  if (fault === 'database-replaced') {
    noteLostIds(store.database, {
      readings: [[1, store.lastId]],
      messages: [[1, store.messages.lastId]],
      rejections: [[1, readLastRejectionId(store.database)]],
    });
  }
  return {};
}

/** Ids behind the last row were left out where a run without the log, or of an older Siaga, found a loss. */
function noteLeftOut({ database, lastId, messages }: JournalStore): void {
  const lastRow = Number(database.prepare('select max(id) as id from readings').get()?.['id'] ?? 0);
  // Where retention took all rows, nothing was left out.
  if (lastRow === 0 || lastRow === lastId) return;
  const lastMessage = Number(database.prepare('select max(id) as id from messages').get()?.['id'] ?? 0);
  noteLostIds(database, {
    readings: [[lastRow + 1, lastId]],
    messages: [[lastMessage + 1, messages.lastId]],
    rejections: [],
  });
}

/**
 * Consumers may have read on past what is left of so many bytes. What comes now must have higher ids: a log outside
 * gives such by itself, and has what was lost.
 */
function loseEnd(
  store: JournalStore,
  bytes: number,
  followsLog: boolean,
): { readonly skippedIds?: readonly [number, number] } {
  const messageBytes = Math.ceil(bytes / MESSAGE_ROW_BYTES_MIN);
  const readings = [store.lastId + 1, store.lastId + Math.ceil(bytes / ROW_BYTES_MIN)] as const;
  const messages = [store.messages.lastId + 1, store.messages.lastId + messageBytes] as const;
  const lastRejection = readLastRejectionId(store.database);
  const rejections = [lastRejection + 1, lastRejection + messageBytes] as const;
  noteLostIds(store.database, { readings: [readings], messages: [messages], rejections: [rejections] });
  if (followsLog) return {};
  store.skipIds(readings[1], messages[1]);
  return { skippedIds: readings };
}
