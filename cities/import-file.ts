/**
 * People's files of gauges, access points, units, hospitals, places and bases: CSV with a header, or GeoJSON points.
 *
 * Makes rows of a file; import-city.ts judges and writes them. A column is a field of the entry, a point in its name
 * goes into it (`beds.ward`), an empty cell says nothing. Invariant: every row knows its line in the file (of GeoJSON
 * its feature), and a cell that cannot be read is that row's problem and no other's.
 */
import { z } from 'zod';
import { isHospital } from '../devices/kinds/hospital.ts';
import { deviceKinds } from '../devices/kinds/index.ts';
import { isRiverGauge } from '../devices/kinds/river-gauge.ts';
import { type Bilingual, SEVERITIES } from '../devices/site.ts';
import { entryColumn, readTable, TableError } from '../tables/table.ts';
import type { City } from './entries.ts';
import { ENTRY_SCHEMAS, type EntryList } from './overlay.ts';

export interface ImportRow {
  /** `line 12`, `feature 3`. */
  readonly where: string;
  readonly list: EntryList;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Why it is no entry, whatever its fields say. */
  readonly broken?: string;
}

export interface ImportOptions {
  /** Of rows that say no kind; `devices` where absent. */
  readonly list: EntryList;
  readonly kind: string | undefined;
}

const NUMBER = /^-?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?$/;

/** Throws TableError for a file that is neither. */
export function readImportFile(text: string, city: City, options: ImportOptions): ImportRow[] {
  return /^[\s\uFEFF]*[{[]/.test(text) ? readFeatures(text, city, options) : readLines(text, city, options);
}

function readLines(text: string, city: City, options: ImportOptions): ImportRow[] {
  const { header, rows } = readTable(text, ['id'], entryColumn);
  return rows.map(({ line, cells }) => {
    const words = header.map((name, index) => [name, cells[index] ?? ''] as const);
    const given = words.filter(([name, cell]) => name !== '' && cell !== '');
    return { where: `line ${line}`, ...toRow(given, city, options) };
  });
}

const featureCollection = z.object({
  type: z.literal('FeatureCollection'),
  features: z.array(
    z.object({
      geometry: z.object({ type: z.string(), coordinates: z.unknown() }).nullish(),
      properties: z.record(z.string(), z.unknown()).nullish(),
    }),
  ),
});

/** RFC 7946: longitude before latitude. */
function readFeatures(text: string, city: City, options: ImportOptions): ImportRow[] {
  return parseFeatures(text).map(({ geometry, properties }, index) => {
    const isPoint = geometry?.type === 'Point' && Array.isArray(geometry.coordinates);
    const at = isPoint ? (geometry.coordinates as unknown[]) : [];
    const position = typeof at[0] === 'number' ? { lat: at[1] as unknown, lng: at[0] } : {};
    const named = Object.entries(properties ?? {}).map(
      ([name, value]) => [entryColumn(name), value] as const,
    );
    const given = Object.entries({ ...Object.fromEntries(named), ...position });
    const row = toRow(
      given.filter(([, value]) => value !== null),
      city,
      options,
    );
    const broken = geometry && !isPoint ? `it is a ${geometry.type}, and a point is needed` : undefined;
    return { where: `feature ${index + 1}`, ...row, ...(broken === undefined ? {} : { broken }) };
  });
}

function parseFeatures(text: string): z.infer<typeof featureCollection>['features'] {
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new TableError(`it begins as JSON and is none: ${(error as Error).message}`);
  }
  const { data, error } = featureCollection.safeParse(content);
  if (data) return data.features;
  const [first] = error.issues;
  throw new TableError(
    `it is no GeoJSON FeatureCollection (${first?.path.join('.')}: ${first?.message}); save it as one, or as CSV with a header`,
  );
}

function toRow(
  given: readonly (readonly [string, unknown])[],
  city: City,
  options: ImportOptions,
): Pick<ImportRow, 'list' | 'fields'> {
  const named = given.find(([name]) => name === 'kind')?.[1];
  const kind = typeof named === 'string' ? named : options.kind;
  const list = isHospital({ kind: kind ?? '' }) ? 'hospitals' : options.list;
  const fields: Record<string, unknown> = list === 'devices' && kind !== undefined ? { kind } : {};
  for (const [name, value] of given) {
    if (name === 'kind' || LADDER_COLUMN.test(name)) continue;
    put(fields, name.split('.'), typeof value === 'string' ? readCell(value, list, kind, name) : value);
  }
  const thresholds = readLadder(new Map(given), city);
  if (thresholds.length > 0) fields['thresholds'] = thresholds;
  return { list, fields };
}

/** What the schema takes as text is text, be it `12`; else a number, yes or no, or JSON. */
function readCell(text: string, list: EntryList, kind: string | undefined, name: string): unknown {
  const site = kind === undefined ? undefined : deviceKinds.get(kind)?.site;
  const schema = list === 'devices' ? site : ENTRY_SCHEMAS[list];
  const field = (schema as z.ZodObject | undefined)?.shape?.[name] as z.ZodType | undefined;
  if (field?.safeParse(text).success) return text;
  if (NUMBER.test(text)) return Number(text.replace(',', '.'));
  // A spreadsheet writes TRUE, in Indonesian BENAR; people write yes.
  const answer = ANSWERS[text.toLowerCase()];
  if (answer !== undefined && !NUMBER.test(text)) return answer;
  if (!/^[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    // The schema says what it should have been.
    return text;
  }
}

const ANSWERS: Readonly<Record<string, boolean | undefined>> = {
  __proto__: null as never,
  ...{ true: true, benar: true, yes: true, ya: true },
  ...{ false: false, salah: false, no: false, tidak: false },
};

/** `beds.ward`, `sensorRangeM.0`: a number in the name is a place in a list. */
function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path;
  if (name === '__proto__') return;
  if (rest.length === 0) {
    target[name] = value;
    return;
  }
  const known = target[name];
  const inner = typeof known === 'object' && known !== null ? known : /^\d+$/.test(rest[0] ?? '') ? [] : {};
  target[name] = inner;
  put(inner as Record<string, unknown>, rest, value);
}

const LADDER_COLUMN = /^(minor|moderate|severe|extreme)(M|LabelId|LabelEn)$/;

/** `minorM` … `extremeM` are a ladder; its words are `minorLabelId`, `minorLabelEn`, else those of the city's gauges. */
function readLadder(given: ReadonlyMap<string, unknown>, city: City) {
  return SEVERITIES.flatMap((severity) => {
    const level = given.get(`${severity}M`);
    if (level === undefined) return [];
    const usual = usualLabel(city, severity);
    const label = {
      id: String(given.get(`${severity}LabelId`) ?? usual.id),
      en: String(given.get(`${severity}LabelEn`) ?? usual.en),
    };
    const levelM = typeof level === 'string' && NUMBER.test(level) ? Number(level.replace(',', '.')) : level;
    return [{ severity, label, levelM }];
  });
}

function usualLabel({ devices }: City, severity: (typeof SEVERITIES)[number]): Bilingual {
  for (const device of devices) {
    const step = isRiverGauge(device) && device.thresholds.find((each) => each.severity === severity);
    if (step) return step.label;
  }
  return { id: severity, en: severity };
}
