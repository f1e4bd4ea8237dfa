/**
 * Decode: bytes of a telemetry publish → a list of JSON objects, one for each reading claimed.
 *
 * First step of the pipeline. It knows JSON and the envelope's shape and nothing of kinds. Invariant: never
 * throws; a payload that is not understood is a Rejection that says where it went wrong.
 */
import { isUtf8 } from 'node:buffer';
import { type Rejection, reject } from '../devices/rejection.ts';

/** Readings in one message: an offline buffer. One more and the whole message is set aside. */
export const MAX_READINGS_PER_MESSAGE = 500;

export type JsonObject = Readonly<Record<string, unknown>>;

export function parseTelemetry(payload: Buffer): readonly unknown[] | Rejection {
  const json = parseJson(payload);
  if (json instanceof Failure) return json.rejection;
  if (!Array.isArray(json)) {
    return isJsonObject(json)
      ? [json]
      : reject('not-an-object', 'expected a JSON object, or an array of them');
  }
  if (json.length === 0) return reject('empty-batch', 'an array must hold at least one reading');
  if (json.length > MAX_READINGS_PER_MESSAGE) {
    return reject(
      'too-many-readings',
      `${json.length} readings; at most ${MAX_READINGS_PER_MESSAGE} in one message`,
    );
  }
  return json;
}

/** One JSON object: what `status` and `ack` carry. */
export function parseObject(payload: Buffer): JsonObject | Rejection {
  const json = parseJson(payload);
  if (json instanceof Failure) return json.rejection;
  return isJsonObject(json) ? json : reject('not-an-object', 'expected a JSON object');
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Tells a refusal from every value that JSON can hold. */
class Failure {
  readonly rejection: Rejection;
  constructor(rejection: Rejection) {
    this.rejection = rejection;
  }
}

function parseJson(payload: Buffer): unknown {
  if (payload.length === 0) return new Failure(reject('not-json', 'the payload is empty'));
  const text = payload.toString();
  // What is no UTF-8 was replaced by this character, which may also have been sent.
  if (text.includes('\ufffd') && !isUtf8(payload)) {
    return new Failure(reject('not-utf8', 'the payload is not valid UTF-8'));
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    return new Failure(reject('not-json', (error as Error).message));
  }
}
