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
import type { Registry } from '../fleet/registry.ts';
import type { Evidence, Rank } from './alert.ts';
import { Conditions, type SavedCondition } from './conditions.ts';
import { createWatch, type DeviceWatch, restoreWatch, type SavedWatch, saveWatch } from './device-watch.ts';
import type { EngineChange } from './engine-change.ts';
import type { ParameterOverride } from './parameters.ts';
import { reconcile } from './reconcile.ts';
import type { BoundRule, TrackRule } from './rule.ts';
import {
  describeSilence,
  judgeSilence,
  SILENCE_DEFAULTS,
  SILENCE_RULES,
  type SilenceParameters,
} from './rules/silence.ts';
import { headOf, insertReading, type Placement, WATERMARK_MS } from './timeline.ts';
import type { Track } from './track.ts';

/** Why a reading moved nothing, or how it was placed; a metric's label. */
export type ReadingOutcome = Placement | 'stale' | 'ahead' | 'unknown-device';

export interface EngineOptions {
  readonly registry: Registry;
  readonly rules: readonly TrackRule[];
  readonly overrides: readonly ParameterOverride[];
}

/** A reading that took longer than this to reach us is history, ms … */
const STALE_AFTER_MS = 30 * 60_000;
/** … or longer than this many report intervals, if that is more: slow gauges upload in batches. */
const STALE_AFTER_INTERVALS = 2;
/** Ahead of our clock by more than this it cannot be a time of measurement, ms. */
const AHEAD_MAX_MS = 60_000;
/** Readings shown as evidence of a change. */
const MAX_EVIDENCE = 8;

