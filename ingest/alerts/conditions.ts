/**
 * Conditions: what is judged by our own clock or across devices (silence, an uplink, a wave upstream), as
 * episodes of the same shape as those of the fold.
 *
 * Invariant: one open episode a rule and subject; setting the same rank again says nothing.
 */
import { alertIdOf, type Change, type Rank } from './alert.ts';
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
  readonly #open = new Map<string, SavedCondition>();

  find(rule: string, subject: string): SavedCondition | undefined {
    return this.#open.get(`${rule}|${subject}`);
  }

  /** Raises or moves a condition; undefined when nothing changed. */
  raise(
    rule: ConditionRule,
    subject: Subject,
    finding: ConditionFinding,
    nowMs: number,
  ): EngineChange | undefined {
    const key = `${rule.name}|${subject.id}`;
    const open = this.#open.get(key);
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
      simulated: finding.simulated,
      endedAt: undefined,
      detail: finding.detail ?? before?.detail ?? NO_DETAIL,
    };
    const alert = open?.alert ?? alertIdOf(rule.name, subject.id, episode.startedAt);
    this.#open.set(key, { rule: rule.name, subject: subject.id, alert, episode });
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
    const key = `${rule.name}|${subject.id}`;
    const open = this.#open.get(key);
    if (!open) return undefined;
    this.#open.delete(key);
    const episode: Episode = { ...open.episode, rank: 0, changedAt: nowMs, endedAt };
    return changeOf('resolved', rule, subject, open.alert, episode, undefined, description, nowMs);
  }

  all(): IterableIterator<SavedCondition> {
    return this.#open.values();
  }

  save(): SavedCondition[] {
    return [...this.#open.values()];
  }

  restore(saved: readonly SavedCondition[]): void {
    for (const each of saved) this.#open.set(`${each.rule}|${each.subject}`, each);
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
