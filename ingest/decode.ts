/**
 * Decode: bytes of a telemetry publish → a list of JSON values, one for each reading claimed.
 *
 * A step of pipeline.ts, once it is known whose topic it is. It knows JSON and the envelope's shape and nothing of
 * kinds. Invariants: never throws; a payload that is not understood is a Rejection that says where it went wrong; of a
 * list that was cut off or has a broken item the complete ones are kept. How many readings one message holds is
 * bounded by the packet alone.
 */

import { isJsonObject, JsonFailure, type JsonObject, parseJson } from '../devices/parse-json.ts';
import { hintBareValue, type JsonItems, parseJsonItems } from '../devices/parse-json-items.ts';
import { type Rejection, reject } from '../devices/rejection.ts';

export { isJsonObject, type JsonObject } from '../devices/parse-json.ts';

export function parseTelemetry(payload: Buffer): JsonItems | Rejection {
  const json = parseJsonItems(payload);
  if (json instanceof JsonFailure) return json.rejection;
  const { items, isList } = json;
  if (!isList && !isJsonObject(items[0]))
    return reject('not-an-object', `expected a JSON object, or an array of them${hintBareValue(items[0])}`);
  return items.length === 0 ? reject('empty-batch', 'an array must hold at least one reading') : json;
}

/** One JSON object: what `ack` carries. */
export function parseObject(payload: Buffer): JsonObject | Rejection {
  const json = parseJson(payload);
  if (json instanceof JsonFailure) return json.rejection;
  return isJsonObject(json) ? json : reject('not-an-object', 'expected a JSON object');
}
