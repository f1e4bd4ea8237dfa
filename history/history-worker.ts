/**
 * The thread of the embedded history: follows the journal's file on a connection of its own, and answers.
 *
 * Looks every few seconds what the journal has on; settles it when it is much or when it is old, in steps
 * between which questions are answered. Spoken to by open-sqlite-history.ts alone. Invariant: one settling at
 * a time; a damaged file of history is set aside and built again from the journal.
 */
import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { createCallAnswerer } from '../database/worker-calls.ts';
import { isDamage } from '../journal/sqlite/failure-policy.ts';
import { EMPTY_DICTIONARY } from '../journal/sqlite/file/dictionary.ts';
import {
  openJournalFileReadOnly,
  pragma,
  readDictionary,
  readLastId,
} from '../journal/sqlite/file/journal-file.ts';
import { readIdentity } from '../journal/sqlite/file/lost-ids.ts';
import { ReadingCodec } from '../journal/sqlite/file/reading-codec.ts';
import { ChunkStore } from './chunk-store.ts';
import { countDays } from './count-days.ts';
import { openHistoryFile, readSettledThroughId, setAsideHistoryFile } from './history-file.ts';
import type { HistoryCalls, HistoryData, HistoryEvent } from './history-messages.ts';
import { noteNames } from './known-names.ts';
import { type HistorySource, readRaw, readWindows } from './read-history.ts';
import { settleRound } from './settle.ts';
import { type ThinnedThrough, thinChunks } from './thin-chunks.ts';
import { trimChunks } from './trim-chunks.ts';

/** How often the journal is looked at. */
const LOOK_EVERY_MS = 5_000;
/** Settle when so many wait: a question then reads at most these and five seconds more, some 5 ms. */
const SETTLE_ENTRIES = 20_000;
/** … or when the oldest has waited for so long. */
const SETTLE_AFTER_MS = 60_000;

const port = parentPort;
if (!port) throw new Error('history-worker.ts runs as a worker thread only');
const { file, journalFile, openedAt } = workerData as HistoryData;

interface Opened extends HistorySource {
  journal: DatabaseSync;
  /** Tells whether a salvage has put another file in the journal's place. */
  journalInode: number;
  database: DatabaseSync;
  chunks: ChunkStore;
  codec: ReadingCodec;
  settledThroughId: number;
  thinned: ThinnedThrough;
}
let opened: Opened;
let settling: Promise<void> | undefined;
let isClosing = false;
/** By the monotonic clock. */
let settledAtMs = performance.now();
const clock = setInterval(look, LOOK_EVERY_MS);

port.on(
  'message',
  createCallAnswerer<HistoryCalls>({
    open() {
      const rebuilt = open(openedAt);
      return { settledThroughId: opened.settledThroughId, ...(rebuilt ? { rebuilt } : {}) };
    },
    raw: (query) => asking((source) => readRaw(source, query)),
    windows: (query) => asking((source) => readWindows(source, query)),
    countDays: (question) => asking((source) => countDays(source, question)),
    async settle() {
      // What waits now may be behind the round that runs.
      await settling;
      await settleAll();
    },
    trim: (bounds) => trimChunks(opened, bounds),
    thin(tracks) {
      learn();
      return thinChunks(opened, tracks, opened.thinned);
    },
    async close() {
      isClosing = true;
      clearInterval(clock);
      await settling;
      close();
    },
  }),
);

function open(nowMs: number): string | undefined {
  const journal = openJournalFileReadOnly(journalFile);
  const names = readDictionary(journal);
  const followed = { identity: readIdentity(journal), lastId: readLastId(journal), names };
  const { database, rebuilt } = openHistoryFile(file, followed, nowMs);
  opened = {
    journal,
    journalInode: statSync(journalFile).ino,
    database,
    chunks: new ChunkStore(database),
    codec: new ReadingCodec(EMPTY_DICTIONARY),
    settledThroughId: readSettledThroughId(database),
    thinned: new Map(),
  };
  learn();
  return rebuilt;
}

function close(): void {
  opened.journal.close();
  opened.database.close();
}

function reopen(): void {
  close();
  const rebuilt = open(Date.now());
  if (rebuilt) post({ event: 'rebuilt', cause: rebuilt });
}

/** After an error that means damage: a damaged file of history begins anew, a damaged journal is reported. */
function replaceDamaged(error: Error): void {
  if (isWhole(opened.database)) {
    post({ event: 'journal-damaged', cause: error.message });
    return;
  }
  close();
  const setAside = setAsideHistoryFile(file, Date.now());
  open(Date.now());
  post({ event: 'rebuilt', cause: `it was damaged (${error.message}) and is now ${setAside}` });
}

function isWhole(database: DatabaseSync): boolean {
  try {
    return Object.values(database.prepare('pragma quick_check(1)').get() ?? {})[0] === 'ok';
  } catch {
    return false;
  }
}

/** Names that the journal has added since. */
function learn(): void {
  opened.codec.learn(readDictionary(opened.journal, opened.codec.size));
}

function isReplaced(): boolean {
  // Between the two renames of a salvage there is none: the next look finds the new one.
  const inode = statSync(journalFile, { throwIfNoEntry: false })?.ino;
  return inode !== undefined && inode !== opened.journalInode;
}

function asking<T>(ask: (source: HistorySource) => T): T {
  if (isReplaced() && !settling) reopen();
  learn();
  try {
    return ask(opened);
  } catch (error) {
    if (!isDamage(error) || settling) throw error;
    replaceDamaged(error as Error);
    return ask(opened);
  }
}

function look(): void {
  if (settling || isClosing) return;
  try {
    if (isReplaced()) reopen();
    const waiting = readLastId(opened.journal) - opened.settledThroughId;
    const isDue = waiting >= SETTLE_ENTRIES || performance.now() - settledAtMs >= SETTLE_AFTER_MS;
    if (waiting > 0 && isDue) settleAll().catch(report);
  } catch (error) {
    report(error);
  }
}

function settleAll(): Promise<void> {
  settling ??= settleRounds().finally(() => {
    settling = undefined;
  });
  return settling;
}

async function settleRounds(): Promise<void> {
  for (let before = -1; before < opened.settledThroughId && !isClosing; ) {
    before = opened.settledThroughId;
    learn();
    noteNames(opened.database, opened.journal);
    const round = settleRound(opened.journal, opened, before);
    let step = round.next();
    for (; !step.done && !isClosing; step = round.next()) await nextTurn();
    if (!step.done) return;
    opened.settledThroughId = step.value;
    settledAtMs = performance.now();
    post({
      event: 'settled',
      throughId: step.value,
      waiting: readLastId(opened.journal) - step.value,
      fileBytes: pragma(opened.database, 'page_count') * pragma(opened.database, 'page_size'),
    });
  }
}

function report(error: unknown): void {
  if (isDamage(error)) replaceDamaged(error as Error);
  else post({ event: 'problem', cause: (error as Error).message });
}

function post(event: HistoryEvent): void {
  port?.postMessage(event);
}
