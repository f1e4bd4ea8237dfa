/**
 * AlertSaver: what has happened and is not saved yet, and the save.
 *
 * Stands between the lifecycle and the disk: occasions become drafts of notices and events of the live feed,
 * and all of it is written with the engine's state and its cursor in one transaction. Invariant: nobody is
 * told before the transaction has ended, and what a failed save leaves behind is saved with the next.
 */
import type { LiveFeed } from '../live-feed.ts';
import type { Alert } from './alert.ts';
import type { AlertStore } from './alert-store.ts';
import type { AlertEngine } from './engine.ts';
import { formatAlert } from './format-alert.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Outbox } from './notices/outbox.ts';
import type { NoticeDraft, NoticePlanner } from './notices/plan.ts';
import { keyOfDevice } from './saved-state.ts';

/** State is saved at least this often, ms of our clock, and this many devices: bounds what is replayed. */
const SAVE_EVERY_MS = 1_000;
const MAX_DIRTY_DEVICES = 2_000;

export interface AlertSaverParts {
  readonly engine: AlertEngine;
  readonly lifecycle: Lifecycle;
  readonly planner: NoticePlanner;
  readonly outbox: Outbox;
  readonly store: AlertStore;
  readonly feed: LiveFeed;
  readonly onSaved: () => void;
  /** Up to which entry the engine stands, as it was saved. */
  readonly cursor: number;
}

export class AlertSaver {
  readonly #parts: AlertSaverParts;
  /** The id up to which the engine has taken entries, and up to which it is saved. */
  #takenId: number;
  #savedId: number;
  #savedAt = 0;
  /** Drafts that the next save writes. */
  #drafts: NoticeDraft[] = [];
  #forFeed: Alert[] = [];

  constructor(parts: AlertSaverParts) {
    this.#parts = parts;
    this.#takenId = this.#savedId = parts.cursor;
  }

  get takenId(): number {
    return this.#takenId;
  }

  took(id: number): void {
    this.#takenId = id;
  }

  /** Turns what happened into drafts of notices and events of the live feed. */
  planOccasions(nowMs: number): void {
    const { lifecycle, planner } = this.#parts;
    for (const occasion of lifecycle.takeOccasions()) {
      const record = lifecycle.open.get(occasion.alert.id);
      this.#drafts.push(...planner.plan(occasion, record, nowMs));
      this.#forFeed.push(occasion.alert);
    }
  }

  planDigests(nowMs: number): void {
    this.#drafts.push(...this.#parts.planner.digests(this.#parts.lifecycle.open, nowMs));
  }

  /** A change of an alert is saved at once; a batch that changed none, later: replaying it changes none. */
  async saveIfDue(nowMs: number): Promise<void> {
    this.planOccasions(nowMs);
    const { engine, lifecycle } = this.#parts;
    const moved = lifecycle.touched.size > 0 || this.#drafts.length > 0;
    const due = engine.dirty.size > MAX_DIRTY_DEVICES || nowMs - this.#savedAt >= SAVE_EVERY_MS;
    const something = engine.dirty.size > 0 || this.#takenId > this.#savedId;
    if (moved || (due && something)) await this.save(nowMs);
  }

  async save(nowMs: number): Promise<void> {
    const { engine, lifecycle, planner, outbox, store, feed } = this.#parts;
    const state = new Map<string, unknown>();
    for (const device of engine.dirty) state.set(keyOfDevice(device), engine.saveDevice(device));
    const alerts = [...lifecycle.touched.values()];
    if (alerts.length > 0 || this.#drafts.length > 0) {
      state.set('conditions', engine.saveConditions());
      state.set('groups', planner.save());
    }
    const takenId = this.#takenId;
    const cursor = takenId > this.#savedId ? takenId : undefined;
    const drafts = this.#drafts;
    await store.save({ cursor, alerts, state }, (transaction) => outbox.write(transaction, drafts, nowMs));
    this.#savedId = takenId;
    this.#savedAt = nowMs;
    engine.settled();
    lifecycle.settled();
    this.#drafts = [];
    for (const alert of this.#forFeed) feed.publish('alert', formatAlert(alert));
    this.#forFeed = [];
    this.#parts.onSaved();
    if (drafts.length > 0) void outbox.kick();
  }
}
