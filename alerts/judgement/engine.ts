/**
 * The alert engine: (state, reading | presence | tick) → (state, changes).
 *
 * Follows the journal; its changes go to the lifecycle. It reads no clock, no random number and no file:
 * the same inputs give the same changes. Invariants: readings are judged in event time, silence by the time
 * of receipt; a reading that is stale, late beyond the watermark, or ahead of our clock moves no alert.
 */
import { AHEAD_MAX_MS } from '../../clock/device-clock.ts';
import { FAILED_QUALITY, type Reading } from '../../devices/reading.ts';
import type { Presence } from '../../devices/topics.ts';
import type { Registry } from '../../fleet/registry.ts';
import type { Alert } from '../alert.ts';
import { judgeRob } from '../rules/rob.ts';
import { ServerClockWatch } from '../rules/server-clock.ts';
import { noteWord } from '../rules/silence.ts';
import { judgeUplinks } from '../rules/uplink-down.ts';
import { judgeUpstream } from '../rules/upstream-rise.ts';
import { type Clock, createClock } from '../wording.ts';
import type { CityFacts, CityView } from './city-view.ts';
import { Conditions, type SavedCondition } from './conditions.ts';
import { type DeviceWatch, foldAgain, type SavedWatch } from './device-watch.ts';
import { type EngineChange, NO_CHANGES } from './engine-change.ts';
import { isBesideTruth, noteTruth } from './exercise.ts';
import { expireForecasts } from './expire.ts';
import { hear, recordUse } from './hear.ts';
import type { ToldInterval } from './hearing.ts';
import { isWorthJudging, judgeDevice, saySilence, silenceOf, silentAfterMs } from './judge-silence.ts';
import type { ParameterOverride } from './parameters.ts';
import { reconcileWatch } from './reconcile-watch.ts';
import { refreshOpen, textOfNow } from './refresh-open.ts';
import type { BoundRule, TrackRule } from './rule.ts';
import type { Placement } from './timeline.ts';
import { Watches } from './watches.ts';

/** Why a reading moved nothing, or how it was placed; a metric's label. */
export type ReadingOutcome = Placement | 'stale' | 'ahead' | 'simulated' | 'unknown-device';

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

