/**
 * What keys a payload has, and which ones its author probably meant: the sentence that mends most firmware.
 *
 * Asked where a reading is refused. Invariant: it suggests and never reads: a key that is not of the contract
 * moves nothing, however clear it seems. Bounded: so many keys of so many characters.
 */
import type { DeviceKind } from './device-kind.ts';
import type { JsonObject } from './parse-json.ts';
import { hintKeyUnit } from './unit-hints.ts';

const MAX_KEYS = 20;
const MAX_KEY_CHARACTERS = 40;
const MAX_NESTED_NAMED = 5;

/** Words that other makers use, as `wordOf` writes them, and the stem of ours. */
const SYNONYMS: Readonly<Record<string, string>> = {
  ...{ lon: 'lng', long: 'lng', longitude: 'lng', latitude: 'lat' },
  ...{ ts: 'measuredat', tst: 'measuredat', time: 'measuredat', timestamp: 'measuredat' },
  ...{ datetime: 'measuredat', date: 'measuredat', epoch: 'measuredat', measured: 'measuredat' },
  ...{ waterlevel: 'level', stage: 'level', height: 'level', depth: 'level', tma: 'level', tinggi: 'level' },
  ...{ dist: 'distance', range: 'distance', jarak: 'distance', rainfall: 'rain', hujan: 'rain' },
  ...{ bat: 'battery', batt: 'battery', vbat: 'battery', voltage: 'battery', rssi: 'rssi', signal: 'rssi' },
  ...{
    vel: 'speed',
    velocity: 'speed',
    acc: 'accuracy',
    hdop: 'accuracy',
    cog: 'heading',
    course: 'heading',
  },
  ...{ bearing: 'heading', state: 'status', users: 'clients', stations: 'clients', uptime: 'uptime' },
  ...{ sequence: 'seq', counter: 'seq', fcnt: 'seq', simulation: 'simulated', test: 'simulated' },
};

/** `the keys are LevelM (did you mean levelM?), battery`, or that there are none. */
export function describeKeys(item: JsonObject, kind: DeviceKind): string {
  const keys = Object.keys(item);
  if (keys.length === 0) return 'the object is empty';
  const shown = keys.slice(0, MAX_KEYS).map((key) => {
    const name = key.slice(0, MAX_KEY_CHARACTERS);
    const hint = kind.payloadKeys.has(key) ? undefined : hintKey(key, item[key], kind);
    return hint === undefined ? name : `${name} (${hint})`;
  });
  const more = keys.length > MAX_KEYS ? ` and ${keys.length - MAX_KEYS} more` : '';
  return `the keys are ${shown.join(', ')}${more}`;
}

/** What its author probably meant by a key that is not of the contract. */
export function hintKey(key: string, value: unknown, kind: DeviceKind): string | undefined {
  const nested = nestedIn(value, kind);
  if (nested !== undefined) return nested;
  const meant = suggest(key, kind);
  if (meant === undefined) return undefined;
  const unit = hintOf(key, meant, value, kind);
  return `did you mean ${meant}?${unit === undefined ? '' : ` ${unit}`}`;
}

/** Of an object or list that holds what should stand one level higher. */
function nestedIn(value: unknown, kind: DeviceKind): string | undefined {
  const inside: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof inside !== 'object' || inside === null) return undefined;
  const names = Object.keys(inside)
    .filter((name) => kind.quantityNames.has(name))
    .slice(0, MAX_NESTED_NAMED);
  if (names.length === 0) return undefined;
  return Array.isArray(value)
    ? 'it holds a list of readings: send the list itself'
    : `${names.join(', ')} must stand one level higher`;
}

/** `in cm, 142 would be 1.42 m`, of a key that ends with a unit which is not ours. */
function hintOf(key: string, meant: string, value: unknown, kind: DeviceKind): string | undefined {
  const quantity = kind.sentQuantities[meant];
  if (!quantity || !('unit' in quantity)) return undefined;
  const ending =
    /(?:[_\-. /]([a-z/]+)|([A-Z][a-z]*)|((?<=level|distance|depth|stage|speed|battery)[a-z]{2,5}))$/.exec(
      key.slice(0, MAX_KEY_CHARACTERS),
    );
  const word = ending?.[1] ?? ending?.[2] ?? ending?.[3];
  return word === undefined ? undefined : hintKeyUnit(wordOf(word), value, quantity.unit);
}

/** The key of the contract that `key` probably stands for. */
export function suggest(key: string, kind: DeviceKind): string | undefined {
  const word = wordOf(key.slice(0, MAX_KEY_CHARACTERS));
  if (word === '') return undefined;
  const known = [...kind.payloadKeys];
  const stem = SYNONYMS[word] ?? word;
  const same = known.find((name) =>
    [wordOf(name), stemOf(name)].some((each) => each === word || each === stem),
  );
  if (same !== undefined) return same;
  // `levelCm`, `speed_kmh`: the same quantity in another unit.
  const inOtherUnit = known.find((name) => stemOf(name).length >= 3 && word.startsWith(stemOf(name)));
  return inOtherUnit ?? known.find((name) => isOneSlipAway(word, wordOf(name)));
}

/** Lower case, letters and digits alone: `Water_Level` is `waterlevel`. */
function wordOf(key: string): string {
  return key.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** A name without its unit: `levelM` is `level`. */
function stemOf(name: string): string {
  return wordOf(name.replace(/(?<=[a-z])(?:M|Mm|V|Dbm|Pct|Mps|Deg|Ms|S)$/, ''));
}

/** One letter more, less, other, or two that changed places; short words are too alike. */
function isOneSlipAway(a: string, b: string): boolean {
  if (Math.min(a.length, b.length) < 4 || Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  const [restA, restB] = [a.slice(start), b.slice(start)];
  if (restA.slice(1) === restB.slice(1) || restA.slice(1) === restB || restA === restB.slice(1)) return true;
  return restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2);
}
