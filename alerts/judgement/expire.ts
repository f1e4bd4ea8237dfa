/**
 * Expire: ends what a rule says of the future when its time is over, or its device has fallen silent.
 *
 * Called by the engine each second, by our clock: without a reading nothing else would end it. Invariant: the fold
 * that is put in the timeline has settled every reading, so that the same readings do not foretell it again.
 */
import type { CityView } from './city-view.ts';
import type { DeviceWatch } from './device-watch.ts';
import { type EngineChange, NO_CHANGES } from './engine-change.ts';
import { copyFold } from './fold.ts';
import { silenceOf } from './judge-silence.ts';
import { reconcileWatch } from './reconcile-watch.ts';
import type { BoundRule } from './rule.ts';
import { Timeline } from './timeline.ts';
import { advanceTrack, type Track } from './track.ts';

export function expireForecasts(watch: DeviceWatch, view: CityView): readonly EngineChange[] {
  const { tracks } = watch.timeline.head;
  let ended: Track[] | undefined;
  for (let index = 0; index < tracks.length; index++) {
    const track = tracks[index] as Track;
    if (!track.episode) continue;
    const rule = watch.rules[index] as BoundRule;
    const untilMs = rule.foretellsUntil(track);
    if (untilMs === undefined) continue;
    const isOver = view.nowMs >= untilMs;
    if (!isOver && !silenceOf(watch, view)) continue;
    ended ??= copyFold(watch.timeline.head).tracks.slice();
    const own = ended[index] as Track;
    own.memory = rule.fallSilent(own);
    endTrack(own, watch, view.nowMs, isOver ? 'time-over' : 'silent');
  }
  if (!ended) return NO_CHANGES;
  watch.timeline = new Timeline(watch.rules, { ...copyFold(watch.timeline.head), tracks: ended });
  watch.moved = true;
  return reconcileWatch(watch, view.nowMs) ?? NO_CHANGES;
}

function endTrack(
  track: Track,
  { timeline, hearing }: DeviceWatch,
  nowMs: number,
  endedBecause: 'silent' | 'time-over',
): void {
  const { episode } = track;
  if (!episode) return;
  const { measuredAt, recent } = timeline.head;
  const at = Math.max(nowMs, measuredAt);
  // A level that is not believed is a reading, and no level to go by.
  const lastReadingAt = recent.at.at(-1) ?? measuredAt;
  const reading = { measuredAt: at, receivedAt: nowMs, quality: 0, simulated: hearing.simulated, values: {} };
  advanceTrack(track, reading, 0, recent.value.at(-1) ?? episode.value, 0, {
    ...episode.detail,
    endedBecause,
    lastReadingAt,
    ...(lastReadingAt < measuredAt ? { isDoubted: true } : {}),
  });
}
