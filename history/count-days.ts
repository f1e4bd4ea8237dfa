/**
 * How many points history holds, by kind and day: what a copy elsewhere is compared with.
 *
 * Asks device by device and yields in between, so that questions are answered meanwhile. Invariant: a point is one
 * instant of one device, however often it was written; days are those of UTC.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DayCount, DaysQuestion } from './history-messages.ts';
import { pointLength } from './points.ts';
import { type HistorySource, pointsOf } from './read-history.ts';

const DAY_MS = 86_400_000;

export async function countDays(
  source: HistorySource,
  { city, kind, fromMs, toMs }: DaysQuestion,
): Promise<DayCount[]> {
  const counts = new Map<number, number>();
  const devices = source.journal
    .prepare('select number from devices where city = ? and kind = ?')
    .all(city, kind);
  for (const { number } of devices) {
    for (const points of pointsOf(source, Number(number), fromMs, toMs)) {
      for (let at = 0; at < points.length; at += pointLength(points, at)) {
        const dayMs = Math.floor((points[at] as number) / DAY_MS) * DAY_MS;
        counts.set(dayMs, (counts.get(dayMs) ?? 0) + 1);
      }
    }
    await nextTurn();
  }
  return [...counts].map(([dayMs, points]) => ({ dayMs, points }));
}
