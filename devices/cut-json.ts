/**
 * parseCutObject: an object whose text ends early → what of it is complete, and where it was cut.
 *
 * Asked by the formats whose messages are an object around a list, or around the object of a sensor, where the whole
 * is no JSON: a buffer that was too small, a body whose sender went away. Invariants: never throws and takes time in
 * proportion to the text; a member counts only where something stands behind it, so that 1.4 of 1.42 is no number; an
 * element of a list counts only as a whole. What the missing end could have said is for the format to judge: it is
 * told by `open` which of its objects and lists were not closed.
 */
import { isJsonObject, JsonFailure, type JsonObject, parseJson } from './parse-json.ts';
import { textOf, withoutEnd } from './payload-text.ts';
import { type Rejection, reject } from './rejection.ts';

export interface CutObject {
  readonly json: JsonObject;
  /** The names of the objects and lists that were open at the end, the outermost first. */
  readonly open: readonly string[];
  readonly rejection: Rejection;
}

interface Level {
  readonly isList: boolean;
  /** Of an object: the last name. */
  key: string;
}

/**
 * A string, a bracket, a comma, a colon; what is between is numbers and words. The end of a string is optional, so that
 * nothing is ever tried twice.
 */
const TOKEN = /"((?:[^"\\]+|\\.)*)"?|[{}[\],:]/gs;
const MAX_DEPTH = 50;

/** Undefined where it is no object that ends early. */
export function parseCutObject(payload: Buffer): CutObject | undefined {
  const text = withoutEnd(textOf(payload));
  if (!/^\s*\{/.test(text)) return undefined;
  const levels: Level[] = [];
  // Where the text could be closed: everything before is complete.
  let sound: { readonly end: number; readonly closing: string } | undefined;
  let lastString = '';
  const mark = (end: number) => {
    if (!isInElement(levels)) sound = { end, closing: closingOf(levels) };
  };
  for (const match of text.matchAll(TOKEN)) {
    const [token, string] = match;
    const level = levels.at(-1);
    if (string !== undefined) lastString = string;
    else if (token === ':' && level) level.key = lastString;
    else if (token === ',') mark(match.index);
    else if (token === '{' || token === '[') {
      levels.push({ isList: token === '[', key: '' });
      if (levels.length > MAX_DEPTH) return undefined;
      mark(match.index + 1);
    } else if (token === '}' || token === ']') {
      levels.pop();
      // It is whole: what is wrong with it is another thing.
      if (levels.length === 0) return undefined;
      mark(match.index + 1);
    }
  }
  const json = sound ? parseJson(Buffer.from(text.slice(0, sound.end) + sound.closing)) : undefined;
  if (json instanceof JsonFailure || !isJsonObject(json)) return undefined;
  const open = levels.filter(({ isList }) => !isList).map(({ key }) => key);
  const detail = `the message ends early, in ${open.join('.').slice(0, 80)}; what is complete before it is read`;
  return { json, open, rejection: reject('not-json', detail) };
}

/** Whether an object that is an element of a list is open. */
function isInElement(levels: readonly Level[]): boolean {
  const list = levels.findIndex(({ isList }) => isList);
  return list >= 0 && list < levels.length - 1;
}

function closingOf(levels: readonly Level[]): string {
  return levels
    .map(({ isList }) => (isList ? ']' : '}'))
    .reverse()
    .join('');
}
