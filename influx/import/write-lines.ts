/**
 * Lines → Siaga's own `/write`, which answers when they are on disk.
 *
 * Invariants: a body ends where a moment ends, so that one reading is never in two, but where a single moment is
 * larger; what is not answered is sent again, with back-off, until `signal` aborts; what comes twice is stored once.
 */
import { BackOff } from '../../clock/back-off.ts';
import { describeError } from '../server/influx-error.ts';
import { wordsOf } from '../server/server-call.ts';
import type { TimedLine } from './read-window.ts';

export interface SiagaTarget {
  readonly url: string;
  /** Who sends: a gateway, or a device. */
  readonly id: string;
  readonly secret: string;
}

export interface WriteOptions {
  readonly target: SiagaTarget;
  readonly signal: AbortSignal;
  /** Told in words what was refused, or why it waits. */
  readonly onTrouble: (sentence: string) => void;
}

/** Below what Siaga takes at once by default, MQTT_MAX_PACKET_BYTES and 10,000 lines. */
const MAX_BYTES = 200 * 1024;
const MAX_LINES = 5_000;
const TIMEOUT_MS = 60_000;
const TRY_AGAIN = new Set([408, 429, 500, 502, 503, 504]);

/** Resolves when all of it is on Siaga's disk. Throws where it would never be. */
export async function writeLines(lines: readonly TimedLine[], options: WriteOptions): Promise<void> {
  for (const body of cutBodies(lines)) await writeBody(body, options);
}

/** Each ends with the last line of a moment, but where one moment is more than a body holds. */
export function* cutBodies(lines: readonly TimedLine[]): Generator<string> {
  let begin = 0;
  let bytes = 0;
  /** Of the first line of the moment that the line before belongs to. */
  let moment = 0;
  for (const [index, { atMs, line }] of lines.entries()) {
    if (lines[index - 1]?.atMs !== atMs) moment = index;
    const size = Buffer.byteLength(line) + 1;
    if (index > begin && (bytes + size > MAX_BYTES || index - begin >= MAX_LINES)) {
      const end = moment > begin ? moment : index;
      yield join(lines, begin, end);
      begin = end;
      bytes = 0;
      for (const each of lines.slice(begin, index)) bytes += Buffer.byteLength(each.line) + 1;
    }
    bytes += size;
  }
  if (begin < lines.length) yield join(lines, begin, lines.length);
}

function join(lines: readonly TimedLine[], begin: number, end: number): string {
  return lines
    .slice(begin, end)
    .map(({ line }) => line)
    .join('\n');
}

async function writeBody(body: string, { target, signal, onTrouble }: WriteOptions): Promise<void> {
  const { url, id, secret } = target;
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  const backOff = new BackOff({ firstMs: 500, lastMs: 30_000, random: Math.random, signal });
  for (;;) {
    signal.throwIfAborted();
    const outcome = await tryOnce(
      () =>
        fetch(new URL('/write?db=import&precision=ms', url), {
          ...{ method: 'POST', body, headers: { authorization } },
          signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        }),
      onTrouble,
    );
    if (outcome === 'done') return;
    if (backOff.failures === 0) onTrouble(outcome.why);
    await backOff.pause(outcome.waitMs);
  }
}

/** Throws what trying again does not mend. */
async function tryOnce(
  send: () => Promise<Response>,
  onTrouble: WriteOptions['onTrouble'],
): Promise<'done' | { readonly why: string; readonly waitMs: number }> {
  let answer: Response;
  try {
    answer = await send();
  } catch (error) {
    return { why: `Siaga cannot be reached, trying again: ${describeError(error)}`, waitMs: 0 };
  }
  const { status } = answer;
  if (status === 204) return 'done';
  const words = wordsOf(await answer.text());
  // The good lines beside it are stored.
  if (status === 400) {
    onTrouble(`a line was refused: ${words}`);
    return 'done';
  }
  if (!TRY_AGAIN.has(status)) throw new Error(`Siaga answers ${status}: ${words}`);
  const waitMs = 1_000 * (Number(answer.headers.get('retry-after')) || 0);
  return { why: `Siaga answers ${status}, trying again: ${words}`, waitMs };
}
