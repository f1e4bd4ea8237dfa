/**
 * Silence: a gauge that is blind, an access point that is down, an ambulance silent on duty.
 *
 * Judged by our own clock and the time of receipt, never by the device's. A gauge counts as heard only by
 * readings that can be judged: one that sends nonsense, or only the past, sees nothing. Of any other kind what was
 * refused is no word either, and is told as what it is. Invariant: silence
 * resolves nothing but itself; what was announced (`sleeping`, `off-duty`) is no fault, for a bounded time.
 */

import type { SilenceWords } from '../../devices/device-kind.ts';
import { deviceKinds } from '../../devices/kinds/index.ts';
import type { Bilingual } from '../../devices/site.ts';
import type { Rank } from '../alert.ts';
import type { Hearing } from '../judgement/hearing.ts';
import type { Description } from '../judgement/rule.ts';
import { noteSending } from '../judgement/sending-rhythm.ts';
import { type Clock, formatMetres, formatSpan } from '../wording.ts';

export interface SilenceParameters {
  /** Without a word for longer than this it is silent, ms … */
  readonly silentAfterMs: number;
  /** … or for this many of its own report intervals, if that is longer. */
  readonly silentAfterIntervals: number;
  /** A broken connection (the will) counts after this long: modems drop and come back, ms. */
  readonly offlineAfterMs: number;
  /** Announced sleep is believed for so long, ms. */
  readonly sleepMaxMs: number;
  readonly rank: Rank;
}

export interface SilenceRule {
  readonly name: string;
  readonly version: number;
  readonly unit: 's';
  readonly rank: Rank;
}

/** By kind; a kind whose silence is no fault has none. */
export const SILENCE_RULES: ReadonlyMap<string, SilenceRule> = new Map(
  [...deviceKinds.values()].flatMap(({ name, silence }) =>
    silence ? [[name, { name: silence.rule, version: 1, unit: 's', rank: silence.rank }] as const] : [],
  ),
);

export const SILENCE_DEFAULTS = {
  silentAfterIntervals: 4,
  offlineAfterMs: 60_000,
  sleepMaxMs: 24 * 3_600_000,
} as const;

export type Silence = { readonly reason: 'silent' | 'offline' | 'unusable'; readonly since: number };

/** Whether a device is silent at `nowMs`; `listeningSince` is when we began to listen: our own downtime is not its. */
export function judgeSilence(
  hearing: Hearing,
  kind: string,
  allowedMs: number,
  parameters: SilenceParameters,
  listeningSince: number,
  nowMs: number,
): Silence | undefined {
  const { refusedAt = 0 } = hearing;
  const heardAt = hearing.lastHeardAt || hearing.firstHeardAt;
  if (heardAt === 0) return undefined;
  if (!hearing.onDuty) return undefined;
  const quietFor = (since: number) => nowMs - Math.max(since, listeningSince);
  if (hearing.presence === 'sleeping' && quietFor(hearing.presenceAt) < parameters.sleepMaxMs)
    return undefined;
  if (hearing.presence === 'offline' && hearing.presenceAt >= Math.max(heardAt, refusedAt)) {
    if (quietFor(hearing.presenceAt) >= parameters.offlineAfterMs) {
      return { reason: 'offline', since: hearing.presenceAt };
    }
  }
  const isQuiet = quietFor(heardAt) > allowedMs;
  if (isQuiet && quietFor(refusedAt) > allowedMs) {
    return { reason: 'silent', since: Math.max(heardAt, refusedAt) };
  }
  // One that never said anything of use is without use since its first word.
  const usableAt = hearing.lastUsableAt || hearing.firstHeardAt || hearing.lastHeardAt;
  if (silenceWordsOf(kind)?.needsUsable && quietFor(usableAt) > allowedMs) {
    return { reason: 'unusable', since: usableAt };
  }
  // All that it has said since was refused.
  return isQuiet ? { reason: 'unusable', since: heardAt } : undefined;
}

