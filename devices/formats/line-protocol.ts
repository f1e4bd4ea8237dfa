/**
 * Line protocol: what Telegraf, Home Assistant, UniFi Poller and clients of InfluxDB write, over HTTP or MQTT.
 *
 * The lines of one device and moment are one reading. A device is found by a tag, a quantity by its field; where the
 * field is only called `value`, by measurement, entity or topic. The operator says otherwise by `--identity` (tags,
 * the surest first), `--fields` (`gauge.stage=levelM:cm`) and `--precision`. Traps: Telegraf's `host` is the machine
 * that it runs on, and counts last; Home Assistant's measurement is the unit; UniFi Poller lists people's phones,
 * which are left out. Invariant: of two values of one quantity and moment the last one counts, as in InfluxDB.
 */
import { isUtf8 } from 'node:buffer';
import { clueOf } from '../payload-clue.ts';
import { isUtf16, textOf, withoutEnd } from '../payload-text.ts';
import { reject } from '../rejection.ts';
import { aliasesOf, type Claim, type Decoded, type Format, type FormatMessage } from './format.ts';
import { findFieldMeaning, type MappedField, parseFieldMappings } from './line-protocol-fields.ts';
import { formatFault, type Line, type LineFault, MAX_LINES, parseLines } from './line-protocol-lines.ts';
import { isPrecision, type Precision } from './line-protocol-values.ts';
import { isSensorKey } from './sensor-keys.ts';
import { asFlag, readSensorObject, type SensorReading } from './sensor-object.ts';

/** The first that a line has names its device. `_measurement` is the line's own. */
const IDENTITY_TAGS = 'device,device_id,sensor,station,id,mac,entity_id,name,topic,host';
const MAX_IDENTITY_TAGS = 20;
/** Of a topic, from its begin; deeper ones are in no city. */
const MAX_TOPIC_LEVELS = 20;
/** Each keeps the whole message once more; what else was no number is told with the device. */
const MAX_FAULTY_CLAIMS = 20;
const MAX_FAULTS = 20;
const MAX_UNKNOWN_NAMED = 5;
const ENVELOPE: Readonly<Record<string, 'number' | 'boolean' | 'string'>> = {
  seq: 'number',
  status: 'string',
};

export const lineProtocol: Format = {
  name: 'line-protocol',
  description: 'InfluxDB line protocol: Telegraf, Home Assistant, UniFi Poller, ESP clients.',
  topics: [],
  identity: 'by a tag: device, id, mac, entity_id, topic, host …, in an order of your own by `--identity`',
  hasStatus: false,
  namesIn: () => [],
  decode,
};

/** Lines of one device. */
interface Group {
  readonly aliases: readonly string[];
  /** By their time; undefined: they have none. */
  readonly items: Map<number | undefined, Record<string, unknown>>;
  readonly faults: string[];
  /** The first names of fields that say nothing to us. */
  readonly unknown: Set<string>;
}

function decode({ topic, payload, options }: FormatMessage): Decoded {
  const isText = isUtf8(payload) || isUtf16(payload);
  if (!isText && payload.includes(0))
    return reject('not-utf8', `the payload is not valid UTF-8; ${clueOf(payload)}`);
  // A name in Latin-1 spoils no number beside it.
  const text = withoutEnd(isText ? textOf(payload) : payload.toString('latin1'));
  const { lines, firstFault, faultCount, isCut } = parseLines(
    text,
    precisionOf(topic, options?.['precision']),
  );
  if (isCut) return reject('too-many-readings', `more than ${MAX_LINES} lines; send them in smaller parts`);
  const clue = lines.length === 0 && firstFault ? clueOf(payload) : '';
  const hint = clue === '' || clue.startsWith('it is line protocol') ? '' : `; ${clue}`;
  const unread = firstFault && reject('bad-format', `${describeFaults(firstFault, faultCount)}${hint}`);
  if (lines.length === 0) return unread ?? reject('empty-batch', 'there is no line in it');
  const claims = toClaims(lines, parseTags(options?.['identity']), parseFieldMappings(options?.['fields']));
  return unread ? [...claims, { aliases: [], items: [], rejection: unread }] : claims;
}

function describeFaults(first: LineFault, count: number): string {
  const others = count === 1 ? '' : `; ${count - 1} more are no line protocol`;
  return `line ${first.line}: ${formatFault(first)}${others}`;
}

/** As the query said where it came by HTTP (`http/line-protocol?precision=s`), else as the operator did. */
function precisionOf(topic: string, said: string | undefined): Precision | 'by-size' {
  const asked = /^http\/line-protocol\?precision=(.+)$/.exec(topic)?.[1] ?? said ?? '';
  return isPrecision(asked) ? asked : 'by-size';
}

