/**
 * Decode: bytes of a telemetry publish → a list of JSON values, one for each reading claimed.
 *
 * First step of the pipeline. It knows JSON and the envelope's shape and nothing of kinds. Invariants: never
 * throws; a payload that is not understood is a Rejection that says where it went wrong. How many readings one
 * message holds is bounded by the packet alone.
 */

import { isJsonObject, JsonFailure, type JsonObject, parseJson } from '../devices/parse-json.ts';
import { type Rejection, reject } from '../devices/rejection.ts';

export { isJsonObject, type JsonObject } from '../devices/parse-json.ts';

export function parseTelemetry(payload: Buffer): readonly unknown[] | Rejection {
  const json = parseJson(payload);
  if (json instanceof JsonFailure) return json.rejection;
  if (!Array.isArray(json)) {
    return isJsonObject(json)
      ? [json]
      : reject('not-an-object', 'expected a JSON object, or an array of them');
  }
  return json.length === 0 ? reject('empty-batch', 'an array must hold at least one reading') : json;
}

/** One JSON object: what `ack` carries. */
export function parseObject(payload: Buffer): JsonObject | Rejection {
  const json = parseJson(payload);
  if (json instanceof JsonFailure) return json.rejection;
  return isJsonObject(json) ? json : reject('not-an-object', 'expected a JSON object');
}
