/** What the parameters of the rules for access points and ambulances are. */
import { DEGREES, INTERVALS, MILLISECONDS, type ParameterWords, PERCENT } from './parameter-units.ts';

export const PARAMETERS_OF_OTHERS = {
  capacityClients: {
    name: { id: 'Kapasitas', en: 'Capacity' },
    unit: { id: 'pengguna', en: 'users' },
    says: {
      id: 'Sebanyak ini pengguna terlayani baik; 0 berarti kapasitas titik itu sendiri.',
      en: "So many users are served well; 0 means the access point's own capacity.",
    },
  },
  minorShare: {
    name: { id: 'Tingkat pertama', en: 'First step' },
    unit: { id: 'bagian dari kapasitas', en: 'share of the capacity' },
    says: {
      id: 'Dari bagian ini ke atas titik Wi-Fi penuh; 1 berarti tepat kapasitasnya.',
      en: 'From this share on the access point is full; 1 is its capacity.',
    },
  },
  moderateShare: {
    name: { id: 'Tingkat kedua', en: 'Second step' },
    unit: { id: 'bagian dari kapasitas', en: 'share of the capacity' },
    says: {
      id: 'Dari bagian ini ke atas titik Wi-Fi sangat penuh.',
      en: 'From this share on the access point is far too full.',
    },
  },
  hysteresisShare: {
    name: { id: 'Turun sebelum berakhir', en: 'Fall before it ends' },
    unit: { id: 'bagian dari batas', en: 'share of the limit' },
    says: {
      id: 'Peringatan baru berakhir sejauh ini di bawah batasnya.',
      en: 'The warning ends only this far below its limit.',
    },
  },
  pendingIntervals: {
    name: { id: 'Harus berlangsung', en: 'Must last' },
    unit: INTERVALS,
    says: {
      id: 'Keadaan itu harus berlangsung selama ini sebelum ada peringatan.',
      en: 'It must last for so long before there is a warning.',
    },
  },
  pendingMaxMs: {
    name: { id: 'Harus berlangsung paling lama', en: 'Must last at most' },
    unit: MILLISECONDS,
    says: {
      id: 'Tidak perlu berlangsung lebih lama dari ini, juga untuk alat yang jarang melapor.',
      en: 'It need not last longer than this, even for a device that seldom reports.',
    },
  },
  lossPct: {
    name: { id: 'Paket hilang', en: 'Loss' },
    unit: PERCENT,
    says: {
      id: 'Dari kehilangan paket ini ke atas sambungan buruk.',
      en: 'From this loss of packets on the link is poor.',
    },
  },
  rttMs: {
    name: { id: 'Tunda', en: 'Delay' },
    unit: MILLISECONDS,
    says: {
      id: 'Dari tunda pergi-pulang ini ke atas sambungan buruk.',
      en: 'From this delay, there and back, on the link is poor.',
    },
  },
  badShare: {
    name: { id: 'Tingkat kedua', en: 'Second step' },
    unit: { id: 'kali batas', en: 'times the limit' },
    says: {
      id: 'Dari kelipatan batas ini ke atas sambungan sangat buruk.',
      en: 'From so many times the limit on the link is very poor.',
    },
  },
  lowPct: {
    name: { id: 'Baterai lemah', en: 'Battery low' },
    unit: PERCENT,
    says: {
      id: 'Di bawah ini pelacak ambulans sebentar lagi diam.',
      en: "Below this the ambulance's tracker will soon fall silent.",
    },
  },
  emptyPct: {
    name: { id: 'Baterai hampir habis', en: 'Battery nearly empty' },
    unit: PERCENT,
    says: {
      id: 'Di bawah ini peringatan naik ke tingkat kedua.',
      en: 'Below this the warning rises to its second step.',
    },
  },
  hysteresisPct: {
    name: { id: 'Terisi lagi', en: 'Charged again' },
    unit: PERCENT,
    says: {
      id: 'Sejauh ini di atas batas, dan cukup lama, baterai dianggap terisi lagi.',
      en: 'So far above the limit, for long enough, the battery counts as charged again.',
    },
  },
  chargedForMs: {
    name: { id: 'Lama terisi', en: 'Time charged' },
    unit: MILLISECONDS,
    says: {
      id: 'Selama ini baterai harus di atas batas sebelum dianggap terisi lagi.',
      en: 'The battery must be above the limit for so long before it counts as charged again.',
    },
  },
  chargedPct: {
    name: { id: 'Pasti terisi', en: 'Surely charged' },
    unit: PERCENT,
    says: {
      id: 'Sejauh ini di atas batas, baterai langsung dianggap terisi lagi.',
      en: 'So far above the limit the battery counts as charged again at once.',
    },
  },
  jumpPct: {
    name: { id: 'Turun mendadak', en: 'Sudden fall' },
    unit: PERCENT,
    says: {
      id: 'Turun lebih dari ini di antara dua bacaan menunggu bacaan berikutnya.',
      en: 'A fall of more than this between two readings waits for the next.',
    },
  },
  south: {
    name: { id: 'Batas selatan', en: 'Southern bound' },
    unit: DEGREES,
    says: {
      id: 'Ambulans di luar batas ini dilaporkan; tanpa batas, aturan ini tidak berlaku.',
      en: 'A unit outside these bounds is reported; without bounds the rule does not apply.',
    },
  },
  west: {
    name: { id: 'Batas barat', en: 'Western bound' },
    unit: DEGREES,
    says: {
      id: 'Ambulans di luar batas ini dilaporkan; tanpa batas, aturan ini tidak berlaku.',
      en: 'A unit outside these bounds is reported; without bounds the rule does not apply.',
    },
  },
  north: {
    name: { id: 'Batas utara', en: 'Northern bound' },
    unit: DEGREES,
    says: {
      id: 'Ambulans di luar batas ini dilaporkan; tanpa batas, aturan ini tidak berlaku.',
      en: 'A unit outside these bounds is reported; without bounds the rule does not apply.',
    },
  },
  east: {
    name: { id: 'Batas timur', en: 'Eastern bound' },
    unit: DEGREES,
    says: {
      id: 'Ambulans di luar batas ini dilaporkan; tanpa batas, aturan ini tidak berlaku.',
      en: 'A unit outside these bounds is reported; without bounds the rule does not apply.',
    },
  },
  marginDeg: {
    name: { id: 'Kelonggaran di luar batas', en: 'Margin beyond the bounds' },
    unit: DEGREES,
    says: {
      id: 'Sejauh ini di luar batas masih dianggap di dalam kota; 0,01 derajat adalah 1,1 km.',
      en: 'So far beyond the bounds still counts as inside; 0.01 degrees are 1.1 km.',
    },
  },
  fixes: {
    name: { id: 'Posisi berturut-turut', en: 'Fixes in a row' },
    unit: { id: 'posisi', en: 'fixes' },
    says: {
      id: 'Sebanyak ini posisi berturut-turut harus di luar, dan kemudian di dalam.',
      en: 'So many fixes in a row must be outside, and then inside.',
    },
  },
} satisfies Readonly<Record<string, ParameterWords>>;
