/**
 * A batch on its way to InfluxDB, and whether two of them may be on their way together.
 *
 * InfluxDB keeps the last written of two points of the same series and instant, so their order decides which
 * value stays. Invariant: batches that do not collide may arrive in any order.
 */
import type { Reading } from '../devices/reading.ts';

export interface Flight {
  readonly lastId: number;
  readonly spans: ReadonlyMap<string, Span>;
  done: boolean;
}

interface Span {
  firstMs: number;
  lastMs: number;
}

export function createFlight(lastId: number, readings: readonly Reading[]): Flight {
  return { lastId, spans: spansOf(readings), done: false };
}

/** From the first to the last instant of each device in a batch. */
function spansOf(readings: readonly Reading[]): ReadonlyMap<string, Span> {
  const spans = new Map<string, Span>();
  for (const { device, measuredAt } of readings) {
    const span = spans.get(device);
    if (!span) spans.set(device, { firstMs: measuredAt, lastMs: measuredAt });
    else if (measuredAt > span.lastMs) span.lastMs = measuredAt;
    else if (measuredAt < span.firstMs) span.firstMs = measuredAt;
  }
  return spans;
}

/** Whether two batches may hold the same device and instant: then their order decides which value stays. */
export function mayCollide(a: Flight, b: Flight): boolean {
  if (a.done || b.done) return false;
  for (const [device, span] of a.spans) {
    const other = b.spans.get(device);
    if (other && span.firstMs <= other.lastMs && other.firstMs <= span.lastMs) return true;
  }
  return false;
}
