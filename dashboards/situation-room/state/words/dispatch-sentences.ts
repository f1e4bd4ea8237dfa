/**
 * Dispatch's own sentences in Indonesian: warnings, reasons of exclusion, where a word to a crew stands, questions.
 *
 * The API gives them in English; here each pattern has its Indonesian. Invariant: every sentence that dispatch can
 * say stands here, which a test keeps by making dispatch say them; what a person wrote goes through as it is.
 */
import type { Language } from './speech.ts';

const STATUS: Readonly<Record<string, string>> = {
  available: 'siap',
  'en-route': 'menuju lokasi',
  'on-scene': 'di lokasi',
  transporting: 'membawa pasien',
  'at-hospital': 'di rumah sakit',
  'off-duty': 'tidak bertugas',
  cancelled: 'dibatalkan',
  completed: 'selesai',
  refused: 'ditolak kru',
  'broken-down': 'berhenti karena rusak',
  'left-scene': 'meninggalkan lokasi',
  'at-destination': 'tiba di tujuan',
  'handed-over': 'menyerahkan pasien',
  reserved: 'disiapkan',
  dispatched: 'menerima perintah',
  acknowledged: 'menjawab perintah',
  offline: 'mati',
  sleeping: 'tidur',
  silent: 'senyap',
  unseen: 'belum pernah terdengar',
  motorcycle: 'sepeda motor',
  transport: 'ambulans angkut',
};
const statusOf = (word = '') => STATUS[word] ?? word;
/** `40 s`, `3 min`, `2 h` as the API writes them. */
const age = (text = '') => text.replace(/ s$/, ' detik').replace(/ min$/, ' menit').replace(/ h$/, ' jam');

