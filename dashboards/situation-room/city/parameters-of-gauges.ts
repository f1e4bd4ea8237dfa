/** What the parameters of the rules for river gauges are, in the order of the rules. */
import {
  INTERVALS,
  METRES,
  MILLISECONDS,
  OF_LADDER,
  OF_ONE,
  type ParameterWords,
  READINGS,
  TIMES,
} from './parameter-units.ts';

export const PARAMETERS_OF_GAUGES = {
  hysteresisM: {
    name: { id: 'Turun sebelum berakhir', en: 'Fall before it ends' },
    unit: METRES,
    says: {
      id: 'Tingkat baru berakhir bila air turun sejauh ini di bawah ambangnya.',
      en: 'A step ends only when the water is this far below its threshold.',
    },
  },
  jumpShare: {
    name: { id: 'Lonjakan yang diragukan', en: 'Jump in doubt' },
    unit: OF_LADDER,
    says: {
      id: 'Kenaikan antara dua bacaan yang melebihi ini menunggu bacaan berikutnya.',
      en: 'A rise between two readings beyond this waits for the next reading.',
    },
  },
  jumpMinM: {
    name: { id: 'Lonjakan terkecil', en: 'Smallest jump' },
    unit: METRES,
    says: {
      id: 'Kenaikan yang lebih kecil adalah ombak atau pembulatan dan tidak pernah diragukan.',
      en: 'A smaller rise is waves or rounding, and is never in doubt.',
    },
  },
  pendingMs: {
    name: { id: 'Lama di atas ambang', en: 'Time above the threshold' },
    unit: MILLISECONDS,
    says: {
      id: 'Air harus di atas ambang selama ini sebelum ada peringatan; tingkat tertinggi tidak menunggu.',
      en: 'The water must be above the threshold for so long before a warning; the top step does not wait.',
    },
  },
  clearReadings: {
    name: { id: 'Bacaan rendah sebelum berakhir', en: 'Low readings before it ends' },
    unit: READINGS,
    says: {
      id: 'Sebanyak ini bacaan berturut-turut harus rendah sebelum tingkat berakhir.',
      en: 'So many readings in a row must be low before a step ends.',
    },
  },
  holdIntervals: {
    name: { id: 'Masa tahan', en: 'Hold' },
    unit: INTERVALS,
    says: {
      id: 'Air harus tetap rendah selama ini sebelum tingkat berakhir.',
      en: 'The water must stay low for so long before a step ends.',
    },
  },
  holdMinMs: {
    name: { id: 'Masa tahan terpendek', en: 'Shortest hold' },
    unit: MILLISECONDS,
    says: {
      id: 'Masa tahan tidak lebih pendek dari ini, juga untuk alat yang sering melapor.',
      en: 'The hold is no shorter than this, even for a device that reports often.',
    },
  },
  holdMaxMs: {
    name: { id: 'Masa tahan terpanjang', en: 'Longest hold' },
    unit: MILLISECONDS,
    says: {
      id: 'Masa tahan tidak lebih panjang dari ini, juga untuk alat yang jarang melapor.',
      en: 'The hold is no longer than this, even for a device that seldom reports.',
    },
  },
  rows: {
    name: { id: 'Bacaan yang diragukan', en: 'Readings in doubt' },
    unit: READINGS,
    says: {
      id: 'Setelah sebanyak ini bacaan berturut-turut yang mustahil, pos diperiksa.',
      en: 'After so many impossible readings in a row somebody has to look at the gauge.',
    },
  },
  lookBackMs: {
    name: { id: 'Rentang kenaikan', en: 'Time looked back' },
    unit: MILLISECONDS,
    says: {
      id: 'Kenaikan dihitung dalam rentang waktu ini.',
      en: 'The rise is measured within this time.',
    },
  },
  riseShare: {
    name: { id: 'Kenaikan yang cepat', en: 'Fast rise' },
    unit: OF_LADDER,
    says: {
      id: 'Kenaikan sebesar ini dalam rentang itu adalah kenaikan cepat.',
      en: 'A rise of so much within that time is a fast rise.',
    },
  },
  riseLeastM: {
    name: { id: 'Kenaikan terkecil', en: 'Least rise' },
    unit: METRES,
    says: {
      id: 'Kenaikan yang lebih kecil tidak pernah disebut cepat: itu gelombang.',
      en: 'A smaller rise is never called fast: it is waves.',
    },
  },
  riseM: {
    name: { id: 'Kenaikan yang cepat, dalam meter', en: 'Fast rise, in metres' },
    unit: METRES,
    says: {
      id: 'Menggantikan bagian di atas; 0 berarti dihitung dari ambang pos ini.',
      en: 'Takes the place of the share; 0 means that it is worked out from the thresholds of the gauge.',
    },
  },
  ordinaryFactor: {
    name: { id: 'Melebihi hari biasa', en: 'Above an ordinary day' },
    unit: TIMES,
    says: {
      id: 'Kenaikan juga harus sebesar ini dibanding kenaikan sungai ini pada hari biasa.',
      en: 'The rise must also be so many times what this river rises on an ordinary day.',
    },
  },
  endShare: {
    name: { id: 'Berakhir bila kenaikan di bawah', en: 'Ends below' },
    unit: OF_ONE,
    says: {
      id: 'Bagian dari kenaikan pemicu; di bawah ini kenaikan tidak lagi cepat.',
      en: 'Of the rise that raised it; below this the river is no longer rising fast.',
    },
  },
  holdShare: {
    name: { id: 'Masa tahan', en: 'Hold' },
    unit: OF_ONE,
    says: {
      id: 'Bagian dari rentang kenaikan; selama itu kenaikan harus reda sebelum berakhir.',
      en: 'Of the time looked back; the rise must be over for so long before the warning ends.',
    },
  },
  chanceToClaim: {
    name: { id: 'Peluang untuk memperingatkan', en: 'Chance to warn' },
    unit: OF_ONE,
    says: {
      id: 'Dari peluang ini ke atas, ambang berikutnya diperkirakan tercapai.',
      en: 'From this probability on the next threshold is expected to be reached.',
    },
  },
  promiseMs: {
    name: { id: 'Sejauh apa ke depan', en: 'How far ahead' },
    unit: MILLISECONDS,
    says: {
      id: 'Hanya ambang yang dapat tercapai dalam waktu ini yang diperkirakan.',
      en: 'Only a threshold that can be reached within this time is expected.',
    },
  },
  chanceToKeep: {
    name: { id: 'Peluang untuk bertahan', en: 'Chance to keep it' },
    unit: OF_ONE,
    says: {
      id: 'Di bawah peluang ini prakiraan dilepas.',
      en: 'Below this probability the forecast is given up.',
    },
  },
  giveUpAfterMs: {
    name: { id: 'Dilepas setelah', en: 'Given up after' },
    unit: MILLISECONDS,
    says: {
      id: 'Peluang harus rendah selama ini sebelum prakiraan dilepas.',
      en: 'The probability must be low for so long before the forecast is given up.',
    },
  },
  learnReadings: {
    name: { id: 'Bacaan untuk belajar', en: 'Readings to learn from' },
    unit: READINGS,
    says: {
      id: 'Sebelum sebanyak ini bacaan, tidak ada yang dikatakan tentang pos ini.',
      en: 'Before so many readings nothing is said of a gauge.',
    },
  },
  minRun: {
    name: { id: 'Deret angka sama terpendek', en: 'Shortest run of one figure' },
    unit: READINGS,
    says: {
      id: 'Deret angka sama yang lebih pendek tidak pernah disebut macet.',
      en: 'A shorter run of the same figure is never called stuck.',
    },
  },
  runFactor: {
    name: { id: 'Lebih lama dari sebelumnya', en: 'Longer than ever before' },
    unit: TIMES,
    says: {
      id: 'Deret harus sebanyak ini kali lebih lama dari deret terlama pos ini.',
      en: 'The run must last so many times longer than the longest one before it.',
    },
  },
  surprise: {
    name: { id: 'Seberapa mustahil', en: 'How unlikely' },
    unit: { id: 'pangkat sepuluh', en: 'powers of ten' },
    says: {
      id: '9 berarti deret itu terjadi kebetulan sekali dalam satu miliar.',
      en: '9 means that the run would happen by chance once in a billion.',
    },
  },
  equalM: {
    name: { id: 'Dianggap sama', en: 'Counts as equal' },
    unit: METRES,
    says: {
      id: 'Selisih yang lebih kecil adalah derau alat.',
      en: "A smaller difference is the sensor's noise.",
    },
  },
  spikeShare: {
    name: { id: 'Lonjakan sesaat', en: 'Spike' },
    unit: OF_LADDER,
    says: {
      id: 'Satu bacaan yang melompat sebesar ini lalu kembali adalah lonjakan sesaat.',
      en: 'One reading that jumps by so much and comes back is a spike.',
    },
  },
  spikeM: {
    name: { id: 'Lonjakan sesaat, dalam meter', en: 'Spike, in metres' },
    unit: METRES,
    says: {
      id: 'Menggantikan bagian di atas; 0 berarti dihitung dari ambang pos ini.',
      en: 'Takes the place of the share; 0 means that it is worked out from the thresholds of the gauge.',
    },
  },
  spikes: {
    name: { id: 'Banyaknya lonjakan', en: 'Number of spikes' },
    unit: { id: 'lonjakan', en: 'spikes' },
    says: {
      id: 'Setelah sebanyak ini lonjakan sesaat, pos perlu diperiksa.',
      en: 'After so many spikes the gauge has to be looked at.',
    },
  },
  withinReadings: {
    name: { id: 'Dalam rentang', en: 'Within' },
    unit: INTERVALS,
    says: {
      id: 'Lonjakan yang lebih lama dari ini tidak dihitung lagi.',
      en: 'Spikes that are older than this do not count any more.',
    },
  },
} satisfies Readonly<Record<string, ParameterWords>>;
