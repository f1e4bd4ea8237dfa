/**
 * DeviceWatch: everything the engine holds of one device: its bound rules, its timeline, the episodes that
 * were told of, and when it was heard.
 *
 * Made on the first word of a device, or from what was saved. Invariant: what `saveWatch` writes is enough to
 * go on as if nothing had happened.
 */
import type { RegisteredDevice } from '../../fleet/registry.ts';
import { restoreTimeline, type SavedTimeline, saveTimeline } from '../record/saved-timeline.ts';
import { resumeClock } from '../rules/clock-skew.ts';
import type { Clock } from '../wording.ts';
import type { Subject } from './engine-change.ts';
import { createHearing, type Hearing } from './hearing.ts';
import { groupOf, type ParameterOverride } from './parameters.ts';
import { type KnownEpisode, NONE_KNOWN } from './reconcile.ts';
import type { BoundRule, TrackRule } from './rule.ts';
import { createTimeline, Timeline } from './timeline.ts';
import type { Track } from './track.ts';

export interface DeviceWatch {
  readonly device: RegisteredDevice;
  readonly subject: Subject;
  readonly rules: readonly BoundRule[];
  timeline: Timeline;
  readonly hearing: Hearing;
  /** One list a rule, in the order of `rules`. */
  readonly known: (readonly KnownEpisode[])[];
  /** Its state has moved since it was saved. */
  moved: boolean;
}

export interface SavedWatch {
  readonly timeline: SavedTimeline;
  readonly hearing: Hearing;
  readonly known: Readonly<Record<string, readonly KnownEpisode[]>>;
}

export function createWatch(
  device: RegisteredDevice,
  rules: readonly TrackRule[],
  overrides: readonly ParameterOverride[],
  intervalMs: number,
  clock: Clock,
): DeviceWatch {
  const bound = rules.map((rule) => rule.bind(device, overrides, clock)).filter((rule) => rule !== undefined);
  return {
    device,
    subject: subjectOf(device),
    rules: bound,
    timeline: createTimeline(bound, intervalMs),
    hearing: createHearing(),
    known: bound.map(() => NONE_KNOWN),
    moved: false,
  };
}

export function saveWatch(watch: DeviceWatch): SavedWatch {
  return {
    timeline: saveTimeline(watch.timeline, watch.rules),
    hearing: watch.hearing,
    known: Object.fromEntries(
      watch.rules
        .map((rule, index) => [rule.name, watch.known[index] ?? []] as const)
        .filter(([, list]) => list.length),
    ),
  };
}

export function restoreWatch(fresh: DeviceWatch, saved: SavedWatch): void {
  fresh.timeline = restoreTimeline(saved.timeline, fresh.rules);
  Object.assign(fresh.hearing, saved.hearing, { clock: resumeClock(saved.hearing.clock) });
  for (const [index, rule] of fresh.rules.entries())
    fresh.known[index] = saved.known[rule.name] ?? NONE_KNOWN;
}

/** Puts other tracks under the settled readings, and folds again what is not settled. */
export function foldAgain(watch: DeviceWatch, tracks: readonly Track[], measuredAt = 0): void {
  const { timeline, rules } = watch;
  const base = timeline.base();
  const amended = { ...base, measuredAt: Math.max(base.measuredAt, measuredAt), tracks };
  watch.timeline = new Timeline(rules, amended, timeline.newest());
  watch.moved = true;
}

function subjectOf(device: RegisteredDevice): Subject {
  const { id, name, kind, lat, lng } = device;
  const group = groupOf(device);
  return { id, name, kind, group, ...(lat !== undefined && lng !== undefined ? { lat, lng } : {}) };
}
