/**
 * parseJsonItems: the bytes of a message that may hold several items → each of them, and what could not be read.
 *
 * Asked by ingest and by the formats whose messages are lists: a JSON array, or objects one after the other, a line
 * each (NDJSON). A buffer that was cut off by a full memory or a lost link, or has one broken item in its middle, is
 * kept for its complete items. Invariants: never throws and takes time in proportion to the bytes; an item is taken
 * only where it is complete; what is not taken is a refusal that says its place and keeps its text.
 */
import { endOf, JsonFailure, parseJson } from './parse-json.ts';
import { textOf, withoutEnd } from './payload-text.ts';
import { type Rejection, reject } from './rejection.ts';

/** A piece of the message that is no item. */
export interface RefusedPiece {
  /** As it was sent. */
  readonly text: string;
  readonly rejection: Rejection;
}

export interface JsonItems {
  readonly items: readonly unknown[];
  readonly refused: readonly RefusedPiece[];
  /** How many items stand before the first refused piece. */
  readonly soundUntil: number;
  /** The message was an array, or several objects. */
  readonly isList: boolean;
}

interface Piece {
  readonly text: string;
  readonly isCut: boolean;
}

/** Between items: commas and white space. */
const BETWEEN = /[\s,\ufeff]*/y;
/** What is no item, up to where one may begin again. */
const NO_ITEM = /[^{}[\]]+/y;

/** The items; the failure of the whole where it has not one complete item. */
export function parseJsonItems(payload: Buffer): JsonItems | JsonFailure {
  const json = parseJson(payload);
  if (!(json instanceof JsonFailure)) {
    const isList = Array.isArray(json);
    const items = isList ? json : [json];
    return { items, refused: [], soundUntil: items.length, isList };
  }
  const text = withoutEnd(textOf(payload));
  const pieces = linesOf(text) ?? piecesOf(text);
  const items: unknown[] = [];
  const refused: RefusedPiece[] = [];
  let soundUntil: number | undefined;
  for (const [index, piece] of pieces.entries()) {
    const item = piece.isCut ? undefined : parsePiece(piece.text);
    if (item !== undefined && !(item instanceof JsonFailure)) {
      items.push(item);
      continue;
    }
    soundUntil ??= items.length;
    refused.push({ text: piece.text, rejection: explain(index, item?.rejection.detail) });
  }
  if (items.length === 0) return json;
  return { items, refused, soundUntil: soundUntil ?? items.length, isList: true };
}

/** What was refused, in the order in which it stood. */
export function rejectionsOf({ refused }: JsonItems): readonly Rejection[] {
  return refused.map(({ rejection }) => rejection);
}

/** What to do where an object was expected and a number or a text stands; empty of all else. */
export function hintBareValue(json: unknown): string {
  if (typeof json === 'number') return '; for a bare number register the device with --format value';
  const isJsonInText = typeof json === 'string' && /^\s*[{[]/.test(json);
  return isJsonInText ? '; it is JSON within a text: send it without the quotes around it' : '';
}

/** An object alone: a number or a word is no item of a list that was broken. */
function parsePiece(text: string): unknown {
  const json = parseJson(Buffer.from(text));
  if (json instanceof JsonFailure || (typeof json === 'object' && json !== null)) return json;
  return new JsonFailure(reject('not-an-object', 'expected a JSON object'));
}

function explain(index: number, why: string | undefined): Rejection {
  const place = `item ${index + 1} of the message`;
  return why === undefined
    ? reject('not-json', `${place} is cut off; the complete ones before it are taken`)
    : reject('not-json', `${place} is no JSON: ${why}; the others are taken`);
}

/** NDJSON: each line begins an object of its own, so that a line which was cut off costs only itself. */
function linesOf(text: string): readonly Piece[] | undefined {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  if (lines.length < 2 || !lines.every((line) => line.trimStart().startsWith('{'))) return undefined;
  return lines.map((line, index) => ({
    text: line,
    isCut: index === lines.length - 1 && endOf(line, line.indexOf('{')) === undefined,
  }));
}

/** The elements of one array, or of objects and arrays one after the other. */
function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let isInArray = false;
  for (let at = after(BETWEEN, text, 0); at < text.length; at = after(BETWEEN, text, at)) {
    const char = text[at];
    if ((char === '[' && !isInArray) || (char === ']' && isInArray)) {
      isInArray = !isInArray;
      at++;
    } else if (char === '{' || char === '[') {
      const end = endOf(text, at);
      pieces.push({ text: text.slice(at, end), isCut: end === undefined });
      at = end ?? text.length;
    } else {
      const end = Math.max(at + 1, after(NO_ITEM, text, at));
      pieces.push({ text: text.slice(at, end).trimEnd(), isCut: false });
      at = end;
    }
  }
  return pieces;
}

function after(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
