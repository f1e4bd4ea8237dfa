/**
 * Drain: how fast a gauge's river has ever fallen from a flood, learnt from its own floods.
 *
 * Kept by river-level and asked by fall.ts whether a fall is one of water. Falls are shares of the height from
 * which they began (recessions are close to exponential), over five windows of time. A flood is learnt as a whole
 * once the river is calm again; what it lost and had back at once is left out: that was the sensor.
 * Invariant: everything here is JSON, and replaced when it changes, never changed.
 */

/** By window: the largest share of the height that was lost within it. */
export type Shares = readonly [number, number, number, number, number];

/** The highest level within each slot of a window. */
type Slots = readonly (readonly [slot: number, levelM: number])[];

/** A flood under way. */
interface Spell {
  /** What its windows are counted in: fixed for as long as it lasts. */
  readonly unitMs: number;
  readonly startedAt: number;
  /** When the river last stood at flood height. */
  readonly highAt: number;
  readonly shares: Shares;
  readonly slots: readonly [Slots, Slots, Slots, Slots, Slots];
  /** What was known before the first large loss that may yet be made good at once: see standsUp. */
  readonly sharesBeforeLoss: Shares | null;
}

export interface Drain {
  /** What the newest floods lost, in order. */
  readonly floods: readonly Shares[];
  /** The upper quartile of them, and the median: a drop-out that was taken for water is outvoted. */
  readonly fast: Shares;
  readonly typical: Shares;
  readonly spell: Spell | null;
}

const NOTHING: Shares = Object.freeze([0, 0, 0, 0, 0]) as Shares;
export const DRAIN_START: Drain = Object.freeze({
  floods: [],
  fast: NOTHING,
  typical: NOTHING,
  spell: null,
});

/** Windows in units of time (timeUnitMs). */
const WINDOWS = [1 / 16, 1 / 4, 1, 4, 16] as const;
const SLOTS_PER_WINDOW = 4;
/** Slots looked back over: reports come with jitter, and one that is a little late still belongs. */
const SLOTS_BACK = 6;
const LONGEST = WINDOWS[4];
/** A flood is over, and learnt, so long after the last level at flood height; one that never ends, after this long. */
const SPELL_CALM_UNITS = LONGEST;
const SPELL_MAX_UNITS = 4 * LONGEST;
/** With fewer floods a gauge is new, and what rivers do in general holds as well. */
const KNOWN_AFTER_FLOODS = 3;
/** Older ones are forgotten: rivers are dredged and dammed. */
const MAX_FLOODS = 16;
/** A river may drain faster than most of its floods did, by this. */
const FASTER_THAN_EVER = 2;
/** … and often enough for nothing to be thought of it, by this. */
const FASTER_THAN_MOST = 1.3;
/** One report's worth of fall, whatever the interval: a flood recedes over at least half a dozen reports. */
const LEAST_SHARE = 0.18;
/** Of a new gauge: a flash flood is gone within a unit, most of it in the first half … */
const NEW_FASTEST_RATE = 2;
/** … but few are: what is usual is this share of that … */
const NEW_USUAL_SHARE = 0.4;
/** … and a level that was doubted is explained after eight of them. */
const NEW_TYPICAL_UNITS = 8;
const NEW_TYPICAL_RATE = 3;
/** A loss of more than this share of the height that is made good by this share at once. */
const LOSS_SHARE = 0.1;
const STOOD_UP_SHARE = 0.5;
const HOUR_MS = 3_600_000;
const UNIT_INTERVALS = 60;

/** An hour; less for a device that reports faster than each minute, as a drill does that is compressed in time. */
export function timeUnitMs(intervalMs: number): number {
  return Math.min(HOUR_MS, UNIT_INTERVALS * intervalMs);
}

/** It has been through floods enough: what is known of it is its own. */
export function isKnownToDrain({ floods }: Drain): boolean {
  return floods.length >= KNOWN_AFTER_FLOODS;
}

/** The largest share of its height that a flood may lose within `ms`, up to 1: more than that is not water. */
export function fastestShare(drain: Drain, ms: number, unitMs: number): number {
  return shareOf(drain, ms, unitMs, FASTER_THAN_EVER, 1);
}

/** The share that floods lose within `ms` often enough for nothing to be thought of it. */
export function usualShare(drain: Drain, ms: number, unitMs: number): number {
  return shareOf(drain, ms, unitMs, FASTER_THAN_MOST, NEW_USUAL_SHARE);
}

function shareOf(drain: Drain, ms: number, unitMs: number, factor: number, newFactor: number): number {
  const units = ms / unitMs;
  const learnt = factor * shareWithin(drain.fast, units);
  if (isKnownToDrain(drain)) return Math.min(1, Math.max(LEAST_SHARE / 2, learnt));
  const general = (1 - Math.exp(-NEW_FASTEST_RATE * units)) / (1 - Math.exp(-NEW_FASTEST_RATE));
  const weight = 1 - drain.floods.length / KNOWN_AFTER_FLOODS;
  return Math.min(1, Math.max(LEAST_SHARE, newFactor * weight * general, learnt));
}

