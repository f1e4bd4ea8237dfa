/**
 * Silence: a gauge that is blind, an access point that is down, an ambulance silent on duty.
 *
 * Judged by our own clock and the time of receipt, never by the device's. A gauge counts as heard only by
 * readings that can be judged: one that sends nonsense, or only the past, sees nothing. Invariant: silence
 * resolves nothing but itself; what was announced (`sleeping`, `off-duty`) is no fault, for a bounded time.
 */

import type { Bilingual } from '../../../cities/city.ts';
import type { Presence } from '../../../devices/topics.ts';
import type { Rank } from '../alert.ts';
import type { Description } from '../rule.ts';
import { type ClockWatch, createClockWatch } from './clock-skew.ts';
import type { RainSlot, RainTotal } from './rain.ts';
import type { ArrivedWave } from './upstream-rise.ts';

/** What our clock knows of a device. Epoch ms; 0 is never. */
export interface Hearing {
  lastHeardAt: number;
  /** Of the last reading that could be judged. */
  lastUsableAt: number;
  presence: Presence | undefined;
  presenceAt: number;
  /** The last reading was simulated: what follows is a drill. */
  simulated: boolean;
  /** A crew's last word on duty. */
  onDuty: boolean;
  /** There is an open alert of its silence, or of its clock: what a reading must be held against. */
  silenceOpen: boolean;
  skewOpen: boolean;
  readonly rain: RainSlot[];
  /** Of a gauge that counts its rain. */
  rainTotal?: RainTotal;
  readonly clock: ClockWatch;
  /** Of a gauge: waves from above that were here, by the gauge that they came from. See upstream-rise.ts. */
  readonly waves: Record<string, ArrivedWave>;
}

export function createHearing(): Hearing {
  return {
    lastHeardAt: 0,
    lastUsableAt: 0,
    presence: undefined,
    presenceAt: 0,
    simulated: false,
    onDuty: true,
    silenceOpen: false,
    skewOpen: false,
    rain: [],
    clock: createClockWatch(),
    waves: {},
  };
}

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

export const SILENCE_RULES = {
  'river-gauge': { name: 'gauge-blind', version: 1, unit: 's', rank: 1 },
  'wifi-access-point': { name: 'access-point-down', version: 1, unit: 's', rank: 1 },
  ambulance: { name: 'ambulance-silent', version: 1, unit: 's', rank: 2 },
} as const satisfies Record<string, { name: string; version: number; unit: string; rank: Rank }>;

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
  intervalMs: number,
  parameters: SilenceParameters,
  listeningSince: number,
  nowMs: number,
): Silence | undefined {
  if (hearing.lastHeardAt === 0) return undefined;
  if (kind === 'ambulance' && !hearing.onDuty) return undefined;
  const quietFor = (since: number) => nowMs - Math.max(since, listeningSince);
  if (hearing.presence === 'sleeping' && quietFor(hearing.presenceAt) < parameters.sleepMaxMs)
    return undefined;
  if (hearing.presence === 'offline' && hearing.presenceAt >= hearing.lastHeardAt) {
    if (quietFor(hearing.presenceAt) >= parameters.offlineAfterMs) {
      return { reason: 'offline', since: hearing.presenceAt };
    }
  }
  const allowedMs = Math.max(parameters.silentAfterMs, parameters.silentAfterIntervals * intervalMs);
  if (quietFor(hearing.lastHeardAt) > allowedMs) return { reason: 'silent', since: hearing.lastHeardAt };
  if (kind === 'river-gauge' && quietFor(hearing.lastUsableAt) > allowedMs) {
    return { reason: 'unusable', since: hearing.lastUsableAt };
  }
  return undefined;
}

const LABELS: Readonly<Record<string, Bilingual>> = {
  'river-gauge': { en: 'gauge blind', id: 'pos duga air buta' },
  'wifi-access-point': { en: 'access point down', id: 'titik Wi-Fi mati' },
  ambulance: { en: 'ambulance silent on duty', id: 'ambulans tanpa kabar saat bertugas' },
};
const REASONS: Readonly<Record<Silence['reason'], Bilingual>> = {
  silent: { en: 'no word from it', id: 'tidak ada kabar' },
  offline: { en: 'its connection broke', id: 'sambungannya terputus' },
  unusable: {
    en: 'it sends, but nothing that can be judged',
    id: 'mengirim data, tetapi tidak ada yang dapat dinilai',
  },
};

export function describeSilence(
  kind: string,
  name: string,
  silence: Silence | undefined,
  nowMs: number,
): Description {
  const label = LABELS[kind] ?? { en: 'silent', id: 'tanpa kabar' };
  if (!silence) {
    return { label, text: { en: `${name} is heard again.`, id: `${name} terdengar kembali.` } };
  }
  const reason = REASONS[silence.reason];
  const seconds = Math.round((nowMs - silence.since) / 1000);
  return {
    label,
    text: {
      en: `${name}: ${reason.en} for ${seconds} s. What it last said is not the present.`,
      id: `${name}: ${reason.id} selama ${seconds} detik. Kabar terakhirnya bukan keadaan sekarang.`,
    },
  };
}
