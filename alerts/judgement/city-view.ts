/**
 * CityView: what a rule across devices may see, and where it says what it found.
 *
 * Such rules are functions of the view, called on each tick and when a device that they look at changed.
 * Invariant: they judge by our clock and by episodes that are confirmed; calling one twice says nothing new.
 */
import type { City } from '../../cities/city.ts';
import type { ServerClockDoubt } from '../../clock/server-clock.ts';
import type { Clock } from '../wording.ts';
import type { Conditions } from './conditions.ts';
import type { DeviceWatch } from './device-watch.ts';
import type { Episode } from './track.ts';

export type CityFacts = Pick<City, 'id' | 'timeZone' | 'uplinks'>;

export interface CityView {
  readonly city: CityFacts;
  readonly clock: Clock;
  readonly conditions: Conditions;
  readonly listeningSince: number;
  readonly nowMs: number;
  readonly watches: ReadonlyMap<string, DeviceWatch>;
  /** Our own clock is in doubt: who is wrong by as much is not. */
  readonly serverClockDoubt: ServerClockDoubt | undefined;
}

/** The open, confirmed level episode of a gauge. */
export function openLevel(watch: DeviceWatch | undefined): Episode | undefined {
  const index = watch?.rules.findIndex((rule) => rule.name === 'river-level') ?? -1;
  if (!watch || index < 0) return undefined;
  return watch.known[index]?.find(({ episode }) => episode.endedAt === undefined && episode.rank > 0)
    ?.episode;
}
