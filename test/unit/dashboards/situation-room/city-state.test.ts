import { describe, expect, test } from 'vitest';
import type { Alert, City, DeviceJson } from '../../../../dashboards/situation-room/state/api/api-shapes.ts';
import {
  CityState,
  MAX_ALERTS,
  MAX_DEVICES,
} from '../../../../dashboards/situation-room/state/city-state.ts';

const NOW = Date.UTC(2026, 0, 15, 2, 30);
const at = (ms: number) => new Date(NOW + ms).toISOString();
const label = { id: 'Siaga', en: 'Alert' };
const city: City = {
  id: 'semarang',
  name: 'Semarang',
  timeZone: 'Asia/Jakarta',
  disclaimer: label,
  bounds: { south: -7.2, west: 110.2, north: -6.9, east: 110.6 },
  kinds: [
    {
      ...{ name: 'river-gauge', label, isPublic: true, panel: 'rivers', shows: [] },
      ...{ reportIntervalS: 60, silentAfterS: 300 },
    },
  ],
  rivers: [],
  gauges: [
    {
      ...{ id: 'bendung', name: 'Bendung', lat: -7, lng: 110.4, river: 'bkb', tidal: false },
      ...{ normalLevelM: 1, thresholds: [], upstream: [] },
    },
  ],
  accessPoints: [],
  roads: [],
  hospitals: [],
  crossings: [],
  places: [],
};
const newState = () => new CityState(city, { name: 'anonymous', role: 'public' });
const gauge = (id: string, heardMs: number, levelM: number): DeviceJson => ({
  ...{ id, kind: 'river-gauge', name: id, lastHeardAt: at(heardMs), silentAfterS: 300 },
  last: { measuredAt: at(heardMs), simulated: false, values: { levelM } },
});
const reading = (ms: number, levelM: number, present = true) => ({
  ...{ kind: 'river-gauge', device: 'bendung', measuredAt: at(ms), receivedAt: at(ms) },
  ...{ simulated: false, present, values: { levelM } },
});
const alert = (id: string, more: Partial<Alert> = {}): Alert => ({
  ...{
    id,
    rule: 'river-level',
    subject: id,
    subjectName: id,
    audience: 'public',
    subjectKind: 'river-gauge',
  },
  ...{ lat: null, lng: null, state: 'open', provisional: false, severity: 'minor', label },
  ...{ text: label, exercise: false, startedAt: at(0), raisedAt: at(0), changedAt: at(0) },
  ...{ endedAt: null, blindSince: null },
  ...{ acknowledged: false, foldedInto: null, silenced: false, revision: 1 },
  ...more,
});

describe('devices', () => {
  test('keep the newest reading, whether the stream or the list told it', () => {
    const state = newState();
    state.mergeDevices([gauge('bendung', 0, 1)]);
    state.applyReading(reading(10_000, 2));
    state.mergeDevices([gauge('bendung', 5_000, 1.5)]);
    state.applyReading(reading(8_000, 9));
    expect(state.devices.get('bendung')?.values).toEqual({ levelM: 2 });
  });

  test('do not show a late reading as now, but hear from the device', () => {
    const state = newState();
    state.mergeDevices([gauge('bendung', 0, 1)]);
    state.applyReading({ ...reading(-60_000, 5, false), receivedAt: at(20_000) });
    expect(state.devices.get('bendung')).toMatchObject({ values: { levelM: 1 }, lastHeardAt: NOW + 20_000 });
    expect(state.series.get('bendung')?.points(NOW)).toEqual([]);
  });

  test('fall silent by the clock alone, without a word from the server', () => {
    const state = newState();
    state.mergeDevices([gauge('bendung', 0, 1)]);
    const device = state.devices.get('bendung');
    if (!device) throw new Error('the device is missing');
    expect(state.liveness(device, NOW + 300_000)).toBe('online');
    expect(state.liveness(device, NOW + 300_001)).toBe('silent');
    state.applyPresence({ device: 'bendung', presence: 'offline', at: at(1_000) });
    expect(state.liveness(device, NOW + 2_000)).toBe('offline');
    state.applyReading(reading(3_000, 1));
    expect(state.liveness(device, NOW + 3_000)).toBe('online');
  });

  test('are no more than one screen can show', () => {
    const state = newState();
    state.mergeDevices(Array.from({ length: MAX_DEVICES + 50 }, (_, index) => gauge(`g-${index}`, 0, 1)));
    expect(state.devices.size).toBe(MAX_DEVICES);
  });
});

describe('alerts', () => {
  test('stand by severity, then those nobody has in hand, then the newest', () => {
    const state = newState();
    state.applyAlert(alert('old'), NOW);
    state.applyAlert(alert('new', { startedAt: at(60_000) }), NOW);
    state.applyAlert(alert('taken', { severity: 'severe', acknowledged: true }), NOW);
    state.applyAlert(alert('severe', { severity: 'severe' }), NOW);
    expect(state.openAlerts().map(({ id }) => id)).toEqual(['severe', 'taken', 'new', 'old']);
  });

  test('keep the higher revision, in whatever order they come', () => {
    const state = newState();
    state.applyAlert(alert('a', { revision: 3, severity: 'extreme' }), NOW);
    state.applyAlert(alert('a', { revision: 2, state: 'resolved' }), NOW);
    expect(state.openAlerts()).toMatchObject([{ id: 'a', severity: 'extreme' }]);
  });

  test('that the list no longer names are over, but not one that came while it was asked', () => {
    const state = newState();
    state.applyAlert(alert('gone'), NOW);
    state.applyAlert(alert('just-raised'), NOW + 2_000);
    state.replaceOpenAlerts([alert('still')], NOW + 1_000, NOW + 3_000);
    expect(
      state
        .openAlerts()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['just-raised', 'still']);
  });

  test('that are over stay in sight for half an hour, those that never were do not', () => {
    const state = newState();
    state.applyAlert(alert('over', { state: 'resolved' }), NOW);
    state.applyAlert(alert('never', { state: 'withdrawn' }), NOW);
    expect(state.endedAlerts(NOW + 60_000).map(({ id }) => id)).toEqual(['over']);
    expect(state.endedAlerts(NOW + 31 * 60_000)).toEqual([]);
  });

  test('are bounded: the least urgent go, and are counted', () => {
    const state = newState();
    state.applyAlert(alert('worst', { severity: 'extreme' }), NOW);
    for (let index = 0; index < MAX_ALERTS + 20; index++) state.applyAlert(alert(`a-${index}`), NOW);
    expect(state.openAlerts()).toHaveLength(MAX_ALERTS);
    expect(state.openAlerts()[0]?.id).toBe('worst');
    expect(state.alertsLeftOut).toBe(21);
  });
});
