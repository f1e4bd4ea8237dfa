/**
 * The registry: which devices the city knows, from its folder and from those an operator added; what each of them
 * speaks, which names it goes by, and the gateways that send for others.
 *
 * Asked by the broker (may this one connect?), by ingest (whose reading is it?), by the API. Invariants: an id
 * belongs to one device of one kind, an alias to one device; the city's folder wins over an added device of the same
 * id; `all()` is another array whenever anything has changed.
 */
import { sql } from 'kysely';
import type { City } from '../cities/city.ts';
import { publishersOf } from '../cities/publishers.ts';
import type { Database } from '../database/database.ts';
import type { FormatOptions } from '../devices/formats/format.ts';
import { type Hospital, type HospitalSite, isHospital } from '../devices/kinds/hospital.ts';
import type { DeviceSite } from '../devices/site.ts';

export interface RegisteredDevice {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  /** Where it is installed; an ambulance's base. */
  readonly lat?: number;
  readonly lng?: number;
  /** What the city's folder says of it: thresholds, uplink, vehicle, beds. Absent where a device was added with less. */
  readonly site?: DeviceSite;
  /** What it speaks; absent where that is our own format. */
  readonly format?: string;
  /** Names that it goes by in that, besides its id. */
  readonly aliases?: readonly string[];
  /** The gateway that sends for it, `gateway:<name>`. */
  readonly gateway?: string;
  readonly options?: FormatOptions;
}

export interface Gateway {
  /** `gateway:<name>`. */
  readonly id: string;
  readonly format: string;
  readonly options?: FormatOptions;
}

export interface Registry {
  readonly city: string;
  find(id: string): RegisteredDevice | undefined;
  /** All, ordered by id: the same array until the next reload. */
  all(): readonly RegisteredDevice[];
  /** Ordered by id. */
  gateways(): readonly Gateway[];
  /** Reads the added devices again where they have changed: the command line does so beside us. */
  reload(): Promise<void>;
}

export async function openRegistry(city: City, database: Database): Promise<Registry> {
  const ofCity = publishersOf(city).map((site): RegisteredDevice => {
    const { id, kind, name, lat, lng } = site;
    return { id, kind, name, lat, lng, site };
  });
  let byId = new Map<string, RegisteredDevice>();
  let ordered: RegisteredDevice[] = [];
  let gateways: Gateway[] = [];
  let version = '';
  const reload = async () => {
    const fresh = await readVersion(database);
    // Ten thousand rows that nobody changed would hold the event loop for 4 to 11 ms each time.
    if (fresh === version) return;
    const next = new Map<string, RegisteredDevice>();
    for (const device of await readAdded(database)) next.set(device.id, device);
    for (const device of ofCity) next.set(device.id, device);
    await addFormats(database, next);
    gateways = await readGateways(database);
    byId = next;
    ordered = [...next.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    version = fresh;
    takeIntoCity(city, ordered);
  };
  await reload();
  return {
    city: city.id,
    find: (id) => byId.get(id),
    all: () => ordered,
    gateways: () => gateways,
    reload,
  };
}

/** Changes with every change of a row: the remainders tell of one also where the clock was set back. */
async function readVersion(database: Database): Promise<string> {
  const { rows } = await sql<{ version: string }>`
    select (select count(*) || '/' || coalesce(sum(added_at % 1000000007), 0) from devices)
      || ' ' || (select count(*) || '/' || coalesce(sum(changed_at % 1000000007), 0) from device_formats)
      || ' ' || (select count(*) || '/' || coalesce(sum(added_at % 1000000007), 0) from device_aliases)
      || ' ' || (select count(*) || '/' || coalesce(sum(changed_at % 1000000007), 0) from gateways) as version
  `.execute(database);
  return rows[0]?.version ?? '';
}

async function readAdded(database: Database): Promise<RegisteredDevice[]> {
  const rows = await database.selectFrom('devices').selectAll().execute();
  return rows.map(({ id, kind, name, lat, lng, site }) => ({
    id,
    kind,
    name,
    ...(lat !== null && lng !== null ? { lat, lng } : {}),
    ...(site === null ? {} : { site: JSON.parse(site) as DeviceSite }),
  }));
}

async function addFormats(database: Database, devices: Map<string, RegisteredDevice>): Promise<void> {
  const aliases = Map.groupBy(
    await database.selectFrom('device_aliases').selectAll().orderBy('alias').execute(),
    ({ device }) => device,
  );
  for (const [id, rows] of aliases) {
    const device = devices.get(id);
    if (device) devices.set(id, { ...device, aliases: rows.map(({ alias }) => alias) });
  }
  for (const row of await database.selectFrom('device_formats').selectAll().execute()) {
    const device = devices.get(row.device);
    if (!device) continue;
    devices.set(row.device, {
      ...device,
      ...(row.format === null ? {} : { format: row.format }),
      ...(row.gateway === null ? {} : { gateway: row.gateway }),
      ...optionsOf(row),
    });
  }
}

async function readGateways(database: Database): Promise<Gateway[]> {
  const rows = await database.selectFrom('gateways').selectAll().orderBy('id').execute();
  return rows.map((row) => ({ id: row.id, format: row.format, ...optionsOf(row) }));
}

function optionsOf({ options }: { options: string | null }): { options?: FormatOptions } {
  return options === null ? {} : { options: JSON.parse(options) as FormatOptions };
}

/** Ambulances and hospitals that were added are dispatched like those of the city's folder. */
function takeIntoCity(city: City, devices: readonly RegisteredDevice[]): void {
  for (const { site } of devices) {
    if (!site) continue;
    const list: readonly { id: string }[] = isHospital(site) ? city.hospitals : city.devices;
    if (list.some(({ id }) => id === site.id)) continue;
    if (isHospital(site)) city.hospitals.push(withoutKind(site));
    else city.devices.push(site);
  }
}

function withoutKind({ kind: _kind, ...hospital }: HospitalSite): Hospital {
  return hospital;
}
