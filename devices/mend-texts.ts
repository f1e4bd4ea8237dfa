/**
 * mendTexts: quantities that came as other texts than their kind says → what they are.
 *
 * Asked by ingest before a payload is judged, where it is not as its kind says: firmware that joins texts sends
 * `"levelM":"3.10"`, and `"nan"`, `"N/A"` or `""` where its sensor had no number; a tracker says `Off Duty` or
 * `ON_SCENE`. Invariant: a text that could mean more than one thing (`"3,1"`, `"3.1 m"`, `"busy"`) stays what it is,
 * and is refused by name.
 */
import type { DeviceKind } from './device-kind.ts';
import type { JsonObject } from './parse-json.ts';
import { withoutEnd } from './payload-text.ts';
import type { Quantity } from './quantity.ts';

const NUMBER = /^[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:e[+-]?\d{1,2})?$/i;
const NO_VALUE = /^(?:|[+-]?(?:nan|inf|infinity|ovf)(?:\((?:s?nan|ind)\))?|null|nil|none|undefined|n\/?a)$/i;
/** In place of a number; of a state it may be one that we do not know. */
const DASHES = /^-+$/;
/** No state is longer; what is longer is not looked at. */
const MAX_TEXT_CHARACTERS = 64;

export function mendTexts(item: JsonObject, kind: DeviceKind): JsonObject {
  let mended: Record<string, unknown> | undefined;
  for (const [name, quantity] of Object.entries(kind.sentQuantities)) {
    const sent = item[name];
    if (typeof sent !== 'string' || sent.length > MAX_TEXT_CHARACTERS) continue;
    const meant = meaningOf(withoutEnd(sent).trimStart(), quantity);
    if (meant === undefined) continue;
    mended ??= { ...item };
    mended[name] = meant;
  }
  return mended ?? item;
}

/** Null: no value. Undefined: not known. */
function meaningOf(text: string, quantity: Quantity): string | number | null | undefined {
  if (NO_VALUE.test(text)) return null;
  if (quantity.type !== 'state') {
    if (DASHES.test(text)) return null;
    return NUMBER.test(text) ? Number(text) : undefined;
  }
  const word = lettersOf(text);
  return quantity.states.find((state) => lettersOf(state) === word);
}

/** `On Scene`, `on_scene` and `ONSCENE` are one word. */
function lettersOf(text: string): string {
  return text.toLowerCase().replace(/[\s_-]+/g, '');
}
