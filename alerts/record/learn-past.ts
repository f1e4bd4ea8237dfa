/**
 * Learns from history what a gauge has done, where nothing of it was saved: a new version, a state that was lost.
 *
 * A job of the alarms, a gauge at a time, beside the readings. The past is folded by the same rules in a fold of its
 * own; what it has learnt over a long time is then put under the present one. Invariants: nothing is raised or ended
 * by it; bounded by LEARN_BACK_MS, one level each LEVEL_EVERY_MS; each gauge is asked for once in the life of a
 * process.
 */
import { type DeviceWatch, foldAgain } from '../judgement/device-watch.ts';
import type { AlertEngine } from '../judgement/engine.ts';
import { createFold, type Fold, stepFold } from '../judgement/fold.ts';
import type { BoundRule } from '../judgement/rule.ts';
import type { Track } from '../judgement/track.ts';
import type { Enqueue } from '../serial-queue.ts';
import { inheritTrack } from './saved-timeline.ts';

export interface PastLevel {
  readonly atMs: number;
  readonly levelM: number;
}

/** Levels of a gauge from history, in pages, ascending; thinned to one each `everyMs`. */
export type ReadLevels = (
  device: string,
  range: { readonly fromMs: number; readonly toMs: number; readonly everyMs: number },
) => AsyncIterable<readonly PastLevel[]>;

/** A season: at most 26,000 levels. */
const LEARN_BACK_MS = 90 * 24 * 3_600_000;
const LEVEL_EVERY_MS = 5 * 60_000;

export class PastLearner {
  readonly #engine: AlertEngine;
  readonly #enqueue: Enqueue;
  readonly #readLevels: ReadLevels;
  readonly #asked = new Set<string>();

  constructor(engine: AlertEngine, enqueue: Enqueue, readLevels: ReadLevels) {
    this.#engine = engine;
    this.#enqueue = enqueue;
    this.#readLevels = readLevels;
  }

  /** Returns the gauge that has learnt, with of how many levels; undefined when none lacks anything. */
  async learnNext(nowMs: number): Promise<{ device: string; levels: number } | undefined> {
    for (const [device, watch] of this.#engine.watches.all) {
      if (this.#asked.has(device)) continue;
      this.#asked.add(device);
      if (!watch.rules.some((rule, index) => lacks(rule, watch.timeline.head.tracks[index] as Track)))
        continue;
      const past = createFold(watch.rules, LEVEL_EVERY_MS);
      const range = { fromMs: nowMs - LEARN_BACK_MS, toMs: nowMs, everyMs: LEVEL_EVERY_MS };
      for await (const page of this.#readLevels(device, range)) foldPage(past, watch.rules, page);
      if (past.readings > 0) await this.#enqueue(async () => teach(watch, past));
      return { device, levels: past.readings };
    }
    return undefined;
  }
}

function lacks(rule: BoundRule, track: Track): boolean {
  return rule.experience(track) === 0;
}

function foldPage(fold: Fold, rules: readonly BoundRule[], page: readonly PastLevel[]): void {
  for (const { atMs, levelM } of page) {
    if (atMs <= fold.measuredAt) continue;
    stepFold(fold, rules, {
      measuredAt: atMs,
      receivedAt: atMs,
      quality: 0,
      simulated: false,
      values: { levelM },
    });
  }
}

/** Where the present has learnt more in the meantime, that stays. */
function teach(watch: DeviceWatch, past: Fold): void {
  foldAgain(
    watch,
    watch.timeline.base().tracks.map((track, index) => {
      const rule = watch.rules[index] as BoundRule;
      const own = past.tracks[index] as Track;
      const knowsMore = (rule.experience(own) ?? 0) > (rule.experience(track) ?? 0);
      return knowsMore ? inheritTrack(rule, track, own) : track;
    }),
  );
}