/** Our clock hears a word of the device, of whatever use. */
export function noteWord(hearing: Hearing, atMs: number): void {
  if (hearing.firstHeardAt === 0) hearing.firstHeardAt = atMs;
  if (atMs > hearing.lastHeardAt) noteSending(hearing.sending, atMs, hearing.lastHeardAt);
  hearing.lastHeardAt = Math.max(hearing.lastHeardAt, atMs);
}

const REASONS: Readonly<Record<Silence['reason'], Bilingual>> = {
  silent: { en: 'no data', id: 'tidak ada data' },
  offline: { en: 'its connection has been broken', id: 'sambungannya terputus' },
  unusable: {
    en: 'it sends, but nothing that can be judged',
    id: 'mengirim data, tetapi tidak ada yang dapat dinilai,',
  },
};

/** What is known of the device where it is spoken of. */
export interface Known {
  readonly kind: string;
  readonly name: string;
  /** Of a gauge: its newest level, m. */
  readonly levelM: number | undefined;
  /** When that was, epoch ms, where others came after it that are not believed. */
  readonly doubtedAfterMs: number | undefined;
  readonly nowMs: number;
  readonly clock: Clock;
}

export function describeSilence(known: Known, { reason, since }: Silence): Description {
  const { kind, name, levelM, doubtedAfterMs, nowMs, clock } = known;
  const words = REASONS[reason];
  const from = clock(since, nowMs);
  const span = formatSpan(nowMs - since);
  const last = levelM === undefined ? undefined : formatMetres(levelM);
  const believedAt = doubtedAfterMs === undefined ? undefined : clock(doubtedAfterMs, nowMs);
  const present = !silenceWordsOf(kind)?.needsUsable
    ? { en: '', id: '' }
    : last
      ? {
          en: ` The last level ${believedAt ? `that is believed was ${last.en} at ${believedAt.en}` : `was ${last.en}`}; the present level is not known.`,
          id: ` Tinggi air terakhir ${believedAt ? `yang dipercaya ${last.id} ${believedAt.id}` : last.id}; keadaan sekarang tidak diketahui.`,
        }
      : { en: ' The level is not known.', id: ' Tinggi air tidak diketahui.' };
  return {
    label: labelOf(kind),
    text: {
      en: `${name}: ${words.en} since ${from.en} (${span.en}).${present.en}`,
      id: `${name}: ${words.id} sejak ${from.id} (${span.id}).${present.id}`,
    },
  };
}

/** `since`: from when it was silent; `reason` as it was told. */
export function describeHeardAgain(
  { kind, name, levelM, doubtedAfterMs, nowMs, clock }: Known,
  since: number,
  reason: Silence['reason'],
): Description {
  const at = clock(nowMs, nowMs);
  const from = clock(since, nowMs);
  const span = formatSpan(nowMs - since);
  // What it says now is not believed: its last level is none of now.
  const level = levelM === undefined || doubtedAfterMs !== undefined ? undefined : formatMetres(levelM);
  const now = level ? { en: `: ${level.en}`, id: `: ${level.id}` } : { en: '', id: '' };
  const isOfUse = reason === 'unusable';
  const again = isOfUse
    ? { en: 'that can be judged again', id: 'yang dapat dinilai lagi' }
    : { en: 'again', id: 'lagi' };
  const before = isOfUse
    ? { en: 'It had sent nothing that could be judged', id: 'Sebelumnya tidak ada data yang dapat dinilai' }
    : { en: 'It was silent', id: 'Sebelumnya terputus' };
  return {
    label: labelOf(kind),
    text: {
      en: `${name} sends data ${again.en} since ${at.en}${now.en}. ${before.en} since ${from.en} (${span.en}).`,
      id: `${name} mengirim data ${again.id} sejak ${at.id}${now.id}. ${before.id} sejak ${from.id} (${span.id}).`,
    },
  };
}

function silenceWordsOf(kind: string): SilenceWords | undefined {
  return deviceKinds.get(kind)?.silence;
}

function labelOf(kind: string): Bilingual {
  return silenceWordsOf(kind)?.label ?? { en: 'silent', id: 'tanpa kabar' };
}
