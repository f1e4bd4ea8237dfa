/**
 * Devices that an operator adds: from the words of a file (device-file.ts) or of the command line, checked, written to
 * the registry's table beside those of the city's folder.
 *
 * Invariant: nothing is written of a device that has a problem.
 */
import { type CityTransaction, writeAudit } from '../../cities/change-city.ts';
import type { City } from '../../cities/city.ts';
import { currentEntry, readCityState } from '../../cities/city-state.ts';
import { canonicalJson } from '../../cities/overlay.ts';
import { publishersOf } from '../../cities/publishers.ts';
import type { Database } from '../../database/database.ts';
import { isHospital } from '../../devices/kinds/hospital.ts';
import { deviceKinds } from '../../devices/kinds/index.ts';
import { ID_PATTERN, isId } from '../../devices/topics.ts';
import { MISSING_SITE, type SiteWords, withSite } from './device-site.ts';

export interface NewDevice {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly lat: number | null;
  readonly lng: number | null;
  /** What dispatch must know of it, as a city's folder would say it; JSON. */
  readonly site: string | null;
}

/** What is wrong with what was asked for; `problems` holds every one, as sentences. */
export class DeviceListError extends Error {
  readonly code = 'DEVICE_LIST_INVALID';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

const ROWS_PER_STATEMENT = 100;

/** From words, as typed or in a cell; an empty latitude is none. */
export function toDevice(words: DeviceWords, site?: Partial<SiteWords>, city?: City): NewDevice {
  const { id, kind, name, lat, lng } = words;
  const device = {
    id,
    kind,
    name: name || id,
    lat: lat === '' ? null : Number(lat),
    lng: lng === '' ? null : Number(lng),
    site: null,
  };
  return city ? withSite(device, site ?? {}, city) : device;
}

export interface DeviceWords {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly lat: string;
  readonly lng: string;
}

export function* findProblems({ id, kind, lat, lng, site }: NewDevice, city: City): Generator<string> {
  if (!isId(id)) yield `the id ${JSON.stringify(id)} must match ${ID_PATTERN.source}`;
  if (!deviceKinds.has(kind)) {
    yield `${id}: no kind ${JSON.stringify(kind)}; there are ${[...deviceKinds.keys()].join(', ')}`;
  }
  const ofCity = publishersOf(city).find((device) => device.id === id);
  const more = ofCity || site !== null ? undefined : MISSING_SITE[kind];
  if (more !== undefined) yield `${id}: dispatch would not know this ${kind}; ${more}`;
  if (ofCity && ofCity.kind !== kind) yield `${id}: is a ${ofCity.kind} in the folder of ${city.id}`;
  if ((lat === null) !== (lng === null)) yield `${id}: lat and lng go together`;
  if (lat !== null && lng !== null) {
    const { south, west, north, east } = city.bounds;
    const inside = lat >= south && lat <= north && lng >= west && lng <= east;
    if (!inside) yield `${id}: ${lat}, ${lng} lies outside the city's bounds; are lat and lng swapped?`;
  }
}

/**
 * Writes those that the city's folder does not have, with their lines of audit; one that is there already is updated,
 * and one that was taken out of the city is in it again.
 */
export async function writeDevices(
  database: Database,
  city: City,
  devices: readonly NewDevice[],
  now: number,
  actor = 'command line',
): Promise<void> {
  const ofCity = new Set(publishersOf(city).map(({ id }) => id));
  const own = devices.filter(({ id }) => !ofCity.has(id));
  if (own.length === 0) return;
  await database.transaction().execute(async (transaction) => {
    const before = await readCityState(transaction, city);
    await writeRows(transaction, city, own, now);
    const after = await readCityState(transaction, city);
    const moved = own.flatMap(({ id, kind }) => {
      const list = isHospital({ kind }) ? 'hospitals' : 'devices';
      const entry = currentEntry(after, list, id);
      const isSame = canonicalJson(entry ?? null) === canonicalJson(currentEntry(before, list, id) ?? null);
      return entry && !isSame ? [{ list, id, entry } as const] : [];
    });
    await writeAudit(transaction, { folder: city, actor, at: now }, before, moved);
  });
}

async function writeRows(
  database: CityTransaction,
  city: City,
  devices: readonly NewDevice[],
  now: number,
): Promise<void> {
  const rows = devices.map((device) => ({ ...device, added_at: now }));
  for (let at = 0; at < rows.length; at += ROWS_PER_STATEMENT) {
    await returnRemoved(database, city.id, rows.slice(at, at + ROWS_PER_STATEMENT));
    await database
      .insertInto('devices')
      .values(rows.slice(at, at + ROWS_PER_STATEMENT))
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet((row) => ({
          kind: row.ref('excluded.kind'),
          name: row.ref('excluded.name'),
          lat: row.ref('excluded.lat'),
          lng: row.ref('excluded.lng'),
          site: row.ref('excluded.site'),
          added_at: row.ref('excluded.added_at'),
        })),
      )
      .execute();
  }
}

async function returnRemoved(
  database: CityTransaction,
  city: string,
  rows: readonly NewDevice[],
): Promise<void> {
  const ids = rows.map(({ id }) => id);
  await database
    .deleteFrom('city_entries')
    .where('city', '=', city)
    .where('list', 'in', ['devices', 'hospitals'])
    .where('entry', 'in', ids)
    .where('document', 'is', null)
    .execute();
}
