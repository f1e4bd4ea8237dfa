/**
 * Replay: the alert engine and the lifecycle over the past of one device, in event time.
 *
 * Behind the back-test of a level series (backtest.ts) and the trial of a change (change-trial.ts). Every reading is
 * taken as received when it was measured; our clock ticks just before each, so that a gap is a silence. Invariant: no
 * judgement of its own, and the device is judged alone: what rules across devices would say is not asked.
 */
import type { Alert } from '../alerts/alert.ts';
import { AlertEngine } from '../alerts/judgement/engine.ts';
import type { EngineChange } from '../alerts/judgement/engine-change.ts';
import type { ParameterOverride } from '../alerts/judgement/parameters.ts';
import type { TrackRule } from '../alerts/judgement/rule.ts';
import { Lifecycle } from '../alerts/lifecycle/lifecycle.ts';
import { trackRules } from '../alerts/rules/index.ts';
import type { Reading } from '../devices/reading.ts';
import type { RegisteredDevice } from '../fleet/registry.ts';

/** Of the readings that are replayed: no topic and no person ever sees it. */
export const REPLAYED_CITY = 'backtest';
/** The rhythm of the device is known after so many; before, every pause would be a silence. */
const READINGS_TO_KNOW_RHYTHM = 3;

export interface ReplayOptions {
  readonly device: RegisteredDevice;
  readonly overrides: readonly ParameterOverride[];
  /** All of them where it is not said. */
  readonly rules?: readonly TrackRule[];
}

export interface Replay {
  /** In order of measuredAt. Returns what the engine said to it. */
  take(reading: Reading): readonly EngineChange[];
  /** As they stand: what is open after the last reading is open. */
  readonly alerts: ReadonlyMap<string, Alert>;
  readonly outcomes: Readonly<Record<string, number>>;
}

export function createReplay({ device, overrides, rules = trackRules }: ReplayOptions): Replay {
  const engine = new AlertEngine({
    city: { id: REPLAYED_CITY, timeZone: 'UTC', uplinks: [] },
    registry: { find: (asked) => (asked === device.id ? device : undefined) },
    rules,
    overrides,
  });
  const lifecycle = new Lifecycle({ city: REPLAYED_CITY });
  const alerts = new Map<string, Alert>();
  let taken = 0;
  const apply = (happened: readonly EngineChange[]): readonly EngineChange[] => {
    for (const change of happened) lifecycle.apply(change);
    for (const alert of lifecycle.touched.values()) alerts.set(alert.id, alert);
    lifecycle.takeOccasions();
    lifecycle.settled();
    return happened;
  };
  return {
    take(reading) {
      if (taken === 0) engine.listen(reading.measuredAt);
      const ticked = taken >= READINGS_TO_KNOW_RHYTHM ? apply(engine.takeTick(reading.measuredAt - 1)) : [];
      taken++;
      return [...ticked, ...apply(engine.takeReading(reading))];
    },
    alerts,
    outcomes: engine.outcomes,
  };
}
