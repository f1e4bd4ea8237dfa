/**
 * `npm run bench -- nearest [--units 100,10000,…] [--seconds 3] [--postgis URL]`: the k nearest of moving
 * units, ours against others in one run.
 *
 * A fleet in a city-sized square; 10 % of it moves each second, in slices between queries. Every engine
 * answers the same 5-nearest questions over the same positions; what is static is rebuilt once a second
 * and its rebuild is shown. Ours is checked against the scan before it is timed.
 */
import { parseArgs } from 'node:util';
import { distanceM } from '../cities/great-circle.ts';
import { type Engine, geokdbush, type Moving, postgis, redis, scan, siaga } from './nearest-engines.child.ts';

/** Share of the fleet that moves in a second. */
const MOVING = 0.1;
/** Slices of a second between which the fleet moves on. */
const SLICES = 10;
/** A square of 0.3°, 33 km: Semarang and a little more. */
const CENTRE = { lat: -6.9903, lng: 110.4229 };
const SPREAD_DEG = 0.3;
/** 10 s at 14 m/s, degrees. */
const STEP_DEG = 140 / 111_195;

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

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}
