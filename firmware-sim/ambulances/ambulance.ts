/**
 * An ambulance as its tracker and its crew's handset behave: position and duty status up, orders down.
 *
 * Stands between the duty (where the unit truly is and what it does) and MQTT. The crew answers an order
 * after some seconds, refuses now and then, or never answers, at rates that are configured. Invariant: an
 * order repeated by the server is answered as before and never taken twice; only a free unit accepts.
 */
import type { City } from '../../cities/city.ts';
import type { AmbulanceUnit } from '../../devices/kinds/ambulance.ts';
import type { Cancel, Clock } from '../clock.ts';
import type { Behaviour, Measured } from '../device/device.ts';
import { between, type Random } from '../random.ts';
import { type Acknowledgement, type Command, destinationOf, parseCommand } from './command.ts';
import { type Case, Duty, type Pace } from './duty.ts';
import { createReceiver, type Shadow } from './gps.ts';
import type { RoadMap } from './road-map.ts';

export interface Crew {
  /** Chance that an order gets no answer at all: the handset lies in the vehicle. */
  readonly silentChance: number;
  readonly refuseChance: number;
  readonly answerS: readonly [number, number];
  /** From the answer until the wheels turn. */
  readonly turnoutS: readonly [number, number];
}
export const USUAL_CREW: Crew = {
  silentChance: 0.05,
  refuseChance: 0.05,
  answerS: [2, 8],
  turnoutS: [8, 25],
};

/** A moving unit reports every five seconds; a parked one less often, well within `silentAfterS`. */
const MOVING_INTERVAL_MS = 5_000;
const PARKED_INTERVAL_MS = 15_000;
/** Answers remembered, so that a repeated order gets the same one. */
const MAX_REMEMBERED = 32;

export interface AmbulanceParts {
  readonly unit: AmbulanceUnit;
  readonly city: City;
  readonly roads: RoadMap | undefined;
  readonly shadows: readonly Shadow[];
  readonly pace: Pace;
  readonly crew: Crew;
  readonly ownCaseChance: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly acknowledge: (answer: Acknowledgement) => void;
  /** Asks the device to report at once: the status has changed. */
  readonly reportNow: () => void;
}

type Dispatch = Extract<Command, { command: 'dispatch' }>;

function caseOf({ assignment, incident: { lat, lng }, ...order }: Dispatch): Case {
  return { assignment, scene: { lat, lng }, hospital: destinationOf(order) };
}

export class Ambulance implements Behaviour {
  readonly #parts: AmbulanceParts;
  readonly #duty: Duty;
  readonly #receive: ReturnType<typeof createReceiver>;
  readonly #answers = new Map<string, Acknowledgement['ack'] | 'thinking' | 'silent'>();
  /** Each order as it was last sent, of those in `#answers`. */
  readonly #newest = new Map<string, Dispatch>();
  /** Orders that the crew thinks about or turns out for. */
  readonly #pending = new Map<string, Cancel>();
  #isTurningOut = false;
  #batteryPct: number;
  #isMoving = false;
  #misunderstood = 0;

