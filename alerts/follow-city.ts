/**
 * What becomes of alerts where people change the city: devices are judged anew, and what is gone ends.
 *
 * Called from the alarms' queue. Invariant: an alert whose subject is in the city no more ends, and says that people
 * took it away.
 */
import { deviceKinds } from '../devices/kinds/index.ts';
import type { CityMove, LiveRegistry } from '../fleet/registry.ts';
import type { Alert } from './alert.ts';
import type { AlertsDependencies } from './alerts.ts';
import type { AlertEngine } from './judgement/engine.ts';
import { type EngineChange, UPLINK_SUBJECT } from './judgement/engine-change.ts';
import { endOfRemoved } from './judgement/rebind-watch.ts';
import { judgedBy } from './rules/index.ts';

/** Judges what has changed. A device that is new is judged by the last that the fleet heard of it. */
export function judgeMove(
  engine: AlertEngine,
  { before, now, devices }: CityMove,
  fleet: Pick<AlertsDependencies['fleet'], 'now'>,
  nowMs: number,
): EngineChange[] {
  const concerned = before.alertRules === now.alertRules ? devices : undefined;
  const changes = engine.changeCity(judgedBy(now), concerned, nowMs);
  for (const id of devices) {
    const last = engine.watches.all.has(id) ? undefined : fleet.now(id)?.last;
    if (last) changes.push(...engine.takeReading(last));
  }
  return changes;
}

/** The ends of open alerts whose device or uplink is in the city no more. */
export function endsOfGone(
  engine: AlertEngine,
  open: Iterable<Alert>,
  { find, cityNow }: Pick<LiveRegistry, 'find' | 'cityNow'>,
  nowMs: number,
): EngineChange[] {
  const gone = [...open].filter(({ subject, subjectKind }) => {
    if (subjectKind === UPLINK_SUBJECT) return !cityNow.uplinks.some(({ id }) => id === subject);
    return deviceKinds.has(subjectKind) && !find(subject);
  });
  for (const { subject } of gone) engine.conditions.drop(subject);
  return gone.map((alert) => endOfRemoved(alert, nowMs));
}
