/**
 * textOf: the bytes of a payload → its text, whichever of Unicode's encodings it is in.
 *
 * Asked by whatever reads text: JSON, words, lines of numbers. .NET, Windows and some PLCs send UTF-16, with a
 * byte order mark or without. What is text of any format begins with a character of ASCII, so that a NUL as one of its
 * first two bytes tells which it is. Invariants: never throws; UTF-8 is passed on as it is; what a buffer that was not
 * cleared has before the text goes.
 */

/** Of a text in UTF-16: which of a character's two bytes comes first. */
type Order = 'low-first' | 'high-first';

export function textOf(payload: Buffer): string {
  const order = orderOf(payload);
  if (order === undefined) return withoutBegin(payload.toString());
  const even = payload.subarray(0, payload.length & ~1);
  // A copy: `swap16` turns its own bytes.
  const units = order === 'low-first' ? even : Buffer.from(even).swap16();
  return withoutBegin(units.toString('utf16le'));
}

/**
 * The text without the NULs and white space behind it. Looked for from its end: `/[\0\s]+$/` begins anew at each
 * character of a run, which takes minutes where 256 KiB of blanks stand before something else.
 */
export function withoutEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isBlank(text[end - 1] as string)) end--;
  return text.slice(0, end);
}

function isBlank(char: string): boolean {
  return char === '\0' || char.trim() === '';
}

/** Whether the bytes are UTF-16, so that they are none of UTF-8. */
export function isUtf16(payload: Buffer): boolean {
  return orderOf(payload) !== undefined;
}

function orderOf(payload: Buffer): Order | undefined {
  const [first, second, third, fourth] = payload;
  if (first === undefined || second === undefined) return undefined;
  if (first === 0xff && second === 0xfe) return 'low-first';
  if (first === 0xfe && second === 0xff) return 'high-first';
  if (third === undefined || fourth === undefined) return undefined;
  // `{` and `"` in UTF-16 without a mark. One NUL before a text of UTF-8 is another thing: its third byte is none.
  if (first !== 0 && second === 0 && third !== 0 && fourth === 0) return 'low-first';
  if (first === 0 && second !== 0 && third === 0 && fourth !== 0) return 'high-first';
  return undefined;
}

/** Without a byte order mark, and without NULs before the text. */
function withoutBegin(text: string): string {
  const first = text.charCodeAt(0);
  return first === 0 || first === 0xfeff ? text.replace(/^[\0\ufeff]+/, '') : text;
}
