/** Suspect words: what is said of a gauge whose level is in doubt, and of the end of that. */
import type { Bilingual } from '../../devices/site.ts';
import type { Description, Facts } from '../judgement/rule.ts';
import type { EndedEpisode, Episode } from '../judgement/track.ts';
import { formatMetres } from '../wording.ts';

export interface SuspectDetail {
  /** The last level before the doubt, with its time; of a leap, the time of the first one after it. */
  readonly believedM: number;
  readonly believedAt: number;
  /** The first level that was told in doubt. */
  readonly levelM: number;
  /** No alert of its level was open. */
  readonly isCalm?: boolean;
  /** It leapt up and stands there. */
  readonly isLeap?: boolean;
  /** … from its first word on: the level before is that of an ordinary day. */
  readonly isFirst?: boolean;
}

const LABEL: Bilingual = { en: 'level in doubt', id: 'tinggi air diragukan' };
/** Back by this share of what was lost, the level was wrong; else it was explained by time or by a person. */
const RETURN_SHARE = 0.5;
/** A foot, m; and by how much the factor may be off, the river having moved meanwhile. */
const FOOT_M = 0.3048;
const FEET_SHARE = 0.02;

/** Whether a level is another one in feet. */
export function areFeet(levelM: number, otherM: number, share: number): boolean {
  return Math.abs((levelM * FOOT_M) / otherM - 1) < share;
}

export function describeSuspect({ detail, changedAt }: Episode, { name, clock }: Facts): Description {
  const { believedM, believedAt, levelM, isCalm, isLeap, isFirst } = detail as unknown as SuspectDetail;
  const [before, now] = [formatMetres(believedM), formatMetres(levelM)];
  const [from, to] = [clock(believedAt, changedAt), clock(changedAt, changedAt)];
  if (isLeap) {
    const isFeet = areFeet(levelM, believedM, isFirst ? 1 : FEET_SHARE);
    const feet = isFeet ? { en: ' (feet?)', id: ' (kaki?)' } : { en: '', id: '' };
    if (isFirst) {
      return {
        label: LABEL,
        text: {
          en: `${name} has said ${now.en} since its first word at ${from.en} and has hardly moved; on an ordinary day it is ${before.en}. Its alert stays. Check the gauge: its datum and its unit${feet.en}.`,
          id: `${name} melaporkan ${now.id} sejak data pertamanya ${from.id} dan hampir tidak bergerak; pada hari biasa ${before.id}. Peringatannya tetap berlaku. Periksa titik nol dan satuan alatnya${feet.id}.`,
        },
      };
    }
    return {
      label: LABEL,
      text: {
        en: `${name} went from ${before.en} to ${now.en} in one step at ${from.en} and has hardly moved since. Its alert stays. Check the gauge: its datum and its unit${feet.en}.`,
        id: `${name} naik sekaligus dari ${before.id} ke ${now.id} ${from.id} dan sejak itu hampir tidak bergerak. Peringatannya tetap berlaku. Periksa titik nol dan satuan alatnya${feet.id}.`,
      },
    };
  }
  const rest = isCalm
    ? { en: 'Until it is right, a flood may go unseen.', id: 'Selama itu banjir bisa tidak terlihat.' }
    : { en: 'Its alert stays.', id: 'Peringatannya tetap berlaku.' };
  return {
    label: LABEL,
    text: {
      en: `${name} went from ${before.en} at ${from.en} to ${now.en} at ${to.en}, faster than its river drains. ${rest.en} Check the gauge.`,
      id: `${name} turun dari ${before.id} ${from.id} ke ${now.id} ${to.id}, lebih cepat daripada surutnya sungai. ${rest.id} Periksa alatnya.`,
    },
  };
}

export function describeSuspectEnd(
  { detail, value, endedAt }: EndedEpisode,
  { name, clock }: Facts,
): Description {
  const { believedM, levelM, isLeap } = detail as unknown as SuspectDetail;
  const now = formatMetres(value);
  const at = clock(endedAt, endedAt);
  if (isLeap) {
    return {
      label: LABEL,
      text: {
        en: `${name} moves again, or somebody has vouched for it: ${now.en} at ${at.en}.`,
        id: `${name} bergerak lagi atau sudah dipastikan petugas: ${now.id} ${at.id}.`,
      },
    };
  }
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
}
