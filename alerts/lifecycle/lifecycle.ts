/**
 * The life of an alert: open → acknowledged → resolved, with upgrades, escalation, silences and flapping.
 *
 * Hears the engine's changes, people and the clock; moves the records and says which notices they deserve.
 * Does no I/O: what it touched and drafted is saved by alerts.ts in the transaction of the cursor. Invariant:
 * a change is logged once and raises the revision by one; nothing but the engine's word closes an alert.
 */
import { isDue } from '../../clock/due.ts';
import {
  type Alert,
  appendLog,
  type Change,
  copyAlert,
  isInHand,
  isOpen,
  type LogEntry,
  severityOf,
} from '../alert.ts';
import type { EngineChange } from '../judgement/engine-change.ts';
import { isClaim, isProvisional, shownRank } from '../judgement/track.ts';
import { renewalAt } from '../notices/cap-times.ts';
import { createAlert } from './create-alert.ts';
import { armEscalation, askAgain, ESCALATE_WITHIN_MS } from './escalation.ts';
import { StartCounter } from './flapping.ts';
import { findSilence, type Silence } from './silences.ts';

/** A change that somebody may have to be told of. */
export interface Occasion {
  readonly alert: Alert;
  readonly change: LogEntry['change'];
  /** The alert had more starts lately than a person wants to read of. */
  readonly flapping: boolean;
  readonly silence: Silence | undefined;
}

export interface LifecycleOptions {
  readonly city: string;
}

/** Closed alerts kept at hand, so that a correction can reopen them. */
export const MAX_RECENT = 1_000;

export class Lifecycle {
  readonly #city: string;
  readonly #open = new Map<string, Alert>();
  readonly #recent = new Map<string, Alert>();
  readonly #starts = new StartCounter();
  readonly #touched = new Map<string, Alert>();
  #silences: readonly Silence[] = [];
  #occasions: Occasion[] = [];

  constructor({ city }: LifecycleOptions) {
    this.#city = city;
  }

  get open(): ReadonlyMap<string, Alert> {
    return this.#open;
  }

  /** Records that changed since the last `settled()`. */
  get touched(): ReadonlyMap<string, Alert> {
    return this.#touched;
  }

  /** An alert that is open, or ended lately. */
  find(id: string): Alert | undefined {
    return this.#open.get(id) ?? this.#recent.get(id);
  }

  /** What happened since the last call, in order. */
  takeOccasions(): Occasion[] {
    const occasions = this.#occasions;
    this.#occasions = [];
    return occasions;
  }

  settled(): void {
    this.#touched.clear();
  }

  touch(alert: Alert): void {
    this.#touched.set(alert.id, alert);
  }

  restore(open: readonly Alert[], recent: readonly Alert[]): void {
    for (const alert of open) this.#open.set(alert.id, alert);
    for (const alert of recent) {
      this.#remember(alert);
      this.#starts.count(alert, alert.raisedAt);
    }
    for (const alert of open) this.#starts.count(alert, alert.raisedAt);
  }

  useSilences(silences: readonly Silence[]): void {
    this.#silences = silences;
  }

  apply(change: EngineChange): void {
    const alert = this.find(change.alert);
    if (!alert) {
      if (STARTS.has(change.change)) this.#create(change);
      return;
    }
    if (change.change === 'folded') this.#fold(alert, change);
    else this.#move(alert, change);
  }

  #create(change: EngineChange): void {
    const { rule, subject, receivedAt } = change;
    const alert = createAlert(change, this.#city, this.#starts.isFlapping(rule, subject.id, receivedAt));
    this.#open.set(alert.id, alert);
    this.#starts.count(alert, receivedAt);
    this.#record(alert, change.change, receivedAt);
    armEscalation(alert, receivedAt);
  }

