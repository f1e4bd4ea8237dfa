/**
 * The plan of notices: which occasion is told to whom.
 *
 * Machines (MQTT) hear every revision. People hear what they must act on: a start, a higher level, a
 * confirmation, blindness, an escalation, the end; once a level. Invariant: the top level is never held
 * back, by no silence, no flapping and no grouping.
 */
import { isDue } from '../../clock/due.ts';
import { type Alert, type LogEntry, rankOf, TOP_RANK } from '../alert.ts';
import type { Occasion } from '../lifecycle/lifecycle.ts';
import { audienceOf } from '../record/format-alert.ts';
import type { Channel, NoticeBody } from './channel.ts';

export interface NoticeDraft {
  readonly key: string;
  readonly channel: string;
  readonly alert: string;
  readonly revision: number;
  readonly urgency: number;
  readonly body: NoticeBody;
  /** Not before this, epoch ms of our clock. */
  readonly notBefore: number;
}

/** What a person must hear of; everything else is for the log and for machines. */
const FOR_PEOPLE: ReadonlySet<LogEntry['change']> = new Set([
  'opened',
  'provisional',
  'confirmed',
  'upgraded',
  'reopened',
  'resolved',
  'withdrawn',
  'blind',
  'escalated',
  'unsilenced',
]);

/** Within this after a group's first page, its further alerts of no higher level share one more page. */
export const GROUP_WAIT_MS = 5 * 60_000;

/** What a group's people were told, while it lasts. Kept by the planner in memory and on disk. */
export interface GroupPage {
  readonly rank: number;
  /** When the page of the others is due; none is planned when it lies in the past. */
  readonly digestAt: number;
  /** The alerts that the digest will speak for. */
  readonly waiting: readonly string[];
}

export class NoticePlanner {
  readonly #channels: readonly Channel[];
  readonly #groups = new Map<string, GroupPage>();

  constructor(channels: readonly Channel[]) {
    this.#channels = channels;
  }

  /** The drafts of one occasion. Marks on the alert what people were told. */
  plan(occasion: Occasion, record: Alert | undefined, nowMs: number): NoticeDraft[] {
    const drafts: NoticeDraft[] = [];
    const heldBack = this.#holdBack(occasion, nowMs);
    for (const channel of this.#channels) {
      if (channel.isPublic && audienceOf(occasion.alert) !== 'public') continue;
      if (channel.audience === 'machine') drafts.push(draft(occasion, channel.name, nowMs, 0));
      else if (!heldBack) drafts.push(draft(occasion, channel.name, nowMs, 0));
    }
    if (!heldBack && record) record.notifiedSeverity = occasion.alert.severity;
    return drafts;
  }

  /** True when people are not told of this occasion (now). */
  #holdBack({ alert, change, silence, flapping }: Occasion, nowMs: number): boolean {
    if (!FOR_PEOPLE.has(change)) return true;
    const rank = rankOf(alert.severity);
    const news =
      change === 'opened' || change === 'provisional' || change === 'upgraded' || change === 'reopened';
    if (rank === TOP_RANK && news) return this.#page(alert, rank, nowMs) && false;
    if (silence) return true;
    if (alert.foldedInto) return true;
    const told = alert.notifiedSeverity;
    // The end is told to those who heard of the beginning.
    if (!news && change !== 'escalated' && change !== 'unsilenced' && told === undefined) return true;
    if (change === 'confirmed' && told === undefined) return true;
    if (flapping && (!told || rank <= rankOf(told))) return true;
    return news ? this.#page(alert, rank, nowMs) : false;
  }

  /** Notes a page of a group. True when the group had one lately that was as high: this one waits. */
  #page(alert: Alert, rank: number, nowMs: number): boolean {
    const page = this.#groups.get(alert.group);
    const isWaiting = page !== undefined && !isDue(page.digestAt, nowMs, GROUP_WAIT_MS);
    if (isWaiting && rank <= page.rank) {
      if (!page.waiting.includes(alert.id)) {
        this.#groups.set(alert.group, { ...page, waiting: [...page.waiting, alert.id] });
      }
      return true;
    }
    const waiting = isWaiting ? page.waiting.filter((id) => id !== alert.id) : [];
    this.#groups.set(alert.group, { rank, digestAt: nowMs + GROUP_WAIT_MS, waiting });
    return false;
  }

  /** The pages of groups whose wait is over: one for all that came after the first. */
  digests(open: ReadonlyMap<string, Alert>, nowMs: number): NoticeDraft[] {
    const drafts: NoticeDraft[] = [];
    for (const [group, page] of this.#groups) {
      if (!isDue(page.digestAt, nowMs, GROUP_WAIT_MS)) continue;
      this.#groups.delete(group);
      const alerts = page.waiting.map((id) => open.get(id)).filter((alert) => alert !== undefined);
      const worst = alerts.toSorted((a, b) => rankOf(b.severity) - rankOf(a.severity))[0];
      if (!worst) continue;
      for (const alert of alerts) alert.notifiedSeverity = alert.severity;
      this.#groups.set(group, { rank: page.rank, digestAt: nowMs + GROUP_WAIT_MS, waiting: [] });
      const occasion: Occasion = { alert: worst, change: 'opened', flapping: false, silence: undefined };
      for (const channel of this.#channels) {
        if (channel.audience === 'people')
          drafts.push(draft(occasion, channel.name, nowMs, alerts.length - 1));
      }
    }
    return drafts;
  }

  /** Whether anything of a group still waits; a tick is saved only then. */
  get hasWaiting(): boolean {
    for (const page of this.#groups.values()) if (page.waiting.length > 0) return true;
    return false;
  }

  save(): readonly (readonly [string, GroupPage])[] {
    return [...this.#groups];
  }

  restore(groups: readonly (readonly [string, GroupPage])[]): void {
    for (const [group, page] of groups) this.#groups.set(group, page);
  }
}

function draft(
  { alert, change, silence }: Occasion,
  channel: string,
  nowMs: number,
  others: number,
): NoticeDraft {
  return {
    key: `${alert.id}:${alert.revision}:${channel}`,
    channel,
    alert: alert.id,
    revision: alert.revision,
    urgency: rankOf(alert.severity),
    body: { alert, change, others, silencedBy: silence?.createdBy ?? null },
    notBefore: nowMs,
  };
}

/** An open alert said again on MQTT after a restart: the broker's retained messages may have gone with it. */
export function repeatDraft(alert: Alert, nowMs: number): NoticeDraft {
  return {
    key: `${alert.id}:${alert.revision}:mqtt:${nowMs.toString(36)}`,
    channel: 'mqtt',
    alert: alert.id,
    revision: alert.revision,
    urgency: 0,
    body: { alert, change: 'updated', others: 0, silencedBy: null, repeated: true },
    notBefore: nowMs,
  };
}
