/**
 * Track: what one rule knows of one device, in event time, as an immutable value.
 *
 * A rule's step is a pure function (track, reading) → track; the timeline keeps earlier tracks and folds
 * again when a reading arrives out of order. Invariant: a step that changes nothing returns the very same
 * episode object, so that "did anything happen" is one comparison of references.
 */
import type { Reading } from '../../devices/reading.ts';
import type { Rank } from './alert.ts';

export type Detail = Readonly<Record<string, unknown>>;
export const NO_DETAIL: Detail = Object.freeze({});

/** One raise of a rule, from its first reading to its end. All times are measuredAt, epoch ms. */
export interface Episode {
  readonly startedAt: number;
  /** Of the last change of rank, doubt or detail. */
  readonly changedAt: number;
  /** The confirmed rank; 0 while only a doubtful reading speaks for it. */
  readonly rank: Rank;
  /** The rank that a doubtful reading claims; 0 without doubt. */
  readonly doubtRank: Rank;
  /** The highest confirmed rank. */
  readonly highestRank: Rank;
  /** The value at the last change, and the most extreme one. */
  readonly value: number;
  readonly peak: number;
  readonly simulated: boolean;
  readonly endedAt: number | undefined;
  readonly detail: Detail;
}

/** The rank that is shown: a doubtful high one is shown, marked as provisional. */
export function shownRank(episode: Episode): Rank {
  return episode.doubtRank > episode.rank ? episode.doubtRank : episode.rank;
}

export function isProvisional(episode: Episode): boolean {
  return episode.rank === 0;
}

/** What is shown is higher than what is confirmed. */
export function isClaim({ rank, doubtRank }: Episode): boolean {
  return doubtRank > rank;
}

export interface Track {
  /** The rule's own memory; JSON, and never changed in place. */
  readonly memory: unknown;
  readonly episode: Episode | undefined;
  /** Episodes that ended within the watermark: a late reading may yet change them. */
  readonly closed: readonly Episode[];
}

export const NO_EPISODES: readonly Episode[] = Object.freeze([]);

export function startTrack(memory: unknown): Track {
  return { memory, episode: undefined, closed: NO_EPISODES };
}

/** What a rule found in a reading. Ranks of 0 mean that nothing is wrong (any more). */
export interface Finding {
  readonly rank: Rank;
  readonly doubtRank: Rank;
  readonly value: number;
  readonly detail?: Detail;
}

/** The track after a reading: begins, moves or ends the episode as the finding says. */
export function advanceTrack(
  track: Track,
  memory: unknown,
  reading: Reading,
  finding: Finding,
  watermarkMs: number,
): Track {
  const { episode } = track;
  const at = reading.measuredAt;
  const closed = pruneClosed(track.closed, at - watermarkMs);
  const { rank, doubtRank, value } = finding;
  if (!episode) {
    if (rank === 0 && doubtRank === 0) {
      return memory === track.memory && closed === track.closed
        ? track
        : { memory, episode: undefined, closed };
    }
    const begun: Episode = {
      startedAt: at,
      changedAt: at,
      rank,
      doubtRank,
      highestRank: rank,
      value,
      peak: value,
      simulated: reading.simulated,
      endedAt: undefined,
      detail: finding.detail ?? NO_DETAIL,
    };
    return { memory, episode: begun, closed };
  }
  if (rank === 0 && doubtRank === 0) {
    const ended: Episode = { ...episode, rank: 0, doubtRank: 0, changedAt: at, endedAt: at, value };
    return { memory, episode: undefined, closed: [...closed, ended] };
  }
  const moved = rank !== episode.rank || doubtRank !== episode.doubtRank;
  const peak = Math.max(episode.peak, value);
  if (!moved && peak === episode.peak && !finding.detail) return { memory, episode, closed };
  return {
    memory,
    closed,
    episode: {
      ...episode,
      rank,
      doubtRank,
      highestRank: rank > episode.highestRank ? rank : episode.highestRank,
      peak,
      detail: finding.detail ?? episode.detail,
      ...(moved || finding.detail ? { changedAt: at, value } : {}),
    },
  };
}

function pruneClosed(closed: readonly Episode[], beforeMs: number): readonly Episode[] {
  if (closed.length === 0) return closed;
  const kept = closed.filter((episode) => (episode.endedAt as number) > beforeMs);
  return kept.length === closed.length ? closed : kept.length === 0 ? NO_EPISODES : kept;
}
