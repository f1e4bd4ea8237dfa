/**
 * The payload of Sparkplug B 3.0 (`org.eclipse.tahu.protobuf.Payload`): its metrics with names, types and values.
 *
 * Read for sparkplug-b.ts. Invariant: throws ProtobufError for what is no such payload, and nothing else; what is
 * of no use here (templates, data sets, bytes) is skipped.
 */
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
}

export interface SparkplugPayload {
  /** Epoch ms. */
  readonly timestamp?: number;
  readonly metrics: readonly SparkplugMetric[];
}

const MAX_METRICS = 5_000;
/** Data types whose integers have a sign [Sparkplug 3.0, 6.4.16]: their width in bits. */
const SIGNED_BITS: Readonly<Record<number, number>> = { 1: 8, 2: 16, 3: 32, 4: 64 };
const UNIT_PROPERTIES: ReadonlySet<string> = new Set(['engunit', 'unit', 'units']);

export function readSparkplugPayload(bytes: Buffer): SparkplugPayload {
  let timestamp: number | undefined;
  const metrics: SparkplugMetric[] = [];
  for (const field of readFields(bytes)) {
    if (field.number === 1 && field.wireType === 0) timestamp = field.integer;
    else if (field.number === 2 && field.wireType === 2) {
      if (metrics.length >= MAX_METRICS) throw new ProtobufError(`more than ${MAX_METRICS} metrics`);
      metrics.push(readMetric(field.bytes));
    }
  }
  return { metrics, ...(timestamp === undefined ? {} : { timestamp }) };
}

function readMetric(bytes: Buffer): SparkplugMetric {
  const metric: { -readonly [Key in keyof SparkplugMetric]: SparkplugMetric[Key] } = {};
  let isNull = false;
  let integer: number | undefined;
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
    }
  }
  if (integer !== undefined) metric.value = signed(integer, metric.dataType);
  if (isNull) delete metric.value;
  return metric;
}

/** Integers are sent as their two's complement. */
function signed(value: number, dataType = 0): number {
  const bits = SIGNED_BITS[dataType];
  if (bits === undefined) return value;
  // int8 and int16 travel in 32 bits.
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
