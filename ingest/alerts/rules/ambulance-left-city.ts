/**
 * Ambulance outside the city: several good fixes in a row beyond the city's bounds.
 *
 * The bounds come with the override that the city's own rules add; without them the rule does not apply. A
 * fix of low accuracy or after an impossible jump says nothing either way.
 */
import { FAILED_QUALITY, QualityFlag } from '../../../devices/reading.ts';
import type { Rank } from '../alert.ts';
import { defineTrackRule } from '../rule.ts';
import { advanceTrack } from '../track.ts';

export interface LeftCityParameters {
  /** Degrees. */
  readonly south: number;
  readonly west: number;
  readonly north: number;
  readonly east: number;
  /** Beyond the bounds by this, degrees: 0.01° are 1.1 km. */
  readonly marginDeg: number;
  /** Fixes in a row, out and back. */
  readonly fixes: number;
}

interface Memory {
  readonly outside: number;
  readonly inside: number;
}

const START: Memory = Object.freeze({ outside: 0, inside: 0 });

export const ambulanceLeftCity = defineTrackRule<LeftCityParameters, Memory>({
  name: 'ambulance-left-city',
  version: 1,
  kind: 'ambulance',
  unit: 'fixes',
  memory: START,
  defaults: { south: 0, west: 0, north: 0, east: 0, marginDeg: 0.01, fixes: 3 },
  forDevice(parameters) {
    return parameters.north > parameters.south ? parameters : undefined;
  },
  step(track, memory, reading, view, parameters) {
    const { lat, lng } = reading.values;
    if (typeof lat !== 'number' || typeof lng !== 'number') return track;
    if (reading.quality & (FAILED_QUALITY | QualityFlag.lowAccuracy)) return track;
    const { south, west, north, east, marginDeg, fixes } = parameters;
    const out =
      lat < south - marginDeg || lat > north + marginDeg || lng < west - marginDeg || lng > east + marginDeg;
    const next: Memory = out
      ? { outside: Math.min(fixes, memory.outside + 1), inside: 0 }
      : { outside: 0, inside: Math.min(fixes, memory.inside + 1) };
    if (next.outside === memory.outside && next.inside === memory.inside) return track;
    const away = track.episode ? next.inside < fixes : next.outside >= fixes;
    const rank: Rank = away ? 2 : 0;
    return advanceTrack(track, next, reading, { rank, doubtRank: 0, value: next.outside }, view.watermarkMs);
  },
  describe(_episode, _rank, _parameters, device) {
    return {
      label: { en: 'left the city', id: 'keluar kota' },
      text: {
        en: `${device.name} is outside the city. Ask its crew where it is going.`,
        id: `${device.name} berada di luar kota. Tanyakan tujuannya kepada awaknya.`,
      },
    };
  },
});
