/**
 * Readings → line protocol in bulk: the schema of history in InfluxDB, and the hot path of catching up.
 *
 * Measurement = the kind's; tags = city, device, and what the city's folder says of its site (few values, one
 * a device: they add no series); fields = the kind's quantities, then `quality`, `failed`, `simulated`.
 * Bytes are written into one buffer: joining strings and formatting doubles took 5 µs a line, this takes less
 * than 1. Invariant: what is written parses to the same doubles; unknown quantities are not written.
 */
import type { DeviceKind } from '../../../devices/device-kind.ts';
import type { Quantity } from '../../../devices/quantity.ts';
import { FAILED_QUALITY, type Reading } from '../../../devices/reading.ts';
import { escapeKey, formatSeries, quoteText, type Tags } from '../line-protocol.ts';
import { MAX_NUMBER_BYTES, writeInteger, writeNumber } from './number-bytes.ts';

export interface LineEncoder {
  /** One line a reading, each with its end, ms. Valid until the next call: copy or send before. */
  encode(readings: readonly Reading[]): string;
}

interface Field {
  readonly name: string;
  /** `levelM=` */
  readonly prefix: Uint8Array;
  /** `status="available",` by state. */
  readonly states: ReadonlyMap<string, Uint8Array>;
}

interface KindPlan {
  readonly measurement: string;
  /** `river_gauge,city=semarang,device=g-1,river=garang ` by device. */
  readonly heads: Map<string, Uint8Array>;
  readonly fields: readonly Field[];
  /** The most that the fields of one reading can take. */
  readonly maxFieldBytes: number;
}

/** Heads kept by kind: a city of 12,000 devices twice over, some 100 B each. Beyond it all are forgotten. */
const MAX_HEADS = 25_000;
const FIRST_BUFFER_BYTES = 256 * 1024;
/** Quality tails kept: every combination of the ten flags, simulated or not. */
const MAX_TAILS = 2 * 1024;
const COMMA = 0x2c;
const LINE_END = 0x0a;

/** `siteTags` gives the tags of a device beside city and device; asked once a device. */
export function createLineEncoder(
  kinds: ReadonlyMap<string, DeviceKind>,
  siteTags: (device: string) => Tags = () => ({}),
): LineEncoder {
  const plans = new Map([...kinds.values()].map((kind) => [kind.name, planOf(kind)]));
  const tails = new Map<number, Uint8Array>();
  let buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES);

  const headOf = ({ measurement, heads }: KindPlan, { city, device }: Reading): Uint8Array => {
    const known = heads.get(device);
    if (known) return known;
    const head = bytes(`${formatSeries(measurement, { city, device, ...siteTags(device) })} `);
    if (heads.size >= MAX_HEADS) heads.clear();
    heads.set(device, head);
    return head;
  };
  const tailOf = ({ quality, simulated }: Reading): Uint8Array => {
    const key = quality * 2 + (simulated ? 1 : 0);
    const known = tails.get(key);
    if (known) return known;
    const failed = (quality & FAILED_QUALITY) !== 0;
    const tail = bytes(`quality=${quality},failed=${failed},simulated=${simulated} `);
    if (tails.size < MAX_TAILS) tails.set(key, tail);
    return tail;
  };
  /** Writes one line at `at`, and returns where it ends. */
  const writeLine = (at: number, plan: KindPlan, reading: Reading): number => {
    const head = headOf(plan, reading);
    const tail = tailOf(reading);
    const need = at + head.length + plan.maxFieldBytes + tail.length + MAX_NUMBER_BYTES + 1;
    if (need > buffer.length) buffer = grown(buffer, need);
    let end = write(buffer, at, head);
    for (const field of plan.fields) {
      const value = reading.values[field.name];
      if (typeof value === 'number') {
        if (!Number.isFinite(value)) continue;
        end = writeNumber(buffer, write(buffer, end, field.prefix), value);
        buffer[end++] = COMMA;
      } else if (value !== undefined) {
        const state = field.states.get(value);
        if (state) end = write(buffer, end, state);
      }
    }
    end = writeInteger(buffer, write(buffer, end, tail), reading.measuredAt);
    buffer[end] = LINE_END;
    return end + 1;
  };
  return {
    encode(readings) {
      let end = 0;
      for (const reading of readings) {
        const plan = plans.get(reading.kind);
        if (plan) end = writeLine(end, plan, reading);
      }
      return buffer.toString('utf8', 0, end);
    },
  };
}

function planOf(kind: DeviceKind): KindPlan {
  const fields = Object.entries(kind.quantities).map(([name, quantity]): Field => {
    const prefix = `${escapeKey(name)}=`;
    const states = statesOf(quantity).map(
      (state) => [state, bytes(`${prefix}${quoteText(state)},`)] as const,
    );
    return { name, prefix: bytes(prefix), states: new Map(states) };
  });
  const maxFieldBytes = fields
    .map(({ prefix, states }) =>
      Math.max(prefix.length + MAX_NUMBER_BYTES + 1, ...[...states.values()].map((state) => state.length)),
    )
    .reduce((sum, each) => sum + each, 0);
  return { measurement: kind.measurement, heads: new Map(), fields, maxFieldBytes };
}

function statesOf(quantity: Quantity): readonly string[] {
  return quantity.type === 'state' ? quantity.states : [];
}

/** Short pieces are copied faster by a loop than by a call. */
function write(into: Uint8Array, at: number, piece: Uint8Array): number {
  const { length } = piece;
  for (let index = 0; index < length; index++) into[at + index] = piece[index] as number;
  return at + length;
}

function grown(buffer: Buffer<ArrayBuffer>, need: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafe(Math.max(need, buffer.length * 2));
  buffer.copy(larger);
  return larger;
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
