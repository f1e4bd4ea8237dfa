/**
 * A device's timeline as it stands on disk: the fold of what is settled, and the readings after it.
 *
 * Between the timeline and the saved state. Invariant: what follows from these is not saved, it is folded again;
 * a rule that is new, or has changed its judgement, begins with an empty track, and with what its other version
 * has learnt over a long time.
 */
import type { Fold } from '../judgement/fold.ts';
import type { Observation } from '../judgement/observation.ts';
import type { BoundRule } from '../judgement/rule.ts';
import { Timeline } from '../judgement/timeline.ts';
import type { Track } from '../judgement/track.ts';
import { NOISE_START } from '../levels/noise.ts';

export interface SavedTimeline {
  readonly base: Omit<Fold, 'suspicion' | 'tracks'>;
  /** By rule and version. */
  readonly tracks: Readonly<Record<string, Track>>;
  readonly readings: readonly SavedReading[];
}

/** A reading without what its device says already: saved for each device with each alert, so it is short. */
type SavedReading = readonly [
  measuredAt: number,
  receivedAt: number,
  quality: number,
  simulated: 0 | 1,
  values: Observation['values'],
];

export function saveTimeline(timeline: Timeline, rules: readonly BoundRule[]): SavedTimeline {
  const { tracks, suspicion: _, ...base } = timeline.base();
  const byRule = Object.fromEntries(rules.map((rule, index) => [keyOf(rule), tracks[index] as Track]));
  return { base, tracks: byRule, readings: timeline.newest().map(packReading) };
}

export function restoreTimeline(saved: SavedTimeline, rules: readonly BoundRule[]): Timeline {
  const { measuredAt, intervalMs, readings, recent } = saved.base;
  // State that was saved before noise was learnt has none.
  const noise = { ...NOISE_START, ...(saved.base as Partial<Fold>).noise };
  const tracks = rules.map((rule) => {
    const own = saved.tracks[keyOf(rule)];
    return own ? restoreTrack(rule.start, own) : inheritTrack(rule, rule.start, earlierTrack(saved, rule));
  });
  const base: Fold = { measuredAt, intervalMs, readings, recent, noise, suspicion: undefined, tracks };
  return new Timeline(rules, base, saved.readings.map(unpackReading));
}

/** The rules, by their place, of which nothing was saved in their present version. */
export function lackingRules({ tracks }: SavedTimeline, rules: readonly BoundRule[]): number[] {
  return rules.flatMap((rule, index) => (keyOf(rule) in tracks ? [] : [index]));
}

/** The track with what another one of the same rule, be it of another version, has learnt over a long time. */
export function inheritTrack(rule: BoundRule, track: Track, from: Track | undefined): Track {
  return { ...track, memory: { ...track.memory, ...(from && rule.learnt(from.memory)) } };
}

/** What another version of the rule saved: the latest of them. */
function earlierTrack({ tracks }: SavedTimeline, { name }: BoundRule): Track | undefined {
  const versionOf = (key: string) => Number(key.slice(name.length + 1));
  const [latest] = Object.keys(tracks)
    .filter((key) => key.startsWith(`${name}@`))
    .sort((a, b) => versionOf(b) - versionOf(a));
  return latest === undefined ? undefined : tracks[latest];
}

/** JSON has left out what was undefined. */
function restoreTrack(start: Track, saved: Track): Track {
  return { memory: { ...start.memory, ...saved.memory }, episode: saved.episode, closed: saved.closed };
}

function packReading({ measuredAt, receivedAt, quality, simulated, values }: Observation): SavedReading {
  return [measuredAt, receivedAt, quality, simulated ? 1 : 0, values];
}

function unpackReading([measuredAt, receivedAt, quality, simulated, values]: SavedReading): Observation {
  return { measuredAt, receivedAt, quality, simulated: simulated === 1, values };
}

function keyOf(rule: BoundRule): string {
  return `${rule.name}@${rule.version}`;
}