export class AlertEngine {
  readonly #options: EngineOptions;
  readonly #watches = new Map<string, DeviceWatch>();
  readonly #conditions = new Conditions();
  readonly #dirty = new Set<string>();
  #listeningSince = 0;
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
  }

  /** We begin to listen: silence before this moment was our own. */
  listen(nowMs: number): void {
    this.#listeningSince = nowMs;
  }

  /** Ids of devices whose state moved since the last `settled()`. */
  get dirty(): ReadonlySet<string> {
    return this.#dirty;
  }

  settled(): void {
    this.#dirty.clear();
  }

  watch(device: string): DeviceWatch | undefined {
    const known = this.#watches.get(device);
    if (known) return known;
    const registered = this.#options.registry.find(device);
    if (!registered) return undefined;
    const { rules, overrides } = this.#options;
    const intervalMs = (deviceKinds.get(registered.kind)?.reportIntervalS ?? 60) * 1000;
    const watch = createWatch(registered, rules, overrides, intervalMs);
    this.#watches.set(device, watch);
    return watch;
  }

  takeReading(reading: Reading): EngineChange[] {
    const watch = this.watch(reading.device);
    if (!watch) {
      this.outcomes['unknown-device']++;
      return [];
    }
    this.#dirty.add(reading.device);
    const { hearing } = watch;
    hearing.lastHeardAt = Math.max(hearing.lastHeardAt, reading.receivedAt);
    hearing.simulated = reading.simulated;
    if (hearing.presence === 'offline') hearing.presence = undefined;
    const outcome = this.#place(watch, reading);
    this.outcomes[outcome]++;
    const changes = outcome === 'newest' || outcome === 'reordered' ? this.#reconcileAll(watch, reading) : [];
    const moved = outcome === 'newest' || outcome === 'reordered' || outcome === 'repeated';
    if (moved && !(reading.quality & FAILED_QUALITY)) {
      hearing.lastUsableAt = Math.max(hearing.lastUsableAt, reading.receivedAt);
      if (typeof reading.values['status'] === 'string')
        hearing.onDuty = reading.values['status'] !== 'off-duty';
    }
    changes.push(...this.#judgeSilence(watch, reading.receivedAt));
    return changes;
  }

  takePresence(device: string, presence: Presence, atMs: number): EngineChange[] {
    const watch = this.watch(device);
    if (!watch || watch.hearing.presence === presence) return [];
    this.#dirty.add(device);
    watch.hearing.presence = presence;
    watch.hearing.presenceAt = atMs;
    if (presence !== 'offline') watch.hearing.lastHeardAt = Math.max(watch.hearing.lastHeardAt, atMs);
    return this.#judgeSilence(watch, atMs);
  }

  /** Our clock moved on: who has fallen silent? Not asked while readings wait to be judged. */
  takeTick(nowMs: number): EngineChange[] {
    const changes: EngineChange[] = [];
    for (const watch of this.#watches.values()) changes.push(...this.#judgeSilence(watch, nowMs));
    return changes;
  }

  #place(watch: DeviceWatch, reading: Reading): ReadingOutcome {
    const ageMs = reading.receivedAt - reading.measuredAt;
    if (ageMs < -AHEAD_MAX_MS) return 'ahead';
    const { intervalMs } = headOf(watch.timeline);
    if (ageMs > Math.max(STALE_AFTER_MS, STALE_AFTER_INTERVALS * intervalMs)) return 'stale';
    return insertReading(watch.timeline, watch.rules, reading);
  }

  #reconcileAll(watch: DeviceWatch, reading: Reading): EngineChange[] {
    const changes: EngineChange[] = [];
    const head = headOf(watch.timeline);
    for (let index = 0; index < watch.rules.length; index++) {
      const track = head.tracks[index] as Track;
      const known = watch.known[index] as DeviceWatch['known'][number];
      if (known.length === 0 && !track.episode && track.closed.length === 0) continue;
      const last = known.at(-1);
      if (known.length === 1 && track.closed.length === 0 && last?.episode === track.episode) continue;
      const rule = watch.rules[index] as BoundRule;
      const result = reconcile(
        known,
        track,
        head.measuredAt - WATERMARK_MS,
        (episode) => `${rule.name}-${watch.device.id}-${episode.startedAt.toString(36)}`,
      );
      watch.known[index] = result.known;
      for (const { change, alert, episode } of result.changes) {
        const rank = episode.doubtRank > episode.rank ? episode.doubtRank : episode.rank;
        changes.push({
          change,
          alert,
          rule: rule.name,
          ruleVersion: rule.version,
          parameters: rule.parameters,
          unit: rule.unit,
          subject: watch.subject,
          episode,
          description: rule.describe(episode, rank === 0 ? episode.highestRank : rank),
          evidence: evidenceOf(watch),
          atMs: episode.endedAt ?? episode.changedAt,
          receivedAt: reading.receivedAt,
        });
      }
    }
    return changes;
  }

  #judgeSilence(watch: DeviceWatch, nowMs: number): EngineChange[] {
    const { kind, name } = watch.device;
    const rule = SILENCE_RULES[kind as keyof typeof SILENCE_RULES];
    if (!rule) return [];
    const parameters = silenceParameters(kind, rule.rank);
    const { intervalMs } = headOf(watch.timeline);
    const silence = judgeSilence(watch.hearing, kind, intervalMs, parameters, this.#listeningSince, nowMs);
    const open = this.#conditions.find(rule.name, watch.subject.id);
    if (!silence && !open) return [];
    const description = describeSilence(kind, name, silence, nowMs);
    const change = silence
      ? this.#conditions.raise(
          rule,
          watch.subject,
          {
            rank: this.#silenceRank(watch, rule.rank),
            since: silence.since,
            value: (nowMs - silence.since) / 1000,
            simulated: watch.hearing.simulated,
            parameters,
            description,
          },
          nowMs,
        )
      : this.#conditions.clear(rule, watch.subject, description, nowMs, nowMs);
    if (!change) return [];
    this.#dirty.add(watch.device.id);
    return [change, ...this.#markBlind(watch, change, nowMs)];
  }

  /** A gauge that goes blind in a flood is worse than one that goes blind on a dry day. */
  #silenceRank(watch: DeviceWatch, rank: Rank): Rank {
    const flooding = watch.known.some((list) => list.some(({ episode }) => episode.endedAt === undefined));
    return watch.device.kind === 'river-gauge' && flooding ? 2 : rank;
  }

  /** An open alert of a device that fell silent is kept, and says that it is blind. */
  #markBlind(watch: DeviceWatch, change: EngineChange, nowMs: number): EngineChange[] {
    if (change.change !== 'opened' && change.change !== 'resolved') return [];
    const word = change.change === 'opened' ? 'blind' : 'sighted';
    const changes: EngineChange[] = [];
    for (const [index, list] of watch.known.entries()) {
      const rule = watch.rules[index] as BoundRule;
      for (const { alert, episode } of list) {
        if (episode.endedAt !== undefined) continue;
        const rank = episode.doubtRank > episode.rank ? episode.doubtRank : episode.rank;
        changes.push({
          change: word,
          alert,
          rule: rule.name,
          ruleVersion: rule.version,
          parameters: rule.parameters,
          unit: rule.unit,
          subject: watch.subject,
          episode,
          description: rule.describe(episode, rank),
          evidence: [],
          atMs: word === 'blind' ? change.episode.startedAt : nowMs,
          receivedAt: nowMs,
        });
      }
    }
    return changes;
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

function silenceParameters(kind: string, rank: Rank): SilenceParameters {
  return { ...SILENCE_DEFAULTS, rank, silentAfterMs: (deviceKinds.get(kind)?.silentAfterS ?? 300) * 1000 };
}

function evidenceOf(watch: DeviceWatch): Evidence[] {
  return watch.timeline.entries.slice(-MAX_EVIDENCE).map(({ reading }) => {
    const { device, measuredAt, receivedAt, quality, values } = reading;
    return { device, measuredAt, receivedAt, quality, values };
  });
}
