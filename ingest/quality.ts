/**
 * Quality: what can be said of a reading from the device's own past, before it is written.
 *
 * Third step of the pipeline. Flags are written with the reading and never changed; what depends on what
 * follows (a spike that is confirmed) is for the alert engine. Invariant: constant memory a device; the same
 * readings in the same order give the same flags, across a restart too (`restore`).
 */
import { isDeepStrictEqual } from 'node:util';
import { FAILED_QUALITY, QualityFlag, type Reading } from '../devices/reading.ts';
import { filterPosition, fixOf, type PositionState } from '../fleet/positions/position-filter.ts';

export interface Quality {
  /** The reading with its flags. Moves the device's past, so call it once a reading and in order. */
  assess(reading: Reading): Reading;
  /** Takes the last reading of a device from before a restart. */
  restore(reading: Reading): void;
  /** Takes one of the last readings of the journal, in its order: a repeat of it may still come. */
  restoreSeq(reading: Reading): void;
}

/**
 * A publish is repeated as soon as the device is connected again. Later than this after the first, the same
 * `seq` with the same values is a new reading: a node that wakes up once an hour may say `seq` 1 each time.
 */
const REPEAT_WITHIN_MS = 10 * 60_000;
/** Readings without a time of their own that are remembered, to know a repeat by its `seq`. */
const REMEMBERED_SEQS = 64;
/** Equal readings in a row before a flat line is suspected, and the difference that counts as equal, m. */
const FLAT_READINGS = 60;
const FLAT_EPSILON = 0.001;

interface Past {
  latestMeasuredAt: number;
  /** seq → its first arrival, which got the time of receipt. */
  readonly firstBySeq: Map<number, Reading>;
  position: PositionState | undefined;
  flatSince: number;
  flatLevel: number;
}

export function createQuality(): Quality {
  const pasts = new Map<string, Past>();
  const pastOf = (device: string): Past => {
    let past = pasts.get(device);
    if (!past) {
      past = {
        latestMeasuredAt: 0,
        firstBySeq: new Map(),
        position: undefined,
        flatSince: 0,
        flatLevel: Number.NaN,
      };
      pasts.set(device, past);
    }
    return past;
  };
  return {
    restore(reading) {
      const past = pastOf(reading.device);
      past.latestMeasuredAt = Math.max(past.latestMeasuredAt, reading.measuredAt);
      firstTimeOf(past, reading);
      assessPosition(past, reading);
    },
    restoreSeq(reading) {
      firstTimeOf(pastOf(reading.device), reading);
    },
    assess(arrived) {
      const past = pastOf(arrived.device);
      const measuredAt = firstTimeOf(past, arrived);
      let { quality } = arrived;
      if (measuredAt < past.latestMeasuredAt) quality |= QualityFlag.late;
      else if (!(quality & FAILED_QUALITY)) past.latestMeasuredAt = measuredAt;
      quality |= assessPosition(past, arrived);
      if (isFlat(past, arrived.values['levelM'])) quality |= QualityFlag.flatLine;
      return quality === arrived.quality && measuredAt === arrived.measuredAt
        ? arrived
        : { ...arrived, measuredAt, quality };
    },
  };
}

/**
 * The time of a reading. One without a time of its own that comes again (a publish repeated after a lost
 * PUBACK) is known by its `seq` and gets the time of its first arrival, so that the journal sees a repeat.
 * The same `seq` with other values, or much later, is no repeat: the device has restarted and counts anew.
 */
function firstTimeOf(past: Past, reading: Reading): number {
  const { seq, quality, measuredAt } = reading;
  if (seq === undefined || !(quality & QualityFlag.serverTime)) return measuredAt;
  const first = past.firstBySeq.get(seq);
  const isRepeat =
    first !== undefined &&
    reading.receivedAt - first.receivedAt <= REPEAT_WITHIN_MS &&
    isDeepStrictEqual(first.values, reading.values);
  if (isRepeat) return first.measuredAt;
  past.firstBySeq.delete(seq);
  past.firstBySeq.set(seq, reading);
  if (past.firstBySeq.size > REMEMBERED_SEQS) {
    past.firstBySeq.delete(past.firstBySeq.keys().next().value as number);
  }
  return measuredAt;
}

function assessPosition(past: Past, reading: Reading): number {
  const fix = fixOf(reading);
  if (!fix) return 0;
  const { state, verdict } = filterPosition(past.position, fix);
  past.position = state;
  return verdict.quality;
}

function isFlat(past: Past, levelM: number | string | undefined): boolean {
  if (typeof levelM !== 'number') return false;
  if (Math.abs(levelM - past.flatLevel) < FLAT_EPSILON) return ++past.flatSince >= FLAT_READINGS;
  past.flatLevel = levelM;
  past.flatSince = 1;
  return false;
}
