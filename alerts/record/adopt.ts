/**
 * Adopt: ties alerts on record to a state that was rebuilt without knowing of them.
 *
 * Called by rebuild.ts once the readings are recalled. Invariant: an open alert stays open until its rule ends
 * it, under its own id and since its own beginning; what ended before is not told again.
 */
import { type Alert, alertIdOf, isOpen, type Rank, rankOf } from '../alert.ts';
import type { SavedCondition } from '../judgement/conditions.ts';
import { type DeviceWatch, foldAgain } from '../judgement/device-watch.ts';
import { copyFold } from '../judgement/fold.ts';
import { isTakenBack, type KnownEpisode } from '../judgement/reconcile.ts';
import type { BoundRule } from '../judgement/rule.ts';

import { Timeline } from '../judgement/timeline.ts';
import { type Episode, shownRank, type Track } from '../judgement/track.ts';
import { WATERMARK_MS } from '../judgement/watermark.ts';
import { CLOCK_SKEW, knownToBeOff } from '../rules/clock-skew.ts';
import { SILENCE_RULES } from '../rules/silence.ts';

/** The episode that an alert's record tells of. */
export function episodeOf(alert: Alert): Episode {
  const shown = rankOf(alert.severity);
  const over = !isOpen(alert.state);
  const confirmed = alert.provisional ? confirmedRank(alert) : shown;
  const neverWas = alert.state === 'withdrawn' || alert.state === 'provisional';
  return {
    startedAt: alert.startedAt,
    changedAt: alert.evidence.at(-1)?.measuredAt ?? alert.changedAt,
    rank: over ? 0 : confirmed,
    doubtRank: alert.provisional && !over ? shown : 0,
    highestRank: neverWas ? 0 : alert.provisional ? confirmed : rankOf(alert.highestSeverity),
    value: alert.value ?? 0,
    peak: alert.peak ?? alert.value ?? 0,
    peakAt: undefined,
    peakBefore: undefined,
    simulated: alert.exercise,
    endedAt: alert.endedAt,
    detail: alert.detail,
  };
}

/** Of an alert whose severity is only claimed: what it was before the claim. */
function confirmedRank({ state, severity, log }: Alert): Rank {
  if (state === 'provisional') return 0;
  const claimed = rankOf(severity);
  const before = log.findLast((entry) => rankOf(entry.severity) < claimed);
  return before ? rankOf(before.severity) : claimed;
}

/** The alert of a rule that judges by our clock or across devices. */
export function conditionOf(alert: Alert): SavedCondition {
  return { rule: alert.rule, subject: alert.subject, alert: alert.id, episode: episodeOf(alert) };
}

/**
 * `alerts` are those of the device: the open ones, and those closed a while ago. `only`: the rules, by their place,
 * that know nothing of them; all by default.
 */
export function adoptAlerts(watch: DeviceWatch, alerts: readonly Alert[], only?: readonly number[]): void {
  for (const [index, rule] of watch.rules.entries()) {
    if (only && !only.includes(index)) continue;
    const own = alerts.filter((alert) => alert.rule === rule.name);
    const open = own.find((alert) => isOpen(alert.state));
    if (open) adoptOpen(watch, index, rule, episodeOf(open));
    else adoptExpired(watch, index, rule, own);
    const head = watch.timeline.head;
    const settledBefore = head.measuredAt - WATERMARK_MS;
    const known: KnownEpisode[] = own
      .map((alert) => ({ alert: alert.id, episode: episodeOf(alert) }))
      .filter(({ episode }) => episode.endedAt === undefined || episode.endedAt > settledBefore);
    // What is over by now was judged by whoever judged then: it is known, and nobody is told.
    for (const episode of (head.tracks[index] as Track).closed) {
      // Without a record nobody was told, and a reading that comes late may yet make an alert of it.
      if (isTakenBack(episode)) continue;
      if (known.some((each) => each.episode.startedAt === episode.startedAt)) continue;
      known.push({ alert: alertIdOf(rule.name, watch.device.id, episode.startedAt), episode });
    }
    watch.known[index] = known;
  }
}

/**
 * Makes the fold know of an open episode. One that it found by itself gets its beginning; where it found none, or
 * a lower one (what was recalled begins within the hysteresis), the rule goes on from the record.
 */
function adoptOpen(watch: DeviceWatch, index: number, rule: BoundRule, open: Episode): void {
  const head = (watch.timeline.head.tracks[index] as Track).episode;
  const found = head !== undefined && shownRank(head) >= shownRank(open);
  if (found && head.startedAt === open.startedAt) return;
  const { timeline } = watch;
  const base = timeline.base();
  const track = base.tracks[index] as Track;
  const { episode } = track;
  const adopted: Track =
    found && episode ? { ...track, episode: joined(episode, open) } : rule.resume(track, open);
  const tracks = base.tracks.with(index, adopted);
  // A device of which no reading is left: what the alert rests on is its past.
  const measuredAt = timeline.isSettled ? open.changedAt : 0;
  foldAgain(watch, tracks, measuredAt);
}

/** Our clock has ended it without a reading (judgement/expire.ts): the readings alone would have it go on. */
function adoptExpired(watch: DeviceWatch, index: number, rule: BoundRule, ended: readonly Alert[]): void {
  const { head } = watch.timeline;
  const found = head.tracks[index] as Track;
  if (!found.episode || rule.foretellsUntil(found) === undefined) return;
  const { startedAt } = found.episode;
  const record = ended.findLast(
    ({ detail, endedAt }) =>
      detail['endedBecause'] !== undefined && endedAt !== undefined && endedAt >= startedAt,
  );
  if (!record) return;
  const { tracks, ...rest } = copyFold(head);
  const closed = [...found.closed, episodeOf(record)];
  const over: Track = { memory: rule.fallSilent(found), episode: undefined, closed };
  watch.timeline = new Timeline(watch.rules, { ...rest, tracks: tracks.with(index, over) });
}

/** The episode with the beginning and the height of another. */
function joined(episode: Episode, { startedAt, highestRank, peak, peakAt }: Episode): Episode {
  return {
    ...episode,
    startedAt,
    highestRank: Math.max(episode.highestRank, highestRank) as Rank,
    ...(peak > episode.peak ? { peak, peakAt } : {}),
  };
}

/** What a device's open conditions mean for how it is heard. */
export function adoptHearing({ device, hearing }: DeviceWatch, conditions: readonly SavedCondition[]): void {
  const silence = SILENCE_RULES.get(device.kind)?.name;
  for (const { rule, subject, episode } of conditions) {
    if (subject !== device.id) continue;
    if (rule === silence) hearing.silenceOpen = true;
    if (rule !== CLOCK_SKEW.name) continue;
    hearing.skewOpen = true;
    // Too little was recalled to tell: it is as wrong as it was.
    if (hearing.clock.witnesses === 0) knownToBeOff(hearing.clock, episode.value * 1000);
  }
}
