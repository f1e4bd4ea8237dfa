/**
 * The sentences of `npm run city -- check` in Indonesian: reasons and what to do.
 *
 * The API says them in English, as the command does. Invariant: a test has a line here for each advice of
 * cities/remedies.ts; a sentence that fits none is shown as it came.
 */
const SENTENCES: readonly (readonly [pattern: RegExp, say: string])[] = [
  [/^Invalid input: expected (\w+), received undefined$/, 'belum diisi'],
  [/^Invalid input: expected number, received .*$/, 'harus berupa angka'],
  [/^Invalid input: expected (\w+), received (\w+)$/, 'jenis isinya keliru ($2)'],
  [/^Invalid option: expected one of (.*)$/, 'harus salah satu dari $1'],
  [/^Too small: expected string to have >=1 characters$/, 'tidak boleh kosong'],
  [/^Too small: expected array to have >=(\d+) items$/, 'perlu sedikitnya $1 baris'],
  [/^Too small: expected number to be (>=?)(\S+)$/, 'terlalu kecil: harus $1 $2'],
  [/^Too big: expected number to be (<=?)(\S+)$/, 'terlalu besar: harus $1 $2'],
  [/^Unrecognized key: (.*)$/, 'isian $1 tidak dikenal'],
  [
    /^lower case letters, digits and hyphens, up to 64$/,
    'huruf kecil, angka dan tanda hubung, paling banyak 64',
  ],
  [/^the id is used twice$/, 'id ini dipakai dua kali'],
  [/^the id cannot be changed to (.*)$/, 'id tidak dapat diubah menjadi $1'],
  [
    /^it lies outside the city's bounds; are lat and lng swapped\?$/,
    'letaknya di luar batas kota; apakah lintang dan bujur tertukar?',
  ],
  [/^a device has this id already$/, 'sudah ada perangkat dengan id ini'],
  [/^no mail server: (.*) are not set$/, 'tidak ada server surel: $1 belum diatur'],
  [/^no bot: (.*) is not set$/, 'tidak ada bot: $1 belum diatur'],
  [
    /^set it in the environment and restart, or choose another kind$/,
    'atur di lingkungan server lalu mulai ulang, atau pilih jenis lain',
  ],
  [/^the number of a chat, or @name of a channel$/, 'nomor obrolan, atau @nama saluran'],
  [/^write -1001234567890 or @name$/, 'tulis -1001234567890 atau @nama'],
  [/^Invalid email address$/, 'bukan alamat surel'],
  [/^write an address such as (.*)$/, 'tulis alamat seperti $1'],
  [/^no upstream gauge (.*)$/, 'tidak ada pos hulu $1'],
  [/^no rule (\S+); there are: (.*)$/, 'tidak ada aturan $1; yang ada: $2'],
  [/^no (\w+) (\S+)$/, 'tidak ada $1 $2'],
  [/^the upstream gauges form a circle: (.*)$/, 'pos-pos hulu membentuk lingkaran: $1'],
  [/^sensorRangeM must be \[lowest, highest\]$/, 'jangkauan sensor harus [terendah, tertinggi]'],
  [/^the sensor cannot see the normal level (\S+) m$/, 'sensor tidak dapat melihat muka air biasa $1 m'],
  [/^the sensor cannot see (\S+) m$/, 'sensor tidak dapat melihat $1 m'],
  [
    /^the sensor hangs at (\S+) m and cannot see (\S+) m above it$/,
    'sensor tergantung pada $1 m dan tidak dapat melihat $2 m di atasnya',
  ],
  [
    /^the normal level must lie more than the hysteresis below (\S+) m, or its alert never clears$/,
    'muka air biasa harus lebih rendah dari $1 m dikurangi histeresis, kalau tidak peringatannya tidak pernah selesai',
  ],
  [/^thresholds must ascend$/, 'ambang harus naik'],
  [/^severities must ascend with the levels$/, 'tingkat harus naik bersama muka airnya'],
  [/^it is on assignment (\S+); end that before$/, 'sedang dalam penugasan $1; akhiri dulu'],
  [
    /^it was changed since change (\d+); take the later changes back before$/,
    'sudah diubah lagi setelah perubahan $1; batalkan dulu yang lebih baru',
  ],
  [/^(\S+) has no parameter (\S+); it has: (.*)$/, '$1 tidak punya parameter $2; yang ada: $3'],
  [/^(\S+) must be a number$/, '$1 harus berupa angka'],
  [/^(\S+) must be a boolean$/, '$1 harus ya atau tidak'],
  [/^add the field$/, 'isi dulu'],
  [/^remove the field, or correct its name; .*$/, 'hapus isian itu, atau betulkan namanya'],
  [/^write one of the words that are allowed$/, 'pilih salah satu kata yang boleh'],
  [/^choose another id, such as (.*)$/, 'pilih id lain, misalnya $1'],
  [
    /^write a number with a decimal point and without quotes, such as 1\.4$/,
    'tulis angka dengan titik desimal dan tanpa tanda kutip, misalnya 1.4',
  ],
  [/^write a value of that type; numbers stand without quotes$/, 'tulis isi yang sesuai jenisnya'],
  [/^write a value within that bound$/, 'tulis nilai dalam batas itu'],
  [/^give one of the two another id, or remove it$/, 'beri salah satunya id lain, atau hapus'],
  [
    /^correct the position, or widen `bounds` in city\.json$/,
    'betulkan letaknya, atau perlebar `bounds` di city.json',
  ],
  [/^swap the two ends$/, 'tukar kedua ujungnya'],
  [/^give the hospital or the device another id$/, 'beri rumah sakit atau perangkat itu id lain'],
  [/^remove the neighbour that is in truth downstream$/, 'hapus pos yang sebenarnya ada di hilir'],
  [/^correct the id, or add that gauge$/, 'betulkan id-nya, atau tambah pos itu'],
  [/^correct the name, or add that entry to its list$/, 'betulkan namanya, atau tambahkan ke daftarnya'],
  [
    /^correct sensorHeightM, or lower the upper end of sensorRangeM$/,
    'betulkan tinggi sensor, atau turunkan ujung atas jangkauannya',
  ],
  [/^widen sensorRangeM, or correct the level$/, 'perlebar jangkauan sensor, atau betulkan muka airnya'],
  [
    /^lower normalLevelM or hysteresisM, or raise the first threshold$/,
    'turunkan muka air biasa atau histeresis, atau naikkan ambang pertama',
  ],
  [
    /^order the thresholds from the lowest to the highest$/,
    'urutkan ambang dari yang terendah ke yang tertinggi',
  ],
];

export function sayReason(sentence: string): string {
  for (const [pattern, say] of SENTENCES) {
    if (pattern.test(sentence)) return sentence.replace(pattern, say);
  }
  return sentence;
}
