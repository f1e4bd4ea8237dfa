/**
 * A SenML pack in CBOR → the same in JSON [RFC 8428, 6].
 *
 * Before senml.ts, which knows JSON alone. Invariant: what is no list in CBOR is passed on as it is.
 */
import { type Rejection, reject } from '../rejection.ts';
import { CborError, readCbor } from './cbor-reader.ts';

/** Keys of a record are numbers. */
const LABELS: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  ...([
    [-1, 'bver'],
    [-2, 'bn'],
    [-3, 'bt'],
    [-4, 'bu'],
    [-5, 'bv'],
    [-6, 'bs'],
  ] as const),
  ...([
    [0, 'n'],
    [1, 'u'],
    [2, 'v'],
    [3, 'vs'],
    [4, 'vb'],
    [5, 's'],
    [6, 't'],
    [7, 'ut'],
    [8, 'vd'],
  ] as const),
]);

/** JSON; or why it is none. */
export function unpackCbor(payload: Buffer): Buffer | Rejection {
  // Lists begin with 0x80 to 0x9f, which no text of UTF-8 does.
  const first = payload[0] ?? 0;
  if (first < 0x80 || first > 0x9f) return payload;
  try {
    const pack = readCbor(payload);
    return Buffer.from(JSON.stringify(Array.isArray(pack) ? pack.map(toRecord) : pack));
  } catch (error) {
    if (error instanceof CborError) return reject('bad-format', `no SenML in CBOR: ${error.message}`);
    throw error;
  }
}

function toRecord(record: unknown): unknown {
  if (!(record instanceof Map)) return record;
  return Object.fromEntries([...record].map(([key, value]) => [LABELS.get(key) ?? String(key), value]));
}
