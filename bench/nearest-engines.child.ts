/**
 * The engines that `bench -- nearest` compares, behind one shape: ours in process, a scan, geokdbush, PostGIS.
 *
 * Not a bench of its own. Invariant: every engine sees the same positions and answers the K nearest.
 */
import { spawnSync } from 'node:child_process';
import { around } from 'geokdbush';
import KDBush from 'kdbush';
import pg from 'pg';
import { createUnitIndex } from '../dispatch/nearest/unit-index.ts';

export const K = 5;

export interface Moving {
  readonly lats: Float64Array;
  readonly lngs: Float64Array;
}

export interface Engine {
  readonly name: string;
  load(fleet: Moving): void | Promise<void>;
  move(unit: number, lat: number, lng: number): void;
  /** Makes moves visible, for engines that are static. */
  refresh(fleet: Moving): void | Promise<void>;
  nearest(lat: number, lng: number): number[] | Promise<number[]>;
  close?(): Promise<void>;
}

export function siaga(): Engine {
  const index = createUnitIndex();
  let ids: string[] = [];
  return {
    name: 'Siaga, in process',
    load({ lats, lngs }) {
      ids = Array.from(lats, (_, unit) => String(unit));
      for (const [unit, id] of ids.entries()) index.upsert(id, lats[unit] as number, lngs[unit] as number);
    },
    move: (unit, lat, lng) => index.upsert(ids[unit] as string, lat, lng),
    refresh: () => undefined,
    nearest: (lat, lng) => index.nearest(lat, lng, K).map(({ unit }) => Number(unit)),
  };
}

/** Haversine over typed arrays, the k best kept in a sorted array. */
export function scan(): Engine {
  let fleet: Moving;
  return {
    name: 'scan (haversine)',
    load(all) {
      fleet = all;
    },
    move: () => undefined,
    refresh: () => undefined,
    nearest(lat, lng) {
      const radians = Math.PI / 180;
      const cosLat = Math.cos(lat * radians);
      const best: { unit: number; h: number }[] = [];
      let worst = Number.POSITIVE_INFINITY;
      for (let unit = 0; unit < fleet.lats.length; unit++) {
        const unitLat = fleet.lats[unit] as number;
        const sinLat = Math.sin(((unitLat - lat) * radians) / 2);
        const sinLng = Math.sin((((fleet.lngs[unit] as number) - lng) * radians) / 2);
        const h = sinLat * sinLat + cosLat * Math.cos(unitLat * radians) * sinLng * sinLng;
        if (h >= worst) continue;
        best.push({ unit, h });
        best.sort((a, b) => a.h - b.h);
        if (best.length > K) best.pop();
        if (best.length === K) worst = (best[K - 1] as { h: number }).h;
      }
      return best.map(({ unit }) => unit);
    },
  };
}

export function geokdbush(): Engine {
  let index: KDBush;
  const build = ({ lats, lngs }: Moving) => {
    index = new KDBush(lats.length);
    for (let unit = 0; unit < lats.length; unit++) index.add(lngs[unit] as number, lats[unit] as number);
    index.finish();
  };
  return {
    name: 'geokdbush, rebuilt each second (answers up to 1 s old)',
    load: build,
    move: () => undefined,
    refresh: build,
    nearest: (lat, lng) => around(index, lng, lat, K),
  };
}

/** Rows are told apart by number; updates go through one statement each second. */
export async function postgis(url: string | undefined): Promise<Engine | string> {
  if (!url) return 'PostGIS: not given (--postgis postgres://…)';
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const found = await client.query(`select 1 from pg_available_extensions where name = 'postgis'`);
  if (found.rowCount === 0) {
    await client.end();
    return 'PostGIS: not installed';
  }
  const moved = new Map<number, [lat: number, lng: number]>();
  const write = async (statement: string, rows: readonly [number, number, number][]) => {
    const columns = [0, 1, 2].map((column) => rows.map((row) => row[column]));
    if (rows.length > 0) await client.query(statement, columns);
  };
  const fresh = `select * from unnest($1::int[], $2::float8[], $3::float8[]) as moved (unit, lat, lng)`;
  const point = 'st_setsrid(st_makepoint(lng, lat), 4326)::geography';
  return {
    name: 'PostGIS KNN over a socket, moves written each second',
    async load({ lats, lngs }) {
      await client.query('create extension if not exists postgis');
      await client.query('create temp table bench_units (unit int primary key, at geography(point))');
      const rows = Array.from(lats, (lat, unit): [number, number, number] => [
        unit,
        lat,
        lngs[unit] as number,
      ]);
      await write(`insert into bench_units select unit, ${point} from (${fresh}) as given`, rows);
      await client.query('create index on bench_units using gist (at)');
    },
    move: (unit, lat, lng) => void moved.set(unit, [lat, lng]),
    async refresh() {
      const rows = [...moved].map(([unit, [lat, lng]]): [number, number, number] => [unit, lat, lng]);
      moved.clear();
      const update = `update bench_units set at = ${point} from (${fresh}) as given`;
      await write(`${update} where bench_units.unit = given.unit`, rows);
    },
    async nearest(lat, lng) {
      const { rows } = await client.query<{ unit: number }>(
        `select unit from bench_units order by at <-> st_setsrid(st_makepoint($2, $1), 4326)::geography limit ${K}`,
        [lat, lng],
      );
      return rows.map((row) => row.unit);
    },
    close: () => client.end(),
  };
}

/** Its client is no dependency of ours, so this says only whether there is something to compare with. */
export function redis(): string {
  const found = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  return found.status === 0 ? `Redis: ${found.stdout.trim()}, not measured` : 'Redis: not installed';
}
