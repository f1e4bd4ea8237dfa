/**
 * The registry: the city as it stands, which devices it knows (from its folder, from commands, from changes at run
 * time), what each of them speaks, which names it goes by, and the gateways that send for others.
 *
 * Asked by the broker (may this one connect?), by ingest (whose reading is it?), by alarms, dispatch and API.
 * Invariants: an id belongs to one device of one kind, an alias to one device; the city is one value that is replaced
 * as a whole, and whoever follows it is told; `all()` is another array whenever anything has changed.
 */
import { sql } from 'kysely';
import {
  type ChangeRequest,
  changeCity,
  EditsRefusedError,
  type WrittenChange,
} from '../cities/change-city.ts';
import { undoChange } from '../cities/changes.ts';
import type { City } from '../cities/city.ts';
import { type CityState, type EntryCache, readCityState } from '../cities/city-state.ts';
import { type Edit, judgeEdits, toProblem } from '../cities/judge-edits.ts';
import { publishersOf } from '../cities/publishers.ts';
import type { Database } from '../database/database.ts';
import type { FormatOptions } from '../devices/formats/format.ts';
import type { DeviceSite } from '../devices/site.ts';

export interface RegisteredDevice {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  /** Where it is installed; an ambulance's base. */
  readonly lat?: number;
  readonly lng?: number;
  /** What the city says of it: thresholds, uplink, vehicle, beds. Absent where a device was added with less. */
  readonly site?: DeviceSite;
  /** What it speaks; absent where that is our own format. */
  readonly format?: string;
  /** Names that it goes by in that, besides its id. */
  readonly aliases?: readonly string[];
  /** The gateway that sends for it, `gateway:<name>`. */
  readonly gateway?: string;
  readonly options?: FormatOptions;
  /** Whatever it says, in whatever format, is simulated. */
  readonly simulated?: boolean;
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

/** The city and its devices went from one value to the next. */
export interface CityMove {
  readonly before: City;
  readonly now: City;
  /** Ids of devices and hospitals that are new, gone, or other than before. */
  readonly devices: ReadonlySet<string>;
}

/** The registry of a running server, for those who need the whole city. */
export interface LiveRegistry extends Registry {
  /** The folder that lies under all changes. */
  readonly folder: City;
  /** As it stands: another object whenever it has changed. Ask for it each time. */
  readonly cityNow: City;
  /** As it was read last: for whoever edits entries. */
  readonly state: CityState;
  /** The city that would come of it, which nothing goes by. Throws EditsRefusedError as `change` does. */
  tryEdits(edits: readonly Edit[]): City;
  /** Writes a change, and resolves when everybody who follows has been told. Throws EditsRefusedError. */
  change(request: CityRequest): Promise<readonly WrittenChange[]>;
  /** Takes a change back; undefined where there is none of this number. Throws EditsRefusedError. */
  undo(id: number, request: Omit<CityRequest, 'makeEdits'>): Promise<readonly WrittenChange[] | undefined>;
  /**
   * Calls `listener` after each change, once `cityNow` and `find` answer by it. It must not throw. Returns the way to
   * stop.
   */
  follow(listener: (move: CityMove) => void): () => void;
}

export type CityRequest = Pick<ChangeRequest, 'actor' | 'at' | 'makeEdits'>;

/** `findMore` is what other rooms have against a city that would come of a change, as `path: sentence`. */
export async function openRegistry(
  folder: City,
  database: Database,
  findMore: (city: City) => readonly string[] = () => [],
): Promise<LiveRegistry> {
  const cache: EntryCache = new Map();
  const followers = new Set<(move: CityMove) => void>();
  const nothing: CityState = {
    ...{ revision: 0, base: folder, changed: folder, now: folder, notes: [], differences: [] },
    ...{ bare: new Map(), addedBare: new Map(), findNow: () => undefined, findBase: () => undefined },
  };
  let state = nothing;
  let byId = new Map<string, RegisteredDevice>();
  let ordered: RegisteredDevice[] = [];
  let gateways: Gateway[] = [];
  let version = '';
  const readAgain = async () => {
    const fresh = await readVersion(database);
    // Ten thousand rows that nobody changed would hold the event loop for 4 to 11 ms each time.
    if (fresh === version) return;
    const read = await readCityState(database, folder, cache);
    const next = registerDevices(read);
    await addFormats(database, next);
    gateways = await readGateways(database);
    const [{ now: before }, known] = [state, byId];
    state = read;
    byId = next;
    ordered = [...next.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    version = fresh;
    const move: CityMove = { before, now: read.now, devices: findMoved(known, next) };
    for (const listener of followers) listener(move);
  };
  // One after the other: of two that overlap, the one that began first may end last.
  let running = Promise.resolve();
  const reload = () => {
    const turn = running.then(readAgain);
    running = turn.catch(() => undefined);
    return turn;
  };
  await reload();
  const own = { database, folder, cache, findMore };
  return {
    city: folder.id,
    folder,
    get cityNow() {
      return state.now;
    },
    get state() {
      return state;
    },
    tryEdits(edits) {
      const { city, problems } = judgeEdits(state.now, edits);
      const known = new Set(findMore(state.now));
      const added = problems.length > 0 ? [] : findMore(city).filter((sentence) => !known.has(sentence));
      const more = added.map(toProblem);
      if (problems.length + more.length > 0) throw new EditsRefusedError([...problems, ...more]);
      return city;
    },
    async change(request) {
      const written = await changeCity({ ...own, ...request });
      await reload();
      return written;
    },
    async undo(id, request) {
      const written = await undoChange(id, { ...own, ...request });
      await reload();
      return written;
    },
    find: (id) => byId.get(id),
    all: () => ordered,
    gateways: () => gateways,
    reload,
    follow(listener) {
      followers.add(listener);
      return () => followers.delete(listener);
    },
  };
}

function registerDevices({ now, bare }: CityState): Map<string, RegisteredDevice> {
  const devices = new Map<string, RegisteredDevice>(bare);
  for (const site of publishersOf(now)) {
    const { id, kind, name, lat, lng } = site;
    devices.set(id, { id, kind, name, lat, lng, site });
  }
  return devices;
}

function findMoved(
  before: ReadonlyMap<string, RegisteredDevice>,
  after: ReadonlyMap<string, RegisteredDevice>,
): Set<string> {
  const moved = new Set<string>();
  for (const [id, device] of after) {
    const known = before.get(id);
    if (!known || !isSame(known, device)) moved.add(id);
  }
  for (const id of before.keys()) if (!after.has(id)) moved.add(id);
  return moved;
}

function isSame({ name, lat, lng, site }: RegisteredDevice, other: RegisteredDevice): boolean {
  if (name !== other.name || lat !== other.lat || lng !== other.lng) return false;
  return site === other.site || JSON.stringify(site) === JSON.stringify(other.site);
}

/** Changes with every change of a row: the remainders tell of one also where the clock was set back. */
async function readVersion(database: Database): Promise<string> {
  const { rows } = await sql<{ version: string }>`
    select (select count(*) || '/' || coalesce(sum(added_at % 1000000007), 0) from devices)
      || ' ' || (select count(*) || '/' || coalesce(sum(changed_at % 1000000007), 0) from device_formats)
      || ' ' || (select count(*) || '/' || coalesce(sum(added_at % 1000000007), 0) from device_aliases)
      || ' ' || (select count(*) || '/' || coalesce(sum(changed_at % 1000000007), 0) from gateways)
      || ' ' || (select coalesce(sum(revision), 0) from city_revisions) as version
  `.execute(database);
  return rows[0]?.version ?? '';
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
      ...(row.simulated === 1 ? { simulated: true } : {}),
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
