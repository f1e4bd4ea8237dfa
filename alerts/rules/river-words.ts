/**
 * River words: what an alert of river-level says of its level and of its end, and keeps in its detail while either is
 * in doubt.
 */
import type { Threshold } from '../../devices/kinds/river-gauge.ts';
import type { Bilingual } from '../../devices/site.ts';
import { type Rank, rankOf, severityOf } from '../alert.ts';
import type { Description, Facts } from '../judgement/rule.ts';
import { type EndedEpisode, type Episode, isClaim, isProvisional } from '../judgement/track.ts';
import { type Clock, formatMetres } from '../wording.ts';

export interface DoubtDetail {
  /** Levels are not believed since then; the first of them; and when the last was that is. */
  readonly doubtedSince?: number;
  readonly doubtedM?: number;
  readonly believedAt?: number;
  /** When the level left the flood in one step, while the end waits for it to fall on. */
  readonly fellAt?: number;
  /** A doubt that time has ended, with the level still low: since when it was, and the last level before it. */
  readonly wasInDoubt?: { readonly since: number; readonly levelM: number; readonly at: number };
}

export function describeLevel(
  episode: Episode,
  rank: Rank,
  thresholds: readonly Threshold[],
  { name, clock }: Facts,
): Description {
  const step = thresholdOf(thresholds, rank);
  const stands = describeStanding(episode, step, clock);
  const doubt = describeDoubt(episode, clock);
  const unsure = isProvisional(episode) || isClaim(episode);
  return {
    label: step.label,
    text: {
      en: `${name}: ${stands.en}.${unsure ? ' After a jump, and not confirmed yet.' : ''}${doubt.en}`,
      id: `${name}: ${stands.id}.${unsure ? ' Setelah lonjakan, belum terkonfirmasi.' : ''}${doubt.id}`,
    },
  };
}

export function describeLevelEnd(
  episode: EndedEpisode,
  thresholds: readonly Threshold[],
  { name, clock }: Facts,
): Description {
  const { value, peak, peakAt, highestRank, endedAt } = episode;
  const now = formatMetres(value);
  const highest = formatMetres(peak);
  const at = peakAt === undefined ? undefined : clock(peakAt, endedAt);
  const when = at ? { en: ` at ${at.en}`, id: ` ${at.id}` } : { en: '', id: '' };
  if (highestRank === 0) {
    return {
      label: thresholdOf(thresholds, 1).label,
      text: {
        en: `${name}: the jump to ${highest.en}${when.en} was not confirmed; the level is ${now.en}.`,
        id: `${name}: lonjakan ke ${highest.id}${when.id} tidak terkonfirmasi; tinggi air ${now.id}.`,
      },
    };
  }
  const doubt = describeWasInDoubt(episode, clock);
  const lowest = thresholdOf(thresholds, 1);
  const limit = formatMetres(lowest.levelM);
  return {
    label: thresholdOf(thresholds, highestRank).label,
    text: {
      en: `${name} has fallen to ${now.en}, below ${lowest.label.en} (${limit.en}). It peaked at ${highest.en}${when.en}.${doubt.en}`,
      id: `${name} sudah surut: ${now.id}, di bawah ambang ${lowest.label.id} (${limit.id}). Tertinggi ${highest.id}${when.id}.${doubt.id}`,
    },
  };
}

/** The step of a rank, or the lowest: a ladder has at least one, and may begin above `minor`. */
function thresholdOf(thresholds: readonly Threshold[], rank: Rank): Pick<Threshold, 'label' | 'levelM'> {
  const label = { id: severityOf(rank), en: severityOf(rank) };
  const otherwise = thresholds[0] ?? { label, levelM: Number.NaN };
  return thresholds.find((each) => rankOf(each.severity) === rank) ?? otherwise;
}

/**
 * `2.10 m, Alert (from 2.00 m)`. Below its step an alert stands until it is left by the hysteresis, or its end is
 * believed: a level under the limit beside it reads as a mistake unless that is said.
 */
