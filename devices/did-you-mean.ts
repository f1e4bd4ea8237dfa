/**
 * What keys a payload has, and which ones its author probably meant: the sentence that mends most firmware.
 *
 * Asked where a reading is refused. Invariant: it suggests and never reads: a key that is not of the contract
 * moves nothing, however clear it seems. Bounded: so many keys of so many characters.
 */
import type { DeviceKind } from './device-kind.ts';
import type { JsonObject } from './parse-json.ts';

const MAX_KEYS = 20;
const MAX_KEY_CHARACTERS = 40;

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
    if (kind.payloadKeys.has(key)) return name;
    const meant = suggest(key, kind);
    return meant === undefined ? name : `${name} (did you mean ${meant}?)`;
  });
  const more = keys.length > MAX_KEYS ? ` and ${keys.length - MAX_KEYS} more` : '';
  return `the keys are ${shown.join(', ')}${more}`;
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
