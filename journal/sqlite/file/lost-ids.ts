/**
 * Which ids the journal's file may have lost, kept in it until a log outside was asked for them.
 *
 * Noted where damage is found: by a salvage, and at a start without its log. With a log outside the note is what is
 * copied from there (journal/replica/refill.ts); without one it stays, should one be set later. Invariant: a span may
 * name too many ids and never too few.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { IdSpan, LostIds } from '../../journal-log.ts';
import { readMeta, writeMeta } from './journal-file.ts';

/** Keys of `meta`. */
const LOST_IDS = 'lostIds';
/** A name that changes where entries came in below the last id: who has read on from there begins anew. */
const REFILLED = 'refilled';
/** Of one series; beyond it the span that is last reaches over the rest. */
export const MAX_SPANS = 200;

const NOTHING_LOST: LostIds = { readings: [], messages: [], rejections: [] };

export function readLostIds(database: DatabaseSync): LostIds {
  const text = readMeta(database, LOST_IDS);
  return typeof text === 'string' ? (JSON.parse(text) as LostIds) : NOTHING_LOST;
}

/** Adds to what is noted. */
export function noteLostIds(database: DatabaseSync, lost: LostIds): void {
  const noted = readLostIds(database);
  const united: LostIds = {
    readings: uniteSpans([...noted.readings, ...lost.readings]),
    messages: uniteSpans([...noted.messages, ...lost.messages]),
    rejections: uniteSpans([...noted.rejections, ...lost.rejections]),
  };
  if (Object.values(united).some((spans) => spans.length > 0)) {
    writeMeta(database, LOST_IDS, JSON.stringify(united));
  }
}

/** A log outside was asked for all of them, and `hadSome` that were copied. */
export function forgetLostIds(database: DatabaseSync, hadSome: boolean): void {
  database.exec('begin immediate');
  try {
    database.prepare('delete from meta where key = ?').run(LOST_IDS);
    if (hadSome) writeMeta(database, REFILLED, crypto.randomUUID());
    database.exec('commit');
  } catch (error) {
    if (database.isTransaction) database.exec('rollback');
    throw error;
  }
}

/** From a damaged file into the one that takes its place. */
export function copyNotes(damaged: DatabaseSync, fresh: DatabaseSync): void {
  noteLostIds(fresh, readLostIds(damaged));
  const refilled = readMeta(damaged, REFILLED);
  if (refilled !== undefined) writeMeta(fresh, REFILLED, refilled);
}

/**
 * By what somebody who builds on the journal's ids and numbers knows it: its name, and since when nothing came in
 * below.
 */
export function readIdentity(database: DatabaseSync): string {
  const refilled = readMeta(database, REFILLED);
  return `${readMeta(database, 'journal')}${refilled === undefined ? '' : ` ${refilled}`}`;
}

/** In order, without overlaps, and no more of them than the bound. */
function uniteSpans(spans: readonly IdSpan[]): readonly IdSpan[] {
  const united: [number, number][] = [];
  for (const [from, to] of spans.toSorted(([a], [b]) => a - b)) {
    const last = united.at(-1);
    if (last && (from <= last[1] + 1 || united.length === MAX_SPANS)) last[1] = Math.max(last[1], to);
    else if (from <= to) united.push([from, to]);
  }
  return united;
}
