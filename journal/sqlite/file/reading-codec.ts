/**
 * Readings as rows of float64 (record-layout.ts), and back: what crosses from the event loop to the journal's
 * threads, and what is stored. Names are numbers of a dictionary that only grows: a device, a quantity of a
 * kind (column), a word (state). So the event loop writes no text and copies no objects.
 * Invariant: decode(encode(reading)) is the reading, whatever the order of its keys; what `encode` numbered
 * reaches the file (`takeAdditions`) in the commit of the first reading that needs it, or earlier.
 */
import type { Reading } from '../../../devices/reading.ts';
import type { Dictionary, DictionaryColumn, DictionaryDevice } from './dictionary.ts';
import {
  HEADER_LENGTH,
  MAX_COLUMNS,
  RECORD_DEVICE,
  RECORD_LENGTH,
  RECORD_MEASURED_AT,
  RECORD_STORED,
  type RecordBuffer,
  reserve,
  STORED_FLAGS,
  STORED_MASK,
  STORED_SEQ,
  STORED_VALUES,
} from './record-layout.ts';

/** States come from the kinds' own lists; more words than this are a bug that puts free text into a state. */
const MAX_WORDS = 10_000;

/** The columns of a kind in the order of the mask's bits. */
export interface KindColumns {
  readonly kind: string;
  readonly names: readonly string[];
  readonly isWord: readonly boolean[];
}

export class ReadingCodec {
  readonly #devices: DictionaryDevice[] = [];
  readonly #columnsOfDevice: KindColumns[] = [];
  /** device → its numbers; nearly always one, more where kinds or cities share an id. */
  readonly #numbersOfDevice = new Map<string, number[]>();
  readonly #columnsOfKind = new Map<string, KindColumns>();
  readonly #words: string[] = [];
  readonly #numberOfWord = new Map<string, number>();
  #additions: Dictionary | undefined;

  constructor(dictionary: Dictionary) {
    this.learn(dictionary);
  }

  /** Takes entries that another thread has numbered; they must follow those known here. */
  learn({ devices, columns, words }: Dictionary): void {
    for (const device of devices) this.#addDevice(device);
    for (const column of columns) this.#addColumn(column);
    for (const word of words) this.#addWord(word);
  }

  /** How many entries of each list are known, in the order devices, columns, words. */
  get size(): { devices: number; columns: number; words: number } {
    let columns = 0;
    for (const { names } of this.#columnsOfKind.values()) columns += names.length;
    return { devices: this.#devices.length, columns, words: this.#words.length };
  }

  /** What `encode` had to number since the last call: it must reach the file before its readings do. */
  takeAdditions(): Dictionary | undefined {
    const additions = this.#additions;
    this.#additions = undefined;
    return additions;
  }

  numberOf({ city, kind, device }: DictionaryDevice): number | undefined {
    return this.#numbersOfDevice.get(device)?.find((number) => {
      const known = this.#devices[number];
      return known?.kind === kind && known.city === city;
    });
  }

  columnsOf(device: number): KindColumns {
    const columns = this.#columnsOfDevice[device];
    if (!columns) throw new RangeError(`device number ${device} is not in the dictionary`);
    return columns;
  }

