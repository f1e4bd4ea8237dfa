/**
 * clueOf: what a payload that could not be read probably is, and what to do about it, as the end of a sentence.
 *
 * Asked where text or JSON was expected and something else came: a packed body, a binary format, another format's text.
 * Invariants: it explains and never reads; looks at the first bytes alone; what it does not know has no clue.
 */
import { isUtf8 } from 'node:buffer';

/** Enough to know a format by its begin. */
const LOOKED_AT_BYTES = 200;
const SHOWN_BYTES = 8;

/** Magic numbers: RFC 1952, RFC 8878, and RFC 1950 with the usual levels. */
const PACKINGS: readonly (readonly [string, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['zlib', [0x78, 0x01]],
  ['zlib', [0x78, 0x9c]],
  ['zlib', [0x78, 0xda]],
];
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/^#\s*(?:HELP|TYPE)\s/, 'it is the text of Prometheus metrics: send JSON, or line protocol'],
  [
    /^<(?:!doctype html|html)/i,
    "it is a web page, perhaps a proxy's or a portal's: look at what the client asked",
  ],
  [/^</, 'it is XML: send JSON'],
  [
    /^[\w.-]+=[^\s&=]+(?:&[\w.-]+=[^\s&=]*)*$/,
    'it is a form (name=value&…): register the device with --format mapped, which reads one, or send JSON',
  ],
  [
    /^[\w\\,=./-]+ [\w.-]+=\S+(?: \d+)?\s*$/m,
    'it is line protocol: register the device with --format line-protocol',
  ],
  [/^[{[]/, 'it is JSON: register the device with --format mapped, or with its own format'],
  [/^(?=\S*\d)[A-Za-z0-9+/]{16,}={0,2}$/, 'it is base64 or hexadecimal digits: send what they stand for'],
];

/** Empty where there is none. */
export function clueOf(payload: Buffer): string {
  for (const [name, begin] of PACKINGS) {
    if (begin.every((byte, at) => payload[at] === byte))
      return `it is packed with ${name}: send it unpacked (over HTTP it may be packed, with Content-Encoding)`;
  }
  const begin = payload.subarray(0, LOOKED_AT_BYTES);
  if (isUtf8(payload)) {
    const text = begin.toString().trim();
    const known = TEXTS.find(([pattern]) => pattern.test(text));
    if (known) return known[1];
    if (!hasControl(begin)) return '';
  }
  const shown = payload.subarray(0, SHOWN_BYTES).toString('hex');
  return `it is no text (${shown}${payload.length > SHOWN_BYTES ? '…' : ''}): protobuf, CBOR or MessagePack? send JSON`;
}

/** A control character that stands in no text. */
function hasControl(bytes: Buffer): boolean {
  return bytes.some((byte) => byte < 0x20 && byte !== 0 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
}
