/**
 * The units as dispatch sees them: where, in what state, free or taken, and whether they can be sent.
 *
 * Positions and status come from the fleet (the present, filtered), locks from the state database through the
 * assignments. Feeds the index of the nearest: only units that could be sent stand in it. Invariant: a unit
 * stands in the index exactly when `refusal` finds nothing that time cannot change; what depends on the
 * clock (age of the fix, silence) is judged when asked.
 */

import type { City } from '../../cities/city.ts';
import type { DispatchUnitsTable } from '../../database/dispatch-tables.ts';
import { isAmbulance } from '../../devices/kinds/ambulance.ts';
import type { Reading } from '../../devices/reading.ts';
import type { Fleet, Liveness } from '../../fleet/fleet.ts';
import {
  type Fix,
  filterPosition,
  fixOf,
  type PositionOutcome,
  type PositionState,
} from '../../fleet/positions/position-filter.ts';
import type { LiveRegistry } from '../../fleet/registry.ts';
import { createUnitIndex, type UnitIndex } from '../nearest/unit-index.ts';
import type { Vehicle } from '../roads/road-classes.ts';
import { type Observation, UnitWords } from './unit-words.ts';

export interface Lock {
  readonly version: number;
  readonly assignment: number | undefined;
  readonly outOfService: string | undefined;
  /** Why a patient may be aboard although it has no assignment. */
  readonly patientDoubt: string | undefined;
}

export interface WithheldUnit extends Pick<Lock, 'outOfService' | 'patientDoubt'> {
  readonly unit: string;
}

export interface UnitNow {
  readonly unit: string;
  readonly callSign: string;
  readonly vehicle: Vehicle;
  readonly canTransport: boolean;
  readonly lock: Lock;
  /** The crew's word; undefined before the first reading that has one. */
  readonly status: string | undefined;
  readonly fix: Fix | undefined;
  /** Milliseconds since the fix, by the clocks of device and server; never negative. */
  readonly fixAgeMs: number | undefined;
  readonly isMoving: boolean;
  readonly batteryPct: number | undefined;
  /** Of the newest reading, by the device's clock. */
  readonly lastWordMeasuredMs: number | undefined;
  readonly liveness: Liveness;
}

/** What the fleet calls the present, although it may not follow the last place that is known here. */
const BELIEVED_ANYWAY: ReadonlySet<PositionOutcome> = new Set(['too-fast', 'repeat', 'older']);
/** Faster than a walk. */
const MOVING_MPS = 1.4;
const FREE: Lock = {
  version: 0,
  assignment: undefined,
  outOfService: undefined,
  patientDoubt: undefined,
};

export class UnitBoard {
  readonly #fleet: Fleet;
  readonly #units = new Map<string, { callSign: string; vehicle: Vehicle }>();
  readonly #locks = new Map<string, Lock>();
  /** Where each unit is; a parked one stays, whatever a coarse fix says. */
  readonly #positions = new Map<string, PositionState>();
  readonly index: UnitIndex = createUnitIndex();
  readonly words: UnitWords;

  constructor(registry: Pick<LiveRegistry, 'cityNow' | 'follow'>, fleet: Fleet) {
    this.#fleet = fleet;
    this.words = new UnitWords((unit) => fleet.now(unit)?.health.clock);
    this.#takeUnits(registry.cityNow);
    registry.follow(({ now }) => this.#takeUnits(now));
  }

  /** Units come, go and are changed while we run. */
  #takeUnits({ devices }: City): void {
    const ambulances = new Map(devices.filter(isAmbulance).map((each) => [each.id, each]));
    for (const unit of this.#units.keys()) {
      if (ambulances.has(unit)) continue;
      this.#units.delete(unit);
      this.index.remove(unit);
    }
    for (const { id, callSign, vehicle } of ambulances.values()) {
      const isNew = !this.#units.has(id);
      this.#units.set(id, { callSign, vehicle });
      if (isNew) this.#placeNew(id);
    }
  }

