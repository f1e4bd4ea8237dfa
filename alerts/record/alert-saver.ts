/**
 * AlertSaver: what has happened and is not saved yet, and the save.
 *
 * Stands between the lifecycle and the disk. A change of an alert is written at once, in one transaction with
 * the cursor, its notices and the state of its device; the other devices' state follows in sweeps, a few at a
 * time, and what is behind the cursor is recalled at start. Invariant: nobody is told before the transaction
 * has ended, and what a failed save leaves behind is saved with the next.
 */

import { isDue } from '../../clock/due.ts';
import type { LiveFeed } from '../../fleet/live-feed.ts';
import type { Alert } from '../alert.ts';
import type { AlertEngine } from '../judgement/engine.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import type { Outbox } from '../notices/outbox.ts';
import type { NoticeDraft, NoticePlanner } from '../notices/plan.ts';
import type { Enqueue } from '../serial-queue.ts';
import type { AlertStore } from './alert-store.ts';
import { formatAlert } from './format-alert.ts';
import { keyOfDevice, SWEPT_KEY } from './saved-state.ts';

/** A sweep over the devices that moved begins this long after the last, ms: bounds what is recalled at start. */
const SWEEP_EVERY_MS = 5_000;
/** Longer by this for each device of the last sweep: they take 0.07 ms of the event loop each, so under 1 % … */
const PAUSE_PER_DEVICE_MS = 10;
/** … but never longer than this … */
export const SWEEP_AT_LEAST_EVERY_MS = 30_000;
/** … and never with more entries to recall: a second or two of a start, and half of what rebuild.ts recalls. */
export const MAX_UNSWEPT = 250_000;
/** Devices of one step of a sweep: some 2 ms of JSON and one fsync, for which an alert may have to wait. */
const DEVICES_PER_STEP = 25;

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
  /** The id up to which the engine has taken entries, and the cursor on disk. */
  #takenId: number;
  #savedId: number;
  /** When the last sweep began, up to which entry it went, and how many devices it saved. */
  #sweptAt = 0;
  #sweptId: number;
  #sweptDevices = 0;
  /** Drafts that the next save writes. */
  #drafts: NoticeDraft[] = [];
  #forFeed: Alert[] = [];

  constructor(parts: AlertSaverParts) {
    this.#parts = parts;
    this.#takenId = this.#savedId = this.#sweptId = parts.cursor;
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
      this.#drafts.push(...planner.plan(occasion, lifecycle, nowMs));
      this.#forFeed.push(occasion.alert);
    }
  }

  planDigests(nowMs: number): void {
    this.#drafts.push(...this.#parts.planner.digests(this.#parts.lifecycle, nowMs));
  }

  /** Saves when an alert changed; a batch that changed none waits for the sweep. */
  async saveChanges(nowMs: number): Promise<void> {
    this.planOccasions(nowMs);
    if (this.#parts.lifecycle.touched.size > 0 || this.#drafts.length > 0) await this.#save(nowMs);
  }

  async #save(nowMs: number): Promise<void> {
    const { engine, lifecycle, planner, outbox, store, feed } = this.#parts;
    const alerts = [...lifecycle.touched.values()];
    const devices = new Set(alerts.map(({ subject }) => subject).filter((id) => engine.watches.all.has(id)));
    const state = this.#stateOf(devices);
    state.set('conditions', engine.saveConditions());
    state.set('groups', planner.save());
    const cursor = this.#takenId;
    const drafts = this.#drafts;
    await store.save({ cursor, alerts, state }, (transaction) => outbox.write(transaction, drafts, nowMs));
    this.#savedId = cursor;
    engine.watches.settled(devices);
    lifecycle.settled();
    this.#drafts = [];
    for (const alert of this.#forFeed) feed.publish('alert', formatAlert(alert));
    this.#forFeed = [];
    this.#parts.onSaved();
    if (drafts.length > 0) void outbox.kick();
  }

  #stateOf(devices: Iterable<string>): Map<string, unknown> {
    const { engine } = this.#parts;
    const state = new Map<string, unknown>();
    for (const device of devices) {
      state.set(keyOfDevice(device), { ...engine.watches.save(device), takenId: this.#takenId });
    }
    return state;
  }

  /**
   * Saves every device that moved, in steps between which others have their turn: each step goes through
   * `enqueue`, and first saves what changed, so that no device's state is ahead of its alerts.
   */
  async sweep(enqueue: Enqueue, nowMs: number): Promise<void> {
    const pauseMs = SWEEP_EVERY_MS + PAUSE_PER_DEVICE_MS * this.#sweptDevices;
    const dueAt = this.#sweptAt + Math.min(pauseMs, SWEEP_AT_LEAST_EVERY_MS);
    if (!isDue(dueAt, nowMs, SWEEP_AT_LEAST_EVERY_MS) && this.#takenId - this.#sweptId < MAX_UNSWEPT) return;
    this.#sweptAt = nowMs;
    await this.sweepAll(enqueue, nowMs);
  }

  async sweepAll(enqueue: Enqueue, nowMs: number): Promise<void> {
    const { engine, store } = this.#parts;
    let left: string[] | undefined;
    let sweptId = 0;
    do {
      await enqueue(async () => {
        await this.saveChanges(nowMs);
        if (!left) {
          left = engine.watches.dirty;
          sweptId = this.#takenId;
          this.#sweptDevices = left.length;
          if (left.length === 0 && sweptId === this.#savedId) return;
        }
        const devices = left.splice(0, DEVICES_PER_STEP);
        const state = this.#stateOf(devices);
        if (left.length === 0) state.set(SWEPT_KEY, sweptId);
        const cursor = this.#takenId;
        await store.save({ cursor, alerts: [], state }, async () => undefined);
        this.#savedId = cursor;
        if (left.length === 0) this.#sweptId = sweptId;
        engine.watches.settled(devices);
      });
    } while (left && left.length > 0);
  }
}
