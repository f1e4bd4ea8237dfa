/**
 * Brings open alerts up to the present: peaks, forecasts and levels move with every reading, without being news.
 *
 * Called each second by way of the engine, before alerts are saved and shown, and for the words of whoever reads one.
 * Invariant: what was told of last, and its words, stay as they are; what has become of it since is said after them.
 */

import type { Bilingual } from '../../devices/site.ts';
import type { Alert } from '../alert.ts';
import type { DeviceWatch } from './device-watch.ts';
import type { BoundRule } from './rule.ts';
import type { Episode, Track } from './track.ts';

export function refreshOpen(
  watches: ReadonlyMap<string, DeviceWatch>,
  open: ReadonlyMap<string, Alert>,
): void {
  for (const alert of open.values()) {
    const found = findEpisode(watches, alert);
    if (!found) continue;
    const { episode, track, rule } = found;
    alert.peak = episode.peak;
    if (track.episode === episode) alert.detail = rule.present(track) ?? alert.detail;
  }
}

/** The words of an open alert as somebody reads them now. */
export function textOfNow(watches: ReadonlyMap<string, DeviceWatch>, alert: Alert): Bilingual {
  const found = findEpisode(watches, alert);
  const now =
    found && found.track.episode === found.episode && found.rule.sayPresent(found.track, found.episode);
  return now ? { en: alert.text.en + now.en, id: alert.text.id + now.id } : alert.text;
}

function findEpisode(
  watches: ReadonlyMap<string, DeviceWatch>,
  alert: Alert,
): { readonly episode: Episode; readonly track: Track; readonly rule: BoundRule } | undefined {
  const watch = watches.get(alert.subject);
  for (const [index, list] of watch?.known.entries() ?? []) {
    const known = list.find((each) => each.alert === alert.id);
    if (!watch || !known) continue;
    const track = watch.timeline.head.tracks[index] as Track;
    return { episode: known.episode, track, rule: watch.rules[index] as BoundRule };
  }
  return undefined;
}
