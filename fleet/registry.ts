/**
 * The registry: which devices the city knows, from its folder and from those an operator added.
 *
 * Asked by the broker (may this one connect?), by validate (whose reading is it?), by the API. Invariant: an
 * id belongs to one device of one kind; the city's folder wins over an added device of the same id.
 */
import { sql } from 'kysely';
import type { City } from '../cities/city.ts';
import { publishersOf } from '../cities/publishers.ts';
import type { Database } from '../database/database.ts';
import type { DeviceSite } from '../devices/site.ts';

export interface RegisteredDevice {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  /** Where it is installed; an ambulance's base. */
  readonly lat?: number;
  readonly lng?: number;
  /** What the city's folder says of it: thresholds, uplink, vehicle, beds. Absent for added devices. */
  readonly site?: DeviceSite;
}

export interface Registry {
  readonly city: string;
  find(id: string): RegisteredDevice | undefined;
  /** All, ordered by id: the same array until the next reload. */
  all(): readonly RegisteredDevice[];
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
  let version = '';
  const reload = async () => {
    const { fn } = database;
    // The remainders tell of a change also where the clock was set back; their sum is an exact number.
    const { rows, sum } = await database
      .selectFrom('devices')
      .select([fn.countAll().as('rows'), sql<number>`sum(added_at % 1000000007)`.as('sum')])
      .executeTakeFirstOrThrow();
    // Ten thousand rows that nobody changed would hold the event loop for 4 to 11 ms each time.
    const fresh = `${rows} ${sum}`;
    if (fresh === version) return;
    const added = await database.selectFrom('devices').selectAll().execute();
    const next = new Map<string, RegisteredDevice>();
    for (const { id, kind, name, lat, lng } of added) {
      next.set(id, { id, kind, name, ...(lat !== null && lng !== null ? { lat, lng } : {}) });
    }
    for (const device of ofCity) next.set(device.id, device);
    byId = next;
    ordered = [...next.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    version = fresh;
  };
  await reload();
  return { city: city.id, find: (id) => byId.get(id), all: () => ordered, reload };
}
