/**
 * parseLines: InfluxDB's line protocol → lines with their measurement, tags, fields and time.
 *
 *   measurement[,tag=value…] field=value[,field=value…] [time]
 *
 * Used by the format `line-protocol` and by the API, which names the first bad line. To the letter of InfluxDB's own
 * rules: a backslash escapes what would end a name, and nothing else; a text may hold line breaks. Invariants: never
 * throws; takes time in proportion to the text; a bad line costs itself and no other, a `nan` its field alone; a time
 * keeps its millisecond.
 */
import {
  type FieldValue,
  isNoNumber,
  type Precision,
  parseFieldValue,
  parseLineTime,
  ValueFault,
} from './line-protocol-values.ts';

export interface Line {
  readonly measurement: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly fields: ReadonlyMap<string, FieldValue>;
  /** Epoch ms; undefined where the line has no time. */
  readonly atMs: number | undefined;
}

/** A line that could not be read. */
export interface LineFault {
  /** From 1, as an editor counts. */
  readonly line: number;
  /** Its begin. */
  readonly text: string;
  readonly reason: string;
}

export interface ParsedLines {
  readonly lines: readonly Line[];
  /** The first one; undefined where all were good. */
  readonly firstFault: LineFault | undefined;
  readonly faultCount: number;
  /** There were more than MAX_LINES, and what follows was not looked at. */
  readonly isCut: boolean;
}

/** Of one message; ten times what Telegraf sends at once. */
export const MAX_LINES = 10_000;
const SHOWN_CHARACTERS = 80;

export function parseLines(text: string, precision: Precision | 'by-size' = 'ns'): ParsedLines {
  const reader = new LineReader(text, precision);
  const lines: Line[] = [];
  let firstFault: LineFault | undefined;
  let faultCount = 0;
  for (;;) {
    if (!reader.findLine()) return { lines, firstFault, faultCount, isCut: false };
    if (lines.length + faultCount >= MAX_LINES) return { lines, firstFault, faultCount, isCut: true };
    const line = reader.readLine();
    if (typeof line === 'object') {
      lines.push(line);
      if (!reader.hasNoNumber) continue;
      firstFault ??= reader.explain('invalid number');
      faultCount++;
    } else {
      firstFault ??= reader.explain(line);
      faultCount++;
      reader.skipBadLine();
    }
  }
}

export function formatFault({ text, reason }: LineFault): string {
  return `unable to parse '${text}': ${reason}`;
}

/** What may stand before a line. */
const BLANK = /[ \t\r\n\0]*/y;
/** One pass over the text. What is read gives its value, or why there is none as a sentence. */
class LineReader {
  readonly #text: string;
  readonly #precision: Precision | 'by-size';
  /** The line has a field with `nan`, without which it is read. */
  #hasNoNumber = false;
  #at = 0;
  #lineStart = 0;
  /** Up to where line breaks have been counted, and how many there were. */
  #countedTo = 0;
  #breaks = 0;

  constructor(text: string, precision: Precision | 'by-size') {
    this.#text = text;
    this.#precision = precision;
  }