type Translated = readonly [pattern: RegExp, say: (...parts: string[]) => string];
const SENTENCES: readonly Translated[] = [
  [/^already assigned \((.+)\)$/, (id) => `sudah bertugas (penugasan ${id})`],
  [/^already assigned$/, () => 'sudah bertugas'],
  [/^out of service: ([^;]+)$/, (why) => `tidak beroperasi: ${why}`],
  [/^broken down$/, () => 'rusak'],
  [/^off duty$/, () => 'tidak bertugas'],
  [/^a motorcycle does not transport$/, () => 'sepeda motor tidak membawa pasien'],
  [/^its crew has not said that it is available$/, () => 'kru belum menyatakan siap'],
  [/^its crew says ([^;]+)$/, (word) => `menurut krunya: ${statusOf(word)}`],
  [/^its tracker is ([^;]+)$/, (word) => `pelacaknya ${statusOf(word)}`],
  [/^no position is known$/, () => 'posisinya tidak diketahui'],
  [/^its last position is too old \((\d+) min\)$/, (min) => `posisi terakhirnya terlalu lama (${min} menit)`],
  [/^its last position is too old$/, () => 'posisi terakhirnya terlalu lama'],
  [/^its tracker has (\d+) % battery$/, (pct) => `baterai pelacaknya ${pct} %`],
  [
    /^it was called off after it had left a scene: a patient may be aboard$/,
    () => 'dibatalkan setelah meninggalkan lokasi: mungkin masih membawa pasien',
  ],
  [
    /^its crew said transporting and then available, with no hospital between: a patient may be aboard$/,
    () =>
      'kru menyatakan membawa pasien lalu siap, tanpa singgah di rumah sakit: mungkin masih membawa pasien',
  ],
  [
    /^the crew says available with no hospital after it left the scene: a patient may be aboard$/,
    () =>
      'kru menyatakan siap tanpa singgah di rumah sakit setelah meninggalkan lokasi: mungkin masih membawa pasien',
  ],
  [
    /^the crew says available while it is en route: does it still go\?$/,
    () => 'kru menyatakan siap padahal sedang menuju lokasi: apakah masih berangkat?',
  ],
  [
    /^the crew says that it is off duty; by its assignment it is (.+)$/,
    (step) => `kru menyatakan tidak bertugas; menurut penugasannya: ${statusOf(step)}`,
  ],
  [
    /^its clock is not known well enough to tell whether this was said after the order$/,
    () => 'jam alatnya tidak cukup pasti untuk tahu apakah ini dikatakan sesudah perintah',
  ],
  [
    /^its clock was set: it may have said this before what it had said last$/,
    () => 'jam alatnya baru disetel: ini mungkin dikatakan sebelum kabar terakhirnya',
  ],
  [
    /^its tracker has just restarted and may say its default$/,
    () => 'pelacaknya baru menyala ulang dan mungkin mengirim nilai bawaannya',
  ],
  [/^its crew refused this incident$/, () => 'krunya menolak kejadian ini'],
  [/^its crew refused this incident: (.+)$/, (why) => `krunya menolak kejadian ini: ${why}`],
  [/^was asked already$/, () => 'sudah diminta'],
  [/^is no (motorcycle|transport)$/, (vehicle) => `bukan ${statusOf(vehicle)}`],
  [/^too far away \((\d+) km\)$/, (km) => `terlalu jauh (${km} km)`],
  [/^too far away$/, () => 'terlalu jauh'],
  [/^this city has no ambulances$/, () => 'kota ini tidak punya ambulans'],
  [/^no unit can be sent$/, () => 'tidak ada unit yang dapat dikirim'],
  [
    /^the incident has no coordinates: .+$/,
    () => 'lokasi kejadian belum diketahui: isi tempat atau koordinatnya',
  ],
  [/^acknowledged by the crew$/, () => 'sudah dijawab kru'],
  [/^acknowledged, says (.+)$/, (who) => `sudah dijawab kru, menurut ${who}`],
  [/^on the crew's device$/, () => 'sudah di alat kru'],
  [/^on the crew's device, not yet acknowledged$/, () => 'sudah di alat kru, belum dijawab'],
  [
    /^sent (.+) ago, not yet on the crew's device$/,
    (ago) => `dikirim ${age(ago)} lalu, belum sampai di alat kru`,
  ],
  [/^about to be sent$/, () => 'segera dikirim'],
  [
    /^not yet with the crew: its device is connected and does not listen to commands$/,
    () => 'belum sampai di kru: alatnya tersambung tetapi tidak menerima perintah',
  ],
  [
    /^not yet with the crew, not connected since this server started$/,
    () => 'belum sampai di kru, belum tersambung sejak server dinyalakan',
  ],
  [
    /^not yet with the crew, last connected (.+) ago$/,
    (ago) => `belum sampai di kru, terakhir tersambung ${age(ago)} lalu`,
  ],
  [/^void: (.+)$/, (why) => `tidak berlaku lagi: ${translate(why)}`],
  [/^the assignment was (.+)$/, (step) => `penugasannya ${statusOf(step)}`],
  [/^the unit is (.+)$/, (step) => `unit sudah ${statusOf(step)}`],
  [/^a newer change says more$/, () => 'ada perubahan yang lebih baru'],
  [/^nobody acknowledged it for a day$/, () => 'tidak dijawab selama sehari'],
  [/^its unit was taken out of the city$/, () => 'unitnya sudah tidak terdaftar di kota ini'],
  [/^(.+) does not come$/, (unit) => `${unit} tidak jadi datang`],
  [/^replaced by (.+)$/, (unit) => `diganti oleh ${unit}`],
  [/^forced: (.+)$/s, (why) => `dikirim dengan alasan: ${why}`],
];

/**
 * In the dispatcher's language. Several in one are parted by `; ` and `, `, as dispatch joins them. `nameOf` gives
 * the name of a unit that dispatch says by its id.
 */
export function sayDispatch(
  sentence: string,
  language: Language,
  nameOf: (unit: string) => string = (unit) => unit,
): string {
  const named = sentence.replace(/^replaced by (\S+)$/, (_, unit: string) => `replaced by ${nameOf(unit)}`);
  if (language === 'en') return named;
  const whole = translate(named);
  return whole === named ? named.split('; ').map(translate).join('; ') : whole;
}

function translate(sentence: string): string {
  const shortfall = /^no unit can be sent: (.+)$/.exec(sentence)?.[1];
  if (shortfall !== undefined) {
    const counts = shortfall.split(', ').map((each) => {
      const [, count, why = ''] = /^(\d+ ×) (.+)$/.exec(each) ?? [];
      return count === undefined ? each : `${count} ${translate(why)}`;
    });
    return `tidak ada unit yang dapat dikirim: ${counts.join(', ')}`;
  }
  for (const [pattern, say] of SENTENCES) {
    const match = pattern.exec(sentence);
    if (match) return say(...match.slice(1));
  }
  return sentence;
}
