/**
 * A reading as a line of InfluxDB's protocol: the schema of the copy.
 *
 * Measurement = the kind's; tags = city, device, and what the city's folder says of its site (few values, one a
 * device: they add no series); fields = the kind's quantities, then `quality`, `sound`, `real`. Soundness is the
 * number 1 or 0: a boolean in a WHERE finds nothing in 3 Core, and drops the other conditions. Invariant: numbers
 * parse back to the same doubles and are never integers (line-protocol.ts); unknown quantities are not written.
 */
import type { DeviceKind } from '../../../devices/device-kind.ts';
import { FAILED_QUALITY, type Reading } from '../../../devices/reading.ts';
import { escapeKey, formatSeries, quoteText, type Tags } from '../line-protocol.ts';

/** Counts the forms that lines have had; with a new one the journal is written again once (copy-journal.ts). */
export const LINE_FORM = 2;

/** The line of a reading without its end, ms; undefined where its kind is not known. */
export type FormatReading = (reading: Reading) => string | undefined;

/** `siteTags` gives the tags of a device beside city and device. */
export function createReadingFormat(
  kinds: ReadonlyMap<string, DeviceKind>,
  siteTags: (device: string) => Tags = () => ({}),
): FormatReading {
  return (reading) => {
    const kind = kinds.get(reading.kind);
    if (!kind) return undefined;
    const { city, device, quality, simulated, measuredAt } = reading;
    let fields = '';
    for (const [name, quantity] of Object.entries(kind.quantities)) {
      const value = reading.values[name];
      if (typeof value === 'number') {
        if (Number.isFinite(value)) fields += `${escapeKey(name)}=${value},`;
      } else if (value !== undefined && quantity.type === 'state' && quantity.states.includes(value)) {
        fields += `${escapeKey(name)}=${quoteText(value)},`;
      }
    }
    const sound = quality & FAILED_QUALITY ? 0 : 1;
    const series = formatSeries(kind.measurement, { city, device, ...siteTags(device) });
    return `${series} ${fields}quality=${quality},sound=${sound},real=${simulated ? 0 : 1} ${measuredAt}`;
  };
}

/** The measurement of a line, as it stands there. */
export function measurementOf(line: string): string {
  return line.slice(0, line.indexOf(','));
}

/** The time of a line, epoch ms. */
export function timeOf(line: string): number {
  return Number(line.slice(line.lastIndexOf(' ') + 1));
}