  /** Goes to the next line that is not blank and no comment; false at the end. */
  findLine(): boolean {
    for (;;) {
      BLANK.lastIndex = this.#at;
      BLANK.test(this.#text);
      this.#at = BLANK.lastIndex;
      this.#lineStart = this.#at;
      if (this.#at >= this.#text.length) return false;
      if (this.#text[this.#at] !== '#') return true;
      this.skipBadLine();
    }
  }

  get hasNoNumber(): boolean {
    return this.#hasNoNumber;
  }

  readLine(): Line | string {
    this.#hasNoNumber = false;
    const measurement = this.#readName(', ', ', ');
    if (measurement === '') return 'missing measurement';
    const tags = this.#readTags();
    if (typeof tags === 'string') return tags;
    this.#skipSpaces();
    const fields = this.#readFields();
    if (typeof fields === 'string') return fields;
    const atMs = this.#readTime();
    return typeof atMs === 'string' ? atMs : { measurement, tags, fields, atMs };
  }

  /** A quote that is never closed would take all lines behind it: the next one begins at the first line break. */
  skipBadLine(): void {
    const end = this.#text.indexOf('\n', this.#lineStart);
    this.#at = end < 0 ? this.#text.length : end + 1;
  }

  explain(reason: string): LineFault {
    for (; this.#countedTo < this.#lineStart; this.#countedTo++) {
      if (this.#text[this.#countedTo] === '\n') this.#breaks++;
    }
    const shown = this.#text.slice(this.#lineStart, this.#lineStart + SHOWN_CHARACTERS);
    return { line: this.#breaks + 1, text: shown.split(/\r?\n/, 1)[0] as string, reason };
  }

  #readTags(): Map<string, string> | string {
    const tags = new Map<string, string>();
    while (this.#text[this.#at] === ',') {
      this.#at++;
      const key = this.#readName('=, ', '=, ');
      if (key === '') return 'missing tag key';
      if (this.#text[this.#at] !== '=') return 'missing tag value';
      this.#at++;
      const value = this.#readName('=, ', '=, ');
      if (value === '') return 'missing tag value';
      if (this.#text[this.#at] === '=') return 'invalid tag format';
      if (tags.has(key)) return 'duplicate tags';
      tags.set(key, value);
    }
    return tags;
  }

  #readFields(): Map<string, FieldValue> | string {
    const fields = new Map<string, FieldValue>();
    for (;;) {
      const key = this.#readName('=, ', '=, ').replace(/\r$/, '');
      const isKey = this.#text[this.#at] === '=';
      if (key === '') return isKey || fields.size > 0 ? 'missing field key' : 'missing fields';
      if (!isKey) return 'invalid field format';
      this.#at++;
      const isQuoted = this.#text[this.#at] === '"';
      const word = isQuoted ? '' : this.#readWord(', \n');
      if (!isQuoted && isNoNumber(word)) this.#hasNoNumber = true;
      else {
        const value = isQuoted ? this.#readText() : parseFieldValue(word);
        if (value instanceof ValueFault) return value.reason;
        fields.set(key, value);
      }
      if (this.#text[this.#at] !== ',') return fields.size > 0 ? fields : 'invalid number';
      this.#at++;
    }
  }

  /** Up to one of `stops` without a backslash before it, or the end of the line. */
  #readName(stops: string, escaped: string): string {
    let name = '';
    let from = this.#at;
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at] as string;
      const next = this.#text[this.#at + 1];
      if (character === '\\' && next !== undefined && escaped.includes(next)) {
        name += this.#text.slice(from, this.#at);
        from = ++this.#at;
      } else if (character === '\n' || stops.includes(character)) break;
    }
    return name + this.#text.slice(from, this.#at);
  }

  /** A text in quotes, line breaks and all; a backslash escapes a quote and a backslash. */
  #readText(): string | ValueFault {
    let value = '';
    let from = ++this.#at;
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at];
      if (character === '"') {
        value += this.#text.slice(from, this.#at++);
        return this.#isAtEndOfValue() ? value : new ValueFault('invalid field format');
      }
      const next = this.#text[this.#at + 1];
      if (character === '\\' && (next === '"' || next === '\\')) {
        value += this.#text.slice(from, this.#at);
        from = ++this.#at;
      }
    }
    return new ValueFault('unbalanced quotes');
  }

  #isAtEndOfValue(): boolean {
    const next = this.#text[this.#at];
    return next === undefined || ', \r\n'.includes(next);
  }

  #readTime(): number | undefined | string {
    this.#skipSpaces();
    const word = this.#readWord(' \n');
    this.#skipSpaces();
    // What is left before the line break is the first half of it, or nothing.
    if (this.#readWord('\n') !== '') return 'bad timestamp';
    return word === '' ? undefined : parseLineTime(word, this.#precision);
  }

  /** Up to one of `stops`, without the first half of a CRLF. */
  #readWord(stops: string): string {
    const from = this.#at;
    while (this.#at < this.#text.length && !stops.includes(this.#text[this.#at] as string)) this.#at++;
    return this.#text.slice(from, this.#at).replace(/\r$/, '');
  }

  #skipSpaces(): void {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at++;
  }
}