function describeStanding(
  { value, peak, peakAt }: Episode,
  { label, levelM }: Pick<Threshold, 'label' | 'levelM'>,
  clock: Clock,
): Bilingual {
  const [now, limit, highest] = [formatMetres(value), formatMetres(levelM), formatMetres(peak)];
  if (!(value < levelM && peak > value)) {
    return {
      en: `${now.en}, ${label.en} (from ${limit.en})`,
      id: `${now.id}, ${label.id} (mulai ${limit.id})`,
    };
  }
  const at = peakAt === undefined ? undefined : clock(peakAt, peakAt);
  return {
    en: `${now.en}, still ${label.en} (from ${limit.en}; highest ${highest.en}${at ? ` at ${at.en}` : ''})`,
    id: `${now.id}, masih ${label.id} (mulai ${limit.id}; tertinggi ${highest.id}${at ? ` ${at.id}` : ''})`,
  };
}

/** A sentence that follows the one of the level; empty without doubt. */
function describeDoubt({ detail, value }: Episode, clock: Clock): Bilingual {
  const { doubtedSince, doubtedM, believedAt, fellAt } = detail as DoubtDetail;
  if (fellAt !== undefined) {
    const at = clock(fellAt, fellAt);
    return {
      en: ` The level fell there in one step at ${at.en} and has hardly moved since: the alert stays until it falls on.`,
      id: ` Tinggi air turun sekaligus ${at.id} dan sejak itu hampir tidak berubah: peringatan tetap berlaku sampai air terus surut.`,
    };
  }
  if (doubtedSince === undefined || doubtedM === undefined) return { en: '', id: '' };
  const low = formatMetres(doubtedM);
  const since = clock(doubtedSince, doubtedSince);
  const last = clock(believedAt ?? doubtedSince, doubtedSince);
  if (doubtedM > value) {
    return {
      en: ` That was at ${last.en}. At ${since.en} the gauge said ${low.en}, as a sensor does that has failed: the gauge is in doubt and the alert stays.`,
      id: ` Itu ${last.id}. Pada ${since.id} alat melaporkan ${low.id}, seperti sensor yang rusak: alatnya diragukan dan peringatan tetap berlaku.`,
    };
  }
  return {
    en: ` That was at ${last.en}. At ${since.en} the gauge said ${low.en}, faster than its river drains: the gauge is in doubt and the alert stays.`,
    id: ` Itu ${last.id}. Pada ${since.id} alat melaporkan ${low.id}, lebih cepat daripada surutnya sungai: alatnya diragukan dan peringatan tetap berlaku.`,
  };
}

/** What an end owes to the official whose gauge was in doubt before it: only time speaks for the level. */
function describeWasInDoubt({ detail, endedAt }: EndedEpisode, clock: Clock): Bilingual {
  const { wasInDoubt } = detail as DoubtDetail;
  if (!wasInDoubt) return { en: '', id: '' };
  const { since, levelM, at } = wasInDoubt;
  const before = formatMetres(levelM);
  const [from, last] = [clock(since, endedAt), clock(at, endedAt)];
  return {
    en: ` Its gauge has been in doubt since ${from.en}; the last level before that was ${before.en} at ${last.en}. Only the time that has passed speaks for an end: check the gauge.`,
    id: ` Alatnya diragukan sejak ${from.id}; tinggi air terakhir sebelum itu ${before.id} ${last.id}. Hanya waktu yang berlalu yang menandakan air surut: periksa alatnya.`,
  };
}

/** What the words of the last change do not say: the level of now, with its time. */
export function describePresent(
  { value }: Episode,
  levelM: number,
  at: number,
  clock: Clock,
): Bilingual | undefined {
  const level = formatMetres(levelM);
  if (level.en === formatMetres(value).en) return undefined;
  const when = clock(at, at);
  return { en: ` At ${when.en} it was ${level.en}.`, id: ` Tinggi air ${when.id}: ${level.id}.` };
}
