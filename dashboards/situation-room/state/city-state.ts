/**
 * What the page knows of the city now: devices with their last word, alerts, half an hour of each gauge.
 *
 * Filled by the API's answers and moved by the stream's events; read by every view. Invariants: each merge
 * takes the newer of two (by `measuredAt`, by `revision`), so answers and events may come in any order;
 * every collection has a bound, and what is left out is counted and shown.
 */
import type {
  Alert,
  City,
  ConnectionEvent,
  DeviceJson,
  Gauge,
  Incident,
  Liveness,
  Panel,
  PresenceEvent,
  ReadingEvent,
  Values,
  Viewer,
} from './api/api-shapes.ts';
import { LevelSeries } from './level-series.ts';
import { rankOf } from './levels.ts';

export interface Device {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly lat: number | undefined;
  readonly lng: number | undefined;
  presence: DeviceJson['presence'] | undefined;
  /** Epoch ms of its last word; 0 when it never said one. */
  lastHeardAt: number;
  /** Epoch ms: its socket is open since then, whatever it says; undefined while there is none. */
  connectedSinceMs: number | undefined;
  /** Without a word for longer it is silent, ms. */
  silentAfterMs: number;
  /** Epoch ms of the newest good reading; 0 without one. */
  measuredAt: number;
  values: Values;
  simulated: boolean;
}

/** What one screen can show; the marks of a larger city's access points would cover each other. */
export const MAX_DEVICES = 3_000;
export const MAX_ALERTS = 300;
const MAX_ENDED = 12;
/** How long an alert that is over stays in sight. */
const ENDED_SHOWN_MS = 30 * 60_000;

export class CityState {
  readonly city: City;
  readonly viewer: Viewer;
  readonly gauges: ReadonlyMap<string, Gauge>;
  readonly capacities: ReadonlyMap<string, { readonly place: string; readonly capacityClients: number }>;
  readonly devices = new Map<string, Device>();
  readonly series = new Map<string, LevelSeries>();
  /** Open ones, the most urgent first; empty for everybody but staff. */
  incidents: readonly Incident[] = [];
  /** Devices beyond the bound, by the API's own total. */
  devicesLeftOut = 0;
  alertsLeftOut = 0;
  readonly #alerts = new Map<string, { alert: Alert; seenAt: number }>();
  readonly #panels: ReadonlyMap<string, Panel>;

  /** `known` are series read before, which go on. */
  constructor(city: City, viewer: Viewer, known?: ReadonlyMap<string, LevelSeries>) {
    this.city = city;
    this.viewer = viewer;
    this.gauges = new Map(city.gauges.map((gauge) => [gauge.id, gauge]));
    this.capacities = new Map(city.accessPoints.map((each) => [each.id, each]));
    this.#panels = new Map(city.kinds.map((kind) => [kind.name, kind.panel]));
    for (const gauge of city.gauges) this.series.set(gauge.id, known?.get(gauge.id) ?? new LevelSeries());
  }

