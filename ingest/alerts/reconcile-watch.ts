/**
 * Reconciles all rules of one device: the episodes of its newest fold against those that were told of.
 *
 * Called by the engine after each reading that moved the fold. Invariant: what it returns was not said before,
 * and `watch.known` is what has been said afterwards.
 */
import { alertIdOf } from './alert.ts';
import type { DeviceWatch } from './device-watch.ts';
import type { EngineChange } from './engine-change.ts';
import { evidenceOf } from './hear.ts';
import { reconcile } from './reconcile.ts';
import type { BoundRule } from './rule.ts';
import { shownRank, type Track } from './track.ts';
import { WATERMARK_MS } from './watermark.ts';

/** Adds what is new to `changes`; a device of which nothing is and was wrong costs a look at each rule. */
export function reconcileWatch(watch: DeviceWatch, receivedAt: number, changes: EngineChange[]): void {
  const head = watch.timeline.head;
  for (let index = 0; index < watch.rules.length; index++) {
    const track = head.tracks[index] as Track;
    const known = watch.known[index] as DeviceWatch['known'][number];
    if (known.length === 0 && !track.episode && track.closed.length === 0) continue;
    const last = known.at(-1);
    if (known.length === 1 && track.closed.length === 0 && last?.episode === track.episode) continue;
    const rule = watch.rules[index] as BoundRule;
    const result = reconcile(known, track, head.measuredAt - WATERMARK_MS, (episode) =>
      alertIdOf(rule.name, watch.device.id, episode.startedAt),
    );
    watch.known[index] = result.known;
    for (const { change, alert, episode } of result.changes) {
      const rank = shownRank(episode);
      changes.push({
        change,
        alert,
        rule: rule.name,
        ruleVersion: rule.version,
        parameters: rule.parameters,
        unit: rule.unit,
        subject: watch.subject,
        episode,
        description: rule.describe(episode, rank === 0 ? episode.highestRank : rank),
        evidence: evidenceOf(watch),
        atMs: episode.endedAt ?? episode.changedAt,
        receivedAt,
      });
    }
  }
}
