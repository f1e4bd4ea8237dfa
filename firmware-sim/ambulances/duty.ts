/**
 * The duty of one ambulance, state by state: what it does now and what comes after it.
 *
 *   waiting (available, at base or a standby point) ⇄ cruising (available)
 *   → driving to the scene (en-route) → working (on-scene)
 *   → driving to the hospital (transporting) → handing over (at-hospital) → returning (available) → waiting
 *
 * Motorcycles never transport. Invariant: a unit has at most one assignment; time only moves it forward,
 * and however rarely it is looked at, it passes through the same states.
 */

import { distanceM, type Position } from '../../cities/great-circle.ts';
import type { AmbulanceStatus } from '../../devices/kinds/ambulance.ts';
import { between, pick, type Random } from '../random.ts';
import type { RoadMap, Vehicle } from './road-map.ts';
import { createTrip, type Motion, type Trip } from './trip.ts';

/** How long each halt lasts, real seconds: shorter than in life, so that a case passes in minutes. */
export interface Pace {
  readonly standbyS: readonly [number, number];
  readonly onSceneS: readonly [number, number];
  readonly handoverS: readonly [number, number];
}
export const DEMO_PACE: Pace = { standbyS: [60, 300], onSceneS: [60, 180], handoverS: [45, 120] };

/** A standby point this close to a base counts as back at the base. */
const AT_BASE_M = 30;

export interface Case {
  /** The server's assignment; absent for a patient the crew came across. */
  readonly assignment: string | undefined;
  readonly scene: Position;
  /** Where a patient is brought; the nearest hospital when absent. */
  readonly hospital: Position | undefined;
}

type Stage =
  | { readonly doing: 'waiting'; readonly position: Position; readonly untilMs: number }
  | { readonly doing: Driving; readonly trip: Trip; readonly sinceMs: number; readonly end: Position }
  | { readonly doing: Working; readonly position: Position; readonly untilMs: number };
type Driving = 'cruising' | 'to-scene' | 'to-hospital' | 'returning';
type Working = 'on-scene' | 'at-hospital';

const STATUS: Readonly<Record<Stage['doing'], AmbulanceStatus>> = {
  waiting: 'available',
  cruising: 'available',
  'to-scene': 'en-route',
  'on-scene': 'on-scene',
  'to-hospital': 'transporting',
  'at-hospital': 'at-hospital',
  returning: 'available',
};

export interface DutySettings {
  readonly vehicle: Vehicle;
  readonly base: Position;
  readonly roads: RoadMap | undefined;
  readonly hospitals: readonly Position[];
  readonly pace: Pace;
  /** Chance that a crew that leaves its standby does so for a patient on its own account. */
  readonly ownCaseChance: number;
  readonly random: Random;
}

export class Duty {
  readonly #settings: DutySettings;
  #stage: Stage;
  #case: Case | undefined;

  constructor(settings: DutySettings, nowMs: number) {
    this.#settings = settings;
    // The first wait is shorter for some: a city that all stands still looks broken.
    this.#stage = this.#wait(settings.base, nowMs, [0, settings.pace.standbyS[1]]);
  }

