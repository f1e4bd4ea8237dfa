/**
 * Reconcile: what changed between the episodes that were known and those of the newest fold.
 *
 * Stands between the fold, which knows nothing of what it said before, and the lifecycle, which must hear of
 * each change once. Invariant: applying the changes to what was known gives exactly the episodes of the fold.
 */
import type { Change } from '../alert.ts';
import { type Episode, isProvisional, shownRank, type Track } from './track.ts';

/** An episode that somebody was told of, under its alert's id. */
export interface KnownEpisode {
  readonly alert: string;
  readonly episode: Episode;
}

/** Of nearly every rule of nearly every device: one object for all of them. */
export const NONE_KNOWN: readonly KnownEpisode[] = Object.freeze([]);

export interface EpisodeChange {
  readonly change: Change;
  readonly alert: string;
  readonly episode: Episode;
}

export interface Reconciled {
  readonly known: readonly KnownEpisode[];
  readonly changes: readonly EpisodeChange[];
}

/** Every episode of the track is known as it is, and no other: there is nothing to say, as nearly always. */
export function isKnown(known: readonly KnownEpisode[], { episode, closed }: Track): boolean {
  if (known.length !== closed.length + (episode ? 1 : 0)) return false;
  for (let index = 0; index < closed.length; index++) {
    if (known[index]?.episode !== closed[index]) return false;
  }
  return !episode || known[closed.length]?.episode === episode;
}

/** `idOf` names a new alert by its first episode's start; `settledBefore` is where nothing can change. */
export function reconcile(
  known: readonly KnownEpisode[],
  track: Track,
  settledBefore: number,
  idOf: (episode: Episode) => string,
): Reconciled {
  const now = track.episode ? [...track.closed, track.episode] : track.closed;
  const left = [...known];
  const next: KnownEpisode[] = [];
  const changes: EpisodeChange[] = [];
  for (const episode of now) {
    const match = takeMatch(left, episode);
    if (match) {
      next.push({ alert: match.alert, episode });
      const change = changeBetween(match.episode, episode);
      if (change) changes.push({ change, alert: match.alert, episode });
      continue;
    }
    // Claimed and taken back before anybody was told: nothing to say.
    if (isTakenBack(episode)) continue;
    const alert = unusedId(idOf(episode), known, next);
    next.push({ alert, episode });
    changes.push({ change: isProvisional(episode) ? 'provisional' : 'opened', alert, episode });
    if (episode.endedAt !== undefined) changes.push({ change: 'resolved', alert, episode });
  }
  for (const { alert, episode } of left) {
    if (episode.endedAt !== undefined && episode.endedAt <= settledBefore) continue;
    // A withdrawn doubt is settled already; everything else that the corrected order does not know never was.
    if (isTakenBack(episode)) continue;
    changes.push({ change: 'withdrawn', alert, episode });
  }
  return { known: next.length > 0 ? next : NONE_KNOWN, changes };
}

/** A jump that was claimed and then withdrawn: it never became an alert that stands. */
export function isTakenBack({ endedAt, highestRank }: Episode): boolean {
  return endedAt !== undefined && highestRank === 0;
}

/** A correction may have moved an alert's beginning, so that its id is that of another beginning by now. */
function unusedId(id: string, ...used: readonly (readonly KnownEpisode[])[]): string {
  const isUsed = (candidate: string) => used.some((list) => list.some((each) => each.alert === candidate));
  let candidate = id;
  for (let count = 2; isUsed(candidate); count++) candidate = `${id}-${count}`;
  return candidate;
}

/** An exercise is never taken for the truth: what people were told of the one says nothing of the other. */
function takeMatch(left: KnownEpisode[], episode: Episode): KnownEpisode | undefined {
  const isOfKind = (each: KnownEpisode) => each.episode.simulated === episode.simulated;
  let index = left.findIndex((each) => isOfKind(each) && each.episode.startedAt === episode.startedAt);
  if (index < 0) index = left.findIndex((each) => isOfKind(each) && overlaps(each.episode, episode));
  return index < 0 ? undefined : left.splice(index, 1)[0];
}

function overlaps(a: Episode, b: Episode): boolean {
  const [endOfA, endOfB] = [a.endedAt ?? Number.POSITIVE_INFINITY, b.endedAt ?? Number.POSITIVE_INFINITY];
  return a.startedAt <= endOfB && b.startedAt <= endOfA;
}

function changeBetween(before: Episode, after: Episode): Change | undefined {
  if (before === after) return undefined;
  if (before.endedAt === undefined && after.endedAt !== undefined) {
    return after.highestRank === 0 ? 'withdrawn' : 'resolved';
  }
  if (before.endedAt !== undefined && after.endedAt === undefined) return 'reopened';
  // A reading that came out of order has moved its beginning, its end or its height.
  const amended =
    before.startedAt !== after.startedAt ||
    before.endedAt !== after.endedAt ||
    before.highestRank !== after.highestRank ||
    (after.endedAt !== undefined && before.peak !== after.peak);
  if (before.endedAt !== undefined && (before.highestRank === 0) !== (after.highestRank === 0)) {
    return after.highestRank === 0 ? 'withdrawn' : 'resolved';
  }
  if (before.endedAt !== undefined) return amended ? 'updated' : undefined;
  if (isProvisional(before) && !isProvisional(after)) return 'confirmed';
  const [from, to] = [shownRank(before), shownRank(after)];
  if (to > from) return 'upgraded';
  if (to < from) return 'downgraded';
  if (before.doubtRank > before.rank && after.doubtRank <= after.rank) return 'confirmed';
  return !amended && sameDetail(before, after) ? undefined : 'updated';
}

/** By reference while running; after a restart the same detail is another object. */
function sameDetail({ detail: before }: Episode, { detail: after }: Episode): boolean {
  return before === after || JSON.stringify(before) === JSON.stringify(after);
}
