/** Rob words: what is said of a high tide with rain, and of its end, in both languages. */
import type { Bilingual } from '../../devices/site.ts';
import type { Description } from '../judgement/rule.ts';
import { formatMetres } from '../wording.ts';

/** What the gauges of a city say of its rain. */
export interface CityRain {
  readonly mm: number;
  /** A gauge has told of rain, or of none, of late. */
  readonly isKnown: boolean;
  /** Gauges whose rain is more than can fall. */
  readonly doubted: readonly string[];
}

const LABEL: Bilingual = { en: 'tide and rain', id: 'rob dan hujan' };

/** A sentence that follows; empty where every bucket is believed. */
function describeDoubted({ doubted }: CityRain): Bilingual {
  if (doubted.length === 0) return { en: '', id: '' };
  const names = doubted.join(', ');
  return {
    en: ` The rain that ${names} reports is more than can fall: it is in doubt, and is not counted.`,
    id: ` Hujan yang dilaporkan ${names} melebihi yang mungkin turun: datanya diragukan dan tidak dihitung.`,
  };
}

export function describeRob(name: string, levelM: number, rain: CityRain, isDoubted: boolean): Description {
  const { mm: rainMm } = rain;
  const level = formatMetres(levelM);
  const doubt = describeDoubted(rain);
  if (isDoubted) {
    return {
      label: LABEL,
      text: {
        en: `Tidal flooding: ${rainMm.toFixed(0)} mm of rain fell in 3 h, and the gauge ${name} says ${level.en}, faster than a tide falls: it is in doubt, and the alert stays.${doubt.en}`,
        id: `Rob: hujan ${rainMm.toFixed(0)} mm dalam 3 jam, dan ${name} melaporkan ${level.id}, lebih cepat daripada surutnya laut: alatnya diragukan dan peringatan tetap berlaku.${doubt.id}`,
      },
    };
  }
  return {
    label: LABEL,
    text: {
      en: `Tidal flooding: the sea at ${name} is at ${level.en} and ${rainMm.toFixed(0)} mm of rain fell in 3 h; low streets will drain slowly.${doubt.en}`,
      id: `Rob: muka laut di ${name} ${level.id} dan hujan ${rainMm.toFixed(0)} mm dalam 3 jam. Genangan di jalan-jalan rendah akan lama surut.${doubt.id}`,
    },
  };
}

/** Why the level of the sea is not known; undefined where it is. */
type Lost = 'doubted' | 'blind' | undefined;

export function lostOf(isDoubted: boolean, isBlind: boolean): Lost {
  return isBlind ? 'blind' : isDoubted ? 'doubted' : undefined;
}

export function describeRobEnd(
  name: string,
  levelM: number,
  rain: CityRain,
  at: Bilingual,
  lost: Lost,
): Description {
  const { mm: rainMm } = rain;
  const level = formatMetres(levelM);
  const doubt = describeDoubted(rain);
  if (lost === 'blind' && !rain.isKnown) {
    return {
      label: LABEL,
      text: {
        en: `Nobody has told of the tide at ${name} or of rain for a day: whether tide and rain still add up at ${at.en} is not known. Its last level was ${level.en}.`,
        id: `Sudah sehari tidak ada data muka laut di ${name} maupun hujan: apakah rob masih berlangsung ${at.id} tidak diketahui. Muka laut terakhir ${level.id}.`,
      },
    };
  }
  if (lost === 'blind') {
    return {
      label: LABEL,
      text: {
        en: `Tide and rain no longer add up: only ${rainMm.toFixed(0)} mm of rain fell in the 3 h before ${at.en}. ${name} sends no level; its last was ${level.en}, and where the sea stands now is not known.${doubt.en}`,
        id: `Rob berakhir: hujan tinggal ${rainMm.toFixed(0)} mm dalam 3 jam sampai ${at.id}. ${name} tidak mengirim data; muka laut terakhir ${level.id}, keadaan sekarang tidak diketahui.${doubt.id}`,
      },
    };
  }
  if (lost === 'doubted') {
    return {
      label: LABEL,
      text: {
        en: `Tide and rain no longer add up: only ${rainMm.toFixed(0)} mm of rain fell in the 3 h before ${at.en}. The level of the gauge ${name}, ${level.en}, is in doubt.${doubt.en}`,
        id: `Rob berakhir: hujan tinggal ${rainMm.toFixed(0)} mm dalam 3 jam sampai ${at.id}. Muka laut di ${name}, ${level.id}, diragukan.${doubt.id}`,
      },
    };
  }
  if (!rain.isKnown) {
    return {
      label: LABEL,
      text: {
        en: `Tide and rain no longer add up: the sea at ${name} was at ${level.en} at ${at.en}. No gauge tells of rain.`,
        id: `Rob berakhir: muka laut di ${name} ${level.id} ${at.id}. Tidak ada alat yang melaporkan hujan.`,
      },
    };
  }
  return {
    label: LABEL,
    text: {
      en: `Tide and rain no longer add up: the sea at ${name} was at ${level.en} at ${at.en}, and ${rainMm.toFixed(0)} mm of rain fell in the last 3 h.${doubt.en}`,
      id: `Rob berakhir: muka laut di ${name} ${level.id} ${at.id}, dan hujan ${rainMm.toFixed(0)} mm dalam 3 jam terakhir.${doubt.id}`,
    },
  };
}
