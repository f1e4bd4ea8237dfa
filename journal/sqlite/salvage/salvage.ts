/**
 * What happens to a damaged journal: everything readable moves into a new file, the damaged one is set aside.
 *
 * The damaged file is only read. It may be killed at any point: the new file is written as `.salvaging` and renamed to
 * `.salvaged` when it is complete; from then on it is the journal, and `finishSalvage` goes on from there: the damaged
 * log is renamed away, the damaged file, and the new one takes its place. Invariants: ids and numbers stay; a row
 * counts only with the digest it was stored with; no id is given again that was lost; what was lost is noted
 * (lost-ids.ts).
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { IdSpan } from '../../journal-log.ts';
import { type Dictionary, EMPTY_DICTIONARY } from '../file/dictionary.ts';
import {
  openJournalFile,
  openJournalFileReadOnly,
  readDictionary,
  readMeta,
  writeMeta,
} from '../file/journal-file.ts';
import { copyNotes, noteLostIds } from '../file/lost-ids.ts';
import type { SalvageReport } from '../journal-messages.ts';
import { MESSAGES_GIVEN_THROUGH } from '../writing/message-log.ts';
import { replaceLostHeader } from './lost-header.ts';
import { copyDictionary, copyMessages, copyReadings, copyRejections } from './salvage-rows.ts';

/** The smallest row with its identity takes more; bounds how many ids a file of a size can hold. */
export const ROW_BYTES_MIN = 50;
/** The same of a message: its topic alone has some twenty. */
export const MESSAGE_ROW_BYTES_MIN = 30;
const MAX_REPORTED_RANGES = 100;

export interface SalvageOptions {
  readonly file: string;
  readonly cause: string;
  /** Names the file set aside. */
  readonly atMs: number;
  /** What a running journal knows better than its damaged file. */
  readonly dictionary?: Dictionary | undefined;
  readonly lastId?: number | undefined;
  readonly lastMessageId?: number | undefined;
  /** A log outside gives the ids, and has what was lost. */
  readonly followsLog?: boolean;
  readonly folder?: JournalFolder;
}

/** What a salvage does with whole files; each call is done when it returns, also if the machine stops then. */
export interface JournalFolder {
  rename(from: string, to: string): void;
  remove(path: string): void;
}

const JOURNAL_FOLDER: JournalFolder = {
  rename(from, to) {
    renameSync(from, to);
    const descriptor = openSync(dirname(to), 'r');
    fsyncSync(descriptor);
    closeSync(descriptor);
  },
  remove: (path) => rmSync(path, { force: true }),
};

/** Where the report of a salvage stands in the new journal, for whoever finishes it. */
const REPORT_KEY = 'salvage';

/** Goes on where a salvage that was complete was interrupted; undefined where there is none. */
export function finishSalvage(
  file: string,
  atMs: number,
  folder = JOURNAL_FOLDER,
): SalvageReport | undefined {
  const salvaged = `${file}.salvaged`;
  if (!existsSync(salvaged)) return undefined;
  const report = readReport(salvaged) ?? {
    cause: 'not known: an older Siaga found it',
    setAside: nameForDamaged(file, atMs),
    readings: 0,
    rejections: 0,
    messages: 0,
    unreadable: [],
  };
  takePlace(file, report.setAside, folder);
  return report;
}

/** The log first: it must never stand beside a file that it does not belong to. */
function takePlace(file: string, setAside: string, folder: JournalFolder): void {
  folder.remove(`${file}-shm`);
  if (existsSync(`${file}-wal`)) folder.rename(`${file}-wal`, `${setAside}-wal`);
  if (existsSync(file)) folder.rename(file, setAside);
  folder.rename(`${file}.salvaged`, file);
}

function readReport(salvaged: string): SalvageReport | undefined {
  const database = openJournalFile(salvaged);
  try {
    const text = readMeta(database, REPORT_KEY);
    return typeof text === 'string' ? (JSON.parse(text) as SalvageReport) : undefined;
  } finally {
    database.close();
  }
}

/** Throws SQLite's or the file system's error; then the damaged file is where it was, or `finishSalvage` goes on. */
export function salvageJournal(options: SalvageOptions): SalvageReport {
  const { file, folder = JOURNAL_FOLDER } = options;
  const salvaging = `${file}.salvaging`;
  for (const suffix of ['', '-wal', '-shm']) folder.remove(salvaging + suffix);
  const report = copyInto(salvaging, options, nameForDamaged(file, options.atMs));
  folder.rename(salvaging, `${file}.salvaged`);
  takePlace(file, report.setAside, folder);
  return report;
}

/** `journal.damaged-20260115T023000Z.db`, or with a number behind it where there is one already. */
export function nameForDamaged(file: string, atMs: number): string {
  const base = file.replace(/\.db$/, '');
  const stamp = new Date(atMs).toISOString().replace(/[-:]|\.\d+/g, '');
  for (let attempt = 0; ; attempt++) {
    const name = `${base}.damaged-${stamp}${attempt === 0 ? '' : `-${attempt}`}.db`;
    if (!existsSync(name)) return name;
  }
}

type Copied = Pick<SalvageReport, 'readings' | 'rejections' | 'messages' | 'unreadable'>;

