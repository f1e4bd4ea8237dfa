/**
 * What the people of a storm were told last, and what waits to be told with its next message.
 *
 * Kept by the planner, in memory and on disk. A group of alerts is a storm, an outage, a unit (`lifecycle/grouping`).
 * Invariants: each alert waits with one change at most, the latest that people do not know; nothing waits longer
 * than its row in `WAIT_MS`; a start that is over before it was told is told to nobody.
 */
import { isDue } from '../../clock/due.ts';
import { type Alert, type LogEntry, rankOf, TOP_RANK } from '../alert.ts';
import { stormOf } from '../lifecycle/grouping.ts';
import type { Occasion } from '../lifecycle/lifecycle.ts';

type ChangeName = LogEntry['change'];

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** After a storm's message, further starts of no higher level share the next one, this much later. */
const GROUP_WAIT_MS = 5 * MINUTE_MS;
/** The longest that a change waits for others, by what it is. */
const WAIT_MS = {
  start: GROUP_WAIT_MS,
  /** A start of the top level, beside one that people heard of within this time. */
  topStart: MINUTE_MS,
  /** A gauge that fell silent: a line that is cut makes all of them silent in one minute. */
  silentStart: MINUTE_MS,
  /** Confirmed, blind, no longer silenced. */
  stillOpen: MINUTE_MS,
  /** An end while the storm goes on: nobody has to act on it. */
  end: 15 * MINUTE_MS,
  /** The last end of a storm: the others of the same moment come with it. */
  lastEnd: 10 * SECOND_MS,
} as const;
const LONGEST_WAIT_MS = WAIT_MS.end;
/** Of one storm; a city has some hundreds of devices. Beyond it the least urgent are on the page only. */
export const MAX_WAITING_OF_STORM = 500;

const NEWS: ReadonlySet<ChangeName> = new Set(['opened', 'provisional', 'upgraded', 'reopened']);
const ENDS: ReadonlySet<ChangeName> = new Set(['resolved', 'withdrawn']);

/** Rules whose starts wait for those of others, be they the first of their storm. */
const WITH_OTHERS: ReadonlySet<string> = new Set(['gauge-blind']);

export const comesWithOthers = ({ rule }: Pick<Alert, 'rule'>): boolean => WITH_OTHERS.has(rule);
export const isNews = (change: ChangeName): boolean => NEWS.has(change);
export const isEnd = (change: ChangeName): boolean => ENDS.has(change);

export interface WaitingWord {
  /** As it was then, without its log and readings. */
  readonly alert: Alert;
  readonly change: ChangeName;
  /** Somebody had silenced it; it is told all the same. */
  readonly silencedBy: string | null;
  /** Epoch ms of our clock. */
  readonly dueAt: number;
}

export interface StormPage {
  /** The highest level of the last message that told of a start; 0 where there was none lately. */
  readonly rank: number;
  /** When that message went, epoch ms of our clock. */
  readonly toldAt: number;
  readonly waiting: readonly WaitingWord[];
}

/** As it stands on disk, or as version 0.1.0 left it there: starts only, by the ids of their alerts. */
export type SavedPage =
  | StormPage
  | { readonly rank: number; readonly digestAt: number; readonly waiting: readonly string[] };

export class StormPages {
  readonly #pages = new Map<string, StormPage>();

  /** Whether a start of this level is told at once: nothing as high was told within the wait. */
  hasRoomFor(group: string, rank: number, nowMs: number): boolean {
    const page = this.#pages.get(group);
    return !page || rank > page.rank || isDue(page.toldAt + GROUP_WAIT_MS, nowMs, GROUP_WAIT_MS);
  }

  hasRoomForTop(group: string, nowMs: number): boolean {
    const page = this.#pages.get(group);
    return !page || page.rank < TOP_RANK || isDue(page.toldAt + WAIT_MS.topStart, nowMs, WAIT_MS.topStart);
  }

