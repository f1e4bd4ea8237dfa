/**
 * Reconciles all rules of one device: the episodes of its newest fold against those that were told of.
 *
 * Called by the engine after each reading that moved the fold. Invariant: what it returns was not said before,
 * and `watch.known` is what has been said afterwards.
 */
import { alertIdOf, type Change } from '../alert.ts';
import type { DeviceWatch } from './device-watch.ts';
import { aboutRule, type EngineChange } from './engine-change.ts';
import { evidenceOf } from './hear.ts';
import { isKnown, isTakenBack, reconcile } from './reconcile.ts';
import type { BoundRule, Description } from './rule.ts';
import { type Episode, hasEnded, shownRank, type Track } from './track.ts';
import { WATERMARK_MS } from './watermark.ts';

/** What is new, or undefined when nothing is; a device of which nothing changed costs a look at each rule. */
export function reconcileWatch(watch: DeviceWatch, receivedAt: number): EngineChange[] | undefined {
  let changes: EngineChange[] | undefined;
  const head = watch.timeline.head;
  for (let index = 0; index < watch.rules.length; index++) {
    const track = head.tracks[index] as Track;
    const known = watch.known[index] as DeviceWatch['known'][number];
    if (isKnown(known, track)) continue;
    const rule = watch.rules[index] as BoundRule;
    const result = reconcile(known, track, head.measuredAt - WATERMARK_MS, (episode) =>
      alertIdOf(rule.name, watch.device.id, episode.startedAt),
    );
    watch.known[index] = result.known;
    for (const { change, alert, episode } of result.changes) {
      changes ??= [];
      changes.push({
        change,
        alert,
        ...aboutRule(watch.subject, rule, rule.parameters),
        episode,
        description: describeChange(rule, change, episode),
        evidence: evidenceOf(watch),
        atMs: episode.endedAt ?? episode.changedAt,
        receivedAt,
      });
    }
  }
  return changes;
}

function describeChange(rule: BoundRule, change: Change, episode: Episode): Description {
  const isStart = change === 'opened' || change === 'provisional';
  // One that is told of only after its end is first said as it stood at its height.
  if (isStart && hasEnded(episode)) {
    const { highestRank, peak } = episode;
    return rule.describe({ ...episode, rank: highestRank, value: peak, endedAt: undefined }, highestRank);
  }
  if (change === 'withdrawn' && !isTakenBack(episode)) return rule.describeNeverWas(episode);
  if (hasEnded(episode)) return rule.describeEnd(episode);
  return rule.describe(episode, shownRank(episode));
}
