/**
 * What a forecast says: its detail, which the API gives and CAP dates itself by, and its sentences in both languages.
 *
 * Used by time-to-threshold. Invariant: times are clock times of the city, chances are whole tens of percent: nothing
 * is said more exactly than it is known.
 */
import type { Threshold } from '../../devices/kinds/river-gauge.ts';
import type { Bilingual } from '../../devices/site.ts';
import type { Description, Facts } from '../judgement/rule.ts';
import type { EndedEpisode, Episode } from '../judgement/track.ts';
import { formatMetres } from '../wording.ts';
import { describeStill } from './rise-words.ts';

/** What an alert of time-to-threshold says in its detail. */
export interface Prediction {
  /** The highest threshold that is expected. */
  readonly targetM?: number;
  /** How probable it is that the river gets there within the next 150 min. */
  readonly probabilityPct?: number;
  readonly likelyMin?: number;
  readonly soonestMin?: number;
  readonly latestMin?: number;
  readonly riseMPerH?: number;
  /** When it was worked out, epoch ms. */
  readonly atMs?: number;
  /** Every threshold that is claimed, ascending. */
  readonly claims?: readonly ClaimSaid[];
  /** Why it ended without a reading. */
  readonly endedBecause?: 'silent' | 'time-over';
  /** The last reading before such an end whose level was believed, epoch ms; and whether others came after it. */
  readonly lastReadingAt?: number;
  readonly isDoubted?: boolean;
  /** It ended with a level that is the very same since then, epoch ms. */
  readonly stillSince?: number;
}

export interface ClaimSaid {
  readonly levelM: number;
  readonly since: number;
  readonly probabilityPct?: number;
  readonly likelyAtMs?: number;
}

const LABEL: Bilingual = { en: 'level expected', id: 'muka air diperkirakan naik' };
const MIN_MS = 60_000;

export function describeForecast(
  { detail, value, changedAt }: Episode,
  thresholds: readonly Threshold[],
  { name, clock }: Facts,
): Description {
  const { targetM, claims = [] } = detail as Prediction;
  const now = formatMetres(value);
  const at = clock(changedAt, changedAt);
  const timed = claimsWithTimes(detail as Prediction, claims, changedAt);
  if (timed.length === 0) {
    const target = nameOf(thresholds, targetM ?? value);
    return {
      label: LABEL,
      text: {
        en: `${name} is ${now.en} at ${at.en} and expected to reach ${target.en}; when cannot be told yet.`,
        id: `${name} ${now.id} ${at.id} dan diperkirakan mencapai ${target.id}; waktunya belum dapat diperkirakan.`,
      },
    };
  }
  const parts = timed.map(({ levelM, likelyAtMs, probabilityPct }) => {
    const target = nameOf(thresholds, levelM);
    const when = clock(likelyAtMs, changedAt);
    const chance = probabilityPct === undefined ? undefined : roundChance(probabilityPct);
    return {
      en: `${target.en} at about ${when.en}${chance === undefined ? '' : `, probability ${chance}\u00a0%`}`,
      id: `${target.id} sekitar ${when.id}${chance === undefined ? '' : `, peluang ${chance}%`}`,
    };
  });
  return {
    label: LABEL,
    text: {
      en: `${name} is ${now.en} at ${at.en} and rising. At this rate it reaches ${parts.map(({ en }) => en).join('; ')}.`,
      id: `${name} ${now.id} ${at.id} dan masih naik. Jika terus begini, ${parts.map(({ id }) => id).join('; ')}.`,
    },
  };
}

export function describeForecastEnd(
  { detail, value, endedAt }: EndedEpisode,
  thresholds: readonly Threshold[],
  { name, clock }: Facts,
): Description {
  const { targetM, endedBecause, lastReadingAt, isDoubted, stillSince } = detail as Prediction;
  const now = formatMetres(value);
  const at = clock(endedAt, endedAt);
  const target = nameOf(thresholds, targetM ?? value);
  if (endedBecause) {
    const last = clock(lastReadingAt ?? endedAt, endedAt);
    return {
      label: LABEL,
      text: {
        en: `The forecast of ${target.en} for ${name} has ended: no level ${isDoubted ? 'that is believed ' : ''}since ${last.en}, when it was ${now.en}. Whether it still rises is not known.`,
        id: `Perkiraan ${target.id} untuk ${name} berakhir: tidak ada data muka air ${isDoubted ? 'yang dipercaya ' : ''}sejak ${last.id} (${now.id}). Belum diketahui apakah masih naik.`,
      },
    };
  }
  const still = describeStill(stillSince, endedAt, clock);
  return {
    label: LABEL,
    text:
      targetM !== undefined && value >= targetM
        ? {
            en: `${name} has reached ${target.en}, as was expected: ${now.en} at ${at.en}.`,
            id: `${name} sudah mencapai ${target.id} seperti yang diperkirakan: ${now.id} ${at.id}.`,
          }
        : {
            en: `${name} is no longer expected to reach ${target.en}; ${now.en} at ${at.en}.${still.en}`,
            id: `${name} tidak lagi diperkirakan mencapai ${target.id}; ${now.id} ${at.id}.${still.id}`,
          },
  };
}

/** Whole tens; neither never nor certainly. */
export function roundChance(pct: number): number {
  return Math.min(90, Math.max(10, Math.round(pct / 10) * 10));
}

/** Alerts of the version before say one time, of the target, and no chance. */
function claimsWithTimes(
  { targetM, likelyMin, atMs }: Prediction,
  claims: readonly ClaimSaid[],
  changedAt: number,
): readonly (ClaimSaid & { readonly likelyAtMs: number })[] {
  const timed = claims.flatMap((claim) =>
    claim.likelyAtMs === undefined ? [] : [{ ...claim, likelyAtMs: claim.likelyAtMs }],
  );
  if (timed.length > 0 || likelyMin === undefined || targetM === undefined) return timed;
  return [{ levelM: targetM, since: changedAt, likelyAtMs: (atMs ?? changedAt) + likelyMin * MIN_MS }];
}

/** `Danger (3.40 m)`; the level alone where the ladder has no such step (any more). */
function nameOf(thresholds: readonly Threshold[], levelM: number): Bilingual {
  const limit = formatMetres(levelM);
  const label = thresholds.find((each) => each.levelM === levelM)?.label;
  return label ? { en: `${label.en} (${limit.en})`, id: `${label.id} (${limit.id})` } : limit;
}
