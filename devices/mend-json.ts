/**
 * mendJson: what microcontrollers print in place of JSON → JSON that says the same.
 *
 * Asked by parse-json.ts where a text is no JSON. Outside of strings, and only where it leaves no doubt: what is no
 * number, or is missing, becomes `null`; `+3.1`, `.5`, `3.` and `03.1` become numbers; a comma before a closing
 * bracket goes; single quotes, names without quotes and `True` become JSON's own, and what a string must escape is
 * escaped. Invariants: strings say what they said; it takes time in proportion to the text.
 */

/** As printf, Arduino and Python write what is no number; `(ind)` and `1.#IND` are Microsoft's. */
const NON_NUMBER =
  /^(?:[+-]?(?:nan|inf(?:inity)?|ovf|1\.#(?:qnan|snan|ind|inf)\d*)(?:\((?:s?nan|ind)\))?|none|null|undefined)$/i;
const NUMBER = /^([+-]?)0*(\d*)(?:\.(\d*))?(e[+-]?\d+)?$/i;
/** The longest that printf makes of a float, with room. */
const MAX_TOKEN_CHARACTERS = 80;

/** As Python and templates write them. */
const BOOLEAN = /^(?:true|false)$/i;
/** How such a name may begin; a number is none. */
const NAME = /^[\p{L}_$][\w$.-]*$/u;

/** A string with its end, one in single quotes, a name with its colon, a token, a colon with nothing behind it, a
 * comma before a closing bracket. */
const PIECE =
  /"(?:[^"\\]+|\\.)*"?|'(?:[^'\\]+|\\.)*'?|[\p{L}_$][\w$.-]*(?=\s*:)|[\w.+#()-]+|:\s*(?=[,}\]])|,\s*(?=[}\]])/gsu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL = /[\u0000-\u001f]/g;
/** A backslash with what it stands before, where that is no escape of JSON. */
const NO_ESCAPE = /\\(?:(["\\/bfnrt]|u[0-9a-fA-F]{4})|(.|$))/gs;

export function mendJson(text: string): string {
  return text.replace(PIECE, (piece, at: number) => {
    switch (piece[0]) {
      case '"':
        return mendString(piece);
      case "'":
        return requote(piece);
      case ':':
        return ':null';
      case ',':
        return '';
      default:
        return NAME.test(piece) && isFollowedByColon(text, at + piece.length)
          ? `"${piece}"`
          : mendToken(piece);
    }
  });
}

/** A tab in a text, `C:\x`: what must be escaped is. */
function mendString(string: string): string {
  const escaped = string.replace(NO_ESCAPE, (whole, _known, unknown?: string) =>
    unknown === undefined ? whole : `\\\\${unknown}`,
  );
  return escaped.replace(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `'levelM'`, as Python prints a dictionary. */
function requote(string: string): string {
  if (string.length < 2 || !string.endsWith("'")) return string;
  const inside = string
    .slice(1, -1)
    .replaceAll("\\'", "'")
    .replaceAll(/(?<!\\)"/g, '\\"');
  return mendString(`"${inside}"`);
}

function isFollowedByColon(text: string, at: number): boolean {
  let next = at;
  while (text[next] === ' ' || text[next] === '\t' || text[next] === '\n' || text[next] === '\r') next++;
  return text[next] === ':';
}

function mendToken(token: string): string {
  if (token.length > MAX_TOKEN_CHARACTERS) return token;
  if (NON_NUMBER.test(token)) return 'null';
  if (BOOLEAN.test(token)) return token.toLowerCase();
  const match = NUMBER.exec(token);
  if (!match || !/\d/.test(token)) return token;
  const [, sign, whole, fraction, exponent = ''] = match;
  return `${sign === '-' ? '-' : ''}${whole || '0'}${fraction ? `.${fraction}` : ''}${exponent}`;
}
