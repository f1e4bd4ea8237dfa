/**
 * InfluxDB's line protocol: escaping, series, and any single point that is not a reading (events, Siaga's own
 * figures). Readings are written on the same functions (influx/copy/reading-lines.ts).
 *
 * Invariants: a number is always written as a float (no `i` behind it) and text as a string, so that no field
 * ever changes its type: one integer first, and the field's type conflicts for ever. There are no booleans: in a
 * WHERE they find nothing in 3 Core.
 */
export type Tags = Readonly<Record<string, string | undefined>>;
export type FieldValue = number | string | undefined;

/** One line without its end; undefined when no field has a value. */
export function formatLine(
  measurement: string,
  tags: Tags,
  fields: Readonly<Record<string, FieldValue>>,
  atMs: number,
): string | undefined {
  const written: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) continue;
    written.push(`${escapeKey(name)}=${typeof value === 'string' ? quoteText(value) : value}`);
  }
  if (written.length === 0) return undefined;
  return `${formatSeries(measurement, tags)} ${written.join(',')} ${Math.floor(atMs)}`;
}

/** Measurement and tags. Tags stand in the order of their names, which saves the server the sorting. */
export function formatSeries(measurement: string, tags: Tags): string {
  let series = measurement.replaceAll('\n', ' ').replace(/[, ]/g, (found) => `\\${found}`);
  for (const name of Object.keys(tags).sort()) {
    const value = tags[name];
    // An empty tag is a parse error for the server: it is left out.
    if (value !== undefined && value !== '') series += `,${escapeKey(name)}=${escapeKey(value)}`;
  }
  return series;
}

/** A key or a tag's value. Neither can hold a line end or end in a backslash: they are replaced, cut. */
export function escapeKey(text: string): string {
  if (!/[,= \n\\]/.test(text)) return text;
  return text
    .replaceAll('\n', ' ')
    .replace(/\\+$/, '')
    .replace(/[,= ]/g, (found) => `\\${found}`);
}

/** A string field with its quotes. */
export function quoteText(text: string): string {
  return `"${/["\\]/.test(text) ? text.replace(/["\\]/g, (found) => `\\${found}`) : text}"`;
}