  get status(): AmbulanceStatus {
    return STATUS[this.#stage.doing];
  }

  get assignment(): string | undefined {
    return this.#case?.assignment;
  }

  /** Whether a dispatcher could send it now. */
  get free(): boolean {
    return this.status === 'available';
  }

  /** Where it truly is. Moves on to the stage that this instant belongs to. */
  advance(nowMs: number): Motion {
    for (let next = this.#next(nowMs); next; next = this.#next(nowMs)) this.#stage = next;
    const stage = this.#stage;
    if ('trip' in stage) return stage.trip.at((nowMs - stage.sinceMs) / 1000);
    return { position: stage.position, speedMps: 0, headingDeg: 0 };
  }

  /** Takes a case: drives to its scene from wherever it is. */
  take(taken: Case, nowMs: number): void {
    const { position } = this.advance(nowMs);
    this.#case = taken;
    this.#stage = this.#drive('to-scene', position, taken.scene, nowMs);
  }

  /** The scene is elsewhere, or the hospital another: drives there when it has not arrived yet. */
  correct(corrected: Case, nowMs: number): void {
    this.advance(nowMs);
    if (this.#stage.doing === 'to-scene') this.take(corrected, nowMs);
  }

  /** Gives up its case and goes back to its base; with a patient on board it brings him in first. */
  release(nowMs: number): void {
    const { position } = this.advance(nowMs);
    if (this.#stage.doing === 'to-hospital' || this.#stage.doing === 'at-hospital') return;
    this.#case = undefined;
    this.#stage = this.#drive('returning', position, this.#settings.base, nowMs);
  }

  /** The stage after the present one when that has ended by now, starting exactly at its end. */
  #next(nowMs: number): Stage | undefined {
    const stage = this.#stage;
    const { pace, base } = this.#settings;
    const endMs = 'trip' in stage ? stage.sinceMs + stage.trip.durationS * 1000 : stage.untilMs;
    if (nowMs < endMs) return undefined;
    switch (stage.doing) {
      case 'waiting':
        return this.#leaveStandby(stage.position, endMs);
      case 'cruising':
      case 'returning':
        return this.#wait(stage.end, endMs, pace.standbyS);
      case 'to-scene':
        return this.#work('on-scene', stage.end, endMs, pace.onSceneS);
      case 'on-scene':
        return this.#leaveScene(stage.position, endMs);
      case 'to-hospital':
        return this.#work('at-hospital', stage.end, endMs, pace.handoverS);
      case 'at-hospital':
        this.#case = undefined;
        return this.#drive('returning', stage.position, base, endMs);
    }
  }

  #leaveStandby(from: Position, nowMs: number): Stage {
    const { roads, random, base, ownCaseChance } = this.#settings;
    if (!roads || roads.junctions.length === 0) return this.#wait(from, nowMs, this.#settings.pace.standbyS);
    if (random() < ownCaseChance) {
      this.#case = { assignment: undefined, scene: pick(random, roads.junctions), hospital: undefined };
      return this.#drive('to-scene', from, this.#case.scene, nowMs);
    }
    const home = distanceM(from, base) < AT_BASE_M;
    return this.#drive('cruising', from, home ? pick(random, roads.junctions) : base, nowMs);
  }

  #leaveScene(from: Position, nowMs: number): Stage {
    const { vehicle, hospitals, base } = this.#settings;
    const hospital = this.#case?.hospital ?? nearestTo(from, hospitals);
    if (vehicle === 'transport' && hospital) return this.#drive('to-hospital', from, hospital, nowMs);
    this.#case = undefined;
    return this.#drive('returning', from, base, nowMs);
  }

  #wait(position: Position, nowMs: number, rangeS: readonly [number, number]): Stage {
    return { doing: 'waiting', position, untilMs: nowMs + between(this.#settings.random, ...rangeS) * 1000 };
  }

  #work(doing: Working, position: Position, nowMs: number, rangeS: readonly [number, number]): Stage {
    return { doing, position, untilMs: nowMs + between(this.#settings.random, ...rangeS) * 1000 };
  }

  #drive(doing: Driving, from: Position, to: Position, nowMs: number): Stage {
    const { roads, vehicle, random } = this.#settings;
    // Without a road network a unit rides straight, at a city's ordinary 28 km/h.
    const way = roads?.findWay(from, to, vehicle) ?? [{ to, speedMps: 28 / 3.6 }];
    return { doing, trip: createTrip(from, way, random), sinceMs: nowMs, end: to };
  }
}

function nearestTo(from: Position, places: readonly Position[]): Position | undefined {
  let nearest: Position | undefined;
  for (const place of places) {
    if (!nearest || distanceM(from, place) < distanceM(from, nearest)) nearest = place;
  }
  return nearest;
}
