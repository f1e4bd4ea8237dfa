/**
 * startJournal: the journal's file at the start of the writing thread: looked at, salvaged where it is damaged, opened.
 *
 * What opening would hide is looked at before: a salvage that was interrupted, a log with a hole, files that are not
 * as the last run left them. Invariant: ids that a lost reading may have had are not given again.
 */
import { copyFileSync, existsSync } from 'node:fs';
import { checkJournalFile } from './check-journal-file.ts';
import { findLostLog } from './check-journal-log.ts';
import type { Dictionary } from './dictionary.ts';
import { isDamage } from './failure-policy.ts';
import { readDictionary, WAL_MAX_BYTES } from './journal-file.ts';
import type { OpenedJournal, WriterData } from './journal-messages.ts';
import type { JournalStore } from './journal-store.ts';
import { lookAtLastRun, removeOpenMark } from './open-mark.ts';
import {
  finishSalvage,
  MESSAGE_ROW_BYTES_MIN,
  nameForDamaged,
  ROW_BYTES_MIN,
  salvageJournal,
} from './salvage.ts';

/** What a log can hold that was deleted: some checkpoints that a long read had put off. */
const GONE_LOG_BYTES = 4 * WAL_MAX_BYTES;

export interface StartedJournal {
  readonly store: JournalStore;
  readonly dictionary: Dictionary;
  readonly report: OpenedJournal;
}

export function startJournal({ file, openedAt }: WriterData, openStore: () => JournalStore): StartedJournal {
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
    salvage = salvageJournal({ file, cause: (error as Error).message, atMs: openedAt });
    checkJournalFile(file);
    store = openStore();
  }
  const dictionary = readDictionary(store.database);
  const lostLog = lost &&
    setAside && { commits: lost.commits, setAside, skippedIds: skipIds(store, lost.bytes) };
  const leftOpen = fault && {
    fault,
    ...(fault === 'log-gone' ? { skippedIds: skipIds(store, GONE_LOG_BYTES) } : {}),
  };
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

/** Consumers may have read on past what is left of so many bytes: what comes now must have higher ids. */
function skipIds(store: JournalStore, bytes: number): readonly [number, number] {
  const firstId = store.lastId + 1;
  const lastId = store.lastId + Math.ceil(bytes / ROW_BYTES_MIN);
  store.skipIds(lastId, store.messages.lastId + Math.ceil(bytes / MESSAGE_ROW_BYTES_MIN));
  return [firstId, lastId];
}
