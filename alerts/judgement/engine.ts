/**
 * The alert engine: (state, reading | presence | tick) → (state, changes).
 *
 * Follows the journal; its changes go to the lifecycle. It reads no clock, no random number and no file:
 * the same inputs give the same changes. Invariants: readings are judged in event time, silence by the time
 * of receipt; a reading that is stale, late beyond the watermark, or ahead of our clock moves no alert.
 */
import { deviceKinds } from '../../devices/kinds/index.ts';
import { FAILED_QUALITY, type Reading } from '../../devices/reading.ts';
import type { Presence } from '../../devices/topics.ts';
import type { Registry } from '../../fleet/registry.ts';
import type { Alert } from '../alert.ts';
import { judgeRob } from '../rules/rob.ts';
import { ServerClockWatch } from '../rules/server-clock.ts';
import { noteWord } from '../rules/silence.ts';
import { judgeUplinks } from '../rules/uplink-down.ts';
import { gaugesAbove, judgeUpstream } from '../rules/upstream-rise.ts';
import { type Clock, createClock } from '../wording.ts';
import type { CityFacts, CityView } from './city-view.ts';
import { Conditions, type SavedCondition } from './conditions.ts';
import {
  createWatch,
  type DeviceWatch,
  foldAgain,
  restoreWatch,
  type SavedWatch,
  saveWatch,
} from './device-watch.ts';
import { type EngineChange, NO_CHANGES } from './engine-change.ts';
import { expireForecasts } from './expire.ts';
import { hear, recordUse } from './hear.ts';
import { isWorthJudging, judgeDevice, silenceOf } from './judge-silence.ts';
import type { ParameterOverride } from './parameters.ts';
import { rebindWatch } from './rebind-watch.ts';
import { reconcileWatch } from './reconcile-watch.ts';
import { refreshOpen } from './refresh-open.ts';
import type { BoundRule, TrackRule } from './rule.ts';
import type { Placement } from './timeline.ts';
import type { Track } from './track.ts';

/** Why a reading moved nothing, or how it was placed; a metric's label. */
export type ReadingOutcome = Placement | 'stale' | 'ahead' | 'unknown-device';

export interface EngineOptions {
  readonly city: CityFacts;
  readonly registry: Pick<Registry, 'find'>;
  readonly rules: readonly TrackRule[];
  readonly overrides: readonly ParameterOverride[];
}

/** A reading that took longer than this to reach us is history, ms … */
const STALE_AFTER_MS = 30 * 60_000;
/** … or longer than this many report intervals, if that is more: slow gauges upload in batches. */
const STALE_AFTER_INTERVALS = 2;
/** Ahead of our clock by more than this it cannot be a time of measurement, ms. */
const AHEAD_MAX_MS = 60_000;

