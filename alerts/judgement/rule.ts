/**
 * TrackRule: a rule that judges the readings of one device, in event time.
 *
 * One file a rule in rules/, listed in rules/index.ts. A rule is bound to a device once, with its parameters
 * worked out; then `step` is called for each reading in order of measuredAt. Invariant: `step` depends on its
 * arguments only and changes nothing but the track and its memory, so that it may be called again, on a copy
 * of an earlier track, for the same readings in a corrected order.
 */
import type { Bilingual } from '../../devices/site.ts';
import type { RegisteredDevice } from '../../fleet/registry.ts';
import type { Rank } from '../alert.ts';
import type { Noise } from '../levels/noise.ts';
import type { Recent } from '../levels/recent.ts';
import type { Clock } from '../wording.ts';
import type { Observation } from './observation.ts';
import { type ParameterOverride, resolveParameters } from './parameters.ts';
import { type Detail, type EndedEpisode, type Episode, shownRank, startTrack, type Track } from './track.ts';

/** What the fold knows of the device beside the rule's own memory, the present reading included. */
export interface View {
  /** Smoothed time between two readings, by the device's clock, ms. */
  readonly intervalMs: number;
  /** The last believed levels of a gauge; empty for other kinds. */
  readonly recent: Recent;
  /** How far its levels scatter, as the readings before this one tell. */
  readonly noise: Noise;
  /** Why the level of this reading is not believed; said by the rule that screens, which is the first to judge. */
  suspicion: Suspicion | undefined;
}

export interface Suspicion {
  /** Readings in a row that are not believed, 0 while that may yet be water; the last level that was, with its time. */
  readonly rows: number;
  /** An alert of its level is open, and stays for it. */
  readonly inAlert: boolean;
  readonly believedM: number;
  readonly believedAt: number;
}

export interface TrackRuleDefinition<P extends object, M extends object, W extends object = P> {
  readonly name: string;
  /** Grows when the judgement changes; kept with each alert. */
  readonly version: number;
  readonly kind: string;
  readonly unit: string;
  readonly defaults: P;
  /** It judges a level before the others hear of it: see View.suspicion. Such a rule is the first of its kind. */
  readonly screens?: true;
  /** Parameters that follow from the site; undefined where the rule does not apply to the device. */
  forDevice?(parameters: P, device: RegisteredDevice): P | undefined;
  /** What it begins with, with every field, be it undefined; each track has a copy of its own. */
  readonly memory: Readonly<M>;
  /** What the step works with, where it is not the parameters as they stand: worked out once for a device. */
  prepare?(parameters: P): W;
  step(track: Track, memory: M, reading: Observation, view: View, prepared: W): void;
  /** The words for a rank, and what is going on, in both languages. */
  describe(episode: Episode, rank: Rank, parameters: P, facts: Facts): Description;
  /** The words for an end: where it stands now, and how bad it was. */
  describeEnd(episode: EndedEpisode, parameters: P, facts: Facts): Description;
  /** The memory that goes with an episode that it does not know: its own was lost. The same by default. */
  resume?(memory: M, episode: Episode, parameters: P): M;
  /** A person vouches for the level of this moment: the memory that believes it. */
  vouch?(memory: M, atMs: number): M;
  /** People have changed its parameters: the memory that goes on by those. The same by default. */
  rejudge?(memory: M, parameters: P): M;
  /** What it has learnt over a long time, of a memory that another version of the rule may have saved. */
  learnt?(memory: unknown): Partial<M>;
  /** Of how many cases; a rule that learns nothing over a long time has none. */
  experience?(memory: M): number;
  /** What its alert would say now, without being news. */
  present?(memory: M): Detail | undefined;
  /** A sentence that brings the words of its last change up to the present; undefined where they are. */
  sayPresent?(memory: M, episode: Episode, facts: Facts): Bilingual | undefined;
  /**
   * Until when what it says of the future holds without another reading, epoch ms, and no longer than its device is
   * heard; undefined where it says nothing.
   */
  foretellsUntil?(memory: M): number | undefined;
  /** The memory of one whose alert has ended so, without a reading. */
  fallSilent?(memory: M): M;
  /** Timers that run now, for explanations: name → epoch ms. */
  timers?(memory: M, parameters: P, view: View): Readonly<Record<string, number>>;
}

/** What the sentences of a rule speak of beside the episode. */
export interface Facts {
  readonly name: string;
  readonly clock: Clock;
}