  #move(alert: Alert, change: EngineChange): void {
    const { episode, receivedAt } = change;
    const rank = shownRank(episode);
    if (rank > 0) {
      alert.severity = severityOf(rank);
      alert.label = change.description.label;
    }
    if (episode.highestRank > 0 || rank > 0)
      alert.highestSeverity = severityOf(Math.max(episode.highestRank, rank));
    alert.text = change.description.text;
    alert.value = episode.value;
    alert.peak = episode.peak;
    alert.detail = episode.detail;
    alert.startedAt = episode.startedAt;
    if (change.evidence.length > 0) alert.evidence = change.evidence;
    alert.provisional = isClaim(episode);
    this.#moveState(alert, change);
    askAgain(alert, change.change, receivedAt);
    this.#record(alert, change.change, receivedAt);
  }

  #moveState(alert: Alert, { change, episode, receivedAt, atMs }: EngineChange): void {
    switch (change) {
      case 'resolved':
      case 'withdrawn':
        alert.state = change;
        alert.endedAt = episode.endedAt ?? atMs;
        alert.closedAt = receivedAt;
        alert.escalation = { level: alert.escalation.level, dueAt: undefined };
        this.#open.delete(alert.id);
        this.#remember(alert);
        return;
      case 'reopened':
      case 'opened':
      case 'provisional':
        // A correction took its end back, or raised it again under the same id; it may be a mere claim still.
        alert.state = isProvisional(episode) ? 'provisional' : 'open';
        alert.endedAt = undefined;
        alert.closedAt = undefined;
        this.#recent.delete(alert.id);
        this.#open.set(alert.id, alert);
        return;
      case 'blind':
        alert.blindSince = atMs;
        return;
      case 'sighted':
        alert.blindSince = undefined;
        return;
      default:
        if (!isOpen(alert.state)) {
          alert.endedAt = episode.endedAt;
          return;
        }
        // A corrected order may confirm a doubt, or make one of what seemed sure.
        if (isProvisional(episode)) alert.state = 'provisional';
        else if (alert.state === 'provisional') alert.state = 'open';
        return;
    }
  }

  /** Returns the alert, or undefined when there is no open one of this id. */
  acknowledge(id: string, by: string, note: string | undefined, nowMs: number): Alert | undefined {
    const alert = this.#open.get(id);
    if (!alert) return undefined;
    if (isInHand(alert)) return alert;
    alert.acknowledgement = {
      at: nowMs,
      by,
      severity: alert.severity,
      ...(note === undefined ? {} : { note }),
    };
    if (alert.state === 'open') alert.state = 'acknowledged';
    alert.escalation = { level: alert.escalation.level, dueAt: undefined };
    this.#record(alert, 'acknowledged', nowMs, by, note);
    return alert;
  }

  /** Somebody says that the level of an open alert's gauge is right, however unlikely it looked. */
  noteWord(alert: Alert, by: string, note: string | undefined, nowMs: number): void {
    this.#record(alert, 'level-confirmed', nowMs, by, note);
  }

  /** Escalates what nobody took in hand in time, ends or begins what silences mute, renews what is issued. */
  tick(nowMs: number): void {
    for (const alert of this.#open.values()) {
      const silence = findSilence(this.#silences, alert, nowMs);
      if (silence?.id !== alert.silencedBy) {
        alert.silencedBy = silence?.id;
        this.#record(alert, silence ? 'silenced' : 'unsilenced', nowMs, silence?.createdBy, silence?.note);
      }
      if (nowMs >= (renewalAt(alert) ?? nowMs + 1)) this.#record(alert, 'renewed', nowMs);
      const { dueAt, level } = alert.escalation;
      if (dueAt === undefined || !isDue(dueAt, nowMs, ESCALATE_WITHIN_MS)) continue;
      alert.escalation = { level: level + 1, dueAt: undefined };
      this.#record(alert, 'escalated', nowMs);
      armEscalation(alert, nowMs);
    }
  }

  /** Another alert explains this one: its notices end, its life does not. */
  #fold(alert: Alert, { foldedInto, receivedAt }: EngineChange): void {
    if (!isOpen(alert.state) || alert.foldedInto === foldedInto) return;
    alert.foldedInto = foldedInto;
    alert.escalation = { level: alert.escalation.level, dueAt: undefined };
    this.#record(alert, 'folded', receivedAt, undefined, foldedInto);
  }

  #record(alert: Alert, change: LogEntry['change'], at: number, by?: string, note?: string): void {
    alert.revision++;
    alert.changedAt = at;
    appendLog(alert, {
      at,
      change,
      severity: alert.severity,
      ...(by === undefined ? {} : { by }),
      ...(note === undefined ? {} : { note }),
    });
    this.#touched.set(alert.id, alert);
    const silence = findSilence(this.#silences, alert, at);
    if (!LATE_SILENCE.has(change)) alert.silencedBy = silence?.id;
    this.#occasions.push({ alert: copyAlert(alert), change, flapping: alert.flapping, silence });
  }

  #remember(alert: Alert): void {
    this.#recent.set(alert.id, alert);
    if (this.#recent.size > MAX_RECENT) this.#recent.delete(this.#recent.keys().next().value as string);
  }
}

/** Changes that raise an alert, whether or not its record is at hand. */
const STARTS: ReadonlySet<Change> = new Set(['opened', 'provisional', 'reopened']);
const LATE_SILENCE: ReadonlySet<Change | LogEntry['change']> = new Set(['silenced', 'unsilenced']);
