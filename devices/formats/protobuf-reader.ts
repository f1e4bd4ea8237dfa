/**
 * ProtobufReader: the fields of one protobuf message, as Sparkplug B needs them.
 *
 * The wire format alone: a tag, then a varint, 4 or 8 bytes, or so many bytes [protobuf.dev, Encoding]. Invariants:
 * every read is within the message, or ProtobufError is thrown; a length is never believed before it is checked.
 */
export class ProtobufError extends Error {
  readonly code = 'PROTOBUF_MALFORMED';
}

/** The value of a field by its wire type: 0 varint, 1 eight bytes, 2 bytes, 5 four bytes. */
export interface ProtobufField {
  readonly number: number;
  readonly wireType: number;
  /** Of a varint, as far as a double is exact; 0 for the others. */
  readonly integer: number;
  /** Of what is not a varint. */
  readonly bytes: Buffer;
}

const NO_BYTES = Buffer.alloc(0);
/** A varint of 64 bits. */
const MAX_VARINT_BYTES = 10;

export function* readFields(message: Buffer): Generator<ProtobufField> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      const byte = message[at++];
      if (byte === undefined) throw new ProtobufError('the message ends within a number');
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    throw new ProtobufError('a number has more than 64 bits');
  };
  const take = (length: number): Buffer => {
    if (length > message.length - at) throw new ProtobufError('the message ends within a field');
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (number === 0) throw new ProtobufError('a field has the number 0');
    if (wireType === 0) yield { number, wireType, integer: varint(), bytes: NO_BYTES };
    else if (wireType === 1) yield { number, wireType, integer: 0, bytes: take(8) };
    else if (wireType === 2) yield { number, wireType, integer: 0, bytes: take(varint()) };
    else if (wireType === 5) yield { number, wireType, integer: 0, bytes: take(4) };
    else throw new ProtobufError(`no wire type ${wireType}`);
  }
}
