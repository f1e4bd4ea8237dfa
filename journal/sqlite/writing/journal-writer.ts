/**
 * The thread that owns the journal's file: takes batches as they come, commits all that wait at once.
 *
 * While one commit runs (fsync), the event loop posts further batches; they are the next commit. A commit that
 * fails is judged by failure-policy.ts: tried again until there is room, or after a salvage. Spoken to by
 * open-journal.ts alone. Invariant: outcomes are posted in order of the batches, after their fsync.
 */
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { BackOff } from '../../../clock/back-off.ts';
import { createCallAnswerer } from '../../../database/worker-calls.ts';
import { FIRST_RETRY_MS, LAST_RETRY_MS, policyOf } from '../failure-policy.ts';
import type { Dictionary } from '../file/dictionary.ts';
import { noteLeftOutIds } from '../file/left-out-ids.ts';
import { forgetLostIds, readLostIds } from '../file/lost-ids.ts';
import { OpenMark, removeOpenMark } from '../file/open-mark.ts';
import type {
  BatchMessage,
  OpenedJournal,
  WriterCalls,
  WriterData,
  WriterEvent,
} from '../journal-messages.ts';
import { finishSalvage, type SalvageOptions, salvageJournal } from '../salvage/salvage.ts';
import { thinStep } from '../upkeep/thin-readings.ts';
import { trimStep } from '../upkeep/trim-journal.ts';
import { JournalStore } from './journal-store.ts';
import { startJournal } from './start-journal.ts';

/** For readiness and the log. */
const MISPLACED = 'the file of the journal is not the one that is open';
/** How often is looked for it where nothing is committed. */
const LOOK_EVERY_MS = 1_000;

const port = parentPort;
if (!port) throw new Error('journal-writer.ts runs as a worker thread only');
const options = workerData as WriterData;
const waiting: BatchMessage[] = [];
const closing = new AbortController();
/** Every name numbered so far: a salvage of the running journal does not depend on the damaged file for them. */
let known: Dictionary = { devices: [], columns: [], words: [] };
let store: JournalStore;
let mark: OpenMark;
let watch: NodeJS.Timeout | undefined;
let working: Promise<void> | undefined;
/** The event loop has been told of a problem that is not over. */
let hasProblem = false;
/** Found, and not salvaged yet: `store` is closed, and nothing is committed before a salvage has succeeded. */
let damage: Pick<SalvageOptions, 'cause' | 'lastId' | 'lastMessageId'> | undefined;
/** The files at their paths are not the open ones; the event loop has been told. */
let isMisplaced = false;

const answer = createCallAnswerer<WriterCalls>({
  open,
  latest: () => store.latest(),
  latestStatuses: () => store.messages.latestStatuses(),
  markReplayed: ({ id, replayedAt }) => store.markReplayed(id, replayedAt),
  trim: (step) => trimStep(store.database, options, step),
  thin: (order) => thinStep(store.database, order),
  trimMessages: (step) => store.trimMessages(step),
  salvage: ({ cause }) => salvageRunning(cause),
  lostIds() {
    if (options.followsLog) noteLeftOutIds(store.database);
    return readLostIds(store.database);
  },
  forgetLostIds: ({ hadSome }) => forgetLostIds(store.database, hadSome),
  close,
});

port.on('message', (message: BatchMessage | { call: number }) => {
  if (answer(message)) return;
  const batch = message as BatchMessage;
  if (batch.dictionary) learn(batch.dictionary);
  waiting.push(batch);
  working ??= work();
});

function learn(added: Dictionary): void {
  known.devices.push(...added.devices);
  known.columns.push(...added.columns);
  known.words.push(...added.words);
  store.learn(added);
}

/** Commits until nothing waits. */
async function work(): Promise<void> {
  // Takes in every message that has arrived already: one fsync for all of them.
  await nextTurn();
  while (waiting.length > 0) {
    const batches = nextBatches();
    await commit(batches);
    waiting.splice(0, batches.length);
    await nextTurn();
  }
  working = undefined;
}

function nextBatches(): BatchMessage[] {
  let count = 0;
  let batches = 0;
  for (const batch of waiting) {
    if (batches > 0 && count + batch.count > options.maxBatch) break;
    count += batch.count;
    batches++;
  }
  return waiting.slice(0, batches);
}

