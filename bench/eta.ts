/**
 * `npm run bench -- eta [--roads FILE] [--trips 1600] [--strength 1] [--geolife FILE]`: how wrong travel times are
 * before and after the fleet has taught them, each trip judged before it is learned from.
 *
 * FILE is an Overpass answer or GeoJSON; without it the city's main roads are driven. The traffic is simulated
 * (eta-traces.child.ts), at odds with the class speeds by `strength`, 0 to 1. GeoLife's real traces have no roads
 * here: there each stretch of 250 m is foretold, by 28 km/h in a straight line and by what was learned of its cell and
 * hour.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { pino } from 'pino';
import { loadCity } from '../cities/city.ts';
import { distanceM } from '../cities/great-circle.ts';
import { cityEdges } from '../dispatch/roads/city-roads.ts';
import { closeIslands } from '../dispatch/roads/islands.ts';
import { parseOsm } from '../dispatch/roads/osm/parse-osm.ts';
import { PaceMemory } from '../dispatch/roads/pace/pace-memory.ts';
import { RoadPace } from '../dispatch/roads/pace/road-pace.ts';
import { Stretches } from '../dispatch/roads/pace/stretches.ts';
import { STRAIGHT_MPS, VEHICLES, type Vehicle } from '../dispatch/roads/road-classes.ts';
import { createRoadGraph } from '../dispatch/roads/road-graph.ts';
import { createRoadNetwork } from '../dispatch/roads/road-network.ts';
import { Traffic } from './eta-traces.child.ts';

const START_MS = Date.UTC(2026, 0, 15);
const TIME_ZONE = 'Asia/Jakarta';
/** A fleet of some ten units: forty trips a day. */
const TRIP_EVERY_MS = (24 * 3_600_000) / 40;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      roads: { type: 'string' },
      trips: { type: 'string', default: '1600' },
      strength: { type: 'string', default: '1' },
      geolife: { type: 'string' },
    },
  });
  await simulate(values.roads, Number(values.trips), Number(values.strength));
  const { geolife } = values;
  if (geolife && existsSync(geolife)) foretellStretches(geolife);
  else console.log('GeoLife: no file (--geolife geolife-sample.txt.gz)');
}

interface Judged {
  readonly takenS: number;
  readonly usualS: number;
  readonly learnedS: number;
}

async function simulate(file: string | undefined, trips: number, strength: number): Promise<void> {
  const city = loadCity('semarang');
  const list = file
    ? closeIslands(parseOsm(JSON.parse(readFileSync(file, 'utf8'))).list).list
    : city.roads && cityEdges(city.roads);
  if (!list) throw new Error('the city has no roads');
  const random = seeded(7);
  const usual = createRoadNetwork(createRoadGraph(list, 'class speeds'));
  const network = createRoadNetwork(createRoadGraph(list, 'learned'));
  const traffic = new Traffic(usual.graph, random, strength);
  const folder = mkdtempSync(join(tmpdir(), 'siaga-eta-'));
  let nowMs = START_MS;
  const counts = new Map<string, number>();
  const pace = new RoadPace({
    network,
    memory: new PaceMemory(),
    file: `${folder}/bench.pace`,
    timeZone: TIME_ZONE,
    isThere: () => true,
    now: () => nowMs,
    log: pino({ level: 'error' }),
    count: (outcome) => counts.set(outcome, (counts.get(outcome) ?? 0) + 1),
  });
  const judged: Judged[] = [];
  for (let number = 0; number < trips; number++) {
    nowMs = START_MS + number * TRIP_EVERY_MS * (0.5 + random());
    const vehicle = VEHICLES[Math.floor(random() * 2)] as Vehicle;
    const hour = new Date(nowMs + 7 * 3_600_000).getUTCHours();
    const trip = traffic.drive(vehicle, nowMs, hour);
    pace.tick();
    const etaOf = ({ travelTimes }: typeof network) =>
      travelTimes(trip.end, [{ ...trip.start, vehicle }], 1)[0];
    const [usualS, learnedS] = [etaOf(usual), etaOf(network)];
    if (usualS !== undefined && learnedS !== undefined)
      judged.push({ takenS: trip.takenS, usualS, learnedS });
    for (const fix of trip.fixes) {
      const { lat, lng, measuredAt, accuracyM = 5 } = fix;
      const values = { lat, lng, accuracyM, status: 'en-route' };
      const reading = { city: 'bench', kind: 'ambulance', device: `u${number}`, receivedAt: measuredAt };
      pace.observe({ ...reading, measuredAt, simulated: false, quality: 0, values }, vehicle);
    }
  }
  await pace.write();
  rmSync(folder, { recursive: true });
  console.log(
    `${judged.length} trips on ${file ?? "semarang's main roads"}; stretches: ${JSON.stringify(Object.fromEntries(counts))}`,
  );
  tabulate('trip', judged);
}

/** Two people in Beijing, 2008; the file is in UTC. */
function foretellStretches(file: string): void {
  const memory = new PaceMemory();
  const judged: Judged[] = [];
  const stretches = new Stretches({
    usualS: (from, to) => distanceM(from, to) / STRAIGHT_MPS,
    learn(stretch) {
      const { vehicle, cell, hour, usualS, takenS } = stretch;
      judged.push({ takenS, usualS, learnedS: usualS * memory.factor(vehicle, cell, hour) });
      return memory.learn(stretch);
    },
    count: () => {},
  });
  const [, ...lines] = gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n');
  const rows = lines.map((line) => line.split(',') as [string, string, string, string]);
  rows.sort((a, b) => (a[2] < b[2] ? -1 : 1));
  for (const [lat, lng, time, uid] of rows) {
    const measuredAt = Date.parse(`${time.replace(' ', 'T')}Z`);
    const hour = new Date(measuredAt + 8 * 3_600_000).getUTCHours();
    const fix = { lat: Number(lat), lng: Number(lng), measuredAt };
    stretches.observe({ unit: uid.trim(), vehicle: 'transport', status: 'en-route', fix, hour });
  }
  console.log(`GeoLife: ${rows.length} fixes, ${judged.length} stretches`);
  tabulate('stretch', judged);
}

function tabulate(what: string, judged: readonly Judged[]): void {
  const rows: Record<string, string | number>[] = [];
  for (let start = 0, end = 100; start < judged.length; start = end, end *= 4) {
    const part = judged.slice(start, end);
    const of = (key: 'usualS' | 'learnedS') => {
      const errors = part.map((each) => each[key] - each.takenS);
      const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
      const shares = part
        .map((each, index) => Math.abs(errors[index] as number) / each.takenS)
        .sort((a, b) => a - b);
      return {
        mae: Math.round(mean(errors.map(Math.abs))),
        bias: Math.round(mean(errors)),
        median: `${Math.round((shares[Math.floor(shares.length / 2)] as number) * 100)} %`,
      };
    };
    const [usual, learned] = [of('usualS'), of('learnedS')];
    rows.push({
      [what]: `${start + 1}–${start + part.length}`,
      'class MAE s': usual.mae,
      'learned MAE s': learned.mae,
      'class bias s': usual.bias,
      'learned bias s': learned.bias,
      'class median error': usual.median,
      'learned median error': learned.median,
    });
  }
  console.table(rows);
}

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}