/** A copy that fails is taken away again: it may be what fills the disk. */
function copyInto(salvaging: string, options: SalvageOptions, setAside: string): SalvageReport {
  const fresh = openJournalFile(salvaging);
  try {
    const copied = copyReadable(fresh, options, `${setAside}.header`);
    const report = { cause: options.cause, setAside, ...copied };
    writeMeta(fresh, REPORT_KEY, JSON.stringify(report));
    fresh.exec('pragma wal_checkpoint(truncate)');
    fresh.close();
    return report;
  } catch (error) {
    fresh.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(salvaging + suffix, { force: true });
    throw error;
  }
}

function copyReadable(fresh: DatabaseSync, options: SalvageOptions, keptHeader: string): Copied {
  const sizeBytes = statSync(options.file).size;
  const damaged = openDamaged(options.file, keptHeader);
  const guard = {
    readings: Math.ceil(sizeBytes / ROW_BYTES_MIN),
    messages: Math.ceil(sizeBytes / MESSAGE_ROW_BYTES_MIN),
  };
  const skipped = options.followsLog ? { readings: 0, messages: 0 } : guard;
  if (!damaged) {
    const through = {
      readings: (options.lastId ?? 0) + guard.readings,
      messages: (options.lastMessageId ?? 0) + guard.messages,
    };
    finishMeta(fresh, undefined, (options.lastId ?? 0) + skipped.readings);
    writeMeta(fresh, MESSAGES_GIVEN_THROUGH, (options.lastMessageId ?? 0) + skipped.messages);
    noteLostIds(fresh, {
      readings: [[1, through.readings]],
      messages: [[1, through.messages]],
      rejections: [[1, guard.messages]],
    });
    return { readings: 0, rejections: 0, messages: 0, unreadable: [[1, Number.MAX_SAFE_INTEGER]] };
  }
  try {
    const known = options.dictionary ?? orElse(undefined, () => readDictionary(damaged));
    const dictionary = known ?? EMPTY_DICTIONARY;
    copyDictionary(fresh, dictionary);
    const { rows: readings, unreadable, lastId } = copyReadings(damaged, fresh, dictionary);
    const rejections = copyRejections(damaged, fresh);
    const messages = copyMessages(damaged, fresh);
    const given = lastId + (isEndLost(unreadable) ? skipped.readings : 0);
    const through = (key: string) => Number(orElse(undefined, () => readMeta(damaged, key)) ?? 0);
    const givenMessages = messages.lastId + (messages.unreadable.length === 0 ? 0 : skipped.messages);
    // With other numbers for its names it is another journal, and history must not take it for the same.
    const journal = known && orElse(undefined, () => readMeta(damaged, 'journal'));
    finishMeta(fresh, journal, options.lastId ?? Math.max(given, through('idsGivenThrough')));
    const lastMessageId = Math.max(givenMessages, through(MESSAGES_GIVEN_THROUGH));
    writeMeta(fresh, MESSAGES_GIVEN_THROUGH, options.lastMessageId ?? lastMessageId);
    orElse(undefined, () => copyNotes(damaged, fresh));
    noteLostIds(fresh, {
      readings: endAt(unreadable, Math.max(lastId + guard.readings, through('idsGivenThrough'))),
      messages: endAt(messages.unreadable, Math.max(messages.lastId + guard.messages, lastMessageId)),
      rejections: endAt(rejections.unreadable, rejections.lastId + guard.messages),
    });
    const reported = unreadable.slice(0, MAX_REPORTED_RANGES);
    return { readings, rejections: rejections.rows, messages: messages.rows, unreadable: reported };
  } finally {
    damaged.close();
  }
}

const isEndLost = (unreadable: readonly IdSpan[]) =>
  unreadable.some(([, last]) => last === Number.MAX_SAFE_INTEGER);

/** How far a span reaches that has no end, nobody knows: at most through `lastId`. */
function endAt(unreadable: readonly IdSpan[], lastId: number): readonly IdSpan[] {
  return unreadable.map(([from, to]) => [from, to === Number.MAX_SAFE_INTEGER ? lastId : to]);
}

/** Undefined when not even a new header makes it readable. */
function openDamaged(file: string, keptHeader: string): DatabaseSync | undefined {
  const isReadable = (database: DatabaseSync) =>
    orElse(false, () => {
      database.prepare('select count(*) from sqlite_schema').get();
      database.prepare('select id from readings limit 0').all();
      return true;
    });
  const first = openJournalFileReadOnly(file);
  if (isReadable(first)) return first;
  first.close();
  if (!replaceLostHeader(file, keptHeader)) return undefined;
  const second = openJournalFileReadOnly(file);
  if (isReadable(second)) return second;
  second.close();
  return undefined;
}

function finishMeta(fresh: DatabaseSync, journal: number | string | undefined, lastId: number): void {
  if (journal !== undefined) writeMeta(fresh, 'journal', journal);
  writeMeta(fresh, 'idsGivenThrough', lastId);
}

/** `fallback` where the damage is in the way. */
function orElse<T>(fallback: T, read: () => T): T {
  try {
    return read();
  } catch {
    return fallback;
  }
}
