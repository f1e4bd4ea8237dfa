/**
 * takeReadings: items of one device → readings with their quality, and what was refused of them.
 *
 * Three steps of pipeline.ts, quota, validate and quality, for messages on our own topics and for claims of other
 * formats alike. Invariants: a device stores no more than its quota; each item is taken once and in order, since it
 * moves the device's past; several readings without a time are spaced; of one message a bounded number of refusals is
 * kept each by itself, and the rest as one.
 */
import type { JsonItems, RefusedPiece } from '../devices/parse-json-items.ts';
import type { Reading } from '../devices/reading.ts';
import { type RejectedMessage, reject } from '../devices/rejection.ts';
import { wordsOf } from './first-arrivals.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { Quality } from './quality.ts';
import type { Quota } from './quota.ts';
import type { SetAside } from './set-aside.ts';
import { asStored, withStoredPart } from './stored-part.ts';
import { type Target, type ValidateOptions, validateReading } from './validate.ts';

/** Refused readings of one message that are kept each by itself; what is more of them is kept as one array. */
export const MAX_REJECTIONS_PER_MESSAGE = 100;
const NONE: readonly never[] = [];

export interface TakenReadings {
  readonly good: readonly Reading[];
  readonly bad: readonly RejectedMessage[];
}

export interface TakeReadingsOptions {
  readonly quality: Quality;
  readonly quota: Quota;
  readonly setAside: SetAside;
  readonly validate: Omit<ValidateOptions, 'receivedAt' | 'replayedAt'>;
}

/** What one message has for one device, and the pieces of it that could not be read. */
export type TelemetryItems = Pick<JsonItems, 'items' | 'refused'>;

export type TakeReadings = (
  message: IncomingMessage,
  target: Target,
  items: TelemetryItems,
  /** As the journal keeps the sender of what is refused. */
  sender: string,
) => TakenReadings;

export function createTakeReadings({
  quality,
  quota,
  setAside,
  validate,
}: TakeReadingsOptions): TakeReadings {
  const { clockAheadMaxMs, bounds, timeZone } = validate;

  function takeMany(
    message: IncomingMessage,
    target: Target,
    { items, refused: pieces }: TelemetryItems,
    sender: string,
  ): TakenReadings {
    const { receivedAt, replayedAt } = message;
    const options = { receivedAt, replayedAt, clockAheadMaxMs, bounds, timeZone };
    const fresh: Reading[] = [];
    const refused: RefusedItem[] = [];
    for (const item of items) {
      const { reading, rejection, leftOut } = validateReading(item, target, options);
      if (leftOut) setAside.countLeftOut(target.device.id, leftOut);
      if (reading) fresh.push(reading);
      if (rejection)
        refused.push({ text: JSON.stringify(item), rejection, sound: reading ? [reading] : NONE });
    }
    const spaced = quality.space(fresh, message.payload, target.kind.reportIntervalS * 1000);
    const good = assessAll(message, target, spaced);
    const nothing = pieces.map((piece) => ({ ...piece, sound: NONE }));
    const storedOf = refused.some(({ sound }) => sound.length > 0) ? findStored(good) : undefined;
    const bad = gatherRefused([...refused, ...nothing]).map(({ text, rejection, sound }) => {
      const kept = setAside.keep(message, rejection, Buffer.from(text), sender);
      return storedOf && sound.length > 0 ? withStoredPart(kept, sound.flatMap(storedOf)) : kept;
    });
    return { good, bad };
  }

  /** What stands in the journal already is what it was, and moves no past a second time. */
  function assessAll(
    { storedAt, isRepeat }: IncomingMessage,
    { device }: Target,
    readings: readonly Reading[],
  ): readonly Reading[] {
    const times = storedAt?.get(device.id);
    if (times?.length === readings.length) {
      return readings.map((reading, index) => asStored(reading, times[index] as number));
    }
    return readings.map((reading) => quality.assess(reading, readings.length === 1 && isRepeat));
  }

  return (message, target, telemetry, sender) => {
    const { items, refused } = telemetry;
    // What was kept and is tried again was paid for when it came.
    const refusal = message.isReplay ? undefined : quota.spend(target.device.id, target.kind, items.length);
    if (refusal) return { good: NONE, bad: [setAside.keep(message, refusal, message.payload, sender)] };
    if (items.length !== 1 || refused.length > 0) return takeMany(message, target, telemetry, sender);
    // Nearly every message: no lists that grow.
    const { receivedAt, replayedAt } = message;
    const options = { receivedAt, replayedAt, clockAheadMaxMs, bounds, timeZone };
    const { reading, rejection, leftOut } = validateReading(items[0], target, options);
    if (leftOut) setAside.countLeftOut(target.device.id, leftOut);
    if (!rejection && !message.isReplay) {
      return { good: reading ? [quality.assess(reading, message.isRepeat)] : NONE, bad: NONE };
    }
    const good = assessAll(message, target, reading ? [reading] : NONE);
    const kept = rejection && setAside.keep(message, rejection, message.payload, sender);
    return { good, bad: kept ? [withStoredPart(kept, good)] : NONE };
  };
}

/** A refused item and its readings, where part of it is sound. */
interface RefusedItem extends RefusedPiece {
  readonly sound: readonly Reading[];
}

/** Finds what became of a reading when it was spaced and assessed. */
function findStored(good: readonly Reading[]): (reading: Reading) => readonly Reading[] {
  const keyOf = ({ seq, values }: Reading) => `${seq} ${wordsOf(values)}`;
  const byWords = new Map(good.toReversed().map((reading) => [keyOf(reading), reading]));
  return (reading) => {
    const found = byWords.get(keyOf(reading));
    return found ? [found] : NONE;
  };
}

/** The same with everything beyond the bound as one array, which is replayed as one. */
function gatherRefused(refused: readonly RefusedItem[]): readonly RefusedItem[] {
  if (refused.length <= MAX_REJECTIONS_PER_MESSAGE) return refused;
  const single = refused.slice(0, MAX_REJECTIONS_PER_MESSAGE - 1);
  const rest = refused.slice(single.length);
  const { reason, detail } = (rest[0] as RefusedItem).rejection;
  const all = reject(reason, `${rest.length} readings of one message; the first: ${detail}`);
  const text = `[${rest.map((each) => each.text).join(',')}]`;
  return [...single, { text, rejection: all, sound: rest.flatMap(({ sound }) => sound) }];
}