export class AlertEngine {
  #options: EngineOptions;
  readonly #watches = new Map<string, DeviceWatch>();
  readonly #conditions = new Conditions();
  /** By gauge: those that lie below it. */
  readonly #below = new Map<string, DeviceWatch[]>();
  readonly #clock: Clock;
  #listeningSince = 0;
  readonly serverClock = new ServerClockWatch();
  readonly outcomes: Record<ReadingOutcome, number> = {
    newest: 0,
    reordered: 0,
    repeated: 0,
    late: 0,
    stale: 0,
    ahead: 0,
    'unknown-device': 0,
  };

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#clock = createClock(options.city.timeZone);
  }

  /**
   * We begin to listen, could not until now, or our clock was set: silence before this moment was our own, and
   * nothing can have been heard after it.
   */
  listen(nowMs: number): void {
    this.#listeningSince = nowMs;
    for (const { hearing } of this.#watches.values()) {
      hearing.lastHeardAt = Math.min(hearing.lastHeardAt, nowMs);
      hearing.lastUsableAt = Math.min(hearing.lastUsableAt, nowMs);
      hearing.presenceAt = Math.min(hearing.presenceAt, nowMs);
    }
  }

  /** Where other parts of the house raise what they judge themselves; see Alerts.raise. */
  get conditions(): Conditions {
    return this.#conditions;
  }

  get watches(): ReadonlyMap<string, DeviceWatch> {
    return this.#watches;
  }

  /** Ids of devices whose state moved since they were last `settled`. */
  get dirty(): string[] {
    const dirty: string[] = [];
    for (const [device, watch] of this.#watches) if (watch.moved) dirty.push(device);
    return dirty;
  }

  settled(devices: Iterable<string>): void {
    for (const device of devices) this.#mark(device, false);
  }

  /** The state of a device was changed from outside, by whoever restores it. */
  touch(device: string): void {
    this.#mark(device, true);
  }

  #mark(device: string, moved: boolean): void {
    const watch = this.#watches.get(device);
    if (watch) watch.moved = moved;
  }

  watch(device: string): DeviceWatch | undefined {
    const known = this.#watches.get(device);
    if (known) return known;
    const registered = this.#options.registry.find(device);
    if (!registered) return undefined;
    const { rules, overrides } = this.#options;
    const intervalMs = (deviceKinds.get(registered.kind)?.reportIntervalS ?? 60) * 1000;
    const watch = createWatch(registered, rules, overrides, intervalMs, this.#clock);
    this.#watches.set(device, watch);
    this.#noteBelow(watch);
    return watch;
  }

  #noteBelow(watch: DeviceWatch): void {
    for (const gauge of gaugesAbove(watch)) {
      this.#below.set(gauge, [...(this.#below.get(gauge) ?? []), watch]);
    }
  }

  /**
   * People have changed the city: what is watched is judged at once by what it says now. `devices` are those that it
   * concerns; all where absent. Of a device that is gone nothing is left here, and nothing is said.
   */
  changeCity(
    judgedBy: Pick<EngineOptions, 'city' | 'overrides'>,
    devices: ReadonlySet<string> | undefined,
    nowMs: number,
  ): EngineChange[] {
    this.#options = { ...this.#options, ...judgedBy };
    const changes: EngineChange[] = [];
    for (const [id, before] of [...this.#watches]) {
      if (devices && !devices.has(id)) continue;
      this.#watches.delete(id);
      const watch = this.watch(id);
      if (watch) changes.push(...rebindWatch(before, watch, nowMs));
      else this.#conditions.drop(id);
    }
    this.#below.clear();
    for (const watch of this.#watches.values()) this.#noteBelow(watch);
    changes.push(...judgeUpstream(this.#view(nowMs)));
    return changes;
  }

  /** What nobody has been told of yet: a change of the city may have come just before a kill. */
  takeUntold(nowMs: number): EngineChange[] {
    return [...this.#watches.values()].flatMap((watch) => reconcileWatch(watch, nowMs) ?? []);
  }

  takeReading(reading: Reading): readonly EngineChange[] {
    const watch = this.watch(reading.device);
    if (!watch) {
      this.outcomes['unknown-device']++;
      return NO_CHANGES;
    }
    const { receivedAt } = reading;
    const moved = this.#take(watch, reading);
    let changes = moved ? reconcileWatch(watch, receivedAt) : undefined;
    if (isWorthJudging(watch)) {
      changes = [...(changes ?? NO_CHANGES), ...judgeDevice(watch, this.#view(receivedAt))];
    }
    if (!changes) return NO_CHANGES;
    if (changes.some(({ rule }) => rule === 'river-level')) {
      const below = this.#below.get(watch.device.id) ?? [];
      changes.push(...judgeUpstream(this.#view(receivedAt), [watch, ...below]));
    }
    return changes;
  }

  /**
   * Takes a reading that was judged before, if it was measured by `untilMs`: it moves the state, and nothing is said.
   * See rebuild.ts.
   */
  recall(reading: Reading, untilMs = Number.POSITIVE_INFINITY): void {
    const watch = this.watch(reading.device);
    if (watch) this.#take(watch, reading, untilMs);
  }

  /** Returns whether the present of the device is another than before. */
  #take(watch: DeviceWatch, reading: Reading, untilMs = Number.POSITIVE_INFINITY): boolean {
    watch.moved = true;
    const judged = hear(watch, reading);
    if (judged.measuredAt > untilMs) return false;
    const outcome = this.#place(watch, judged);
    this.outcomes[outcome]++;
    const moved = outcome === 'newest' || outcome === 'reordered';
    if ((moved || outcome === 'repeated') && !(reading.quality & FAILED_QUALITY)) recordUse(watch, judged);
    return moved;
  }

  /** A person vouches for the newest level of a gauge: whatever was doubted of it is believed from there on. */
  takeWord(device: string, nowMs: number): readonly EngineChange[] {
    const watch = this.#watches.get(device);
    if (!watch) return NO_CHANGES;
    const { measuredAt } = watch.timeline.head;
    const { tracks } = watch.timeline.base();
    foldAgain(
      watch,
      tracks.map((track, index) => (watch.rules[index] as BoundRule).vouch(track, measuredAt)),
    );
    return reconcileWatch(watch, nowMs) ?? NO_CHANGES;
  }

  /** `saidAtMs` is earlier than `nowMs` where the word was restored after a restart. */
  takePresence(device: string, presence: Presence, nowMs: number, saidAtMs = nowMs): readonly EngineChange[] {
    const watch = this.watch(device);
    if (!watch || watch.hearing.presence === presence) return NO_CHANGES;
    watch.moved = true;
    watch.hearing.presence = presence;
    watch.hearing.presenceAt = saidAtMs;
    if (presence !== 'offline') noteWord(watch.hearing, saidAtMs);
    return judgeDevice(watch, this.#view(nowMs));
  }

  /** Our clock moved on: who has fallen silent, what is on its way? Not asked while readings wait. */
  takeTick(nowMs: number): EngineChange[] {
    const ours = this.serverClock.judge(this.#view(nowMs));
    const view = this.#view(nowMs);
    // Lines before the access points behind them, so that those need not speak.
    const changes = judgeUplinks(view, (watch) => silenceOf(watch, view) !== undefined);
    for (const watch of this.#watches.values()) {
      const own = judgeDevice(watch, view);
      if (own.length > 0) changes.push(...own);
      const over = expireForecasts(watch, view);
      if (over.length > 0) changes.push(...over);
    }
    changes.push(...judgeUpstream(view), ...judgeRob(view));
    return ours ? [ours, ...changes] : changes;
  }

  #view(nowMs: number): CityView {
    const { city } = this.#options;
    return {
      city,
      clock: this.#clock,
      conditions: this.#conditions,
      listeningSince: this.#listeningSince,
      nowMs,
      watches: this.#watches,
      serverClockDoubt: this.serverClock.doubt,
    };
  }

  #place(watch: DeviceWatch, reading: Reading): ReadingOutcome {
    const ageMs = reading.receivedAt - reading.measuredAt;
    if (ageMs < -AHEAD_MAX_MS) return 'ahead';
    const { intervalMs } = watch.timeline.head;
    if (ageMs > Math.max(STALE_AFTER_MS, STALE_AFTER_INTERVALS * intervalMs)) return 'stale';
    return watch.timeline.insert(reading);
  }

  /** The rule's timers that run now for a device, epoch ms by name. */
  timersOf(device: string, rule: string): Readonly<Record<string, number>> {
    const watch = this.#watches.get(device);
    const index = watch?.rules.findIndex((each) => each.name === rule) ?? -1;
    if (!watch || index < 0) return {};
    const { head } = watch.timeline;
    return (watch.rules[index] as BoundRule).timers(head.tracks[index] as Track, head);
  }

  /** See refresh-open.ts. */
  refresh(open: ReadonlyMap<string, Alert>): void {
    refreshOpen(this.#watches, open);
  }

  saveDevice(device: string): SavedWatch | undefined {
    const watch = this.#watches.get(device);
    return watch && saveWatch(watch);
  }

  saveConditions(): readonly SavedCondition[] {
    return this.#conditions.save();
  }

  restore(devices: Iterable<readonly [string, SavedWatch]>, conditions: readonly SavedCondition[]): void {
    this.#conditions.restore(conditions);
    for (const [device, saved] of devices) {
      const watch = this.watch(device);
      if (watch) restoreWatch(watch, saved);
    }
  }
}
