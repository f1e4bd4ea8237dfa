/**
 * Delivers one batch of readings, as far as they can be delivered: the part of the writer that knows what a
 * refusal means.
 *
 * A batch that is too large goes in halves; one with poison in it is halved until the poison is alone and set
 * aside. Invariant: when it resolves, every reading is in InfluxDB, older than its retention, or set aside and
 * counted; it throws InfluxUnavailableError when nothing is wrong with the readings.
 */
import type { Reading } from '../devices/reading.ts';
import { classifyWriteError, type WriteFailure } from './influx-error.ts';
import type { LineEncoder } from './line-encoder.ts';
import type { SetAside } from './set-aside.ts';

/** Requests that one batch may cost. 2·log2(5,000) = 25 find one poison line; beyond it what is left is set
 * aside in whole pieces, of which the server has already taken the good lines (a partial write). */
const MAX_REQUESTS = 250;

export interface DeliveryCounts {
  written: number;
  expired: number;
  setAside: number;
}

export interface DeliveryTools {
  readonly encoder: LineEncoder;
  readonly write: (lines: string) => Promise<void>;
  readonly setAside: SetAside;
  readonly now: () => number;
  readonly onFailure: (failure: WriteFailure) => void;
}

/** InfluxDB cannot take anything at the moment. `waitMs` is what it asked for. */
export class InfluxUnavailableError extends Error {
  readonly code = 'INFLUX_UNAVAILABLE';
  readonly waitMs: number;
  constructor(failure: WriteFailure, options: ErrorOptions) {
    super(failure.sentence, options);
    this.waitMs = failure.waitMs;
  }
}

/** `mark` is a line of ours that goes with the readings (cursor-mark.ts). */
export async function deliverBatch(
  tools: DeliveryTools,
  readings: readonly Reading[],
  mark: string,
): Promise<DeliveryCounts> {
  const counts: DeliveryCounts = { written: 0, expired: 0, setAside: 0 };
  // Depth first and in order: of two readings of the same instant the later one must arrive last.
  const pieces: (readonly Reading[])[] = [readings];
  for (let requests = 0; pieces.length > 0; requests++) {
    const piece = pieces.pop() as readonly Reading[];
    const failure = await send(tools, piece, pieces.length === 0 ? mark : '');
    if (!failure) {
      counts.written += piece.length;
    } else if (failure.remedy === 'expired') {
      const expired = Math.min(failure.dropped ?? piece.length, piece.length);
      counts.expired += expired;
      counts.written += piece.length - expired;
    } else if (piece.length > 1 && requests < MAX_REQUESTS) {
      const half = piece.length >> 1;
      pieces.push(piece.slice(half), piece.slice(0, half));
    } else {
      await keepAside(tools, piece, failure.sentence);
      counts.setAside += piece.length;
    }
  }
  return counts;
}

/** Undefined when it went well; throws InfluxUnavailableError. */
async function send(
  tools: DeliveryTools,
  readings: readonly Reading[],
  mark: string,
): Promise<WriteFailure | undefined> {
  const lines = tools.encoder.encode(readings) + mark;
  if (lines === '') return undefined;
  try {
    await tools.write(lines);
    return undefined;
  } catch (error) {
    const failure = classifyWriteError(error, tools.now());
    tools.onFailure(failure);
    if (failure.remedy === 'retry' || failure.remedy === 'prepare') {
      throw new InfluxUnavailableError(failure, { cause: error });
    }
    return failure;
  }
}

async function keepAside(tools: DeliveryTools, readings: readonly Reading[], reason: string): Promise<void> {
  for (const reading of readings) {
    await tools.setAside.keep({ at: tools.now(), reason, line: tools.encoder.encode([reading]).trimEnd() });
  }
}