  constructor(parts: AmbulanceParts) {
    const { unit, city, clock, random } = parts;
    const base = city.bases.find((each) => each.id === unit.base) ?? unit;
    this.#parts = parts;
    this.#duty = new Duty(
      {
        vehicle: unit.vehicle,
        base: { lat: base.lat, lng: base.lng },
        roads: parts.roads,
        hospitals: city.hospitals,
        pace: parts.pace,
        ownCaseChance: parts.ownCaseChance,
        random,
      },
      clock.now(),
    );
    this.#receive = createReceiver(parts.shadows, random);
    this.#batteryPct = between(random, 60, 100);
  }

  /** Orders whose payload was not understood. */
  get misunderstood(): number {
    return this.#misunderstood;
  }

  intervalMs(): number {
    return this.#isMoving ? MOVING_INTERVAL_MS : PARKED_INTERVAL_MS;
  }

  measure(nowMs: number): Measured | undefined {
    const motion = this.#duty.advance(nowMs);
    const fix = this.#receive(motion.position);
    this.#isMoving = motion.speedMps > 0;
    // A tracker lasts a shift; the cradle charges it whenever the unit stands.
    this.#batteryPct = Math.max(8, Math.min(100, this.#batteryPct + (this.#isMoving ? -0.01 : 0.05)));
    if (!fix) return undefined;
    return {
      lat: Number(fix.position.lat.toFixed(6)),
      lng: Number(fix.position.lng.toFixed(6)),
      accuracyM: Number(fix.accuracyM.toFixed(1)),
      speedMps: Number(motion.speedMps.toFixed(1)),
      ...(this.#isMoving ? { headingDeg: Math.round(motion.headingDeg) % 360 } : {}),
      batteryPct: Math.round(this.#batteryPct),
      status: this.#duty.status,
    };
  }

  onCommand(payload: Buffer): void {
    const order = parseCommand(payload);
    if (!order) this.#misunderstood++;
    else if (order.command === 'dispatch') this.#onDispatch(order);
    else this.#onCancel(order.assignment);
  }

  stop(): void {
    for (const cancel of this.#pending.values()) cancel();
  }

  #onDispatch(order: Dispatch): void {
    const { assignment } = order;
    const { clock, crew, random } = this.#parts;
    const before = this.#answers.get(assignment);
    const last = this.#newest.get(assignment);
    this.#newest.set(assignment, order);
    // Repeated with another content: the dispatcher has corrected it.
    const isCorrected = last !== undefined && JSON.stringify(last) !== JSON.stringify(order);
    if (isCorrected && this.#duty.assignment === assignment) this.#duty.correct(caseOf(order), clock.now());
    if (before === 'accepted' || before === 'refused') this.#acknowledge(assignment, before);
    if (before) return;
    if (this.#answers.size >= MAX_REMEMBERED) this.#forgetOldest();
    const isSilent = random() < crew.silentChance;
    this.#answers.set(assignment, isSilent ? 'silent' : 'thinking');
    if (!isSilent) this.#wait(assignment, crew.answerS, () => this.#answer(assignment));
  }

  #answer(assignment: string): void {
    const { clock, crew, random } = this.#parts;
    this.#duty.advance(clock.now());
    const isFree = this.#duty.free && !this.#isTurningOut;
    const ack = isFree && random() >= crew.refuseChance ? 'accepted' : 'refused';
    this.#answers.set(assignment, ack);
    this.#acknowledge(assignment, ack);
    if (ack === 'refused') return;
    this.#isTurningOut = true;
    this.#wait(assignment, crew.turnoutS, () => this.#setOut(assignment));
  }

  #acknowledge(assignment: string, ack: Acknowledgement['ack']): void {
    const { acknowledge, clock } = this.#parts;
    acknowledge({ assignment, ack, at: new Date(clock.now()).toISOString() });
  }

  #setOut(assignment: string): void {
    this.#isTurningOut = false;
    const order = this.#newest.get(assignment);
    if (order) this.#duty.take(caseOf(order), this.#parts.clock.now());
    this.#parts.reportNow();
  }

  #onCancel(assignment: string): void {
    this.#pending.get(assignment)?.();
    const wasPending = this.#pending.delete(assignment);
    if (wasPending && this.#answers.get(assignment) === 'accepted') this.#isTurningOut = false;
    if (this.#duty.assignment !== assignment) return;
    this.#duty.release(this.#parts.clock.now());
    this.#parts.reportNow();
  }

  #wait(assignment: string, rangeS: readonly [number, number], then: () => void): void {
    const { clock, random } = this.#parts;
    const cancel = clock.after(between(random, ...rangeS) * 1000, () => {
      this.#pending.delete(assignment);
      then();
    });
    this.#pending.set(assignment, cancel);
  }

  #forgetOldest(): void {
    const oldest = this.#answers.keys().next().value as string;
    this.#answers.delete(oldest);
    this.#newest.delete(oldest);
  }
}