  #placeNew(unit: string): void {
    const { last, lastFix } = this.#fleet.now(unit) ?? {};
    // Its last word may have come without a position.
    const fix = lastFix && fixOf(lastFix);
    if (fix && lastFix !== last) this.#place(unit, fix);
    if (last) this.observe(last);
  }

  get size(): number {
    return this.#units.size;
  }

  ids(): IterableIterator<string> {
    return this.#units.keys();
  }

  vehicleOf(unit: string): Vehicle | undefined {
    return this.#units.get(unit)?.vehicle;
  }

  callSignOf(unit: string): string | undefined {
    return this.#units.get(unit)?.callSign;
  }

  lockOf(unit: string): Lock {
    return this.#locks.get(unit) ?? FREE;
  }

  /** Units that are out of service or may carry a patient, by id; at most so many. */
  withheld(limit: number): WithheldUnit[] {
    const found: WithheldUnit[] = [];
    for (const unit of this.#units.keys()) {
      const { outOfService, patientDoubt } = this.lockOf(unit);
      if (outOfService === undefined && patientDoubt === undefined) continue;
      found.push({ unit, outOfService, patientDoubt });
      if (found.length >= limit) break;
    }
    return found;
  }

  /** Grows by one with each change of any lock: two equal answers mean that nothing was assigned between. */
  get version(): number {
    let sum = 0;
    for (const lock of this.#locks.values()) sum += lock.version;
    return sum;
  }

  /** A lock as the database has committed it. Commits may be told out of order: the newest stays. */
  setLock(row: DispatchUnitsTable): void {
    const known = this.#locks.get(row.unit);
    if (known && known.version >= row.version) return;
    this.#locks.set(row.unit, {
      version: Number(row.version),
      assignment: row.assignment === null ? undefined : Number(row.assignment),
      outOfService: row.out_of_service ?? undefined,
      patientDoubt: row.patient_doubt ?? undefined,
    });
    this.#reindex(row.unit);
  }

  /** Nobody is offered a unit that may carry a patient, also before the database knows of it. */
  doubt(unit: string, patientDoubt: string | undefined): void {
    this.#locks.set(unit, { ...this.lockOf(unit), patientDoubt });
    this.#reindex(unit);
  }

  /** A reading of the present. `changed` is the crew's word when it is another than before. */
  observe(reading: Reading): Observation | undefined {
    if (!this.#units.has(reading.device)) return undefined;
    const observation = this.words.observe(reading);
    const fix = fixOf(reading);
    if (fix) this.#place(reading.device, fix);
    this.#reindex(reading.device);
    return observation;
  }

  /** A reading that is not the present: only its crew's word may count; the position stays. */
  observeWord(reading: Reading): Observation | undefined {
    if (!this.#units.has(reading.device)) return undefined;
    const observation = this.words.observe(reading);
    this.#reindex(reading.device);
    return observation;
  }

  /** Our clock was set by `stepMs` and says `nowMs`: no fix was taken and no word said later. */
  clockSet(nowMs: number, stepMs: number): void {
    this.words.clockSet(nowMs, stepMs);
    for (const [unit, { present }] of this.#positions) {
      if (present.measuredAt <= nowMs) continue;
      this.#positions.set(unit, { present: { ...present, measuredAt: nowMs }, refused: [] });
    }
  }

  now(unit: string, atMs: number): UnitNow | undefined {
    const known = this.#units.get(unit);
    const device = known && this.#fleet.now(unit);
    if (!known || !device) return undefined;
    const fix = this.#positions.get(unit)?.present;
    const batteryPct = device.last?.values['batteryPct'];
    return {
      unit,
      ...known,
      canTransport: known.vehicle === 'transport',
      lock: this.lockOf(unit),
      status: this.words.of(unit)?.status,
      fix,
      fixAgeMs: fix && Math.max(0, atMs - fix.measuredAt),
      isMoving: (fix?.speedMps ?? 0) > MOVING_MPS,
      batteryPct: typeof batteryPct === 'number' ? batteryPct : undefined,
      lastWordMeasuredMs: device.last?.measuredAt,
      liveness: this.#fleet.liveness(device, atMs),
    };
  }

  /** Where the unit is after a fix that ingest has let through: not always where the fix is. */
  #place(unit: string, fix: Fix): void {
    const { state, verdict } = filterPosition(this.#positions.get(unit), fix);
    // Ingest has seen those that it refused, and believed this one; of two with one time the later stands, and what
    // was measured later by a clock that was ahead was not.
    const isBelieved = BELIEVED_ANYWAY.has(verdict.outcome);
    const next = isBelieved ? filterPosition(undefined, fix).state : state;
    if (next) this.#positions.set(unit, next);
  }

  #reindex(unit: string): void {
    const { assignment, outOfService, patientDoubt } = this.lockOf(unit);
    const at = this.#positions.get(unit)?.present;
    const canBeSent =
      assignment === undefined &&
      outOfService === undefined &&
      patientDoubt === undefined &&
      this.words.of(unit)?.status === 'available';
    if (at && canBeSent) this.index.upsert(unit, at.lat, at.lng);
    else this.index.remove(unit);
  }
}