export interface Description {
  readonly label: Bilingual;
  readonly text: Bilingual;
}

/** A rule tied to a device. */
export interface BoundRule {
  /**
   * The rule's own, shared by all devices: to be called with the track's memory and what was prepared. A
   * closure for each device would be ten more objects to fetch from memory for a reading.
   */
  readonly step: (track: Track, memory: object, reading: Observation, view: View, prepared: object) => void;
  readonly prepared: object;
  readonly parameters: object;
  readonly name: string;
  readonly version: number;
  readonly unit: string;
  readonly screens: boolean;
  /** To be copied. */
  readonly start: Track;
  describe(episode: Episode, rank: Rank): Description;
  describeEnd(episode: EndedEpisode): Description;
  /** Of one that a late reading took away as a whole. */
  describeNeverWas(episode: Episode): Description;
  timers(track: Track, view: View): Readonly<Record<string, number>>;
  learnt(memory: unknown): object;
  experience(track: Track): number | undefined;
  present(track: Track): Detail | undefined;
  sayPresent(track: Track, episode: Episode): Bilingual | undefined;
  foretellsUntil(track: Track): number | undefined;
  fallSilent(track: Track): object;
  /** The track where a person vouches for the level of a moment; the same where the rule doubts nothing. */
  vouch(track: Track, atMs: number): Track;
  /** The track with an open episode that it did not know. */
  resume(track: Track, episode: Episode): Track;
  /** The track of the same rule with other parameters, to go on from. */
  rejudge(track: Track): Track;
}

export interface TrackRule {
  readonly name: string;
  readonly version: number;
  readonly kind: string;
  readonly defaults: object;
  bind(
    device: RegisteredDevice,
    overrides: readonly ParameterOverride[],
    clock: Clock,
  ): BoundRule | undefined;
}

export function defineTrackRule<P extends object, M extends object, W extends object = P>(
  definition: TrackRuleDefinition<P, M, W>,
): TrackRule {
  const { name, version, kind, unit, defaults } = definition;
  return {
    name,
    version,
    kind,
    defaults,
    bind(device, overrides, clock) {
      if (device.kind !== kind) return undefined;
      const resolved = resolveParameters(name, defaults, device, overrides);
      const parameters = resolved && (definition.forDevice?.(resolved, device) ?? undefined);
      const final = definition.forDevice ? parameters : resolved;
      if (!final) return undefined;
      const facts: Facts = { name: device.name, clock };
      return {
        step: definition.step as BoundRule['step'],
        prepared: definition.prepare?.(final) ?? final,
        parameters: final,
        name,
        version,
        unit,
        screens: definition.screens ?? false,
        start: startTrack(definition.memory),
        describe: (episode, rank) => definition.describe(episode, rank, final, facts),
        describeEnd: (episode) => definition.describeEnd(episode, final, facts),
        describeNeverWas: (episode) =>
          neverWas(definition.describe(episode, shownRank(episode), final, facts), facts),
        learnt: (memory) => definition.learnt?.(memory) ?? {},
        experience: ({ memory }) => definition.experience?.(memory as M),
        present: ({ memory }) => definition.present?.(memory as M),
        sayPresent: ({ memory }, episode) => definition.sayPresent?.(memory as M, episode, facts),
        foretellsUntil: ({ memory }) => definition.foretellsUntil?.(memory as M),
        fallSilent: ({ memory }) => definition.fallSilent?.(memory as M) ?? memory,
        timers: (track, view) => definition.timers?.(track.memory as M, final, view) ?? {},
        vouch: (track, atMs) =>
          definition.vouch ? { ...track, memory: definition.vouch(track.memory as M, atMs) } : track,
        rejudge(track) {
          const memory = track.memory as M;
          return { ...track, memory: { ...(definition.rejudge?.(memory, final) ?? memory) } };
        },
        resume(track, episode) {
          const memory = track.memory as M;
          return { ...track, memory: definition.resume?.(memory, episode, final) ?? memory, episode };
        },
      };
    },
  };
}

function neverWas({ label }: Description, { name }: Facts): Description {
  return {
    label,
    text: {
      en: `${name}: withdrawn. A reading that arrived late shows that this never was.`,
      id: `${name}: dicabut. Bacaan yang datang terlambat menunjukkan bahwa ini tidak pernah terjadi.`,
    },
  };
}
