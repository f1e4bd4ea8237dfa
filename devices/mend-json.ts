/**
 * mendJson: what microcontrollers print in place of JSON → JSON that says the same.
 *
 * Asked by parse-json.ts where a text is no JSON. Outside of strings, and only where it leaves no doubt: what is no
 * number, or is missing, becomes `null`; `+3.1`, `.5`, `3.` and `03.1` become numbers; a comma before a closing
 * bracket goes. Invariants: strings stay as they are; it takes time in proportion to the text.
 */

/** As printf, Arduino and Python write what is no number; `(ind)` and `1.#IND` are Microsoft's. */
const NON_NUMBER =
  /^(?:[+-]?(?:nan|inf(?:inity)?|ovf|1\.#(?:qnan|snan|ind|inf)\d*)(?:\((?:s?nan|ind)\))?|none|null|undefined)$/i;
const NUMBER = /^([+-]?)0*(\d*)(?:\.(\d*))?(e[+-]?\d+)?$/i;
/** The longest that printf makes of a float, with room. */
const MAX_TOKEN_CHARACTERS = 80;

/** A string with its end, a token, a colon with nothing behind it, a comma before a closing bracket. */
const PIECE = /"(?:[^"\\]+|\\.)*"?|[\w.+#()-]+|:\s*(?=[,}\]])|,\s*(?=[}\]])/gs;

export function mendJson(text: string): string {
  return text.replace(PIECE, (piece) => {
    switch (piece[0]) {
      case '"':
        return piece;
      case ':':
        return ':null';
      case ',':
        return '';
      default:
        return mendToken(piece);
    }
  });
}

function mendToken(token: string): string {
  if (token.length > MAX_TOKEN_CHARACTERS) return token;
  if (NON_NUMBER.test(token)) return 'null';
  const match = NUMBER.exec(token);
  if (!match || !/\d/.test(token)) return token;
  const [, sign, whole, fraction, exponent = ''] = match;
  return `${sign === '-' ? '-' : ''}${whole || '0'}${fraction ? `.${fraction}` : ''}${exponent}`;
}
