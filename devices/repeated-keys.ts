/**
 * findRepeatedKeys: names that stand twice in one object of a payload. JSON.parse takes the last of them without a
 * word.
 *
 * Asked by ingest of each telemetry payload. Invariants: a payload without them costs a count of its quotes and a walk
 * over what was parsed; never throws; at most a few are named.
 */
const QUOTE = 0x22;
const NONE: readonly string[] = [];
const MAX_NAMED = 5;
/** What is nested deeper is no reading. */
const MAX_DEPTH = 50;

/** Empty where there is none. `json` is what was parsed of the payload. */
export function findRepeatedKeys(payload: Buffer, json: unknown): readonly string[] {
  let quotes = 0;
  for (let at = 0; at < payload.length; at++) if (payload[at] === QUOTE) quotes++;
  return quotes > quotesOf(json) ? scan(payload.toString()) : NONE;
}

/** What a text of this value has, where no quote in a string is escaped. */
function quotesOf(value: unknown, depth = 0): number {
  if (typeof value === 'string') return 2;
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > MAX_DEPTH) return Number.POSITIVE_INFINITY;
  let quotes = 0;
  if (Array.isArray(value)) for (const each of value) quotes += quotesOf(each, depth + 1);
  else for (const key in value) quotes += 2 + quotesOf((value as Record<string, unknown>)[key], depth + 1);
  return quotes;
}

/** The end of a string is optional, so that nothing is ever tried twice. */
const TOKEN = /"((?:[^"\\]+|\\.)*)"?(?:(\s{0,20}:))?|[{}]/gs;

function scan(text: string): readonly string[] {
  const repeated = new Set<string>();
  const open: Set<string>[] = [];
  for (const [token, string, colon] of text.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (colon !== undefined && string !== undefined) {
      const keys = open.at(-1);
      if (keys?.has(string)) repeated.add(string.slice(0, 40));
      keys?.add(string);
      if (repeated.size >= MAX_NAMED) break;
    }
  }
  return [...repeated];
}