async function commit(batches: readonly BatchMessage[]): Promise<void> {
  let salvages = 0;
  const backOff = new BackOff({ firstMs: FIRST_RETRY_MS, lastMs: LAST_RETRY_MS, signal: closing.signal });
  for (;;) {
    const startedAt = performance.now();
    try {
      if (damage) salvageDamaged(damage);
      const stored = store.commit(batches);
      if (!(await untilInPlace())) return giveUp(batches, 'JOURNAL_CLOSED', MISPLACED);
      endProblem();
      acknowledge(batches, stored, performance.now() - startedAt);
      return;
    } catch (error) {
      const { action, sentence } = policyOf(error);
      const cause = (error as Error).message;
      if (action === 'give-up' || salvages > 1) return giveUp(batches, 'JOURNAL_IO', cause);
      reportProblem(sentence, cause);
      if (action === 'salvage') {
        salvages++;
        closeDamaged(cause);
        continue;
      }
      if (closing.signal.aborted) return giveUp(batches, 'JOURNAL_CLOSED', cause);
      await backOff.pause();
    }
  }
}

function acknowledge(
  batches: readonly BatchMessage[],
  stored: ReturnType<JournalStore['commit']>,
  commitMs: number,
): void {
  const outcomes = stored.batches.map((outcome, i) => ({
    ...outcome,
    records: (batches[i] as BatchMessage).records,
  }));
  post(
    {
      event: 'committed',
      outcomes,
      commitMs,
      count: batches.reduce((sum, { count }) => sum + count, 0),
      rejections: stored.rejections,
      rejectionsDropped: stored.rejectionsDropped,
      rejectionsOfShare: stored.rejectionsOfShare,
      beyondShare: stored.beyondShare,
      messagesHeld: store.messages.held,
      fileBytes: store.fileBytes,
      usedBytes: store.usedBytes,
    },
    outcomes.map(({ records }) => records.buffer),
  );
}

/** Whether the files are where a restart looks for them. A change is said, also while nothing is committed. */
function look(): boolean {
  const isInPlace = damage !== undefined || mark.isInPlace();
  if (isInPlace !== isMisplaced) return isInPlace;
  isMisplaced = !isInPlace;
  if (isMisplaced) reportProblem(MISPLACED, `${options.file} or its log was removed or replaced`);
  else if (!working) endProblem();
  return isInPlace;
}

/** What has been committed is not acknowledged before. False where the journal is to be closed meanwhile. */
async function untilInPlace(): Promise<boolean> {
  while (!look()) {
    if (closing.signal.aborted) return false;
    await delay(LOOK_EVERY_MS, undefined, { signal: closing.signal }).catch(() => undefined);
  }
  return true;
}

function endProblem(): void {
  if (hasProblem) post({ event: 'well' });
  hasProblem = false;
}

function giveUp(
  batches: readonly BatchMessage[],
  code: 'JOURNAL_IO' | 'JOURNAL_CLOSED',
  cause: string,
): void {
  // What is committed next is the end of it.
  hasProblem = true;
  post({ event: 'gave-up', batches: batches.length, code, cause });
}

function reportProblem(sentence: string, cause: string): void {
  hasProblem = true;
  post({ event: 'problem', sentence, cause });
}

function post(event: WriterEvent, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(event, transfer);
}

function open(): OpenedJournal {
  const started = startJournal(options, openStore);
  store = started.store;
  known = started.dictionary;
  watch = setInterval(look, LOOK_EVERY_MS);
  return started.report;
}

function openStore(): JournalStore {
  const opened = new JournalStore(options);
  mark = new OpenMark(options.file);
  return opened;
}

/** Somebody else found damage. Where the salvage fails the next commit tries it again. */
function salvageRunning(cause: string): void {
  closeDamaged(cause);
  try {
    if (damage) salvageDamaged(damage);
  } catch (error) {
    reportProblem('the journal is damaged and cannot be salvaged', (error as Error).message);
    throw error;
  }
}

function closeDamaged(cause: string): void {
  if (damage) return;
  damage = { cause, lastId: store.lastId, lastMessageId: store.messages.lastId };
  // The salvage puts other files in their place.
  removeOpenMark(options.file);
  store.abandon();
}

/** Between commits, or before one that is tried again: what it holds is committed into the new file. */
function salvageDamaged(found: NonNullable<typeof damage>): void {
  // The last one may have ended between its renames.
  finishSalvage(options.file, Date.now());
  const { file, followsLog } = options;
  const report = salvageJournal({ ...found, file, followsLog, atMs: Date.now(), dictionary: known });
  store = openStore();
  damage = undefined;
  post({ event: 'salvaged', report });
}

/** Lets what waits be committed, once more at once where it had failed, and closes the file. */
async function close(): Promise<void> {
  closing.abort();
  clearInterval(watch);
  await working;
  // Files that are not ours any more stay marked: the next start says so.
  if (look()) removeOpenMark(options.file);
  store.close();
}
