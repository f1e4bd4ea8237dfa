/**
 * Redate: the alarms after our own clock was set back. What we dated ourselves cannot be later than now.
 *
 * Called when a step is found, and at a start: the last run may have gone by a clock that was ahead. Without it each
 * reading would be late until the old time is reached again. Invariants: an open alert stays open under its own id;
 * a device begins a new timeline with its newest levels, which end now, and forgets no more than the older ones.
 */
import { AHEAD_MAX_MS, shiftDeviceClock } from '../../clock/device-clock.ts';
import type { Alert } from '../alert.ts';
import { type DeviceWatch, foldAgain } from '../judgement/device-watch.ts';
import type { AlertEngine } from '../judgement/engine.ts';
import type { EngineChange } from '../judgement/engine-change.ts';
import { createFold } from '../judgement/fold.ts';
import { reconcileWatch } from '../judgement/reconcile-watch.ts';
import { Timeline } from '../judgement/timeline.ts';
import type { Track } from '../judgement/track.ts';
import { adoptAlerts } from './adopt.ts';

/** `stepMs` is 0 where it is not known. Returns what has changed by it: the beginnings of alerts. */
export function redateWatches(
  engine: AlertEngine,
  open: Iterable<Alert>,
  nowMs: number,
  stepMs: number,
): EngineChange[] {
  engine.conditions.clockSet(nowMs);
  const byDevice = Map.groupBy(open, ({ subject }) => subject);
  const changes: EngineChange[] = [];
  for (const [device, watch] of engine.watches.all) {
    shiftDeviceClock(watch.hearing.clock, stepMs, nowMs);
    if (stepMs !== 0) engine.watches.touch(device);
    if (watch.timeline.head.measuredAt <= nowMs + AHEAD_MAX_MS) continue;
    beginTimelineAgain(watch, byDevice.get(device) ?? [], nowMs);
    engine.watches.touch(device);
    changes.push(...(reconcileWatch(watch, nowMs) ?? []));
  }
  return changes;
}

function beginTimelineAgain(watch: DeviceWatch, open: readonly Alert[], nowMs: number): void {
  const { timeline, rules, hearing } = watch;
  const { head } = timeline;
  const shiftMs = nowMs - head.measuredAt;
  const newest = timeline
    .newest()
    .map((reading) => ({ ...reading, measuredAt: reading.measuredAt + shiftMs }));
  watch.timeline = new Timeline(rules, createFold(rules, head.intervalMs), newest);
  for (let index = hearing.rain.length - 1; index >= 0; index--) {
    if ((hearing.rain[index]?.at ?? 0) > nowMs) hearing.rain.splice(index, 1);
  }
  adoptAlerts(watch, open);
  // One that began later than now began now at the latest.
  const base = watch.timeline.base();
  foldAgain(
    watch,
    base.tracks.map((track) => noLaterThan(track, nowMs)),
  );
}

function noLaterThan(track: Track, nowMs: number): Track {
  const { episode } = track;
  if (!episode || episode.startedAt <= nowMs) return track;
  return { ...track, episode: { ...episode, startedAt: nowMs, changedAt: nowMs } };
}