  /** Puts a change off. `isStormOn`: people know of another alert of the storm that is open. */
  wait({ alert, change, flapping, silence }: Occasion, isStormOn: boolean, nowMs: number): void {
    const page = this.#pages.get(stormOf(alert)) ?? { rank: 0, toldAt: 0, waiting: [] };
    const known = page.waiting.find((each) => each.alert.id === alert.id);
    const dueAt = Math.min(
      nowMs + waitOf(alert, change, isStormOn || flapping),
      // A start that gets worse waits no longer for it; an end may begin its wait anew.
      known && !isEnd(change) ? known.dueAt : Number.POSITIVE_INFINITY,
    );
    const word: WaitingWord = {
      alert: { ...alert, log: [], evidence: [] },
      change: firstWord(known?.change, change),
      silencedBy: silence?.createdBy ?? null,
      dueAt,
    };
    const others = page.waiting.filter((each) => each !== known);
    // The last end of a storm takes along those that wait for it.
    const isOver = isEnd(change) && !isStormOn && !flapping;
    const settled = isOver ? others.map((each) => ({ ...each, dueAt: Math.min(each.dueAt, dueAt) })) : others;
    this.#pages.set(stormOf(alert), { ...page, waiting: bound([...settled, word]) });
  }

  /**
   * Drops what waits of an alert and is no longer so: a start that is over, an end taken back, sight regained.
   * Returns whether an end was taken back that nobody has heard of yet.
   */
  forgetOutdated({ alert, change }: Occasion, isTold: boolean): boolean {
    const page = this.#pages.get(stormOf(alert));
    const known = page?.waiting.find((each) => each.alert.id === alert.id);
    if (!page || !known) return false;
    const isTakenBack = isNews(change) && isEnd(known.change);
    const isOutdated =
      isTakenBack ||
      (isEnd(change) && !isTold) ||
      (change === 'sighted' && known.change === 'blind') ||
      change === 'folded';
    if (isOutdated) {
      this.#pages.set(stormOf(alert), { ...page, waiting: page.waiting.filter((each) => each !== known) });
    }
    return isTakenBack;
  }

  /** All that waits of a storm, which waits no longer. */
  take(group: string): readonly WaitingWord[] {
    const page = this.#pages.get(group);
    if (!page) return [];
    this.#pages.set(group, { ...page, waiting: [] });
    return page.waiting;
  }

  noteTold(group: string, rank: number, nowMs: number): void {
    this.#pages.set(group, { rank, toldAt: nowMs, waiting: this.#pages.get(group)?.waiting ?? [] });
  }

  /** The storms of which something is due. Forgets those that have passed. */
  due(nowMs: number): string[] {
    const found: string[] = [];
    for (const [group, { toldAt, waiting }] of this.#pages) {
      if (waiting.some(({ dueAt }) => isDue(dueAt, nowMs, LONGEST_WAIT_MS))) found.push(group);
      else if (waiting.length === 0 && isDue(toldAt + GROUP_WAIT_MS, nowMs, GROUP_WAIT_MS)) {
        this.#pages.delete(group);
      }
    }
    return found;
  }

  save(): readonly (readonly [string, StormPage])[] {
    return [...this.#pages];
  }

  restore(pages: readonly (readonly [string, SavedPage])[], open: ReadonlyMap<string, Alert>): void {
    for (const [group, page] of pages) this.#pages.set(group, 'digestAt' in page ? renew(page, open) : page);
  }
}

function renew(
  { rank, digestAt, waiting }: Extract<SavedPage, { digestAt: number }>,
  open: ReadonlyMap<string, Alert>,
): StormPage {
  const alerts = waiting.map((id) => open.get(id)).filter((alert) => alert !== undefined);
  const words = alerts.map(
    (alert) => ({ alert, change: 'opened', silencedBy: null, dueAt: digestAt }) as const,
  );
  return { rank, toldAt: digestAt - GROUP_WAIT_MS, waiting: words };
}

function waitOf(alert: Alert, change: ChangeName, isStormOn: boolean): number {
  if (isEnd(change)) return isStormOn ? WAIT_MS.end : WAIT_MS.lastEnd;
  if (!isNews(change)) return WAIT_MS.stillOpen;
  if (comesWithOthers(alert)) return WAIT_MS.silentStart;
  return rankOf(alert.severity) === TOP_RANK ? WAIT_MS.topStart : WAIT_MS.start;
}

/** A start that nobody heard of stays a start, however it goes on. */
function firstWord(known: ChangeName | undefined, change: ChangeName): ChangeName {
  return known && isNews(known) && !isEnd(change) ? known : change;
}

function bound(waiting: readonly WaitingWord[]): readonly WaitingWord[] {
  if (waiting.length <= MAX_WAITING_OF_STORM) return waiting;
  return waiting
    .toSorted((a, b) => rankOf(b.alert.severity) - rankOf(a.alert.severity))
    .slice(0, MAX_WAITING_OF_STORM);
}
