/**
 * Entries read from the file, packed into float64 for the way to the event loop: [id, record] end to end.
 *
 * Written by the journal's threads, read by open-journal.ts with its dictionary, which knows every name that
 * a row can bear. Invariant: `unpackEntries(packEntries(rows))` are the entries in the order of the rows.
 */
import type { JournalEntry } from './journal.ts';
import type { PackedEntries } from './journal-messages.ts';
import type { ReadingCodec } from './reading-codec.ts';
import {
  createRecordBuffer,
  RECORD_DEVICE,
  RECORD_LENGTH,
  RECORD_MEASURED_AT,
  RECORD_STORED,
  reserve,
} from './record-layout.ts';

/** Packs rows of [id, device, measured_at, record]. */
export function packEntries(rows: Iterable<unknown>): PackedEntries {
  const packed = createRecordBuffer(1024);
  for (const row of rows) {
    const [id, device, measuredAt, record] = row as [number, number, number, Uint8Array];
    const stored = storedNumbers(record);
    reserve(packed, 1 + RECORD_STORED + stored.length);
    const numbers = packed.values;
    numbers[packed.length++] = id;
    const start = packed.length;
    numbers[start + RECORD_LENGTH] = RECORD_STORED + stored.length;
    numbers[start + RECORD_DEVICE] = device;
    numbers[start + RECORD_MEASURED_AT] = measuredAt;
    numbers.set(stored, start + RECORD_STORED);
    packed.length += RECORD_STORED + stored.length;
  }
  return packed.values.subarray(0, packed.length);
}

export function unpackEntries(packed: PackedEntries, codec: ReadingCodec): JournalEntry[] {
  const entries: JournalEntry[] = [];
  for (let at = 0; at < packed.length; ) {
    const id = packed[at] as number;
    const start = at + 1;
    const device = packed[start + RECORD_DEVICE] as number;
    const measuredAt = packed[start + RECORD_MEASURED_AT] as number;
    entries.push({ id, reading: codec.decode(device, measuredAt, packed, start + RECORD_STORED) });
    at = start + (packed[start + RECORD_LENGTH] as number);
  }
  return entries;
}

/** The float64 of a record; SQLite gives each blob a buffer of its own, but nobody promises its alignment. */
export function storedNumbers(record: Uint8Array): Float64Array {
  return record.byteOffset % 8 === 0
    ? new Float64Array(record.buffer, record.byteOffset, record.byteLength / 8)
    : new Float64Array(record.slice().buffer);
}
