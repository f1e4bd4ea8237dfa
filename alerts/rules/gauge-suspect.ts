/**
 * Suspect gauge: it reports a level below what its river can have fallen to, in the middle of a flood.
 *
 * The judgement is river-level's, which keeps its alert meanwhile; this is the notice to whoever looks after the
 * gauge. Raised with the second such reading, so that a single drop-out is none; ends when the level is believed.
 */

import type { Bilingual } from '../../devices/site.ts';
import { defineTrackRule } from '../judgement/rule.ts';
import { advanceTrack } from '../judgement/track.ts';
import { formatMetres } from '../wording.ts';
import { levelOf } from './river-level.ts';

export interface GaugeSuspectParameters {
  /** Readings in a row that are not believed. */
  readonly rows: number;
}

interface Detail {
  readonly believedM: number;
  readonly believedAt: number;
  readonly levelM: number;
}

const LABEL: Bilingual = { en: 'level in doubt', id: 'tinggi air diragukan' };
/** Back by this share of what was lost, the level was wrong; else it was explained by time or by a person. */
const RETURN_SHARE = 0.5;

export const gaugeSuspect = defineTrackRule<GaugeSuspectParameters, object>({
  name: 'gauge-suspect',
  version: 1,
  kind: 'river-gauge',
  unit: 'm',
  memory: {},
  defaults: { rows: 2 },
  step(track, _memory, reading, { suspicion }, { rows }) {
    const levelM = levelOf(reading);
    if (levelM === undefined) return;
    if (!suspicion) {
      if (track.episode) advanceTrack(track, reading, 0, levelM);
    } else if (!track.episode && suspicion.rows >= rows) {
      const { believedM, believedAt } = suspicion;
      const detail: Detail = { believedM, believedAt, levelM };
      advanceTrack(track, reading, 2, levelM, 0, { ...detail });
    }
  },
  describe({ detail, changedAt }, _rank, _parameters, { name, clock }) {
    const { believedM, believedAt, levelM } = detail as unknown as Detail;
    const [before, now] = [formatMetres(believedM), formatMetres(levelM)];
    const [from, to] = [clock(believedAt, changedAt), clock(changedAt, changedAt)];
    return {
      label: LABEL,
      text: {
        en: `${name} went from ${before.en} at ${from.en} to ${now.en} at ${to.en}, faster than its river drains. Its alert stays. Check the gauge.`,
        id: `${name} turun dari ${before.id} ${from.id} ke ${now.id} ${to.id}, lebih cepat daripada surutnya sungai. Peringatannya tetap berlaku. Periksa alatnya.`,
      },
    };
  },
  describeEnd({ detail, value, endedAt }, _parameters, { name, clock }) {
    const { believedM, levelM } = detail as unknown as Detail;
    const now = formatMetres(value);
    const at = clock(endedAt, endedAt);
    const isBack = value - levelM >= RETURN_SHARE * (believedM - levelM);
    return {
      label: LABEL,
      text: isBack
        ? {
            en: `${name} measures the river again: ${now.en} at ${at.en}.`,
            id: `${name} mengukur sungai lagi: ${now.id} ${at.id}.`,
          }
        : {
            en: `${name}: ${now.en} at ${at.en} is believed now, after the time that a recession takes or by somebody’s word.`,
            id: `${name}: ${now.id} ${at.id} kini dipercaya, setelah waktu yang cukup untuk surut atau menurut keterangan petugas.`,
          },
    };
  },
});
