/**
 * Room: what every view is given at each drawing. The facts, the words, the clock, and what was chosen.
 *
 * Made in main.ts for each drawing. Invariant: a view reads it and changes nothing in it; what a person does
 * goes back through the actions.
 */
import type { Gauge } from '../state/api/api-shapes.ts';
import type { StreamState } from '../state/api/live-stream.ts';
import type { CityState, Device } from '../state/city-state.ts';
import { thresholdAt } from '../state/levels.ts';
import type { Speech } from '../state/words/speech.ts';
import type { Level } from './gauges/level-mark.ts';

export interface Room {
  readonly state: CityState;
  readonly speech: Speech;
  /** Epoch ms by the server's clock. */
  readonly nowMs: number;
  readonly stream: StreamState;
}

export interface Actions {
  /** Opens a gauge's large plot. */
  showGauge(id: string): void;
  /** Brings a place of the map into sight. */
  showPlace(lat: number, lng: number): void;
  /** Opens the dialog of an incident. */
  openIncident(id: number): void;
  acknowledge(alertId: string): Promise<void>;
}

export interface GaugeNow {
  readonly gauge: Gauge;
  readonly device: Device | undefined;
  /** The stage, m; also when it is old. Undefined when none was ever heard. */
  readonly levelM: number | undefined;
  /** Heard within the time that its kind allows. */
  readonly isFresh: boolean;
  readonly level: Level;
}

/** A gauge without a fresh reading has the level `none`: nobody may take silence for safety. */
export function gaugeNow({ state, nowMs }: Pick<Room, 'state' | 'nowMs'>, gauge: Gauge): GaugeNow {
  const device = state.devices.get(gauge.id);
  const value = device?.values['levelM'];
  const levelM = typeof value === 'number' ? value : undefined;
  const liveness = device ? state.liveness(device, nowMs) : 'unseen';
  // What a device hands in after hours without a network is heard now, and was measured then.
  const isOld = device !== undefined && nowMs - device.measuredAt > device.silentAfterMs;
  const isFresh = levelM !== undefined && (liveness === 'sleeping' || (liveness === 'online' && !isOld));
  const level = isFresh ? (thresholdAt(levelM, gauge.thresholds)?.severity ?? 'normal') : 'none';
  return { gauge, device, levelM, isFresh, level };
}
