/**
 * The rows that a salvage moves from a damaged journal into a new one, table by table.
 *
 * Used by salvage.ts alone. Invariants: ids and numbers stay; a reading counts only with the digest it was stored
 * with, a message only where each of its columns holds what belongs there, since a page can be whole and of another
 * table.
 */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { Dictionary } from '../file/dictionary.ts';
import { digestOf, STORED_MASK, STORED_VALUES } from '../file/record-layout.ts';
import { readRowsAround } from './rows-around-damage.ts';

const ROWS_PER_COMMIT = 10_000;

export function copyDictionary(fresh: DatabaseSync, { devices, columns, words }: Dictionary): void {
  fresh.exec('begin');
  const device = fresh.prepare('insert into devices values (?, ?, ?, ?)');
  devices.forEach((each, number) => {
    device.run(number, each.city, each.kind, each.device);
  });
  const column = fresh.prepare('insert into columns values (?, ?, ?, ?)');
  columns.forEach((each, number) => {
    column.run(number, each.kind, each.name, each.isWord ? 1 : 0);
  });
  const word = fresh.prepare('insert into words values (?, ?)');
  words.forEach((each, number) => {
    word.run(number, each);
  });
  fresh.exec('commit');
}

export function copyReadings(damaged: DatabaseSync, fresh: DatabaseSync, { devices }: Dictionary) {
  const insert = fresh.prepare(
    'insert into readings values (?, ?, ?, ?, ?) on conflict (measured_at, device, digest) do nothing',
  );
  const unreadable: [number, number][] = [];
  let rows = 0;
  let lastId = 0;
  fresh.exec('begin');
  for (const part of readRowsAround(damaged, 'readings')) {
    if ('from' in part) {
      unreadable.push([part.from, part.to]);
      continue;
    }
    const { id, device, measured_at, digest, record } = part.row;
    lastId = Number(id);
    if (Number(device) >= devices.length || !isWhole(record, digest)) {
      unreadable.push([lastId, lastId]);
      continue;
    }
    insert.run(lastId, device as number, measured_at as number, digest as number, record as Uint8Array);
    if (++rows % ROWS_PER_COMMIT === 0) fresh.exec('commit; begin');
  }
  fresh.exec('commit');
  return { rows, unreadable, lastId };
}

/** The record has the digest under which it was stored. */
function isWhole(record: unknown, digest: unknown): boolean {
  if (!(record instanceof Uint8Array) || record.byteLength % 8 !== 0) return false;
  const numbers = new Float64Array(record.slice().buffer);
  if (numbers.length < STORED_VALUES || !Number.isInteger(numbers[STORED_MASK])) return false;
  return digestOf(new Uint32Array(numbers.buffer), 0, numbers.length) === digest;
}

export function copyRejections(damaged: DatabaseSync, fresh: DatabaseSync) {
  const insert = fresh.prepare('insert into rejections values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const copied = { rows: 0, lastId: 0, unreadable: [] as [number, number][] };
  fresh.exec('begin');
  for (const part of readRowsAround(damaged, 'rejections')) {
    if ('from' in part) {
      copied.unreadable.push([part.from, part.to]);
      continue;
    }
    insert.run(...Object.values(part.row));
    copied.lastId = Number(part.row['id']);
    copied.rows++;
  }
  fresh.exec('commit');
  return copied;
}

/** A file of the first version has none, which is whole. */
export function copyMessages(damaged: DatabaseSync, fresh: DatabaseSync) {
  const copied = { rows: 0, lastId: 0, unreadable: [] as [number, number][] };
  const known = damaged.prepare("select 1 from sqlite_schema where name = 'messages'");
  if (known.get() === undefined) return copied;
  // Two rows may claim to be the newest of a device where the one that unmarked the other is lost.
  const unmark = fresh.prepare('update messages set is_latest = 0 where device = ? and is_latest = 1');
  const insert = fresh.prepare('insert into messages values (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  fresh.exec('begin');
  for (const part of readRowsAround(damaged, 'messages')) {
    if ('from' in part || !isMessage(part.row)) {
      const id = 'from' in part ? 0 : Number(part.row['id']);
      copied.unreadable.push('from' in part ? [part.from, part.to] : [id, id]);
      continue;
    }
    if (part.row['is_latest'] === 1) unmark.run(part.row['device'] as string);
    insert.run(...(Object.values(part.row) as SQLInputValue[]));
    copied.lastId = Number(part.row['id']);
    if (++copied.rows % ROWS_PER_COMMIT === 0) fresh.exec('commit; begin');
  }
  fresh.exec('commit');
  return copied;
}

function isMessage(row: Record<string, SQLOutputValue>): boolean {
  const { channel, device, received_at, is_replay, is_latest, client_id, topic, payload } = row;
  return (
    (channel === 'status' || channel === 'ack') &&
    [device, client_id, topic].every((each) => typeof each === 'string') &&
    typeof received_at === 'number' &&
    [is_replay, is_latest].every((each) => each === 0 || each === 1) &&
    payload instanceof Uint8Array
  );
}
