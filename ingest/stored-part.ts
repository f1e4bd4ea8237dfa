/**
 * The sound part of a message that was refused for the rest of it: when its readings stand in the journal.
 *
 * Said at the end of the refusal, where people read it, and read again when the message is replayed: a reading without
 * a time of its own was dated by us, and only that date tells that it is there already. Invariants: what is
 * written is read back; a message whose readings all have times of their own says nothing: the journal knows them.
 */
import { QualityFlag, type Reading } from '../devices/reading.ts';
import type { RejectedMessage } from '../devices/rejection.ts';
import { DATED_BY_US } from './first-arrivals.ts';

const BEGIN = '; stored already: ';
/** Times that are written one by one; more of them at even steps are written by their ends. */
const MAX_TIMES = 20;
/** Some three hundred devices of one gateway; what does not fit may come twice. */
export const MAX_CHARACTERS = 16_000;
const EVENLY = /^(\S+) (\d+) from (\S+) to (\S+)$/;
const EACH = /^(\S+) at (.+)$/;

/** By device, in the order in which the readings were taken, epoch ms. */
export type StoredTimes = ReadonlyMap<string, readonly number[]>;

/** The same refusal, which says what of its message is stored. */
export function withStoredPart(refused: RejectedMessage, good: readonly Reading[]): RejectedMessage {
  const detail = withoutStoredPart(refused.detail);
  const part = formatStoredPart(good);
  return detail + part === refused.detail ? refused : { ...refused, detail: detail + part };
}

export function withoutStoredPart(detail: string): string {
  const at = detail.lastIndexOf(BEGIN);
  return at < 0 ? detail : detail.slice(0, at);
}

function formatStoredPart(good: readonly Reading[]): string {
  if (!good.some(({ quality }) => quality & DATED_BY_US)) return '';
  const byDevice = Map.groupBy(good, ({ device }) => device);
  let text = '';
  for (const [device, readings] of byDevice) {
    if (!readings.some(({ quality }) => quality & DATED_BY_US)) continue;
    const times = formatTimes(readings.map(({ measuredAt }) => measuredAt));
    if (times === undefined || text.length > MAX_CHARACTERS) continue;
    text += `${text === '' ? BEGIN : '; '}${device} ${times}`;
  }
  return text;
}

/** Undefined where there are too many for a sentence. */
function formatTimes(times: readonly number[]): string | undefined {
  const write = (ms: number) => new Date(ms).toISOString();
  if (times.length <= MAX_TIMES) return `at ${times.map(write).join(', ')}`;
  const [first, last] = [times[0] as number, times.at(-1) as number];
  const stepMs = (last - first) / (times.length - 1);
  const isEven = times.every((ms, index) => ms === first + index * stepMs);
  return isEven ? `${times.length} from ${write(first)} to ${write(last)}` : undefined;
}

/** What `withStoredPart` wrote. */
export function parseStoredPart(detail: string): StoredTimes | undefined {
  const at = detail.lastIndexOf(BEGIN);
  if (at < 0) return undefined;
  const parts = detail.slice(at + BEGIN.length).split('; ');
  const read = parts.map(readPart).filter((part) => part !== undefined);
  return read.length === 0 ? undefined : new Map(read);
}

function readPart(part: string): readonly [string, readonly number[]] | undefined {
  const evenly = EVENLY.exec(part);
  if (evenly) {
    const count = Number(evenly[2]);
    const [first, last] = [Date.parse(evenly[3] as string), Date.parse(evenly[4] as string)];
    if (!(count > 1 && count <= 1e6 && last >= first)) return undefined;
    const stepMs = (last - first) / (count - 1);
    return [evenly[1] as string, Array.from({ length: count }, (_, n) => first + n * stepMs)];
  }
  const each = EACH.exec(part);
  const times = each?.[2]?.split(', ').map((text) => Date.parse(text));
  return each && times?.every((ms) => Number.isFinite(ms)) ? [each[1] as string, times] : undefined;
}

/** A reading of a replay as it stands in the journal since `storedAt`. */
export function asStored(reading: Reading, storedAt: number): Reading {
  const { measuredAt, quality, values } = reading;
  if (measuredAt === storedAt) return reading;
  const late = quality | QualityFlag.late;
  const isOwn = !(quality & QualityFlag.serverTime);
  const isMoved = isOwn && storedAt > measuredAt && storedAt - measuredAt < 1_000;
  if (!isOwn || isMoved) return { ...reading, measuredAt: storedAt, quality: late };
  // Its clock was known to be off.
  return {
    ...reading,
    measuredAt: storedAt,
    quality: late | QualityFlag.clockOff,
    values: { ...values, deviceClockMs: measuredAt },
  };
}