  /** The devices of one panel: a kind says which is its own. */
  devicesOn(panel: Panel): Device[] {
    return [...this.devices.values()].filter(({ kind }) => (this.#panels.get(kind) ?? 'others') === panel);
  }

  get isStaff(): boolean {
    return this.viewer.role !== 'public';
  }

  /** One page of the list of devices. */
  mergeDevices(list: readonly DeviceJson[]): void {
    for (const json of list) {
      const device = this.devices.get(json.id) ?? this.#add(json);
      if (!device) continue;
      const heardAt = json.lastHeardAt === undefined ? 0 : Date.parse(json.lastHeardAt);
      device.silentAfterMs = json.silentAfterS * 1_000;
      device.connectedSinceMs =
        json.connectedSince === undefined ? undefined : Date.parse(json.connectedSince);
      if (heardAt >= device.lastHeardAt) {
        device.lastHeardAt = heardAt;
        device.presence = json.presence;
      }
      if (json.last) takeReading(device, { ...json.last, measuredAt: Date.parse(json.last.measuredAt) });
    }
  }

  #add(json: DeviceJson): Device | undefined {
    if (this.devices.size >= MAX_DEVICES) return undefined;
    const { id, kind, name, lat, lng } = json;
    const device: Device = {
      ...{ id, kind, name, lat, lng, presence: undefined },
      connectedSinceMs: undefined,
      ...{ lastHeardAt: 0, silentAfterMs: json.silentAfterS * 1_000 },
      ...{ measuredAt: 0, values: {}, simulated: false },
    };
    this.devices.set(id, device);
    return device;
  }

  applyReading(event: ReadingEvent): void {
    const device = this.devices.get(event.device);
    if (!device) return;
    device.lastHeardAt = Math.max(device.lastHeardAt, Date.parse(event.receivedAt));
    if (device.presence === 'offline') device.presence = 'online';
    if (!event.present) return;
    const measuredAt = Date.parse(event.measuredAt);
    takeReading(device, { ...event, measuredAt });
    const { levelM } = event.values;
    if (typeof levelM === 'number') this.series.get(device.id)?.add(measuredAt, levelM);
  }

  applyPresence({ device: id, presence, at }: PresenceEvent): void {
    const device = this.devices.get(id);
    if (!device) return;
    device.presence = presence;
    if (presence !== 'offline') device.lastHeardAt = Math.max(device.lastHeardAt, Date.parse(at));
  }

  applyConnection({ device: id, connectedSince }: ConnectionEvent): void {
    const device = this.devices.get(id);
    if (device) device.connectedSinceMs = connectedSince === null ? undefined : Date.parse(connectedSince);
  }

  replaceIncidents(list: readonly Incident[]): void {
    this.incidents = [...list].sort(
      (a, b) => a.priority - b.priority || a.receivedAt.localeCompare(b.receivedAt),
    );
  }

  /** By our own clock, so that silence shows without a word from the server. */
  liveness({ lastHeardAt, presence, silentAfterMs }: Device, nowMs: number): Liveness {
    if (lastHeardAt === 0) return 'unseen';
    if (presence === 'offline' || presence === 'sleeping') return presence;
    return nowMs - lastHeardAt > silentAfterMs ? 'silent' : 'online';
  }

  applyAlert(alert: Alert, nowMs: number): void {
    const known = this.#alerts.get(alert.id);
    if (known && known.alert.revision > alert.revision) return;
    // The stream's form has no name of who took it; a newer one by the API has.
    const merged = { ...alert, acknowledgedBy: alert.acknowledgedBy ?? known?.alert.acknowledgedBy ?? null };
    this.#alerts.set(alert.id, { alert: merged, seenAt: nowMs });
    this.#boundAlerts(nowMs);
  }

  /** The API's list of open alerts, asked for at `askedAt`: what it no longer names is over. */
  replaceOpenAlerts(list: readonly Alert[], askedAt: number, nowMs: number): void {
    this.alertsLeftOut = 0;
    const named = new Set(list.map(({ id }) => id));
    for (const [id, { alert, seenAt }] of this.#alerts) {
      if (isOpen(alert) && !named.has(id) && seenAt < askedAt) this.#alerts.delete(id);
    }
    for (const alert of list) this.applyAlert(alert, nowMs);
  }

  /** Open ones, the most severe first, then those nobody has in hand, then the newest. */
  openAlerts(): Alert[] {
    return [...this.#alerts.values()]
      .map(({ alert }) => alert)
      .filter(isOpen)
      .sort(byUrgency);
  }

  /** Over in the last half hour, the newest first; what never was is not shown. */
  endedAlerts(nowMs: number): Alert[] {
    return [...this.#alerts.values()]
      .map(({ alert }) => alert)
      .filter((alert) => alert.state === 'resolved' && nowMs - Date.parse(alert.changedAt) < ENDED_SHOWN_MS)
      .sort((a, b) => b.changedAt.localeCompare(a.changedAt))
      .slice(0, MAX_ENDED);
  }

  #boundAlerts(nowMs: number): void {
    if (this.#alerts.size <= MAX_ALERTS) return;
    const kept = new Set([...this.openAlerts(), ...this.endedAlerts(nowMs)].slice(0, MAX_ALERTS));
    for (const [id, { alert }] of this.#alerts) {
      if (kept.has(alert)) continue;
      if (isOpen(alert)) this.alertsLeftOut++;
      this.#alerts.delete(id);
    }
  }
}

function takeReading(
  device: Device,
  reading: { readonly measuredAt: number; readonly simulated: boolean; readonly values: Values },
): void {
  if (reading.measuredAt < device.measuredAt) return;
  device.measuredAt = reading.measuredAt;
  device.simulated = reading.simulated;
  // A report may leave quantities out; what it does not name keeps its last value.
  device.values = { ...device.values, ...reading.values };
}

export function isOpen({ state }: Pick<Alert, 'state'>): boolean {
  return state === 'provisional' || state === 'open' || state === 'acknowledged';
}

function byUrgency(a: Alert, b: Alert): number {
  return (
    rankOf(b.severity) - rankOf(a.severity) ||
    Number(a.acknowledged) - Number(b.acknowledged) ||
    b.startedAt.localeCompare(a.startedAt) ||
    a.id.localeCompare(b.id)
  );
}
