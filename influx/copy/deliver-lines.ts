/**
 * Delivers one batch of lines, as far as they can be delivered: the part of the copy that knows what a refusal means.
 *
 * A batch that is too large goes in halves; one that is refused is halved until the refused lines are alone, unless
 * the server names them (3 Core). A line is to blame only where others of its measurement pass beside it, and where
 * such lines are few: else it is the server, the bucket or a foreign writer, and the batch is held. Invariants: when
 * it resolves, every line is in InfluxDB, older than its retention, or set aside and counted; when it throws, none
 * is set aside, and sending the batch again is right.
 */
import { classifyWriteError, type WriteFailure } from '../server/influx-error.ts';
import { measurementOf, timeOf } from './reading-lines.ts';
import type { SetAside, SetAsideLine } from './set-aside.ts';

/** Refused lines of one batch, beyond which they are not to blame: 20 cost some 60 requests to find. */
export const MAX_REFUSED = 20;
/**
 * No retention of InfluxDB is shorter, and no two clocks that are right are so far apart: what is younger than the
 * retention by more, and yet "beyond retention", is a matter of clocks.
 */
const SHORTEST_RETENTION_MS = 3_600_000;

export interface DeliveryCounts {
  written: number;
  expired: number;
  setAside: number;
}

export interface DeliveryTools {
  readonly write: (lines: string) => Promise<void>;
  readonly setAside: SetAside;
  readonly now: () => number;
  readonly onFailure: (failure: WriteFailure) => void;
  /** How long the bucket keeps what is written, ms; 0 for ever; undefined where nobody says. */
  readonly retentionMs?: () => number | undefined;
  /** The retention may be another one by now. */
  readonly lookAgain?: () => void;
}

/** Nothing of the batch counts as delivered; it is to be sent again. */
export class NotDeliveredError extends Error {
  readonly code = 'INFLUX_NOT_DELIVERED';
  /** What the server asked for. */
  readonly waitMs: number;
  /** The server takes writes, but not these lines. */
  readonly isHeld: boolean;
  constructor(sentence: string, { waitMs = 0, isHeld = false } = {}) {
    super(sentence);
    this.waitMs = waitMs;
    this.isHeld = isHeld;
  }
}

interface Refused {
  readonly line: string;
  readonly failure: WriteFailure;
  readonly reason: string;
}

/** `mark` is a line of ours that goes with them (cursor-mark.ts); empty for none. */
export async function deliverLines(
  tools: DeliveryTools,
  lines: readonly string[],
  mark = '',
): Promise<DeliveryCounts> {
  const counts: DeliveryCounts = { written: 0, expired: 0, setAside: 0 };
  const refused: Refused[] = [];
  const passed = new Set<string>();
  const pass = (line: string) => passed.add(measurementOf(line));
  // Depth first and in order: of two readings of the same instant the later one must arrive last.
  const pieces: (readonly string[])[] = [lines];
  for (let piece = pieces.pop(); piece; piece = pieces.pop()) {
    const failure = await send(tools, pieces.length === 0 && mark !== '' ? [...piece, mark] : piece);
    if (!failure) {
      counts.written += piece.length;
      piece.forEach(pass);
    } else if (failure.remedy === 'expired') {
      const expired = countExpired(tools, piece, failure);
      counts.expired += expired;
      counts.written += piece.length - expired;
    } else if (failure.refused) {
      const named = failure.refused.filter(({ index }) => index < piece.length);
      const reasons = new Map(named.map(({ index, reason }) => [index, reason]));
      for (const [index, line] of piece.entries()) {
        const reason = reasons.get(index);
        if (reason === undefined) pass(line);
        else refused.push({ line, failure, reason });
      }
      counts.written += piece.length - reasons.size;
    } else if (piece.length > 1) {
      const half = piece.length >> 1;
      pieces.push(piece.slice(half), piece.slice(0, half));
    } else {
      refused.push({ line: piece[0] as string, failure, reason: failure.words });
    }
    if (refused.length > MAX_REFUSED) break;
  }
  if (refused.length === 0) return counts;
  holdUnlessToBlame(tools, refused, passed);
  for (const { line, reason } of refused) {
    await tools.setAside.keep({ at: tools.now(), reason, line });
  }
  counts.setAside = refused.length;
  return counts;
}

