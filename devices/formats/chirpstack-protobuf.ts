/**
 * What ChirpStack 4 sends with its protobuf marshaler → the JSON of its other one [chirpstack, integration.proto].
 *
 * Before chirpstack.ts, which knows JSON alone. It reads an UplinkEvent: of other events the same fields say whose they
 * are. Invariants: what is no such message is passed on as it is; takes time in proportion to the bytes, and an object
 * no deeper than so many levels.
 */
import type { FormatMessage } from './format.ts';
import { ProtobufError, type ProtobufField, readFields } from './protobuf-reader.ts';

/** Objects and lists within the decoded object. */
const MAX_DEPTH = 8;

/** The message with its payload in JSON, where it is protobuf. */
export function unpackProtobuf(message: FormatMessage): FormatMessage {
  const { payload } = message;
  // Field 1, a text of 36 characters: the deduplication id.
  if (payload[0] !== 0x0a || payload[1] !== 36) return message;
  try {
    const event = readEvent(payload);
    return 'deviceInfo' in event ? { ...message, payload: Buffer.from(JSON.stringify(event)) } : message;
  } catch (error) {
    if (error instanceof ProtobufError) return message;
    throw error;
  }
}

function readEvent(payload: Buffer): Record<string, unknown> {
  const event: Record<string, unknown> = {};
  for (const field of readFields(payload)) {
    const { number, wireType, integer, bytes } = field;
    if (number === 1) event['deduplicationId'] = bytes.toString();
    else if (number === 2 && wireType === 2) event['time'] = readTime(bytes);
    else if (number === 3 && wireType === 2) event['deviceInfo'] = readDevice(bytes);
    else if (number === 7 && wireType === 0) event['fCnt'] = integer;
    else if (number === 8 && wireType === 0) event['fPort'] = integer;
    else if (number === 10 && wireType === 2) event['data'] = bytes.toString('base64');
    else if (number === 11 && wireType === 2) event['object'] = readStruct(bytes, 0);
  }
  return event;
}

/** google.protobuf.Timestamp: seconds and nanoseconds. */
function readTime(bytes: Buffer): number {
  const [seconds, nanos] = [1, 2].map((wanted) => find(bytes, wanted)?.integer ?? 0) as [number, number];
  return seconds * 1_000 + Math.floor(nanos / 1e6);
}

function readDevice(bytes: Buffer): Record<string, string> {
  const [deviceName, devEui] = [7, 8].map((wanted) => find(bytes, wanted)?.bytes.toString() ?? '');
  return { deviceName: deviceName as string, devEui: devEui as string };
}

function find(bytes: Buffer, wanted: number): ProtobufField | undefined {
  for (const field of readFields(bytes)) if (field.number === wanted) return field;
  return undefined;
}

/** google.protobuf.Struct: a map of values. */
function readStruct(bytes: Buffer, depth: number): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const { number, wireType, bytes: entry } of readFields(bytes)) {
    if (number !== 1 || wireType !== 2) continue;
    const [key, value] = [find(entry, 1)?.bytes.toString() ?? '', find(entry, 2)?.bytes];
    if (key !== '__proto__') object[key] = value && readValue(value, depth + 1);
  }
  return object;
}

/** google.protobuf.Value: 2 a number, 3 a text, 4 a boolean, 5 an object, 6 a list. */
function readValue(bytes: Buffer, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new ProtobufError(`more than ${MAX_DEPTH} levels`);
  let value: unknown = null;
  for (const { number, wireType, integer, bytes: inner } of readFields(bytes)) {
    if (number === 2 && wireType === 1) value = inner.readDoubleLE();
    else if (number === 3) value = inner.toString();
    else if (number === 4) value = integer !== 0;
    else if (number === 5) value = readStruct(inner, depth);
    else if (number === 6) {
      value = [...readFields(inner)]
        .filter((each) => each.number === 1 && each.wireType === 2)
        .map((each) => readValue(each.bytes, depth + 1));
    }
  }
  return value;
}