/** The share of its height that a flood of this river has lost after `ms`, as far as is known of it. */
export function typicalShare(drain: Drain, ms: number, unitMs: number): number {
  const units = ms / unitMs;
  const general = 1 - Math.exp((-NEW_TYPICAL_RATE * units) / NEW_TYPICAL_UNITS);
  if (!isKnownToDrain(drain)) return general;
  // However slowly it has drained before: it is believed to fall a ninth as fast as a new river, at least.
  return Math.max(
    shareWithin(drain.typical, units),
    1 - Math.exp((-units * NEW_TYPICAL_RATE) / (9 * NEW_TYPICAL_UNITS)),
  );
}

/**
 * Between the windows in proportion; before the first that holds two reports at least half of it; beyond the last
 * it goes on as it did.
 */
function shareWithin(shares: Shares, units: number): number {
  if (units >= LONGEST) return 1 - (1 - Math.min(1, shares[4])) ** (units / LONGEST);
  let index = Math.max(
    0,
    shares.findIndex((share) => share > 0),
  );
  const first = WINDOWS[index] as number;
  if (units <= first) return 1 - (1 - Math.min(1, shares[index] as number)) ** Math.max(0.5, units / first);
  while (units > (WINDOWS[index + 1] as number)) index++;
  const [from, to] = [WINDOWS[index] as number, WINDOWS[index + 1] as number];
  const [low, high] = [shares[index] as number, shares[index + 1] as number];
  return low + ((high - low) * (units - from)) / (to - from);
}

export interface BelievedLevel {
  readonly levelM: number;
  /** The believed level before it. */
  readonly beforeM: number;
  readonly at: number;
}

/**
 * What a believed level adds. `floodM` is where floods begin; `heightOf` the height of a level above the river's low.
 */
export function learnLevel(
  drain: Drain,
  { levelM, beforeM, at }: BelievedLevel,
  unitNowMs: number,
  floodM: number,
  heightOf: (levelM: number) => number,
): Drain {
  const { spell } = drain;
  if (!spell && levelM < floodM) return drain;
  const before = spell ?? startSpell(at, unitNowMs);
  const { unitMs } = before;
  const highAt = levelM >= floodM ? at : before.highAt;
  const isOver =
    at - highAt >= SPELL_CALM_UNITS * unitMs || at - before.startedAt >= SPELL_MAX_UNITS * unitMs;
  if (isOver) return learnSpell(drain, before);
  const shares = [...before.shares] as [number, number, number, number, number];
  const slots = before.slots.map((own, index) => {
    const slotMs = ((WINDOWS[index] as number) * unitMs) / SLOTS_PER_WINDOW;
    const kept = addToSlots(own, Math.floor(at / slotMs), levelM);
    let highestM = levelM;
    for (const [, slotM] of kept) if (slotM > highestM) highestM = slotM;
    if (highestM >= floodM) {
      shares[index] = Math.max(shares[index] as number, (highestM - levelM) / heightOf(highestM));
    }
    return kept;
  }) as unknown as Spell['slots'];
  const isLoss = beforeM - levelM > LOSS_SHARE * heightOf(beforeM);
  const sharesBeforeLoss = before.sharesBeforeLoss ?? (isLoss ? before.shares : null);
  const next = { ...before, highAt, slots };
  if (sharesBeforeLoss && standsUp(before, beforeM, levelM, heightOf)) {
    return { ...drain, spell: { ...next, shares: sharesBeforeLoss, sharesBeforeLoss: null } };
  }
  return { ...drain, spell: { ...next, shares, sharesBeforeLoss } };
}

/** In one step the river is back by most of what it had lost lately: that was not water. */
function standsUp(
  { slots }: Spell,
  beforeM: number,
  levelM: number,
  heightOf: (levelM: number) => number,
): boolean {
  let highestM = beforeM;
  for (const [, slotM] of slots[4]) if (slotM > highestM) highestM = slotM;
  const lostM = highestM - beforeM;
  return lostM > LOSS_SHARE * heightOf(highestM) && levelM - beforeM > STOOD_UP_SHARE * lostM;
}

function startSpell(at: number, unitMs: number): Spell {
  return {
    unitMs,
    startedAt: at,
    highAt: at,
    shares: NOTHING,
    slots: [[], [], [], [], []],
    sharesBeforeLoss: null,
  };
}

function addToSlots(slots: Slots, slot: number, levelM: number): Slots {
  const last = slots.at(-1);
  if (last?.[0] === slot) return last[1] >= levelM ? slots : [...slots.slice(0, -1), [slot, levelM]];
  return [...slots.filter(([each]) => each >= slot - SLOTS_BACK), [slot, levelM]];
}

function learnSpell({ floods: before, fast, typical }: Drain, { shares }: Spell): Drain {
  if (shares[4] === 0) return { floods: before, fast, typical, spell: null };
  const floods = [...before.slice(1 - MAX_FLOODS), shares];
  return { floods, fast: quantile(floods, 0.75), typical: quantile(floods, 0.5), spell: null };
}

/** By window. */
function quantile(floods: readonly Shares[], share: number): Shares {
  return WINDOWS.map((_, index) => {
    const sorted = floods.map((each) => each[index] as number).sort((a, b) => a - b);
    return sorted[Math.round(share * (sorted.length - 1))];
  }) as unknown as Shares;
}
