/**
 * What else than readings goes to InfluxDB: what Grafana annotates with and works figures out of.
 *
 *   siaga_alert     tags city, device, rule, severity   fields state, rank, title, alert, real
 *   siaga_incident  tags city, device, step             fields incident, title, sinceCallS, withinTarget, real
 *   siaga_liveness  tags city, device, kind             fields state, up, lat, lng, upSamples (1 beside up), and what
 *                                                   the kind samples
 *
 * `real` is 0 for an exercise or a simulated device, else 1. Invariant: ids of alerts and incidents are fields and
 * never tags, or each would be a series of its own. Two events of the same series in the same millisecond count as
 * one.
 */
import { deviceKinds } from '../devices/kinds/index.ts';
import { SEVERITIES, type Severity } from '../devices/site.ts';
import type { Fleet, Liveness } from '../fleet/fleet.ts';
import type { Registry } from '../fleet/registry.ts';
import { formatLine } from '../history/line-protocol.ts';

/** One step in the life of an alert. */
export interface AlertEvent {
  readonly type: 'alert';
  /** Epoch ms. */
  readonly atMs: number;
  readonly alert: string;
  /** What it is about; absent for an alert of several devices. */
  readonly device?: string | undefined;
  readonly rule: string;
  /** The severity from now on; absent when it is resolved. */
  readonly severity?: Severity | undefined;
  /** The engine's word: opened, upgraded, downgraded, acknowledged, resolved … */
  readonly state: string;
  readonly title: string;
  readonly simulated: boolean;
}

/** One step in the life of an incident. */
export interface IncidentEvent {
  readonly type: 'incident';
  readonly atMs: number;
  readonly incident: string;
  /** The unit that took the step. */
  readonly device?: string | undefined;
  /** The words of dispatch: reported, triaged, reserved, en-route, on-scene (the first), on-scene-next, closed … */
  readonly step: string;
  readonly title: string;
  /** From the call to this step, seconds: `on-scene` is the response time. */
  readonly sinceCallS?: number | undefined;
  readonly simulated: boolean;
}

export type HistoryEvent = AlertEvent | IncidentEvent;

/** Someone is at the scene within 15 minutes of the call: the target that the figures are held against. */
export const RESPONSE_TARGET_S = 15 * 60;

export function formatEvent(city: string, event: HistoryEvent): string | undefined {
  if (event.type === 'alert') {
    const { device, rule, severity = 'none', state, title, alert, simulated } = event;
    const rank = SEVERITIES.indexOf(severity as Severity) + 1;
    return formatLine(
      'siaga_alert',
      { city, device, rule, severity },
      { state, rank, title, alert, real: simulated ? 0 : 1 },
      event.atMs,
    );
  }
  const { device, step, incident, title, sinceCallS, simulated } = event;
  const withinTarget =
    step === 'on-scene' && sinceCallS !== undefined ? Number(sinceCallS <= RESPONSE_TARGET_S) : undefined;
  return formatLine(
    'siaga_incident',
    { city, device, step },
    { incident, title, sinceCallS, withinTarget, real: simulated ? 0 : 1 },
    event.atMs,
  );
}

/** Up in the sense of availability: announced sleep is not down, and not counted as up either. */
const UP: Readonly<Record<Liveness, number | undefined>> = {
  online: 1,
  sleeping: undefined,
  offline: 0,
  silent: 0,
  unseen: undefined,
};

/**
 * One line a device: its liveness at `nowMs`, where it is installed, for the map, and what its kind samples (the steps
 * of a gauge's ladder, and where it stands on it). One that is not there says nothing of the present: its last values
 * are no sample. Devices never seen are not lines: they have no history.
 */
export function formatLiveness(
  city: string,
  fleet: Fleet,
  registry: Pick<Registry, 'find'> | undefined,
  nowMs: number,
): string[] {
  const lines: string[] = [];
  for (const device of fleet.all()) {
    const state = fleet.liveness(device, nowMs);
    if (state === 'unseen') continue;
    const site = registry?.find(device.id);
    const up = UP[state];
    const last = up === 0 ? undefined : device.last?.values;
    const sampled = deviceKinds.get(device.kind)?.sample?.({ ...site?.site }, last ?? {});
    const line = formatLine(
      'siaga_liveness',
      { city, device: device.id, kind: device.kind },
      { ...sampled, state, up, lat: site?.lat, lng: site?.lng, upSamples: up === undefined ? undefined : 1 },
      nowMs,
    );
    if (line) lines.push(line);
  }
  return lines;
}
