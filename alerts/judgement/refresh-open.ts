/**
 * Writes peaks and forecasts of now into the open alerts: they move with every reading, without being news.
 *
 * Called each second by way of the engine, before alerts are saved and shown. Invariant: what was told of last, and its
 * words, stay as they are.
 */
import type { Alert } from '../alert.ts';
import type { DeviceWatch } from './device-watch.ts';
import type { Track } from './track.ts';

export function refreshOpen(
  watches: ReadonlyMap<string, DeviceWatch>,
  open: ReadonlyMap<string, Alert>,
): void {
  for (const alert of open.values()) {
    const watch = watches.get(alert.subject);
    for (const [index, list] of watch?.known.entries() ?? []) {
      const known = list.find((each) => each.alert === alert.id);
      if (!watch || !known) continue;
      alert.peak = known.episode.peak;
      const track = watch.timeline.head.tracks[index] as Track;
      if (track.episode === known.episode) alert.detail = watch.rules[index]?.present(track) ?? alert.detail;
    }
  }
}
