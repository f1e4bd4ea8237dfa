/**
 * parseJson: the bytes of a payload → JSON, as strict as the devices can be and no stricter.
 *
 * Asked by every format. What microcontrollers do to JSON is undone where it leaves no doubt: NUL bytes behind the text
 * or before it, a byte order mark, UTF-16 (payload-text.ts), a bare `nan` where a sensor had no number, `+3.1`, a comma
 * too many, single quotes (mend-json.ts), a `°` in Latin-1. Invariants: never throws; what is not undone is a
 * JsonFailure that says where it went wrong; a sound payload is parsed once.
 */
import { isUtf8 } from 'node:buffer';
import { mendJson } from './mend-json.ts';
import { clueOf } from './payload-clue.ts';
import { isUtf16, textOf } from './payload-text.ts';
import { type Rejection, reject } from './rejection.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Tells a refusal from every value that JSON can hold. */
export class JsonFailure {
  readonly rejection: Rejection;
  constructor(rejection: Rejection) {
    this.rejection = rejection;
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A JSON value, or a JsonFailure. */
export function parseJson(payload: Buffer): unknown {
  const text = textOf(payload);
  // What is no UTF-8 was replaced by this character, which may also have been sent.
  if (text.includes('\ufffd') && !isUtf8(payload) && !isUtf16(payload)) {
    return parseBeforeNul(payload) ?? parseLatin1(payload) ?? notUtf8(payload);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    return parseMended(text) ?? new JsonFailure(reject('not-json', explain(payload, text, error as Error)));
  }
}

/** What stands before the first NUL where something else stands behind it: a buffer that was not cleared. */
function parseBeforeNul(payload: Buffer): unknown {
  const end = payload.indexOf(0);
  return end > 0 && isUtf8(payload.subarray(0, end)) ? parseJson(payload.subarray(0, end)) : undefined;
}

/** An object or array of which only texts are not in UTF-8: `"25 °C"` by a tool that writes Latin-1. */
function parseLatin1(payload: Buffer): unknown {
  const text = payload.toString('latin1');
  const json = parseOrUndefined(text) ?? parseMended(text);
  return typeof json === 'object' ? json : undefined;
}

function notUtf8(payload: Buffer): JsonFailure {
  return new JsonFailure(reject('not-utf8', `the payload is not valid UTF-8${behind(clueOf(payload))}`));
}

function behind(clue: string): string {
  return clue === '' ? '' : `; ${clue}`;
}

function explain(payload: Buffer, text: string, error: Error): string {
  if (text === '') return 'the payload is empty';
  // A text is shown in the engine's words, where a NUL would stand in the way.
  const why = error.message.replaceAll('\0', '\u2400');
  const isCut = /^\s*[{[]/.test(text) && endOf(text, text.search(/\S/)) === undefined;
  if (isCut) return `${why}; it ends early: is the buffer of the firmware too small?`;
  return /^\s*[{[]/.test(text) ? why : `${why}${behind(clueOf(payload))}`;
}

/** Behind the bracket that closes the one at `start`; undefined where the text ends before it. */
export function endOf(text: string, start: number): number | undefined {
  let depth = 0;
  let isInString = false;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (isInString) {
      if (char === '\\') at++;
      else if (char === '"') isInString = false;
    } else if (char === '"') isInString = true;
    else if (char === '{' || char === '[') depth++;
    else if ((char === '}' || char === ']') && --depth === 0) return at + 1;
  }
  return undefined;
}

/** The value of a text that is JSON but for what is known to happen to it; undefined where it is not. */
function parseMended(text: string): unknown {
  const end = text.indexOf('\0');
  const mended = mendJson(text.slice(0, end < 0 ? undefined : end));
  return mended === text ? undefined : parseOrUndefined(mended);
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The error in what was sent says more than one in what we made of it.
    return undefined;
  }
}
