/**
 * What a field of line protocol measures: by the operator's word, by its name, or by what stands around it.
 *
 * Part of line-protocol.ts, apart for its length. Invariant: the operator's word comes first; what nobody knows has no
 * meaning, and is never guessed from its size.
 */
import { deviceKinds } from '../kinds/index.ts';
import type { Line } from './line-protocol-lines.ts';
import { isUnit } from './measured.ts';
import { isSensorKey } from './sensor-keys.ts';

/** A quantity, and the unit that the field is in; absent: as the sensor's own word for it says. */
export interface MappedField {
  readonly name: string;
  readonly unit?: string;
}

const MAX_MAPPINGS = 100;
/** What is longer names nothing that we know. */
const MAX_NAME_CHARACTERS = 80;
/** The longest of ours has three: `channel_utilization_pct`. */
const MAX_WORDS = 4;
/** What collectors call a number of which the measurement or a tag says what it is. */
const NAMELESS: ReadonlySet<string> = new Set(['value', 'gauge', 'counter']);
/** Of UniFi Poller, whose `uap` is a whole access point: users and guests together. */
const KNOWN_BY_MEASUREMENT: Readonly<Record<string, MappedField>> = { 'uap.num_sta': { name: 'clients' } };

/** `gauge.stage=levelM:cm,depth=levelM`: measurement and field, or the field alone → our name and its unit. */
export function parseFieldMappings(text = ''): ReadonlyMap<string, MappedField> {
  const mappings = new Map<string, MappedField>();
  for (const part of text.split(',').slice(0, MAX_MAPPINGS)) {
    const at = part.lastIndexOf('=');
    const [name = '', unit] = part
      .slice(at + 1)
      .trim()
      .split(':');
    if (at < 1 || name === '' || name === '__proto__') continue;
    mappings.set(part.slice(0, at).trim(), { name, ...(unit === undefined ? {} : { unit }) });
  }
  return mappings;
}

export function findFieldMeaning(
  line: Line,
  key: string,
  mappings: ReadonlyMap<string, MappedField>,
): MappedField | undefined {
  const path = `${line.measurement}.${key}`;
  const said = mappings.get(path) ?? mappings.get(key);
  if (said) return said;
  if (Object.hasOwn(KNOWN_BY_MEASUREMENT, path)) return KNOWN_BY_MEASUREMENT[path];
  if (NAMELESS.has(key)) return findAround(line);
  const name = quantityIn(key);
  return name === undefined ? undefined : { name };
}

/** What a field measures that is only called `value`. */
function findAround({ measurement, tags }: Line): MappedField | undefined {
  const around = [measurement, tags.get('entity_id'), tags.get('topic')];
  for (const text of around) {
    const name = text === undefined ? undefined : quantityAtEnd(text);
    // Home Assistant's measurement is the unit.
    if (name !== undefined) return isUnit(measurement) ? { name, unit: measurement } : { name };
  }
  return undefined;
}

/** `sensor.kali_garang_water_level` → `water_level`: the longest end of it that is a quantity. */
function quantityAtEnd(text: string): string | undefined {
  const words = text
    .slice(-MAX_NAME_CHARACTERS)
    .split(/[_\-. /]/)
    .slice(-MAX_WORDS);
  for (let from = 0; from < words.length; from++) {
    const name = quantityIn(words.slice(from).join('_'));
    if (name !== undefined) return name;
  }
  return undefined;
}

/** A key of sensors as it is, and a quantity of any kind by its own name, however it is written: `rtt_ms`. */
function quantityIn(key: string): string | undefined {
  if (isSensorKey(key)) return key;
  return QUANTITY_BY_WORD.get(toWord(key));
}

function toWord(key: string): string {
  return key
    .slice(0, MAX_NAME_CHARACTERS)
    .toLowerCase()
    .replace(/[_\- .]/g, '');
}

const QUANTITY_BY_WORD: ReadonlyMap<string, string> = new Map(
  [...deviceKinds.values()].flatMap((kind) =>
    Object.keys(kind.sentQuantities).map((name) => [toWord(name), name] as const),
  ),
);
