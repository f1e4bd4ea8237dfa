/**
 * ChangeTrial: what a change of thresholds or parameters would have done to the past of its devices: the alerts of the
 * rules as they are beside those of the rules as they would be.
 *
 * In the thread of backtest-worker.ts, for `POST /v1/backtests/changes`. One device after the other, each by two
 * replays that take the same readings. Invariant: what is kept is the alerts, never the readings.
 */
import type { Alert } from '../alerts/alert.ts';
import type { ParameterOverride } from '../alerts/judgement/parameters.ts';
import { deviceKinds } from '../devices/kinds/index.ts';
import { QualityFlag, type Values } from '../devices/reading.ts';
import type { Severity } from '../devices/site.ts';
import type { RegisteredDevice } from '../fleet/registry.ts';
import { createReplay, REPLAYED_CITY, type Replay } from './replay.ts';

/** A device as it stands, or would stand, with what its rules go by. Undefined where there is none. */
export interface TrialSide {
  readonly device: RegisteredDevice;
  readonly overrides: readonly ParameterOverride[];
}

export interface TrialDevice {
  readonly before: TrialSide | undefined;
  readonly after: TrialSide | undefined;
}

/** A stored reading. */
export interface TrialPoint {
  readonly atMs: number;
  readonly values: Values;
  readonly quality?: number;
}

export interface TrialAlert {
  readonly rule: string;
  readonly startedAt: number;
  /** Undefined where it was open after the last reading. */
  readonly endedAt: number | undefined;
  readonly highestSeverity: Severity;
  readonly peak: number | undefined;
}

/** One thing that happened, as the one and the other told it; undefined where that one said nothing of it. */
export interface TrialPair {
  readonly device: string;
  readonly rule: string;
  readonly before: TrialAlert | undefined;
  readonly after: TrialAlert | undefined;
}

export class ChangeTrial {
  readonly #pairs: TrialPair[] = [];
  #current: { id: string; before: Side; after: Side } | undefined;

  /** The device whose readings come next. */
  begin({ before, after }: TrialDevice): void {
    this.#settle();
    const id = (after ?? before)?.device.id;
    if (id !== undefined) this.#current = { id, before: openSide(before), after: openSide(after) };
  }

  take(points: readonly TrialPoint[]): void {
    if (!this.#current) return;
    for (const point of points) {
      takePoint(this.#current.before, point);
      takePoint(this.#current.after, point);
    }
  }

  /** All devices', by when they began. */
  finish(): readonly TrialPair[] {
    this.#settle();
    return this.#pairs.sort((a, b) => startOf(a) - startOf(b));
  }

  #settle(): void {
    if (!this.#current) return;
    const { id, before, after } = this.#current;
    const [was, would] = [alertsOf(before), alertsOf(after)];
    for (const rule of new Set([...was, ...would].map((each) => each.rule))) {
      const of = (alerts: readonly TrialAlert[]) => alerts.filter((each) => each.rule === rule);
      this.#pairs.push(...pairAlerts(of(was), of(would)).map((pair) => ({ device: id, rule, ...pair })));
    }
    this.#current = undefined;
  }
}

type Side = { readonly replay: Replay; readonly device: RegisteredDevice } | undefined;

function openSide(side: TrialSide | undefined): Side {
  return side && { replay: createReplay(side), device: side.device };
}

/** The flags are those of then; what the sensor's range says of a level is asked of the site that is tried. */
function takePoint(side: Side, { atMs, values, quality = 0 }: TrialPoint): void {
  if (!side) return;
  const { id, kind, site } = side.device;
  const assessed = deviceKinds.get(kind)?.assess?.(values, { ...site }) ?? 0;
  side.replay.take({
    ...{
      city: REPLAYED_CITY,
      kind,
      device: id,
      measuredAt: atMs,
      receivedAt: atMs,
      simulated: false,
      values,
    },
    quality: (quality & ~QualityFlag.outsideSensorRange) | assessed,
  });
}

/** What was withdrawn never was. */
function alertsOf(side: Side): TrialAlert[] {
  return [...(side?.replay.alerts.values() ?? [])]
    .filter(({ state }) => state !== 'withdrawn')
    .map(({ rule, startedAt, endedAt, highestSeverity, peak }: Alert) => ({
      ...{ rule, startedAt, endedAt, highestSeverity, peak },
    }))
    .sort((a, b) => a.startedAt - b.startedAt);
}

type Pair = Pick<TrialPair, 'before' | 'after'>;

/** Of one rule and one device, where alerts never overlap each other: those that share a moment are the same thing. */
export function pairAlerts(before: readonly TrialAlert[], after: readonly TrialAlert[]): Pair[] {
  const pairs: Pair[] = [];
  let [was, would] = [0, 0];
  while (was < before.length || would < after.length) {
    const [one, other] = [before[was], after[would]];
    if (one && (!other || endOf(one) < other.startedAt)) {
      pairs.push({ before: one, after: undefined });
      was++;
    } else if (other && (!one || endOf(other) < one.startedAt)) {
      pairs.push({ before: undefined, after: other });
      would++;
    } else {
      pairs.push({ before: one, after: other });
      was++;
      would++;
    }
  }
  return pairs;
}

function endOf({ endedAt }: TrialAlert): number {
  return endedAt ?? Number.POSITIVE_INFINITY;
}

function startOf({ before, after }: Pair): number {
  return Math.min(
    before?.startedAt ?? Number.POSITIVE_INFINITY,
    after?.startedAt ?? Number.POSITIVE_INFINITY,
  );
}
