/**
 * The payload of Sparkplug B 3.0 as an edge node writes it, in protobuf: the reverse of `devices/formats/`.
 *
 * Said by sparkplug-b.ts, and by recorded messages of the tests. Invariant: whole numbers are from 0 to 2^53.
 */

export interface SparkplugWords {
  readonly timestamp?: number;
  readonly seq?: number;
  readonly metrics?: readonly {
    readonly name?: string;
    readonly alias?: number;
    readonly timestamp?: number;
    readonly dataType?: number;
    readonly isNull?: boolean;
    readonly unit?: string;
    readonly int?: number;
    readonly long?: number;
    readonly float?: number;
    readonly double?: number;
    readonly boolean?: boolean;
    readonly text?: string;
  }[];
}

export function formatSparkplug({ timestamp, seq, metrics = [] }: SparkplugWords): Buffer {
  return Buffer.concat([
    integer(1, timestamp),
    ...metrics.map((metric) =>
      bytes(
        2,
        Buffer.concat([
          text(1, metric.name),
          integer(2, metric.alias),
          integer(3, metric.timestamp),
          integer(4, metric.dataType),
          integer(7, metric.isNull ? 1 : undefined),
          metric.unit === undefined ? Buffer.alloc(0) : bytes(9, propertySet('engUnit', metric.unit)),
          integer(10, metric.int),
          integer(11, metric.long),
          metric.float === undefined ? Buffer.alloc(0) : fixed(12, 5, float(metric.float)),
          metric.double === undefined ? Buffer.alloc(0) : fixed(13, 1, double(metric.double)),
          integer(14, metric.boolean === undefined ? undefined : Number(metric.boolean)),
          text(15, metric.text),
        ]),
      ),
    ),
    integer(3, seq),
  ]);
}

function propertySet(key: string, value: string): Buffer {
  return Buffer.concat([text(1, key), bytes(2, Buffer.concat([integer(1, 12), text(8, value)]))]);
}

function varint(value: number): Buffer {
  const out: number[] = [];
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) out.push((left % 0x80) | 0x80);
  return Buffer.from([...out, left]);
}

function integer(field: number, value: number | undefined): Buffer {
  return value === undefined ? Buffer.alloc(0) : Buffer.concat([varint(field * 8), varint(value)]);
}

function bytes(field: number, value: Buffer): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(value.length), value]);
}

function text(field: number, value: string | undefined): Buffer {
  return value === undefined ? Buffer.alloc(0) : bytes(field, Buffer.from(value));
}

function fixed(field: number, wireType: number, value: Buffer): Buffer {
  return Buffer.concat([varint(field * 8 + wireType), value]);
}

function float(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeFloatLE(value);
  return buffer;
}

function double(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleLE(value);
  return buffer;
}