export class AlertEngine {
  #options: EngineOptions;
  readonly watches: Watches;
  readonly #conditions = new Conditions();
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
    simulated: 0,
    'unknown-device': 0,
  };

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#clock = createClock(options.city.timeZone);
    const { registry, rules, overrides } = options;
    this.watches = new Watches({ registry, rules, clock: this.#clock }, overrides);
  }

  /**
   * We begin to listen, could not until now, or our clock was set: silence before this moment was our own, and
   * nothing can have been heard after it.
   */
  listen(nowMs: number): void {
    this.#listeningSince = nowMs;
    for (const { hearing } of this.watches.all.values()) {
      hearing.lastHeardAt = Math.min(hearing.lastHeardAt, nowMs);
      hearing.lastUsableAt = Math.min(hearing.lastUsableAt, nowMs);
      hearing.presenceAt = Math.min(hearing.presenceAt, nowMs);
      hearing.refusedAt = Math.min(hearing.refusedAt ?? 0, nowMs);
    }
  }

  /** Where other parts of the house raise what they judge themselves; see Alerts.raise. */
  get conditions(): Conditions {
    return this.#conditions;
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
    const changes = this.watches.rebind(judgedBy.overrides, devices, nowMs, (id) =>
      this.#conditions.drop(id),
    );
    changes.push(...judgeUpstream(this.#view(nowMs)));
    return changes;
  }

  /** What nobody has been told of yet: a change of the city may have come just before a kill. */
  takeUntold(nowMs: number): EngineChange[] {
    return [...this.watches.all.values()].flatMap((watch) => reconcileWatch(watch, nowMs) ?? []);
  }

  takeReading(reading: Reading): readonly EngineChange[] {
    const watch = this.watches.of(reading.device);
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
      const below = this.watches.below(watch.device.id);
      changes.push(...judgeUpstream(this.#view(receivedAt), [watch, ...below]));
    }
    return changes;
  }

  /**
   * Takes a reading that was judged before, if it was measured by `untilMs`: it moves the state, and nothing is said.
   * See rebuild.ts.
   */
  recall(reading: Reading, untilMs = Number.POSITIVE_INFINITY): void {
    const watch = this.watches.of(reading.device);
    if (watch) this.#take(watch, reading, untilMs);
  }

  /** Returns whether the present of the device is another than before. */
  #take(watch: DeviceWatch, reading: Reading, untilMs = Number.POSITIVE_INFINITY): boolean {
    watch.moved = true;
    if (isBesideTruth(watch, reading)) {
      noteWord(watch.hearing, reading.receivedAt);
      this.outcomes.simulated++;
      return false;
    }
    noteTruth(watch, reading);
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
    const watch = this.watches.all.get(device);
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
    const watch = this.watches.of(device);
    if (!watch || watch.hearing.presence === presence) return NO_CHANGES;
    watch.moved = true;
    watch.hearing.presence = presence;
    watch.hearing.presenceAt = saidAtMs;
    if (presence !== 'offline') noteWord(watch.hearing, saidAtMs);
    return judgeDevice(watch, this.#view(nowMs));
  }

  /** It said something at `saidAtMs` that was refused, or that came before: a word, and of no use. */
  takeUnusableWord(device: string, saidAtMs: number, nowMs: number): void {
    const atMs = Math.min(saidAtMs, nowMs);
    const watch = this.watches.of(device);
    if (!watch) return;
    const { hearing } = watch;
    if (atMs <= Math.max(hearing.lastHeardAt, hearing.refusedAt ?? 0)) return;
    watch.moved = true;
    hearing.refusedAt = atMs;
    if (hearing.firstHeardAt === 0) hearing.firstHeardAt = atMs;
  }

  /** A device has confirmed how often it is to report: its own rhythm does not show it yet. */
  expect(device: string, told: ToldInterval): void {
    const watch = this.watches.of(device);
    if (watch) watch.hearing.told = told;
  }

  /** See silentAfterMs of judge-silence.ts; undefined of a device that was never heard. */
  silentAfterMs(device: string, nowMs: number): number | undefined {
    const watch = this.watches.all.get(device);
    return watch && silentAfterMs(watch, nowMs);
  }

  /** Our clock moved on: who has fallen silent, what is on its way? Not asked while readings wait. */
  takeTick(nowMs: number): EngineChange[] {
    const ours = this.serverClock.judge(this.#view(nowMs));
    const view = this.#view(nowMs);
    // Lines before the access points behind them, so that those need not speak.
    const changes = judgeUplinks(view, (watch) => silenceOf(watch, view) !== undefined);
    for (const watch of this.watches.all.values()) {
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
      watches: this.watches.all,
      serverClockDoubt: this.serverClock.doubt,
    };
  }

  #place(watch: DeviceWatch, reading: Reading): ReadingOutcome {
    const ageMs = reading.receivedAt - reading.measuredAt;
    if (ageMs < -AHEAD_MAX_MS) return 'ahead';
    const intervalMs = Math.max(watch.timeline.head.intervalMs, watch.hearing.sending.everyMs);
    if (ageMs > Math.max(STALE_AFTER_MS, STALE_AFTER_INTERVALS * intervalMs)) return 'stale';
    return watch.timeline.insert(reading);
  }

  /** See refresh-open.ts. */
  refresh(open: ReadonlyMap<string, Alert>): void {
    refreshOpen(this.watches.all, open);
  }

  /** See refresh-open.ts. */
  textOfNow(alert: Alert, nowMs: number): Alert['text'] {
    const watch = this.watches.all.get(alert.subject);
    const silence = watch && saySilence(watch, alert.rule, this.#view(nowMs));
    return silence ?? textOfNow(this.watches.all, alert);
  }

  saveConditions(): readonly SavedCondition[] {
    return this.#conditions.save();
  }

  restore(devices: Iterable<readonly [string, SavedWatch]>, conditions: readonly SavedCondition[]): void {
    this.#conditions.restore(conditions);
    this.watches.restore(devices);
  }
}
