/**
 * What to do about a problem of a city's files: one table, the first pattern that fits the sentence.
 *
 * Beside the advice it says which fields of the entry are meant, for a form. The sentences come from entries.ts (through Zod), cross-check.ts, city.ts and city-files.ts. Invariant: every
 * sentence of cross-check.ts has a line here; a test breaks a city in each way and asks.
 */
interface Remedy {
  readonly pattern: RegExp;
  readonly advice: string;
  /** The fields that the sentence speaks of, where its path is the entry's. */
  readonly fields?: readonly string[];
}

const REMEDIES: readonly Remedy[] = [
  { pattern: /there is no such file/, advice: 'write it; `npm run city -- new` shows one' },
  {
    pattern: /JSON|not iterable/,
    advice: 'correct the JSON: double quotes, a comma between entries and none behind the last',
  },
  { pattern: /^E[A-Z]+:/, advice: 'make the file readable for the account that runs Siaga' },
  {
    pattern: /must be the folder's name/,
    advice: 'rename the folder, or change the id if no device uses it yet',
  },
  { pattern: /received undefined/, advice: 'add the field' },
  {
    pattern: /Unrecognized key/,
    advice: 'remove the field, or correct its name; README.md of a new city lists them all',
  },
  { pattern: /^Invalid option|discriminator/, advice: 'write one of the words that are allowed' },
  { pattern: /^lower case letters/, advice: 'choose another id, such as kali-garang-2' },
  { pattern: /IANA time zone/, advice: 'write a name such as Asia/Jakarta, Asia/Makassar or Asia/Jayapura' },
  { pattern: /a point is needed/, advice: 'save its middle as a point, or give lat and lng in a CSV file' },
  {
    pattern: /the id cannot be changed/,
    advice: 'add an entry with the new id, let the others name it, then remove this one',
  },
  {
    pattern: /^Invalid input: expected number/,
    advice: 'write a number with a decimal point and without quotes, such as 1.4',
  },
  { pattern: /^Invalid input: expected boolean/, advice: 'write true or false, without quotes' },
  { pattern: /^Invalid input: expected/, advice: 'write a value of that type; numbers stand without quotes' },
  { pattern: /^a latitude is within/, advice: 'swap lat and lng', fields: ['lat', 'lng'] },
  { pattern: /^Too (small|big)/, advice: 'write a value within that bound' },
  {
    pattern: /^no mail server|^no bot/,
    advice: 'set it in the environment and restart, or choose another kind',
  },
  { pattern: /^Invalid email/, advice: 'write an address such as posko@kota.go.id' },
  { pattern: /^the number of a chat/, advice: 'write -1001234567890 or @name' },
  { pattern: /is used twice/, advice: 'give one of the two another id, or remove it', fields: ['id'] },
  {
    pattern: /outside the city's bounds/,
    advice: 'correct the position, or widen `bounds` in city.json',
    fields: ['lat', 'lng'],
  },
  { pattern: /south must be below north/, advice: 'swap the two ends' },
  { pattern: /has this id already/, advice: 'give the hospital or the device another id', fields: ['id'] },
  {
    pattern: /upstream gauges form a circle/,
    advice: 'remove the neighbour that is in truth downstream',
    fields: ['upstream'],
  },
  { pattern: /^no upstream gauge/, advice: 'correct the id, or add that gauge', fields: ['upstream'] },
  { pattern: /^no \w+ /, advice: 'correct the name, or add that entry to its list' },
  { pattern: /must lead to another junction/, advice: 'correct `from` or `to`, or remove the road' },
  { pattern: /sensorRangeM must be/, advice: 'swap the two ends', fields: ['sensorRangeM'] },
  {
    pattern: /hangs at/,
    advice: 'correct sensorHeightM, or lower the upper end of sensorRangeM',
    fields: ['sensorHeightM', 'sensorRangeM'],
  },
  { pattern: /cannot see/, advice: 'widen sensorRangeM, or correct the level', fields: ['sensorRangeM'] },
  {
    pattern: /never clears/,
    advice: 'lower normalLevelM or hysteresisM, or raise the first threshold',
    fields: ['normalLevelM'],
  },
  {
    pattern: /must ascend/,
    advice: 'order the thresholds from the lowest to the highest',
    fields: ['thresholds'],
  },
];

/** Undefined where the sentence alone must do. */
export function findRemedy(reason: string): string | undefined {
  return REMEDIES.find(({ pattern }) => pattern.test(reason))?.advice;
}

/** The fields of the entry that the sentence is about; undefined where it is about all of it. */
export function findFields(reason: string): readonly string[] | undefined {
  const named = /^no (\w+) (?!gauge |server)/.exec(reason)?.[1];
  return REMEDIES.find(({ pattern }) => pattern.test(reason))?.fields ?? (named ? [named] : undefined);
}
