/**
 * rebindWatch: people have changed what a device is judged by, and it is judged at once by its last readings.
 *
 * Called by the engine where the city is another. The memory of each rule goes on (what the river does by itself does
 * not change with a threshold); what the settled readings come to is carried over, and those that are not settled are
 * folded again. Invariant: an alert that ends because of people says so, and never that the water has fallen.
 */
import type { Bilingual } from '../../devices/site.ts';
import { type Alert, rankOf } from '../alert.ts';
import type { DeviceWatch } from './device-watch.ts';
import { aboutRule, type EngineChange } from './engine-change.ts';
import type { KnownEpisode } from './reconcile.ts';
import { reconcileWatch } from './reconcile-watch.ts';
import type { BoundRule } from './rule.ts';
import { Timeline } from './timeline.ts';
import { copyTrack, type Episode, shownRank, type Track } from './track.ts';

/** Moves what is known of a device into the watch of its new form, and says what is other by that. */
export function rebindWatch(before: DeviceWatch, watch: DeviceWatch, nowMs: number): EngineChange[] {
  const base = before.timeline.base();
  const moved = new Set<string>();
  const tracks = watch.rules.map((rule, index) => {
    const old = before.rules.findIndex(({ name }) => name === rule.name);
    if (old < 0) return copyTrack(rule.start);
    watch.known[index] = before.known[old] as readonly KnownEpisode[];
    const track = base.tracks[old] as Track;
    if (isSame(before.rules[old] as BoundRule, rule)) return track;
    moved.add(rule.name);
    return rule.rejudge(track);
  });
  watch.timeline = new Timeline(watch.rules, { ...base, tracks }, before.timeline.newest());
  Object.assign(watch.hearing, before.hearing);
  watch.moved = true;
  const changes = (reconcileWatch(watch, nowMs) ?? []).map((change) => byPeople(change, nowMs));
  return [...changes, ...endOfUnbound(before, watch, nowMs), ...newWords(watch, moved, changes, nowMs)];
}

function isSame({ parameters }: BoundRule, other: BoundRule): boolean {
  return JSON.stringify(parameters) === JSON.stringify(other.parameters);
}

/** Of an end: the water did nothing, and what was told was true by what stood then. */
function byPeople(change: EngineChange, nowMs: number): EngineChange {
  if (change.change !== 'resolved' && change.change !== 'withdrawn') return change;
  return {
    ...change,
    change: 'resolved',
    episode: endAt(change.episode, nowMs),
    description: { label: change.description.label, text: byOtherLimits(change.subject.name) },
    atMs: nowMs,
  };
}

/** Open alerts of rules that do not apply to the device any more. */
function endOfUnbound(before: DeviceWatch, watch: DeviceWatch, nowMs: number): EngineChange[] {
  return before.rules.flatMap((rule, index) => {
    if (watch.rules.some(({ name }) => name === rule.name)) return [];
    const open = (before.known[index] ?? []).filter(({ episode }) => episode.endedAt === undefined);
    return open.map(({ alert, episode }) => ({
      change: 'resolved' as const,
      alert,
      ...aboutRule(watch.subject, rule, rule.parameters),
      episode: endAt(episode, nowMs),
      description: {
        label: rule.describe(episode, shownRank(episode)).label,
        text: byOtherLimits(watch.subject.name),
      },
      evidence: [],
      atMs: nowMs,
      receivedAt: nowMs,
    }));
  });
}

/** What stays open is told in the words that hold now: a step may have another name or another level. */
function newWords(
  watch: DeviceWatch,
  moved: ReadonlySet<string>,
  said: readonly EngineChange[],
  nowMs: number,
): EngineChange[] {
  return watch.rules.flatMap((rule, index) => {
    if (!moved.has(rule.name)) return [];
    const open = (watch.known[index] ?? []).filter(
      ({ alert, episode }) => episode.endedAt === undefined && !said.some((change) => change.alert === alert),
    );
    return open.map(({ alert, episode }) => ({
      change: 'updated' as const,
      alert,
      ...aboutRule(watch.subject, rule, rule.parameters),
      episode,
      description: rule.describe(episode, shownRank(episode)),
      evidence: [],
      atMs: nowMs,
      receivedAt: nowMs,
    }));
  });
}

function endAt(episode: Episode, endedAt: number): Episode {
  return { ...episode, rank: 0, doubtRank: 0, changedAt: endedAt, endedAt };
}

function byOtherLimits(name: string): Bilingual {
  return {
    en: `${name}: what it is judged by was changed; by that this is no alert any more.`,
    id: `${name}: dasar penilaiannya diubah; menurut yang baru ini bukan peringatan lagi.`,
  };
}

/** The end of an open alert whose device was removed from the city, made of its record. */
export function endOfRemoved(alert: Alert, nowMs: number): EngineChange {
  const { subject, subjectName, subjectKind, subjectGroup, rule, ruleVersion, parameters, unit } = alert;
  const { startedAt, value = 0, peak = value, detail, exercise, label, evidence } = alert;
  const episode: Episode = {
    ...{ startedAt, changedAt: nowMs, endedAt: nowMs, rank: 0, doubtRank: 0 },
    highestRank: rankOf(alert.highestSeverity),
    ...{ value, peak, peakAt: undefined, peakBefore: undefined, simulated: exercise, detail },
  };
  return {
    change: 'resolved',
    ...{ alert: alert.id, rule, ruleVersion, parameters, unit, episode, evidence },
    subject: { id: subject, name: subjectName, kind: subjectKind, group: subjectGroup },
    description: {
      label,
      text: {
        en: `${subjectName} was removed from the city; its alert ends with it.`,
        id: `${subjectName} dihapus dari kota; peringatannya ikut berakhir.`,
      },
    },
    atMs: nowMs,
    receivedAt: nowMs,
  };
}
