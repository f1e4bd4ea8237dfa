/** Rise words: what is said of a river that climbs fast, and of the end of that. */
import type { Threshold } from '../../devices/kinds/river-gauge.ts';
import type { Bilingual } from '../../devices/site.ts';
import type { EndedEpisode, Episode } from '../judgement/track.ts';
import { type Clock, formatMetres, formatSpan } from '../wording.ts';

/** A level that was believed, and when it was measured. */
export interface SureLevel {
  readonly levelM: number;
  readonly at: number;
}

interface EndDetail {
  /** The last level before others that are not believed. */
  readonly sure?: SureLevel;
  /** Why it ended, where that was no reading (judgement/expire.ts). */
  readonly endedBecause?: string;
  readonly lastReadingAt?: number;
  readonly isDoubted?: boolean;
  /** Its level is the very same since then, epoch ms. */
  readonly stillSince?: number;
}

export function describeRise(
  { detail, value, changedAt }: Episode,
  thresholds: readonly Threshold[],
  name: string,
  clock: Clock,
): Bilingual {
  const { riseM, withinS } = detail as { riseM: number; withinS: number };
  const rise = formatMetres(riseM);
  const span = formatSpan(withinS * 1000);
  const now = formatMetres(value);
  const at = clock(changedAt, changedAt);
  const next = thresholds.find(({ levelM }) => levelM > value);
  const left = next && formatMetres(next.levelM - value);
  const ahead =
    next && left
      ? { en: `, ${left.en} below ${next.label.en}`, id: `; ${left.id} lagi ke ${next.label.id}` }
      : { en: '', id: '' };
  return {
    en: `${name} is rising fast: ${rise.en} in ${span.en} to ${now.en} at ${at.en}${ahead.en}.`,
    id: `${name} naik cepat: ${rise.id} dalam ${span.id}, menjadi ${now.id} ${at.id}${ahead.id}.`,
  };
}

export function describeRiseEnd(
  { value, endedAt, detail }: EndedEpisode,
  name: string,
  clock: Clock,
): Bilingual {
  const { sure, endedBecause, lastReadingAt, isDoubted, stillSince } = detail as EndDetail;
  const now = formatMetres(value);
  if (endedBecause) {
    const last = clock(lastReadingAt ?? endedAt, endedAt);
    return {
      en: `${name} was rising fast; no level ${isDoubted ? 'that is believed ' : ''}since ${last.en}, when it was ${now.en}. Whether it still rises is not known.`,
      id: `${name} tadi naik cepat; tidak ada data muka air ${isDoubted ? 'yang dipercaya ' : ''}sejak ${last.id} (${now.id}). Belum diketahui apakah masih naik.`,
    };
  }
  const at = clock(endedAt, endedAt);
  const before = describeSure(sure, endedAt, clock);
  const still = describeStill(stillSince, endedAt, clock);
  return {
    en: `${name} is no longer rising fast; ${now.en} at ${at.en}.${before.en}${still.en}`,
    id: `${name} tidak lagi naik cepat; ${now.id} ${at.id}.${before.id}${still.id}`,
  };
}

/** Its gauge was in doubt before the end: what was sure before that. */
function describeSure(sure: SureLevel | undefined, endedAt: number, clock: Clock): Bilingual {
  if (!sure) return { en: '', id: '' };
  const level = formatMetres(sure.levelM);
  const at = clock(sure.at, endedAt);
  return {
    en: ` The last level before its gauge was in doubt was ${level.en} at ${at.en}.`,
    id: ` Tinggi air terakhir sebelum alatnya diragukan ${level.id} ${at.id}.`,
  };
}

/** A sentence that follows an end; empty where the level has moved. */
export function describeStill(since: number | undefined, endedAt: number, clock: Clock): Bilingual {
  if (since === undefined) return { en: '', id: '' };
  const from = clock(since, endedAt);
  return {
    en: ` It has said the very same level since ${from.en}: the sensor may be at its limit, and the river higher.`,
    id: ` Angkanya sama persis sejak ${from.id}: sensornya mungkin sudah di batas, dan air bisa lebih tinggi.`,
  };
}
