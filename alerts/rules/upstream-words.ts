/**
 * Upstream words: what is said of a wave from above, when it comes and when it is over, and what its alert keeps.
 *
 * Used by upstream-rise. Invariant: no time that is past is said of water that is still expected, and no level that is
 * old as if it were of now.
 */
import { isRiverGauge } from '../../devices/kinds/river-gauge.ts';
import type { Bilingual } from '../../devices/site.ts';
import type { RegisteredDevice } from '../../fleet/registry.ts';
import { type Rank, rankOf, severityOf } from '../alert.ts';
import type { CityView } from '../judgement/city-view.ts';
import type { DeviceWatch } from '../judgement/device-watch.ts';
import type { EngineChange } from '../judgement/engine-change.ts';
import { silenceOf } from '../judgement/judge-silence.ts';
import { formatMetres } from '../wording.ts';

const LABEL: Bilingual = { en: 'water on its way', id: 'air kiriman' };

export interface UpstreamDetail {
  readonly upstream: string;
  /** What it reached there and when, epoch ms, and until when its water is expected while it is still high there. */
  readonly label?: Bilingual;
  readonly sinceMs?: number;
  readonly expectedUntilMs?: number;
  /** It has fallen there since, though not to its end; or is still as high when its water should have passed here. */
  readonly isFalling?: boolean;
  readonly isLong?: boolean;
  readonly lagMin: number;
  readonly soonestAt: string;
  /** Null while the water is still high above. */
  readonly latestAt: string | null;
}

/** Water is on its way. */
export function describeWave(
  view: CityView,
  { device }: DeviceWatch,
  rank: Rank,
  detail: UpstreamDetail,
): EngineChange['description'] {
  const { clock, nowMs } = view;
  const above = nameOf(view, detail.upstream);
  const soonestMs = Date.parse(detail.soonestAt);
  const since = clock(detail.sinceMs ?? soonestMs, nowMs);
  const from = clock(soonestMs, nowMs);
  const to = clock(
    detail.latestAt ? Date.parse(detail.latestAt) : (detail.expectedUntilMs ?? soonestMs),
    nowMs,
  );
  const label = detail.label ?? { en: 'a high level', id: 'tinggi' };
  const here = stepUpTo(device, rank);
  const stands = detail.isFalling
    ? {
        en: `${above} has been high since ${since.en} and is at ${label.en} now.`,
        id: `${above} tinggi sejak ${since.id}, sekarang ${label.id}.`,
      }
    : {
        en: `${above} reached ${label.en} at ${since.en}${detail.isLong ? ' and is still as high' : ''}.`,
        id: `${above} naik ke ${label.id} ${since.id}${detail.isLong ? ' dan masih setinggi itu' : ''}.`,
      };
  const comes =
    detail.isLong && detail.latestAt === null
      ? { en: `can reach ${device.name} at any time`, id: `dapat tiba di ${device.name} kapan saja` }
      : {
          en: `should reach ${device.name} between ${from.en} and ${to.en}`,
          id: `diperkirakan tiba di ${device.name} antara ${from.id} dan ${to.id}`,
        };
  return {
    label: LABEL,
    text: {
      en: `${stands.en} Its water ${comes.en}; the level here may rise to ${here.en}.`,
      id: `Air kiriman: ${stands.id} Airnya ${comes.id}; di sini bisa sampai ${here.id}.`,
    },
  };
}

/** It has arrived, or is not expected any more; `unseenSinceMs`: since when nothing is known of the gauge above. */
export function describeWaveEnd(
  view: CityView,
  watch: DeviceWatch,
  hasArrived: boolean,
  upstream: string,
  unseenSinceMs?: number,
): EngineChange['description'] {
  const levelAtMs = watch.timeline.head.recent.at.at(-1) ?? view.nowMs;
  const at = view.clock(levelAtMs, view.nowMs);
  const above = nameOf(view, upstream);
  const { device } = watch;
  const isBlind = silenceOf(watch, view) !== undefined;
  const levelM = watch.timeline.head.recent.value.at(-1);
  const level = levelM === undefined ? undefined : formatMetres(levelM);
  const now = !level
    ? { en: '', id: '' }
    : isBlind
      ? {
          en: `; the last level here was ${level.en} at ${at.en}, the present level is not known`,
          id: `; tinggi air terakhir di sini ${level.id} ${at.id}, keadaan sekarang tidak diketahui`,
        }
      : { en: `: ${level.en} at ${at.en}`, id: `: ${level.id} ${at.id}` };
  if (unseenSinceMs !== undefined) {
    const unseen = view.clock(unseenSinceMs, view.nowMs);
    return {
      label: LABEL,
      text: {
        en: `The water that ${above} measured until ${unseen.en} should have passed ${device.name}${now.en}. Since then nothing is known of ${above}.`,
        id: `Air yang tercatat di ${above} sampai ${unseen.id} seharusnya sudah melewati ${device.name}${now.id}. Sejak itu keadaan di ${above} tidak diketahui.`,
      },
    };
  }
  return {
    label: LABEL,
    text: hasArrived
      ? {
          en: `The water from ${above} has arrived at ${device.name}${now.en}.`,
          id: `Air kiriman dari ${above} sudah tiba di ${device.name}${now.id}.`,
        }
      : {
          en: `No more water is expected at ${device.name} from ${above}${now.en}.`,
          id: `Air kiriman dari ${above} tidak ditunggu lagi di ${device.name}${now.id}.`,
        },
  };
}

function nameOf({ watches }: CityView, gauge: string): string {
  return watches.get(gauge)?.device.name ?? gauge;
}

/** The ladder's own word for what a rank means there: its highest step up to it, or its lowest. */
export function stepUpTo({ site }: RegisteredDevice, rank: Rank): Bilingual {
  const thresholds = isRiverGauge(site) ? site.thresholds : [];
  const step = thresholds.findLast(({ severity }) => rankOf(severity) <= rank) ?? thresholds[0];
  return step?.label ?? { en: severityOf(rank), id: severityOf(rank) };
}