export function parseTags(text: string = IDENTITY_TAGS): readonly string[] {
  const tags = text.split(',').map((tag) => tag.trim());
  return tags.filter((tag) => tag !== '').slice(0, MAX_IDENTITY_TAGS);
}

function toClaims(
  lines: readonly Line[],
  tags: readonly string[],
  mappings: ReadonlyMap<string, MappedField>,
): Claim[] {
  const groups = new Map<string, Group>();
  for (const line of lines) {
    if (isOfPerson(line)) continue;
    const aliases = namesOf(line, tags);
    const name = aliases[0] ?? '';
    const group: Group = groups.get(name) ?? { aliases, items: new Map(), faults: [], unknown: new Set() };
    groups.set(name, group);
    const { item, faults } = readLine(line, mappings);
    if (group.faults.length < MAX_FAULTS) group.faults.push(...faults.slice(0, MAX_FAULTS));
    if (Object.keys(item).length === 0) {
      for (const key of line.fields.keys()) {
        if (group.unknown.size < MAX_UNKNOWN_NAMED)
          group.unknown.add(`${line.measurement}.${key}`.slice(0, 60));
      }
      continue;
    }
    group.items.set(line.atMs, { ...group.items.get(line.atMs), ...item });
  }
  let faulty = 0;
  return [...groups.values()].map((group) => toClaim(group, group.faults.length > 0 && ++faulty));
}

function toClaim({ aliases, items, faults, unknown }: Group, faulty: number | false): Claim {
  const found = [...items].map(([atMs, item]) =>
    // As a text it cannot be taken for seconds, however early it is.
    atMs === undefined ? item : { ...item, measuredAt: new Date(atMs).toISOString() },
  );
  if (faulty === false) {
    return { aliases, items: found, ...(found.length === 0 ? { note: noteUnknown(unknown) } : {}) };
  }
  const detail = faults.join('; ');
  const told =
    faulty <= MAX_FAULTY_CLAIMS ? { rejection: reject('missing-quantity', detail) } : { note: detail };
  return { aliases, items: found, ...told };
}

/** What its fields are called, since one of them may be the level. */
function noteUnknown(unknown: ReadonlySet<string>): string {
  const [first] = unknown;
  if (first === undefined) return 'no quantity of ours in it';
  return `no quantity of ours in it; its fields are ${[...unknown].join(', ')}: say what one of them means, --fields '${first}=levelM:cm'`;
}

/** UniFi Poller's list of clients: a telephone's address belongs to a person. */
function isOfPerson({ measurement, tags }: Line): boolean {
  return /^clients?(?:_?dpi)?$/.test(measurement) && tags.has('mac') && tags.has('site_name');
}

function namesOf(line: Line, tags: readonly string[]): readonly string[] {
  for (const tag of tags) {
    const name = tag === '_measurement' ? line.measurement : line.tags.get(tag);
    if (name === undefined) continue;
    // As with messages on a topic: the whole, or a level of it.
    const levels = tag === 'topic' ? name.split('/', MAX_TOPIC_LEVELS) : [];
    return aliasesOf(name, ...levels);
  }
  return [];
}

function readLine(
  line: Line,
  mappings: ReadonlyMap<string, MappedField>,
): Pick<SensorReading, 'item' | 'faults'> {
  const object: Record<string, unknown> = {};
  const own: Record<string, unknown> = {};
  const unitless: string[] = [];
  for (const [key, value] of line.fields) {
    if (key === 'simulated' || Object.hasOwn(ENVELOPE, key)) continue;
    const meant = findFieldMeaning(line, key, mappings);
    if (meant === undefined) continue;
    const { name, unit } = meant;
    if (isSensorKey(name)) object[name] = unit === undefined ? value : { value, unit };
    else if (unit === undefined) own[name] = value;
    else unitless.push(`${key.slice(0, 40)}: ${name} is taken as it is sent; leave the unit out`);
  }
  const read = readSensorObject(object);
  const faults = [...read.faults, ...unitless];
  const quantities: Record<string, unknown> = { ...read.item, ...own };
  if (Object.keys(quantities).length === 0 && !isWord(line)) return { item: {}, faults };
  for (const [key, type] of Object.entries(ENVELOPE)) {
    const value = line.fields.get(key);
    if (typeof value === type) quantities[key] = value;
  }
  // As a field or a tag, in quotes or as 1: what is simulated must not alarm, and what is no flag is told.
  const flag = line.fields.get('simulated') ?? line.tags.get('simulated');
  if (flag !== undefined) quantities['simulated'] = asFlag(flag);
  return { item: quantities, faults };
}

/** A line that says only how its device is, in a word. */
function isWord({ fields }: Line): boolean {
  return typeof fields.get('status') === 'string';
}
