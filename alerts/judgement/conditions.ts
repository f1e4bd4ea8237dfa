/**
 * Conditions: what is judged by our own clock or across devices (silence, an uplink, a wave upstream), as
 * episodes of the same shape as those of the fold.
 *
 * Invariant: one open episode a rule and subject; setting the same rank again says nothing.
 */
import { alertIdOf, type Change, type Rank } from '../alert.ts';
import { aboutRule, type EngineChange, type Subject } from './engine-change.ts';
import type { Description } from './rule.ts';
import { type Detail, type Episode, NO_DETAIL } from './track.ts';

export interface ConditionRule {
  readonly name: string;
  readonly version: number;
  readonly unit: string;
}

export interface ConditionFinding {
  readonly rank: Rank;
  /** When it began, epoch ms: the last word of a silent device. */
  readonly since: number;
  readonly value: number;
  readonly simulated: boolean;
  readonly parameters: unknown;
  readonly description: Description;
  readonly detail?: Detail;
}

export interface SavedCondition {
  readonly rule: string;
  readonly subject: string;
  readonly alert: string;
  readonly episode: Episode;
}

export class Conditions {
  /** By subject and rule: each second all devices are looked up, and hardly one has any. */
  readonly #open = new Map<string, Map<string, SavedCondition>>();

  find(rule: string, subject: string): SavedCondition | undefined {
    return this.#open.get(subject)?.get(rule);
  }

  /** Raises or moves a condition; undefined when nothing changed. */
  raise(
    rule: ConditionRule,
    subject: Subject,
    finding: ConditionFinding,
    nowMs: number,
  ): EngineChange | undefined {
    const open = this.find(rule.name, subject.id);
    if (open && open.episode.rank === finding.rank && !finding.detail) return undefined;
    const { rank, since, value } = finding;
    const before = open?.episode;
    const episode: Episode = {
      startedAt: before?.startedAt ?? since,
      changedAt: nowMs,
      rank,
      doubtRank: 0,
      highestRank: Math.max(rank, before?.highestRank ?? 0) as Rank,
      value,
      peak: Math.max(value, before?.peak ?? value),
      peakAt: before && before.peak >= value ? before.peakAt : nowMs,
      peakBefore: undefined,
      simulated: finding.simulated,
      endedAt: undefined,
      detail: finding.detail ?? before?.detail ?? NO_DETAIL,
    };
    const alert = open?.alert ?? alertIdOf(rule.name, subject.id, episode.startedAt);
    this.#keep({ rule: rule.name, subject: subject.id, alert, episode });
    const change: Change = !before
      ? 'opened'
      : rank > before.rank
        ? 'upgraded'
        : rank < before.rank
          ? 'downgraded'
          : 'updated';
    return changeOf(change, rule, subject, alert, episode, finding.parameters, finding.description, nowMs);
  }

  /** Ends a condition; undefined when there was none. */
  clear(
    rule: ConditionRule,
    subject: Subject,
    description: Description,
    endedAt: number,
    nowMs: number,
  ): EngineChange | undefined {
    const open = this.find(rule.name, subject.id);
    if (!open) return undefined;
    this.#forget(open);
    const episode: Episode = { ...open.episode, rank: 0, changedAt: nowMs, endedAt };
    return changeOf('resolved', rule, subject, open.alert, episode, undefined, description, nowMs);
  }

  /** Its subject is no more; what stood of it is told from the alerts on record. */
  drop(subject: string): void {
    this.#open.delete(subject);
  }

  /** Our clock was set and says `nowMs`: nothing can have begun later. */
  clockSet(nowMs: number): void {
    for (const condition of this.save()) {
      const { episode } = condition;
      if (episode.startedAt <= nowMs) continue;
      this.#keep({ ...condition, episode: { ...episode, startedAt: nowMs, changedAt: nowMs } });
    }
  }

  *all(): Generator<SavedCondition> {
    for (const ofSubject of this.#open.values()) yield* ofSubject.values();
  }

  save(): SavedCondition[] {
    return [...this.all()];
  }

  restore(saved: readonly SavedCondition[]): void {
    for (const each of saved) this.#keep(each);
  }

  #keep(condition: SavedCondition): void {
    const { rule, subject } = condition;
    const ofSubject = this.#open.get(subject);
    if (ofSubject) ofSubject.set(rule, condition);
    else this.#open.set(subject, new Map([[rule, condition]]));
  }

  #forget({ rule, subject }: SavedCondition): void {
    const ofSubject = this.#open.get(subject);
    ofSubject?.delete(rule);
    if (ofSubject?.size === 0) this.#open.delete(subject);
  }
}

function changeOf(
  change: Change,
  rule: ConditionRule,
  subject: Subject,
  alert: string,
  episode: Episode,
  parameters: unknown,
  description: Description,
  nowMs: number,
): EngineChange {
  return {
    change,
    alert,
    ...aboutRule(subject, rule, parameters),
    episode,
    description,
    evidence: [],
    atMs: episode.endedAt ?? episode.changedAt,
    receivedAt: nowMs,
  };
}
