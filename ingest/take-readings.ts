/**
 * takeReadings: items of one device → readings with their quality, and what was refused of them.
 *
 * Second and third step of the pipeline, for messages on our own topics and for claims of other formats alike.
 * Invariants: a device stores no more than its quota; called once an item and in order, since it moves the device's past; several readings without a time
 * are spaced; of one message a bounded number of refusals is kept each by itself, and the rest as one.
 */
import type { Reading } from '../devices/reading.ts';
import { type RejectedMessage, type Rejection, reject } from '../devices/rejection.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { Quality } from './quality.ts';
import type { Quota } from './quota.ts';
import type { SetAside } from './set-aside.ts';
import { type Target, type ValidateOptions, validateReading } from './validate.ts';

/** Refused readings of one message that are kept each by itself; what is more of them is kept as one array. */
const MAX_REJECTIONS_PER_MESSAGE = 100;
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

export type TakeReadings = (
  message: IncomingMessage,
  target: Target,
  items: readonly unknown[],
  /** As the journal keeps the sender of what is refused. */
  sender: string,
) => TakenReadings;

export function createTakeReadings({
  quality,
  quota,
  setAside,
  validate,
}: TakeReadingsOptions): TakeReadings {
  const { clockAheadMaxMs, bounds } = validate;

  function takeMany(
    message: IncomingMessage,
    target: Target,
    items: readonly unknown[],
    sender: string,
  ): TakenReadings {
    const { receivedAt, replayedAt } = message;
    const options = { receivedAt, replayedAt, clockAheadMaxMs, bounds };
    const fresh: Reading[] = [];
    const refused: RefusedItem[] = [];
    for (const item of items) {
      const { reading, rejection, leftOut } = validateReading(item, target, options);
      if (leftOut) setAside.countLeftOut(target.device.id, leftOut);
      if (reading) fresh.push(reading);
      if (rejection) refused.push({ item, rejection });
    }
    const bad = gatherRefused(refused).map(({ item, rejection }) =>
      setAside.keep(message, rejection, Buffer.from(JSON.stringify(item)), sender),
    );
    const spaced = quality.space(fresh, message.payload, target.kind.reportIntervalS * 1000);
    return { good: spaced.map((reading) => quality.assess(reading)), bad };
  }

  return (message, target, items, sender) => {
    // What was kept and is tried again was paid for when it came.
    const refusal = message.isReplay ? undefined : quota.spend(target.device.id, target.kind, items.length);
    if (refusal) return { good: NONE, bad: [setAside.keep(message, refusal, message.payload, sender)] };
    if (items.length !== 1) return takeMany(message, target, items, sender);
    // Nearly every message: no lists that grow.
    const { receivedAt, replayedAt } = message;
    const options = { receivedAt, replayedAt, clockAheadMaxMs, bounds };
    const { reading, rejection, leftOut } = validateReading(items[0], target, options);
    if (leftOut) setAside.countLeftOut(target.device.id, leftOut);
    const bad = rejection ? [setAside.keep(message, rejection, message.payload, sender)] : NONE;
    return { good: reading ? [quality.assess(reading, message.isRepeat)] : NONE, bad };
  };
}

interface RefusedItem {
  readonly item: unknown;
  readonly rejection: Rejection;
}

/** The same with everything beyond the bound as one array, which is replayed as one. */
function gatherRefused(refused: readonly RefusedItem[]): readonly RefusedItem[] {
  if (refused.length <= MAX_REJECTIONS_PER_MESSAGE) return refused;
  const single = refused.slice(0, MAX_REJECTIONS_PER_MESSAGE - 1);
  const rest = refused.slice(single.length);
  const { reason, detail } = (rest[0] as RefusedItem).rejection;
  const all = reject(reason, `${rest.length} readings of one message; the first: ${detail}`);
  return [...single, { item: rest.map(({ item }) => item), rejection: all }];
}
