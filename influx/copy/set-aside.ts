/**
 * Lines that InfluxDB will not take, each with its reason: the last resort of the copy.
 *
 * Kept as JSON lines in the data folder, where an engineer finds them (`npm run influx -- status`), and written
 * again from time to time; the readings themselves stay in the journal. Bounds: two files of `maxBytes`, of which
 * the older goes; MAX_AN_HOUR lines an hour, beyond which lines are not to blame. Invariants: `keep` resolves after
 * the line is in the file; calls follow each other.
 */
import { appendFile, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface SetAsideLine {
  /** Epoch ms. */
  readonly at: number;
  /** The server's own words. */
  readonly reason: string;
  readonly line: string;
}

export interface SetAside {
  /** How many lines may be kept now. */
  roomFor(nowMs: number): number;
  keep(line: SetAsideLine): Promise<void>;
  /** All of them, the oldest first. */
  read(): Promise<readonly SetAsideLine[]>;
  /** Leaves only what `isLeft` says. */
  retain(isLeft: (line: SetAsideLine) => boolean): Promise<void>;
}

/** Some 25,000 lines a file. */
export const MAX_BYTES = 8 * 1024 * 1024;
export const MAX_AN_HOUR = 50;
const HOUR_MS = 3_600_000;

export function createSetAside(file: string, maxBytes = MAX_BYTES): SetAside {
  const older = `${file}.1`;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn;
    return turn;
  };
  /** When the newest were kept: at most MAX_AN_HOUR. */
  let keptAt: number[] = [];
  return {
    roomFor(nowMs) {
      keptAt = keptAt.filter((at) => at > nowMs - HOUR_MS);
      return MAX_AN_HOUR - keptAt.length;
    },
    keep: (line) =>
      inTurn(async () => {
        await mkdir(dirname(file), { recursive: true });
        // A range that is written again meets the same line again.
        if ((await readLines(file)).some((kept) => kept.line === line.line)) return;
        const text = `${JSON.stringify(line)}\n`;
        const bytes = (await orAbsent(stat(file)))?.size ?? 0;
        if (bytes > 0 && bytes + Buffer.byteLength(text) > maxBytes) await rename(file, older);
        await appendFile(file, text);
        keptAt.push(line.at);
      }),
    read: () => inTurn(async () => [...(await readLines(older)), ...(await readLines(file))]),
    retain: (isLeft) =>
      inTurn(async () => {
        for (const each of [older, file]) {
          const lines = (await readLines(each)).filter(isLeft);
          if (lines.length === 0) await rm(each, { force: true });
          else {
            await writeFile(`${each}.part`, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
            await rename(`${each}.part`, each);
          }
        }
      }),
  };
}

async function readLines(file: string): Promise<SetAsideLine[]> {
  const text = await orAbsent(readFile(file, 'utf8'));
  return (text ?? '').split('\n').flatMap((line) => parseLine(line) ?? []);
}

/** Undefined for a line that a power cut has cut short. */
function parseLine(text: string): SetAsideLine | undefined {
  try {
    const { at, reason, line } = JSON.parse(text) as Partial<SetAsideLine>;
    return typeof line === 'string' ? { at: Number(at), reason: String(reason), line } : undefined;
  } catch {
    return undefined;
  }
}

async function orAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
