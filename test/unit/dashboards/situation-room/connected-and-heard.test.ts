/** Connected is not heard: a dispatcher reads two facts of each unit, on the board and beside each candidate. */
import { describe, expect, test } from 'vitest';
import { CityState } from '../../../../dashboards/situation-room/state/city-state.ts';
import {
  sayCandidateLink,
  sayUnitLink,
} from '../../../../dashboards/situation-room/state/dispatch/connected-and-heard.ts';
import { createSpeech, loadWords } from '../../../../dashboards/situation-room/state/words/speech.ts';

await loadWords('id');
await loadWords('en');

const NOW_MS = Date.UTC(2026, 0, 15, 2, 41);
const isoAgo = (seconds: number) => new Date(NOW_MS - seconds * 1_000).toISOString();
const english = createSpeech('en', 'Asia/Jakarta');
const indonesian = createSpeech('id', 'Asia/Jakarta');

describe('on the board', () => {
  test('a socket that is open and a crew that has been silent for ten minutes', () => {
    const device = { connectedSinceMs: NOW_MS - 5_000, measuredAt: NOW_MS - 600_000 };
    expect(sayUnitLink(device, english)).toBe('connected since 09:40:55 · last word measured 09:31:00');
    expect(sayUnitLink(device, indonesian)).toBe('tersambung sejak 09.40.55 · data terakhir diukur 09.31.00');
  });

  test('a word of a second ago, and no connection any more', () => {
    const device = { connectedSinceMs: undefined, measuredAt: NOW_MS - 1_000 };
    expect(sayUnitLink(device, english)).toBe('not connected · last word measured 09:40:59');
  });

  test('neither is shown where there is none', () => {
    expect(sayUnitLink({ connectedSinceMs: undefined, measuredAt: 0 }, english)).toBe('not connected');
  });
});

describe('the state of the page', () => {
  const unit = { id: 'motor-1', kind: 'ambulance', name: 'Motor 1', silentAfterS: 60 };
  const emptyCity = { gauges: [], accessPoints: [], kinds: [] };
  const openState = () =>
    new CityState(
      emptyCity as unknown as ConstructorParameters<typeof CityState>[0],
      { role: 'staff' } as never,
    );

  test('follows the connection by the list and by the stream, and the word by readings', () => {
    const state = openState();
    state.mergeDevices([{ ...unit, connectedSince: isoAgo(100) }]);
    const motor = state.devices.get('motor-1');
    expect(motor).toMatchObject({ connectedSinceMs: NOW_MS - 100_000, measuredAt: 0, lastHeardAt: 0 });
    state.applyConnection({ device: 'motor-1', connectedSince: null, at: isoAgo(50) });
    expect(motor?.connectedSinceMs).toBeUndefined();
    state.applyReading({
      ...{ kind: 'ambulance', device: 'motor-1', present: true, simulated: false, values: {} },
      ...{ measuredAt: isoAgo(2), receivedAt: isoAgo(1) },
    });
    expect(motor).toMatchObject({ connectedSinceMs: undefined, measuredAt: NOW_MS - 2_000 });
    state.applyConnection({ device: 'motor-1', connectedSince: isoAgo(0), at: isoAgo(0) });
    expect(motor).toMatchObject({ connectedSinceMs: NOW_MS, measuredAt: NOW_MS - 2_000 });
    // The next list knows of no connection.
    state.mergeDevices([unit]);
    expect(motor?.connectedSinceMs).toBeUndefined();
  });
});

describe('beside a candidate', () => {
  const candidate = {
    ...{ connected: true, connectedSince: isoAgo(60), lastConnectedAt: null, lastWordAt: isoAgo(20) },
  };
  const say = (more: Partial<Parameters<typeof sayCandidateLink>[0]>) =>
    sayCandidateLink({ ...candidate, ...more }, english, NOW_MS).join(' · ');

  test('both are said of one that is told at once', () => {
    expect(say({})).toMatch(/connected since 09:40:00 · last word measured 09:40:40$/);
  });

  test('one that is connected and does not listen is called by radio', () => {
    expect(say({ connected: false })).toContain(
      'connected since 09:40:00, its device takes no orders: call it by radio',
    );
  });

  test('one that is not connected says since when, and its last word all the same', () => {
    const gone = { connected: false, connectedSince: null, lastConnectedAt: isoAgo(40) };
    expect(say(gone)).toMatch(
      /not connected, last connected 40 s ago: call it by radio · last word measured 09:40:40$/,
    );
  });
});
