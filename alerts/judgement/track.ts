/**
 * Track: what one rule knows of one device, in event time.
 *
 * A rule's step moves the track of the fold that it is part of; the timeline keeps copies and folds again when a
 * reading arrives out of order. Invariant: an episode is a value: a step that changes it puts another object in
 * its place, and one that does not leaves the very same, so that "did anything happen" is one comparison.
 */
import type { Rank } from '../alert.ts';
import type { Observation } from './observation.ts';
import { WATERMARK_MS } from './watermark.ts';

export type Detail = Readonly<Record<string, unknown>>;
export const NO_DETAIL: Detail = Object.freeze({});

export interface Peak {
  readonly peak: number;
  readonly peakAt: number | undefined;
}

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
  /** The value at the last change, and the most extreme one with its time; undefined where that was not kept. */
  readonly value: number;
  readonly peak: number;
  readonly peakAt: number | undefined;
  /** The most extreme one before a claim that stands now: a claim that is taken back leaves no height. */
  readonly peakBefore: Peak | undefined;
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

export type EndedEpisode = Episode & { readonly endedAt: number };

export function hasEnded(episode: Episode): episode is EndedEpisode {
  return episode.endedAt !== undefined;
}

/** What is shown is higher than what is confirmed. */
export function isClaim({ rank, doubtRank }: Episode): boolean {
  return doubtRank > rank;
}

export interface Track {
  /** The rule's own: JSON. Its fields are changed in place; what stands in them is replaced, never changed. */
  memory: object;
  episode: Episode | undefined;
  /** Episodes that ended within the watermark: a late reading may yet change them. */
  closed: readonly Episode[];
}

export const NO_EPISODES: readonly Episode[] = Object.freeze([]);

export function startTrack(memory: object): Track {
  return { memory, episode: undefined, closed: NO_EPISODES };
}

export function copyTrack({ memory, episode, closed }: Track): Track {
  return { memory: { ...memory }, episode, closed };
}

/**
 * Begins, moves or ends the episode by what a rule found in a reading. Ranks of 0 mean that nothing is wrong
 * (any more). At the end `detail` replaces what was there only where it is given. Arguments and not an object:
 * this is called for each reading and rule.
 */
export function advanceTrack(
  track: Track,
  reading: Observation,
  rank: Rank,
  value: number,
  doubtRank: Rank = 0,
  detail?: Detail,
): void {
  const { episode } = track;
  if (rank === 0 && doubtRank === 0) {
    if (episode) endEpisode(track, episode, reading, value, detail);
  } else if (episode) moveEpisode(track, episode, reading, rank, value, doubtRank, detail);
  else track.episode = beginEpisode(reading, rank, value, doubtRank, detail);
}

function beginEpisode(
  { measuredAt, simulated }: Observation,
  rank: Rank,
  value: number,
  doubtRank: Rank,
  detail: Detail = NO_DETAIL,
): Episode {
  return {
    startedAt: measuredAt,
    changedAt: measuredAt,
    rank,
    doubtRank,
    highestRank: rank,
    value,
    peak: value,
    peakAt: measuredAt,
    peakBefore: undefined,
    simulated,
    endedAt: undefined,
    detail,
  };
}

function moveEpisode(
  track: Track,
  episode: Episode,
  reading: Observation,
  rank: Rank,
  value: number,
  doubtRank: Rank,
  detail: Detail | undefined,
): void {
  const moved = rank !== episode.rank || doubtRank !== episode.doubtRank;
  if (!moved && value <= episode.peak && !detail) return;
  const before = heightBefore(episode, rank, doubtRank);
  const isHigher = !before || value > before.peak;
  track.episode = {
    ...episode,
    rank,
    doubtRank,
    highestRank: rank > episode.highestRank ? rank : episode.highestRank,
    peak: isHigher ? value : before.peak,
    peakAt: isHigher ? reading.measuredAt : before.peakAt,
    peakBefore: doubtRank > rank ? (isClaim(episode) ? episode.peakBefore : peakOf(episode)) : undefined,
    detail: detail ?? episode.detail,
    ...(moved || detail ? { changedAt: reading.measuredAt, value } : {}),
  };
}

function peakOf({ peak, peakAt }: Episode): Peak {
  return { peak, peakAt };
}

/** The height that what is found now is added to: of a claim that is taken back, what was before it, if anything. */
function heightBefore(episode: Episode, rank: Rank, doubtRank: Rank): Peak | undefined {
  const isTakenBack = isClaim(episode) && doubtRank <= rank && rank < episode.doubtRank;
  return isTakenBack ? episode.peakBefore : episode;
}

function endEpisode(
  track: Track,
  episode: Episode,
  { measuredAt }: Observation,
  value: number,
  detail: Detail | undefined,
): void {
  const { peak, peakAt } = heightBefore(episode, 0, 0) ?? episode;
  const ended: Episode = {
    ...episode,
    peak,
    peakAt,
    peakBefore: undefined,
    rank: 0,
    doubtRank: 0,
    changedAt: measuredAt,
    endedAt: measuredAt,
    value,
    detail: detail ?? episode.detail,
  };
  track.episode = undefined;
  track.closed = [...track.closed, ended];
}

/** Forgets the episodes whose end no reading can change any more. */
export function forgetSettled(track: Track, at: number): void {
  const { closed } = track;
  const kept = closed.filter(({ endedAt }) => (endedAt as number) > at - WATERMARK_MS);
  if (kept.length < closed.length) track.closed = kept.length === 0 ? NO_EPISODES : kept;
}
