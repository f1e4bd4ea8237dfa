/**
 * Ambulance outside the city: several good fixes in a row beyond the city's bounds.
 *
 * The bounds come with the override that the city's own rules add; without them the rule does not apply. A
 * fix of low accuracy or after an impossible jump says nothing either way.
 */

import { FAILED_QUALITY, QualityFlag } from '../../devices/reading.ts';
import type { Bilingual } from '../../devices/site.ts';
import type { Rank } from '../alert.ts';
import { defineTrackRule } from '../judgement/rule.ts';
import { advanceTrack } from '../judgement/track.ts';

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
  outside: number;
  inside: number;
}

const START: Readonly<Memory> = Object.freeze({ outside: 0, inside: 0 });

const LABEL: Bilingual = { en: 'left the city', id: 'keluar kota' };

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
  step(track, memory, reading, _view, parameters) {
    const { lat, lng } = reading.values;
    if (typeof lat !== 'number' || typeof lng !== 'number') return;
    if (reading.quality & (FAILED_QUALITY | QualityFlag.lowAccuracy)) return;
    const { south, west, north, east, marginDeg, fixes } = parameters;
    const out =
      lat < south - marginDeg || lat > north + marginDeg || lng < west - marginDeg || lng > east + marginDeg;
    const outside = out ? Math.min(fixes, memory.outside + 1) : 0;
    const inside = out ? 0 : Math.min(fixes, memory.inside + 1);
    if (outside === memory.outside && inside === memory.inside) return;
    memory.outside = outside;
    memory.inside = inside;
    const away = track.episode ? inside < fixes : outside >= fixes;
    const rank: Rank = away ? 2 : 0;
    advanceTrack(track, reading, rank, outside);
  },
  describe(_episode, _rank, _parameters, { name }) {
    return {
      label: LABEL,
      text: {
        en: `${name} is outside the city. Ask its crew where it is going.`,
        id: `${name} berada di luar kota. Tanyakan tujuannya kepada awaknya.`,
      },
    };
  },
  describeEnd({ startedAt, endedAt }, _parameters, { name, clock }) {
    const at = clock(endedAt, endedAt);
    const left = clock(startedAt, endedAt);
    return {
      label: LABEL,
      text: {
        en: `${name} is back in the city since ${at.en}; it was outside since ${left.en}.`,
        id: `${name} sudah kembali ke kota ${at.id}; di luar kota sejak ${left.id}.`,
      },
    };
  },
});
