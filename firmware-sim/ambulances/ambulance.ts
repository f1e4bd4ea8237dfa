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
import type { Behaviour } from '../device/device.ts';
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

export interface Ambulance extends Behaviour {
  onCommand(payload: Buffer): void;
  /** Orders whose payload was not understood. */
  readonly misunderstood: number;
}

type Dispatch = Extract<Command, { command: 'dispatch' }>;

function caseOf({ assignment, incident: { lat, lng }, ...order }: Dispatch): Case {
  return { assignment, scene: { lat, lng }, hospital: destinationOf(order) };
}

export function createAmbulance(parts: AmbulanceParts): Ambulance {
  const { unit, city, clock, random, crew } = parts;
  const base = city.bases.find((each) => each.id === unit.base) ?? unit;
  const duty = new Duty(
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
  const receive = createReceiver(parts.shadows, random);
  const answers = new Map<string, Acknowledgement['ack'] | 'thinking' | 'silent'>();
  /** Each order as it was last sent, of those in `answers`. */
  const newest = new Map<string, Dispatch>();
  /** Orders that the crew thinks about or turns out for. */
  const pending = new Map<string, Cancel>();
  let turningOut = false;
  let batteryPct = between(random, 60, 100);
  let moving = false;
  let misunderstood = 0;

  const wait = (assignment: string, rangeS: readonly [number, number], then: () => void) => {
    const cancel = clock.after(between(random, ...rangeS) * 1000, () => {
      pending.delete(assignment);
      then();
    });
    pending.set(assignment, cancel);
  };

  const setOut = (assignment: string) => {
    turningOut = false;
    const order = newest.get(assignment);
    if (order) duty.take(caseOf(order), clock.now());
    parts.reportNow();
  };

  const answer = (order: Dispatch) => {
    const nowMs = clock.now();
    duty.advance(nowMs);
    const isFree = duty.free && !turningOut;
    const ack = isFree && random() >= crew.refuseChance ? 'accepted' : 'refused';
    answers.set(order.assignment, ack);
    parts.acknowledge({ assignment: order.assignment, ack, at: new Date(nowMs).toISOString() });
    if (ack === 'refused') return;
    turningOut = true;
    wait(order.assignment, crew.turnoutS, () => setOut(order.assignment));
  };

  const onDispatch = (order: Dispatch) => {
    const before = answers.get(order.assignment);
    const last = newest.get(order.assignment);
    newest.set(order.assignment, order);
    // Repeated with another content: the dispatcher has corrected it.
    const isCorrected = last !== undefined && JSON.stringify(last) !== JSON.stringify(order);
    if (isCorrected && duty.assignment === order.assignment) duty.correct(caseOf(order), clock.now());
    if (before === 'accepted' || before === 'refused') {
      const at = new Date(clock.now()).toISOString();
      parts.acknowledge({ assignment: order.assignment, ack: before, at });
    }
    if (before) return;
    if (answers.size >= MAX_REMEMBERED) {
      const oldest = answers.keys().next().value as string;
      answers.delete(oldest);
      newest.delete(oldest);
    }
    const silent = random() < crew.silentChance;
    answers.set(order.assignment, silent ? 'silent' : 'thinking');
    if (silent) return;
    wait(order.assignment, crew.answerS, () => answer(order));
  };

  const onCancel = (assignment: string) => {
    pending.get(assignment)?.();
    if (pending.delete(assignment) && answers.get(assignment) === 'accepted') turningOut = false;
    if (duty.assignment !== assignment) return;
    duty.release(clock.now());
    parts.reportNow();
  };

  return {
    get misunderstood() {
      return misunderstood;
    },
    intervalMs: () => (moving ? MOVING_INTERVAL_MS : PARKED_INTERVAL_MS),
    measure(nowMs) {
      const motion = duty.advance(nowMs);
      const fix = receive(motion.position);
      moving = motion.speedMps > 0;
      // A tracker lasts a shift; the cradle charges it whenever the unit stands.
      batteryPct = Math.max(8, Math.min(100, batteryPct + (moving ? -0.01 : 0.05)));
      if (!fix) return undefined;
      return {
        lat: Number(fix.position.lat.toFixed(6)),
        lng: Number(fix.position.lng.toFixed(6)),
        accuracyM: Number(fix.accuracyM.toFixed(1)),
        speedMps: Number(motion.speedMps.toFixed(1)),
        ...(moving ? { headingDeg: Math.round(motion.headingDeg) % 360 } : {}),
        batteryPct: Math.round(batteryPct),
        status: duty.status,
      };
    },
    onCommand(payload) {
      const order = parseCommand(payload);
      if (!order) misunderstood++;
      else if (order.command === 'dispatch') onDispatch(order);
      else onCancel(order.assignment);
    },
    stop() {
      for (const cancel of pending.values()) cancel();
    },
  };
}
