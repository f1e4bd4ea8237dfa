/**
 * The plan of notices: which occasion is told to whom, and what waits to be told together.
 *
 * Machines (MQTT) hear every revision. People hear what they must act on: a start, a higher level, a
 * confirmation, blindness, an escalation, the end; and what belongs to one storm in one message. Invariants: the
 * first word of the top level is never held back, and its further words by a minute at most, by no silence and no
 * flapping; who heard of a start hears of its end, silenced or not.
 */
import type { Severity } from '../../devices/site.ts';
import { type Alert, type LogEntry, rankOf, TOP_RANK } from '../alert.ts';
import { stormOf } from '../lifecycle/grouping.ts';
import type { Lifecycle, Occasion } from '../lifecycle/lifecycle.ts';
import { audienceOf } from '../record/format-alert.ts';
import type { Channel, NoticeBody } from './channel.ts';
import { comesWithOthers, isEnd, isNews, type SavedPage, type StormPage, StormPages } from './storm-pages.ts';

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

/** The records at hand: what is open, and what ended lately. */
type Records = Pick<Lifecycle, 'open' | 'find' | 'touch'>;

/** What is said of an alert. */
interface Word {
  readonly alert: Alert;
  readonly change: LogEntry['change'];
  readonly silencedBy: string | null;
}

/** When people hear of an occasion: never, at once, or with what else its storm brings. */
type Telling = 'never' | 'now' | 'together';

export class NoticePlanner {
  readonly #channels: readonly Channel[];
  readonly #pages = new StormPages();

  constructor(channels: readonly Channel[]) {
    this.#channels = channels;
  }

  /** The drafts of one occasion. Marks on the records what people were told. */
  plan(occasion: Occasion, records: Records, nowMs: number): NoticeDraft[] {
    const { alert, silence } = occasion;
    const silencedBy = silence?.createdBy ?? null;
    const machines = this.#draft('machine', { ...occasion, silencedBy }, [], nowMs);
    const told = records.find(alert.id)?.notifiedSeverity ?? alert.notifiedSeverity;
    const isTakenBack = this.#pages.forgetOutdated(occasion, told !== undefined);
    const telling = isTakenBack && !isHigher(alert, told) ? 'never' : this.#tellingOf(occasion, told, nowMs);
    if (telling === 'never') return machines;
    const isStormOn = isToldOf(records.open, alert);
    // Where nothing else goes on there is nothing to wait for.
    const isAlone = !isStormOn && !isNews(occasion.change) && !isEnd(occasion.change);
    if (telling === 'together' && !isAlone) {
      this.#pages.wait(occasion, isStormOn, nowMs);
      return machines;
    }
    return [...machines, ...this.#tell({ ...occasion, silencedBy }, records, nowMs)];
  }

  #tellingOf(occasion: Occasion, told: Severity | undefined, nowMs: number): Telling {
    const { alert, change, silence, flapping } = occasion;
    if (!FOR_PEOPLE.has(change)) return 'never';
    if (isEnd(change)) return told === undefined ? 'never' : 'together';
    const rank = rankOf(alert.severity);
    if (isNews(change) && rank === TOP_RANK) {
      return this.#pages.hasRoomForTop(stormOf(alert), nowMs) ? 'now' : 'together';
    }
    if (silence || alert.foldedInto) return 'never';
    // Of what starts and ends again and again only a higher level is news.
    if (flapping && (told === undefined || !isHigher(alert, told))) return 'never';
    if (isNews(change) && comesWithOthers(alert)) return 'together';
    if (isNews(change)) return this.#pages.hasRoomFor(stormOf(alert), rank, nowMs) ? 'now' : 'together';
    if (change === 'escalated') return 'now';
    // What people never heard of is neither confirmed to them nor lost from sight.
    return told === undefined && change !== 'unsilenced' ? 'never' : 'together';
  }

