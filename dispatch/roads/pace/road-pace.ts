/**
 * The pace of the city's roads at this hour: takes what the fleet has learned into the travel times, and keeps it on
 * disk.
 *
 * Stands between the readings of the present (observe), the clock (tick) and the network's seconds. Invariants: a
 * travel time is never below the vehicle's top speed, so that what is bounded by it stays exact; ferries keep their
 * timetable; what is closed stays closed; a disk that fails costs what was learned since, and no travel time.
 */
import { latLngToCell } from 'h3-js';
import type { Logger } from 'pino';
import type { Reading } from '../../../devices/reading.ts';
import { fixOf } from '../../../fleet/positions/position-filter.ts';
import { CLASS_NUMBERS, topSpeedMps, VEHICLES, type Vehicle } from '../road-classes.ts';
import type { RoadGraph } from '../road-graph.ts';
import type { RoadNetwork } from '../road-network.ts';
import { writePace } from './pace-file.ts';
import type { PaceMemory } from './pace-memory.ts';
import { PACE_CELL_RESOLUTION, Stretches, type StretchOutcome } from './stretches.ts';

export interface RoadPaceDependencies {
  readonly network: RoadNetwork;
  readonly memory: PaceMemory;
  readonly file: string;
  readonly timeZone: string;
  /** Whether a unit is still of the city. */
  readonly isThere: (unit: string) => boolean;
  readonly now: () => number;
  readonly log: Logger;
  readonly count: (outcome: StretchOutcome) => void;
}

/** Learned stretches are taken into the times this often, and at each hour; a few milliseconds for a city's roads. */
const APPLY_EVERY_MS = 5 * 60_000;
const WRITE_EVERY_MS = 10 * 60_000;
const FERRY_CLASS = CLASS_NUMBERS.indexOf('ferry');

export class RoadPace {
  readonly #dependencies: RoadPaceDependencies;
  readonly #stretches: Stretches;
  /** By the speeds of the classes, as the network was made. */
  readonly #usualS: Readonly<Record<Vehicle, Float64Array>>;
  readonly #cells: readonly string[];
  /** Of each edge: its place in `#cells`. */
  readonly #cellOf: Uint32Array;
  readonly #hourFormat: Intl.DateTimeFormat;
  #applied = { hour: -1, atMs: Number.NEGATIVE_INFINITY, stretches: 0 };
  #written: { atMs: number; stretches: number };
  #writing: Promise<void> = Promise.resolve();

  constructor(dependencies: RoadPaceDependencies) {
    this.#dependencies = dependencies;
    const { network, memory, now, timeZone, count } = dependencies;
    const { secondsOf } = network.graph;
    this.#usualS = { motorcycle: secondsOf.motorcycle.slice(), transport: secondsOf.transport.slice() };
    [this.#cells, this.#cellOf] = cellsOfEdges(network.graph);
    this.#hourFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', hourCycle: 'h23', timeZone });
    this.#written = { atMs: now(), stretches: memory.stretches };
    const measure = network.measureUsual(this.#usualS);
    this.#stretches = new Stretches({
      usualS: measure,
      learn: (stretch) => memory.learn(stretch),
      count,
    });
    this.tick();
  }

  /** A reading of the present. An exercise teaches nothing of the traffic. */
  observe(reading: Reading, vehicle: Vehicle): void {
    const { device, receivedAt, simulated, values } = reading;
    const fix = fixOf(reading);
    if (simulated || !fix) return;
    const status = typeof values['status'] === 'string' ? values['status'] : undefined;
    this.#stretches.observe({ unit: device, vehicle, status, fix, hour: this.#hourOf(receivedAt) });
  }

  tick(): void {
    const { isThere, memory, network, now } = this.#dependencies;
    const atMs = now();
    const hour = this.#hourOf(atMs);
    const isNew = memory.stretches !== this.#applied.stretches && atMs - this.#applied.atMs >= APPLY_EVERY_MS;
    if (hour !== this.#applied.hour || isNew) {
      this.#apply(hour);
      network.notePace(memory.stretches);
      this.#stretches.forget(isThere);
      this.#applied = { hour, atMs, stretches: memory.stretches };
    }
    if (atMs - this.#written.atMs >= WRITE_EVERY_MS) void this.write();
  }

  /** Resolves when what is known is on disk; one after the other. */
  write(): Promise<void> {
    const { file, memory, now, log } = this.#dependencies;
    if (memory.stretches === this.#written.stretches) return this.#writing;
    this.#written = { atMs: now(), stretches: memory.stretches };
    this.#writing = this.#writing
      .then(() => writePace(file, memory))
      .catch((error: unknown) =>
        log.error({ err: error, file }, 'what was learned of the roads was not written'),
      );
    return this.#writing;
  }

  #apply(hour: number): void {
    const { memory, network } = this.#dependencies;
    const { secondsOf, classes, lengthsM } = network.graph;
    if (memory.stretches === 0) return;
    for (const vehicle of VEHICLES) {
      const factors = this.#cells.map((cell) => memory.factor(vehicle, cell, hour));
      const [seconds, usualS] = [secondsOf[vehicle], this.#usualS[vehicle]];
      const leastPerM = 1 / topSpeedMps(vehicle);
      for (let edge = 0; edge < seconds.length; edge++) {
        const usual = usualS[edge] as number;
        if (usual === Number.POSITIVE_INFINITY || classes[edge] === FERRY_CLASS) continue;
        const learned = usual * (factors[this.#cellOf[edge] as number] as number);
        seconds[edge] = Math.max(learned, (lengthsM[edge] as number) * leastPerM);
      }
    }
  }

  #hourOf(atMs: number): number {
    return Number(this.#hourFormat.format(atMs));
  }
}

function cellsOfEdges({ from, to, lats, lngs }: RoadGraph): [cells: string[], cellOf: Uint32Array] {
  const numbers = new Map<string, number>();
  const cellOf = Uint32Array.from(from, (start, edge) => {
    const end = to[edge] as number;
    const lat = ((lats[start] as number) + (lats[end] as number)) / 2;
    const lng = ((lngs[start] as number) + (lngs[end] as number)) / 2;
    const cell = latLngToCell(lat, lng, PACE_CELL_RESOLUTION);
    const number = numbers.get(cell) ?? numbers.size;
    numbers.set(cell, number);
    return number;
  });
  return [[...numbers.keys()], cellOf];
}
