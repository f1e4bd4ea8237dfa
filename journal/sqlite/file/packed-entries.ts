/**
 * Entries read from the file, packed into float64 for the way to the event loop: [id, record] end to end.
 *
 * Written by the journal's threads, read by the event loop with its dictionary, which knows every name that
 * a row can bear. Invariant: `unpackEntries(packEntries(run))` are the entries in the order of the rows.
 */
import type { JournalEntry } from '../../journal.ts';
import type { PackedEntries } from '../journal-messages.ts';
import type { ReadingCodec } from './reading-codec.ts';
import { RECORD_DEVICE, RECORD_LENGTH, RECORD_MEASURED_AT, RECORD_STORED } from './record-layout.ts';
import type { RowRun } from './row-runs.ts';

export function packEntries({ ids, devices, measuredAts, bytes, numbers }: RowRun): PackedEntries {
  const packed = new Float64Array(ids.length * (1 + RECORD_STORED) + numbers.length);
  let end = 0;
  let from = 0;
  for (let i = 0; i < ids.length; i++) {
    const length = (bytes[i] as number) / 8;
    packed[end++] = ids[i] as number;
    packed[end + RECORD_LENGTH] = RECORD_STORED + length;
    packed[end + RECORD_DEVICE] = devices[i] as number;
    packed[end + RECORD_MEASURED_AT] = measuredAts[i] as number;
    end += RECORD_STORED;
    for (const until = from + length; from < until; from++) packed[end++] = numbers[from] as number;
  }
  return packed;
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
