/**
 * `npm run bench -- nearest [--units 100,10000,…] [--seconds 3] [--postgis URL]`: the k nearest of moving
 * units, ours against others in one run.
 *
 * A fleet in a city-sized square; 10 % of it moves each second, in slices between queries. Every engine
 * answers the same 5-nearest questions over the same positions; what is static is rebuilt once a second
 * and its rebuild is shown. Ours is checked against the scan before it is timed.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { around } from 'geokdbush';
import KDBush from 'kdbush';
import pg from 'pg';
import { createUnitIndex } from '../dispatch/nearest/unit-index.ts';
import { distanceM } from '../ingest/fleet/positions/great-circle.ts';

const K = 5;
/** Share of the fleet that moves in a second. */
const MOVING = 0.1;
/** Slices of a second between which the fleet moves on. */
const SLICES = 10;
/** A square of 0.3°, 33 km: Semarang and a little more. */
const CENTRE = { lat: -6.9903, lng: 110.4229 };
const SPREAD_DEG = 0.3;
/** 10 s at 14 m/s, degrees. */
const STEP_DEG = 140 / 111_195;

interface Moving {
  readonly lats: Float64Array;
  readonly lngs: Float64Array;
}

interface Engine {
  readonly name: string;
  load(fleet: Moving): void | Promise<void>;
  move(unit: number, lat: number, lng: number): void;
  /** Makes moves visible, for engines that are static. */
  refresh(fleet: Moving): void | Promise<void>;
  nearest(lat: number, lng: number): number[] | Promise<number[]>;
  close?(): Promise<void>;
}

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      units: { type: 'string', default: '100,10000,100000,1000000' },
      seconds: { type: 'string', default: '3' },
      postgis: { type: 'string' },
    },
  });
  const rows: Record<string, string | number>[] = [];
  for (const count of values.units.split(',').map(Number)) {
    const engines: (Engine | string)[] = [
      siaga(),
      scan(),
      geokdbush(),
      await postgis(values.postgis),
      redis(),
    ];
    for (const engine of engines) {
      process.stderr.write(`${count} units, ${typeof engine === 'string' ? engine : engine.name}…\n`);
      rows.push(
        typeof engine === 'string'
          ? { units: count, engine }
          : await measure(engine, count, Number(values.seconds)),
      );
    }
  }
  console.table(rows);
}

/** Rounds of one simulated second: moves in slices, queries between them, until the time is over. */
async function measure(
  engine: Engine,
  count: number,
  seconds: number,
): Promise<Record<string, string | number>> {
  const random = seeded(count);
  const fleet: Moving = { lats: new Float64Array(count), lngs: new Float64Array(count) };
  for (let unit = 0; unit < count; unit++) {
    fleet.lats[unit] = CENTRE.lat + SPREAD_DEG * (random() - 0.5);
    fleet.lngs[unit] = CENTRE.lng + SPREAD_DEG * (random() - 0.5);
  }
  const loadStart = performance.now();
  await engine.load(fleet);
  const loadMs = performance.now() - loadStart;
  await verify(engine, fleet, random);
  const queriesUs: number[] = [];
  let moves = 0;
  let movesMs = 0;
  let refreshMs = 0;
  let refreshes = 0;
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    for (let slice = 0; slice < SLICES; slice++) {
      const movesStart = performance.now();
      for (let moved = 0; moved < (count * MOVING) / SLICES; moved++, moves++) {
        const unit = Math.floor(random() * count);
        fleet.lats[unit] = (fleet.lats[unit] as number) + STEP_DEG * (random() - 0.5);
        fleet.lngs[unit] = (fleet.lngs[unit] as number) + STEP_DEG * (random() - 0.5);
        engine.move(unit, fleet.lats[unit] as number, fleet.lngs[unit] as number);
      }
      movesMs += performance.now() - movesStart;
      const queries = count >= 1_000_000 ? 20 : 100;
      for (let query = 0; query < queries && performance.now() < until; query++) {
        const start = performance.now();
        const answer = engine.nearest(
          CENTRE.lat + SPREAD_DEG * (random() - 0.5),
          CENTRE.lng + SPREAD_DEG * (random() - 0.5),
        );
        if (answer instanceof Promise) await answer;
        queriesUs.push((performance.now() - start) * 1000);
      }
    }
    const refreshStart = performance.now();
    await engine.refresh(fleet);
    refreshMs += performance.now() - refreshStart;
    refreshes++;
  }
  await engine.close?.();
  queriesUs.sort((a, b) => a - b);
  const percentile = (share: number) =>
    Math.round(queriesUs[Math.floor(share * (queriesUs.length - 1))] as number);
  return {
    units: count,
    engine: engine.name,
    'p50 µs': percentile(0.5),
    'p99 µs': percentile(0.99),
    queries: queriesUs.length,
    'updates/s': Math.round(moves / (movesMs / 1000)),
    'load ms': Math.round(loadMs),
    'refresh ms': Math.round(refreshMs / refreshes),
  };
}

/** An engine that answers wrongly is not timed. Distances are compared, since ties may come in any order. */
async function verify(engine: Engine, fleet: Moving, random: () => number): Promise<void> {
  const reference = scan();
  reference.load(fleet);
  for (let query = 0; query < 5; query++) {
    const at = {
      lat: CENTRE.lat + SPREAD_DEG * (random() - 0.5),
      lng: CENTRE.lng + SPREAD_DEG * (random() - 0.5),
    };
    const distances = (units: readonly number[]) =>
      units.map((unit) =>
        distanceM(at, { lat: fleet.lats[unit] as number, lng: fleet.lngs[unit] as number }),
      );
    const expected = distances(await reference.nearest(at.lat, at.lng));
    const answered = distances(await engine.nearest(at.lat, at.lng));
    for (const [rank, each] of expected.entries()) {
      if (Math.abs(each - (answered[rank] ?? Number.NaN)) < 0.5) continue;
      throw new Error(`${engine.name} answers wrongly: ${answered} instead of ${expected}`);
    }
  }
}

function siaga(): Engine {
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
function scan(): Engine {
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

function geokdbush(): Engine {
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
async function postgis(url: string | undefined): Promise<Engine | string> {
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
function redis(): string {
  const found = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  return found.status === 0 ? `Redis: ${found.stdout.trim()}, not measured` : 'Redis: not installed';
}

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}