  deviceAt(number: number): string {
    return (this.#devices[number] as DictionaryDevice).device;
  }

  wordAt(number: number): string {
    return this.#words[number] as string;
  }

  /** Appends `reading` to `target`; returns its length in numbers. Throws RangeError for a time that is none. */
  encode(reading: Reading, target: RecordBuffer): number {
    const { measuredAt, receivedAt, values } = reading;
    if (!Number.isFinite(measuredAt) || !Number.isFinite(receivedAt)) {
      throw new RangeError(`a reading of ${reading.device} has no finite time`);
    }
    const device = this.#deviceNumber(reading);
    const columns = this.#columnsOfDevice[device] as KindColumns;
    let given = 0;
    for (const _ in values) given++;
    reserve(target, HEADER_LENGTH + columns.names.length + given);
    let written = this.#encodeValues(columns, values, target);
    if (written !== given) {
      this.#addColumnsOf(columns, values);
      written = this.#encodeValues(columns, values, target);
    }
    const start = target.length;
    const length = HEADER_LENGTH + written;
    const numbers = target.values;
    numbers[start + RECORD_LENGTH] = length;
    numbers[start + RECORD_DEVICE] = device;
    numbers[start + RECORD_MEASURED_AT] = measuredAt;
    numbers[start + RECORD_STORED] = receivedAt;
    numbers[start + RECORD_STORED + STORED_SEQ] = reading.seq ?? Number.NaN;
    numbers[start + RECORD_STORED + STORED_FLAGS] = reading.quality * 2 + (reading.simulated ? 1 : 0);
    target.length = start + length;
    return length;
  }

  /** The reading of a stored record that starts at `at` in `numbers`. */
  decode(device: number, measuredAt: number, numbers: Float64Array, at: number): Reading {
    const columns = this.columnsOf(device);
    const { city, kind, device: name } = this.#devices[device] as DictionaryDevice;
    const receivedAt = numbers[at] as number;
    const seq = numbers[at + STORED_SEQ] as number;
    const flags = numbers[at + STORED_FLAGS] as number;
    const mask = numbers[at + STORED_MASK] as number;
    const values: Record<string, number | string> = {};
    let next = at + STORED_VALUES;
    for (let i = 0; i < columns.names.length; i++) {
      if (!(mask & (1 << i))) continue;
      const value = numbers[next++] as number;
      values[columns.names[i] as string] = columns.isWord[i] ? (this.#words[value] as string) : value;
    }
    const simulated = flags % 2 === 1;
    const quality = Math.floor(flags / 2);
    // Two literals: spreading an optional seq into one costs more than all the rest.
    return Number.isNaN(seq)
      ? { city, kind, device: name, measuredAt, receivedAt, simulated, quality, values }
      : { city, kind, device: name, measuredAt, receivedAt, seq, simulated, quality, values };
  }

  /** Writes mask and values behind the header; returns how many values, without moving `target.length`. */
  #encodeValues({ names, isWord }: KindColumns, values: Reading['values'], target: RecordBuffer): number {
    const numbers = target.values;
    const first = target.length + HEADER_LENGTH;
    let next = first;
    let mask = 0;
    for (let i = 0; i < names.length; i++) {
      const value = values[names[i] as string];
      if (value === undefined) continue;
      if (typeof value === 'number') {
        if (isWord[i]) continue;
        // −0 becomes 0, as it does in JSON.
        numbers[next++] = value + 0;
      } else {
        if (!isWord[i]) continue;
        numbers[next++] = this.#numberOfWord.get(value) ?? this.#additionalWord(value);
      }
      mask |= 1 << i;
    }
    numbers[target.length + RECORD_STORED + STORED_MASK] = mask;
    return next - first;
  }

  #deviceNumber({ city, kind, device }: Reading): number {
    // Written out: numberOf with its closure costs twice as much, and this runs for every reading.
    const numbers = this.#numbersOfDevice.get(device);
    if (numbers) {
      for (const number of numbers) {
        const known = this.#devices[number] as DictionaryDevice;
        if (known.kind === kind && known.city === city) return number;
      }
    }
    const added = { city, kind, device };
    this.#added().devices.push(added);
    return this.#addDevice(added);
  }

  #addColumnsOf(columns: KindColumns, values: Reading['values']): void {
    for (const [name, value] of Object.entries(values)) {
      const isWord = typeof value === 'string';
      if (columns.names.some((known, i) => known === name && columns.isWord[i] === isWord)) continue;
      const added = { kind: columns.kind, name, isWord };
      this.#addColumn(added);
      this.#added().columns.push(added);
    }
  }

  #additionalWord(word: string): number {
    const number = this.#addWord(word);
    this.#added().words.push(word);
    return number;
  }

  #added(): Dictionary {
    this.#additions ??= { devices: [], columns: [], words: [] };
    return this.#additions;
  }

  #addDevice(device: DictionaryDevice): number {
    const number = this.#devices.push(device) - 1;
    this.#columnsOfDevice.push(this.#kind(device.kind));
    const numbers = this.#numbersOfDevice.get(device.device);
    if (numbers) numbers.push(number);
    else this.#numbersOfDevice.set(device.device, [number]);
    return number;
  }

  #addColumn({ kind, name, isWord }: DictionaryColumn): void {
    const columns = this.#kind(kind);
    if (columns.names.length >= MAX_COLUMNS) {
      throw new RangeError(`kind ${kind} has more than ${MAX_COLUMNS} quantities; ${name} does not fit`);
    }
    (columns.names as string[]).push(name);
    (columns.isWord as boolean[]).push(isWord);
  }

  #addWord(word: string): number {
    if (this.#words.length >= MAX_WORDS) {
      throw new RangeError(`more than ${MAX_WORDS} different words in states; ${word} does not fit`);
    }
    const number = this.#words.push(word) - 1;
    this.#numberOfWord.set(word, number);
    return number;
  }

  #kind(kind: string): KindColumns {
    let columns = this.#columnsOfKind.get(kind);
    if (!columns) {
      columns = { kind, names: [], isWord: [] };
      this.#columnsOfKind.set(kind, columns);
    }
    return columns;
  }
}
