/**
 * The payload of Sparkplug B 3.0 (`org.eclipse.tahu.protobuf.Payload`): its metrics with names, types and values.
 *
 * Read for sparkplug-b.ts. Invariant: throws ProtobufError for what is no such payload, and nothing else; what is of no
 * use here (data sets, files, bytes) has no value. A template is read as the metrics in it, and a compressed payload as
 * what was compressed, both within bounds.
 */
import { unzipSync } from 'node:zlib';
import { ProtobufError, type ProtobufField, readFields } from './protobuf-reader.ts';

export interface SparkplugMetric {
  readonly name?: string;
  readonly alias?: number;
  /** Epoch ms. */
  readonly timestamp?: number;
  readonly dataType?: number;
  readonly value?: number | string | boolean;
  /** The property `engUnit`. */
  readonly unit?: string;
  /** A data set, a file or bytes: of no use here. */
  readonly isOther?: boolean;
}

export interface SparkplugPayload {
  /** Epoch ms. */
  readonly timestamp?: number;
  /** 0 to 255, one more with each message of the node. */
  readonly sequence?: number;
  readonly metrics: readonly SparkplugMetric[];
}

const MAX_METRICS = 5_000;
/** Templates within templates. */
const MAX_TEMPLATE_DEPTH = 3;
/** Of a compressed payload: the largest packet of the default, so that it takes no longer than one. */
export const MAX_UNPACKED_BYTES = 262_144;
const PACKED = 'SPBV1.0_COMPRESSED';
/** Data types whose integers have a sign [Sparkplug 3.0, 6.4.16]: their width in bits. */
const SIGNED_BITS: Readonly<Record<number, number>> = { 1: 8, 2: 16, 3: 32, 4: 64 };
const UNIT_PROPERTIES: ReadonlySet<string> = new Set(['engunit', 'unit', 'units']);

export function readSparkplugPayload(bytes: Buffer, isUnpacked = false): SparkplugPayload {
  let timestamp: number | undefined;
  let sequence: number | undefined;
  let isPacked = false;
  let body: Buffer | undefined;
  const found: Found = { metrics: [], count: 0 };
  for (const field of readFields(bytes)) {
    if (field.number === 1 && field.wireType === 0) timestamp = field.integer;
    else if (field.number === 2 && field.wireType === 2) addMetric(found, field.bytes, timestamp, 0);
    else if (field.number === 3 && field.wireType === 0) sequence = field.integer;
    else if (field.number === 4) isPacked = text(field) === PACKED;
    else if (field.number === 5) body = field.bytes;
  }
  // One within another takes a little of its length each time, and could even be its own content.
  if (isPacked && isUnpacked) throw new ProtobufError('it is compressed more than once');
  if (isPacked && body) return readPacked(body);
  return {
    metrics: found.metrics,
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(sequence === undefined ? {} : { sequence }),
  };
}

/** What Tahu's compression makes of a payload: the payload itself, by GZIP or DEFLATE, in the body. */
function readPacked(body: Buffer): SparkplugPayload {
  try {
    return readSparkplugPayload(unzipSync(body, { maxOutputLength: MAX_UNPACKED_BYTES }), true);
  } catch (error) {
    if (error instanceof ProtobufError) throw error;
    throw new ProtobufError(
      `its compressed body is no gzip or deflate of at most ${MAX_UNPACKED_BYTES} bytes`,
    );
  }
}

interface Found {
  readonly metrics: SparkplugMetric[];
  /** Templates as well, which may be empty. */
  count: number;
}

/** Of a template the metrics in it; a definition of one has no values. */
function addMetric(found: Found, bytes: Buffer, sentAt: number | undefined, depth: number): void {
  if (++found.count > MAX_METRICS) throw new ProtobufError(`more than ${MAX_METRICS} metrics`);
  const { metric, template } = readMetric(bytes);
  if (!template) {
    found.metrics.push(
      metric.timestamp === undefined && depth > 0 && sentAt ? { ...metric, timestamp: sentAt } : metric,
    );
    return;
  }
  const parts = [...readFields(template)];
  const isDefinition = parts.some(({ number, integer }) => number === 5 && integer !== 0);
  if (isDefinition || depth >= MAX_TEMPLATE_DEPTH) return;
  for (const { number, wireType, bytes: inner } of parts) {
    if (number === 2 && wireType === 2) addMetric(found, inner, metric.timestamp ?? sentAt, depth + 1);
  }
}

function readMetric(bytes: Buffer): { metric: SparkplugMetric; template?: Buffer } {
  const metric: { -readonly [Key in keyof SparkplugMetric]: SparkplugMetric[Key] } = {};
  let isNull = false;
  let integer: number | undefined;
  let template: Buffer | undefined;
  for (const field of readFields(bytes)) {
    switch (field.number) {
      case 1:
        metric.name = text(field);
        break;
      case 2:
        metric.alias = field.integer;
        break;
      case 3:
        metric.timestamp = field.integer;
        break;
      case 4:
        metric.dataType = field.integer;
        break;
      case 7:
        isNull = field.integer !== 0;
        break;
      case 9:
        Object.assign(metric, readUnit(field));
        break;
      case 10:
      case 11:
        integer = field.integer;
        break;
      case 12:
        metric.value = readFloat(field);
        break;
      case 13:
        metric.value = readDouble(field);
        break;
      case 14:
        metric.value = field.integer !== 0;
        break;
      case 15:
        metric.value = text(field);
        break;
      case 16:
      case 17:
        metric.isOther = true;
        break;
      case 18:
        template = field.bytes;
    }
  }
  if (integer !== undefined) metric.value = signed(integer, metric.dataType);
  if (isNull) delete metric.value;
  return template && !isNull ? { metric, template } : { metric };
}

/** Integers are sent as their two's complement. */
function signed(value: number, dataType = 0): number {
  const bits = SIGNED_BITS[dataType];
  if (bits === undefined) return value;
  // int8 and int16 travel in 32 bits, or in as many as they have: what such an integer cannot be is negative.
  if (value >= 2 ** (bits - 1) && value < 2 ** bits) return value - 2 ** bits;
  const width = bits === 64 ? 64 : 32;
  return value >= 2 ** (width - 1) ? value - 2 ** width : value;
}

/** PropertySet: keys are field 1, values field 2, in the same order; a string value is field 8. */
function readUnit({ bytes, wireType }: ProtobufField): { unit?: string } {
  if (wireType !== 2) return {};
  const keys: string[] = [];
  const values: (string | undefined)[] = [];
  for (const field of readFields(bytes)) {
    if (field.number === 1) keys.push(text(field));
    else if (field.number === 2 && field.wireType === 2) {
      let value: string | undefined;
      for (const part of readFields(field.bytes)) if (part.number === 8) value = text(part);
      values.push(value);
    }
  }
  const unit = values[keys.findIndex((key) => UNIT_PROPERTIES.has(key.toLowerCase()))];
  return unit === undefined ? {} : { unit };
}

function readFloat({ bytes, wireType }: ProtobufField): number {
  if (wireType !== 5) throw new ProtobufError('a float has four bytes');
  // A float of 1.42 is 1.4199999570846558 as a double: seven digits are all that it has.
  return Number(bytes.readFloatLE().toPrecision(7));
}

function readDouble({ bytes, wireType }: ProtobufField): number {
  if (wireType !== 1) throw new ProtobufError('a double has eight bytes');
  return bytes.readDoubleLE();
}

function text({ bytes }: ProtobufField): string {
  return bytes.toString();
}
