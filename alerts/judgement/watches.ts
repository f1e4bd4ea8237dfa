/**
 * Watches: the devices that are watched, each with what its rules know of it.
 *
 * A watch begins at its device's first word, is bound anew where people change the city, is saved and restored.
 * Invariants: a device that is not registered has none; `below` is true of the city as it is now.
 */
import { deviceKinds } from '../../devices/kinds/index.ts';
import type { Registry } from '../../fleet/registry.ts';
import { gaugesAbove } from '../rules/upstream-rise.ts';
import type { Clock } from '../wording.ts';
import { createWatch, type DeviceWatch, restoreWatch, type SavedWatch, saveWatch } from './device-watch.ts';
import type { EngineChange } from './engine-change.ts';
import type { ParameterOverride } from './parameters.ts';
import { rebindWatch } from './rebind-watch.ts';
import type { BoundRule, TrackRule } from './rule.ts';
import type { Track } from './track.ts';

export interface WatchesOptions {
  readonly registry: Pick<Registry, 'find'>;
  readonly rules: readonly TrackRule[];
  readonly clock: Clock;
}

export class Watches {
  readonly #options: WatchesOptions;
  #overrides: readonly ParameterOverride[];
  readonly #all = new Map<string, DeviceWatch>();
  /** By gauge: those that lie below it. */
  readonly #below = new Map<string, DeviceWatch[]>();

  constructor(options: WatchesOptions, overrides: readonly ParameterOverride[]) {
    this.#options = options;
    this.#overrides = overrides;
  }

  get all(): ReadonlyMap<string, DeviceWatch> {
    return this.#all;
  }

  /** The watch of a device, which begins here where it is the first word. */
  of(device: string): DeviceWatch | undefined {
    const known = this.#all.get(device);
    if (known) return known;
    const { registry, rules, clock } = this.#options;
    const registered = registry.find(device);
    if (!registered) return undefined;
    const intervalMs = (deviceKinds.get(registered.kind)?.reportIntervalS ?? 60) * 1000;
    const watch = createWatch(registered, rules, this.#overrides, intervalMs, clock);
    this.#all.set(device, watch);
    this.#noteBelow(watch);
    return watch;
  }

  /** Gauges that are watched and lie below this one. */
  below(gauge: string): readonly DeviceWatch[] {
    return this.#below.get(gauge) ?? [];
  }

  #noteBelow(watch: DeviceWatch): void {
    for (const gauge of gaugesAbove(watch)) {
      this.#below.set(gauge, [...(this.#below.get(gauge) ?? []), watch]);
    }
  }

  /** Devices whose state moved since they were last `settled`. */
  get dirty(): string[] {
    const dirty: string[] = [];
    for (const [device, watch] of this.#all) if (watch.moved) dirty.push(device);
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
    const watch = this.#all.get(device);
    if (watch) watch.moved = moved;
  }

  /** See AlertEngine.changeCity. `dropped` is told of each device that is gone. */
  rebind(
    overrides: readonly ParameterOverride[],
    devices: ReadonlySet<string> | undefined,
    nowMs: number,
    dropped: (device: string) => void,
  ): EngineChange[] {
    this.#overrides = overrides;
    const changes: EngineChange[] = [];
    for (const [id, before] of [...this.#all]) {
      if (devices && !devices.has(id)) continue;
      this.#all.delete(id);
      const watch = this.of(id);
      if (watch) changes.push(...rebindWatch(before, watch, nowMs));
      else dropped(id);
    }
    this.#below.clear();
    for (const watch of this.#all.values()) this.#noteBelow(watch);
    return changes;
  }

  /** The rule's timers that run now for a device, epoch ms by name. */
  timersOf(device: string, rule: string): Readonly<Record<string, number>> {
    const watch = this.#all.get(device);
    const index = watch?.rules.findIndex((each) => each.name === rule) ?? -1;
    if (!watch || index < 0) return {};
    const { head } = watch.timeline;
    return (watch.rules[index] as BoundRule).timers(head.tracks[index] as Track, head);
  }

  save(device: string): SavedWatch | undefined {
    const watch = this.#all.get(device);
    return watch && saveWatch(watch);
  }

  restore(devices: Iterable<readonly [string, SavedWatch]>): void {
    for (const [device, saved] of devices) {
      const watch = this.of(device);
      if (watch) restoreWatch(watch, saved);
    }
  }
}
