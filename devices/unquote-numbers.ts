/**
 * unquoteNumbers: quantities that came as texts → the numbers that they are.
 *
 * Asked by ingest before a payload is judged, where it is not as its kind says: firmware that joins texts sends
 * `"levelM":"3.10"`, and `"nan"` or `""` where its sensor had no number. Invariant: a text that could mean more than
 * one number (`"3,1"`, `"3.1 m"`) stays what it is, and is refused by name.
 */
import type { DeviceKind } from './device-kind.ts';
import type { JsonObject } from './parse-json.ts';

const NUMBER = /^[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:e[+-]?\d{1,2})?$/i;
const NO_VALUE = /^(?:|[+-]?(?:nan|inf|infinity|ovf)|null|none|undefined)$/i;

export function unquoteNumbers(item: JsonObject, kind: DeviceKind): JsonObject {
  let unquoted: Record<string, unknown> | undefined;
  for (const [name, quantity] of Object.entries(kind.sentQuantities)) {
    const value = item[name];
    if (typeof value !== 'string' || quantity.type === 'state') continue;
    const text = value.trim();
    const isNumber = NUMBER.test(text);
    if (!isNumber && !NO_VALUE.test(text)) continue;
    unquoted ??= { ...item };
    unquoted[name] = isNumber ? Number(text) : null;
  }
  return unquoted ?? item;
}
