/**
 * A reading as a line of InfluxDB's protocol: the schema of the copy.
 *
 * Measurement = the kind's; tags = city, device, and what the city's folder says of its site (few values, one a
 * device: they add no series); fields = the kind's quantities, then `quality`, `sound`, `real`. Soundness is the
 * number 1 or 0: a boolean in a WHERE finds nothing in 3 Core, and drops the other conditions. Invariant: numbers
 * parse back to the same doubles and are never integers (line-protocol.ts); unknown quantities are not written.
 */
import type { DeviceKind } from '../../devices/device-kind.ts';
import { FAILED_QUALITY, type Reading } from '../../devices/reading.ts';
import { escapeKey, formatSeries, quoteText, type Tags } from '../../history/line-protocol.ts';

/** Counts the forms that lines have had; with a new one the journal is written again once (copy-journal.ts). */
export const LINE_FORM = 2;

/** The line of a reading without its end, ms; undefined where its kind is not known. */
export type FormatReading = (reading: Reading) => string | undefined;

interface Field {
  readonly name: string;
  /** `levelM=` */
  readonly key: string;
  readonly states: readonly string[];
}

interface Series {
  readonly tags: Tags;
  readonly text: string;
}

/** Devices whose series is remembered: a city of 12,000 twice over. Beyond it all are forgotten. */
const MAX_SERIES = 25_000;
export const NO_TAGS: Tags = {};

/**
 * `siteTags` gives the tags of a device beside city and device: the same object as long as they are the same, so
 * that a series is put together once.
 */
export function createReadingFormat(
  kinds: ReadonlyMap<string, DeviceKind>,
  siteTags: (device: string) => Tags = () => NO_TAGS,
): FormatReading {
  const fieldsOfKind = new Map([...kinds.values()].map((kind) => [kind.name, fieldsOf(kind)]));
  const known = new Map<string, Series>();
  const seriesOf = ({ city, kind, device }: Reading, measurement: string): string => {
    const key = `${device}/${kind}/${city}`;
    const tags = siteTags(device);
    const there = known.get(key);
    if (there?.tags === tags) return there.text;
    const text = formatSeries(measurement, { city, device, ...tags });
    if (known.size >= MAX_SERIES) known.clear();
    known.set(key, { tags, text });
    return text;
  };
  return (reading) => {
    const kind = kinds.get(reading.kind);
    if (!kind) return undefined;
    const { quality, simulated, measuredAt, values } = reading;
    let line = `${seriesOf(reading, kind.measurement)} `;
    for (const { name, key, states } of fieldsOfKind.get(reading.kind) ?? []) {
      const value = values[name];
      if (typeof value === 'number') {
        if (Number.isFinite(value)) line += `${key}${value},`;
      } else if (value !== undefined && states.includes(value)) line += `${key}${quoteText(value)},`;
    }
    const sound = quality & FAILED_QUALITY ? 0 : 1;
    return `${line}quality=${quality},sound=${sound},real=${simulated ? 0 : 1} ${measuredAt}`;
  };
}

function fieldsOf(kind: DeviceKind): readonly Field[] {
  return Object.entries(kind.quantities).map(([name, quantity]) => ({
    name,
    key: `${escapeKey(name)}=`,
    states: quantity.type === 'state' ? quantity.states : [],
  }));
}

/** The measurement of a line, as it stands there. */
export function measurementOf(line: string): string {
  return line.slice(0, line.indexOf(','));
}

/** The time of a line, epoch ms. */
export function timeOf(line: string): number {
  return Number(line.slice(line.lastIndexOf(' ') + 1));
}