/** Undefined when it went well. Throws NotDeliveredError when nothing is wrong with the lines. */
async function send(tools: DeliveryTools, lines: readonly string[]): Promise<WriteFailure | undefined> {
  if (lines.length === 0) return undefined;
  try {
    await tools.write(`${lines.join('\n')}\n`);
    return undefined;
  } catch (error) {
    const failure = classifyWriteError(error, tools.now());
    tools.onFailure(failure);
    if (failure.remedy === 'hold' || failure.remedy === 'prepare') {
      throw new NotDeliveredError(failure.sentence, { waitMs: failure.waitMs });
    }
    return failure;
  }
}

/** How many of a piece the server left out as too old. Throws where they cannot be. */
function countExpired(tools: DeliveryTools, piece: readonly string[], failure: WriteFailure): number {
  const { now, retentionMs, lookAgain } = tools;
  const expired = Math.min(failure.dropped ?? piece.length, piece.length);
  const keepsMs = retentionMs?.() ?? SHORTEST_RETENTION_MS;
  const isKeptForEver = keepsMs === 0;
  const beforeMs = now() - Math.max(keepsMs - SHORTEST_RETENTION_MS, SHORTEST_RETENTION_MS);
  const oldEnough = isKeptForEver ? 0 : piece.filter((line) => timeOf(line) < beforeMs).length;
  if (expired <= oldEnough) return expired;
  lookAgain?.();
  throw new NotDeliveredError(
    `InfluxDB calls readings older than its retention that are not: its clock is wrong, or ours (${failure.words})`,
    { isHeld: true },
  );
}

/** Throws where the lines are not to blame: then nothing is set aside, and the sentence says what is. */
function holdUnlessToBlame(
  { setAside, now }: DeliveryTools,
  refused: readonly Refused[],
  passed: ReadonlySet<string>,
): void {
  const mayBeToBlame = refused.length <= Math.min(MAX_REFUSED, setAside.roomFor(now()));
  const wronged = refused.find(({ line }) => !passed.has(measurementOf(line)));
  if (mayBeToBlame && !wronged) return;
  const { line, reason, failure } = wronged ?? (refused[0] as Refused);
  const measurement = measurementOf(line);
  const sentence = `InfluxDB refuses lines of ${measurement} that are right; they wait in the journal`;
  throw new NotDeliveredError(`${sentence}: ${adviceOn(reason, measurement)} (${reason})`, {
    waitMs: failure.waitMs,
    isHeld: true,
  });
}

function adviceOn(words: string, measurement: string): string {
  if (/type conflict|invalid column type|schema/i.test(words)) {
    return (
      `something else has written a field of ${measurement} with another type; stop it, then remove what it wrote ` +
      `(DROP MEASUREMENT "${measurement}"; in 3 Core the table), and Siaga writes all of it again`
    );
  }
  return 'look at the server and the bucket';
}

/** Lines tried at once: fewer than would be held for their number. */
const REPLAYED_AT_ONCE = MAX_REFUSED;

/** Tries what was set aside once more, and leaves what is still refused. Throws where InfluxDB takes nothing. */
export async function replaySetAside(tools: DeliveryTools): Promise<{ written: number; left: number }> {
  const kept = await tools.setAside.read();
  const refused = new Set<string>();
  const keepBack = {
    roomFor: () => MAX_REFUSED,
    keep: async ({ line }: SetAsideLine) => void refused.add(line),
  };
  for (let at = 0; at < kept.length; at += REPLAYED_AT_ONCE) {
    const lines = kept.slice(at, at + REPLAYED_AT_ONCE).map(({ line }) => line);
    try {
      await deliverLines({ ...tools, setAside: { ...tools.setAside, ...keepBack } }, lines);
    } catch (error) {
      if (!(error instanceof NotDeliveredError && error.isHeld)) throw error;
      for (const line of lines) refused.add(line);
    }
  }
  const tried = new Set(kept.map(({ line }) => line));
  await tools.setAside.retain(({ line }) => !tried.has(line) || refused.has(line));
  return { written: tried.size - refused.size, left: refused.size };
}