  /** One message of this word and of all that waited in its storm. */
  #tell(lead: Word, records: Records, nowMs: number): NoticeDraft[] {
    const waiting = this.#takeWaiting(stormOf(lead.alert), records);
    return this.#tellAll(lead, waiting, records, nowMs);
  }

  #tellAll(lead: Word, waiting: readonly Word[], records: Records, nowMs: number): NoticeDraft[] {
    const others = waiting.filter(({ alert }) => alert.id !== lead.alert.id);
    const words = [lead, ...others];
    if (words.some(({ change }) => isNews(change))) {
      const ranks = words.map(({ alert }) => rankOf(alert.severity));
      this.#pages.noteTold(stormOf(lead.alert), Math.max(...ranks), nowMs);
    }
    for (const { alert } of words) {
      const record = records.find(alert.id);
      if (!record) continue;
      record.notifiedSeverity = alert.severity;
      records.touch(record);
    }
    return this.#draft('people', lead, oneOfEach(lead, others), nowMs);
  }

  /** What waits of a storm as it is now, without a rise that has passed meanwhile. */
  #takeWaiting(group: string, records: Records): Word[] {
    return this.#pages
      .take(group)
      .map((word) => ({ ...word, alert: records.open.get(word.alert.id) ?? word.alert }))
      .filter(({ alert, change }) => !isNews(change) || isHigher(alert, alert.notifiedSeverity));
  }

  #draft(audience: Channel['audience'], lead: Word, also: NoticeBody['also'], nowMs: number): NoticeDraft[] {
    const { alert, change, silencedBy } = lead;
    return this.#channels
      .filter((channel) => channel.audience === audience)
      .filter((channel) => !channel.isPublic || audienceOf(alert) === 'public')
      .map(({ name }) => ({
        key: `${alert.id}:${alert.revision}:${name}`,
        channel: name,
        alert: alert.id,
        revision: alert.revision,
        urgency: rankOf(alert.severity),
        body: { alert, change, also, silencedBy },
        notBefore: nowMs,
      }));
  }

  /** The messages of storms whose wait is over: one for all that came since the last. */
  digests(records: Records, nowMs: number): NoticeDraft[] {
    return this.#pages.due(nowMs).flatMap((group) => {
      const waiting = this.#takeWaiting(group, records);
      const [first] = waiting.toSorted((a, b) => urgencyOf(b) - urgencyOf(a));
      return first ? this.#tellAll(first, waiting, records, nowMs) : [];
    });
  }

  save(): readonly (readonly [string, StormPage])[] {
    return this.#pages.save();
  }

  restore(pages: readonly (readonly [string, SavedPage])[], open: ReadonlyMap<string, Alert>): void {
    this.#pages.restore(pages, open);
  }
}

function isHigher({ severity }: Alert, told: Severity | undefined): boolean {
  return told === undefined || rankOf(severity) > rankOf(told);
}

/** A start leads, then what is still going on, then an end; of them the worst, and a level before a forecast. */
function urgencyOf({ alert, change }: { alert: Alert; change: LogEntry['change'] }): number {
  const kind = isNews(change) ? 2 : isEnd(change) ? 0 : 1;
  const rank = rankOf(isEnd(change) ? alert.highestSeverity : alert.severity);
  return kind * (TOP_RANK + 1) + rank + (alert.rule === 'river-level' ? 0.5 : 0);
}

/** The worst word of each gauge or uplink but the lead's, the worst first: who reads of a flood knows that it rises. */
function oneOfEach(lead: Pick<Word, 'alert'>, others: NoticeBody['also']): NoticeBody['also'] {
  const bySubject = new Map<string, NoticeBody['also'][number]>();
  for (const other of others.toSorted((a, b) => urgencyOf(b) - urgencyOf(a))) {
    const { subject } = other.alert;
    if (subject !== lead.alert.subject && !bySubject.has(subject)) bySubject.set(subject, other);
  }
  return [...bySubject.values()];
}

/** Whether people know of another alert of this storm that goes on. */
function isToldOf(open: ReadonlyMap<string, Alert>, alert: Alert): boolean {
  const storm = stormOf(alert);
  for (const each of open.values()) {
    if (
      stormOf(each) === storm &&
      each.id !== alert.id &&
      each.notifiedSeverity !== undefined &&
      !each.foldedInto
    )
      return true;
  }
  return false;
}

/** An open alert said again on MQTT after a restart: the broker's retained messages may have gone with it. */
export function repeatDraft(alert: Alert, nowMs: number): NoticeDraft {
  return {
    key: `${alert.id}:${alert.revision}:mqtt:${nowMs.toString(36)}`,
    channel: 'mqtt',
    alert: alert.id,
    revision: alert.revision,
    urgency: 0,
    body: { alert, change: 'updated', also: [], silencedBy: null, repeated: true },
    notBefore: nowMs,
  };
}
