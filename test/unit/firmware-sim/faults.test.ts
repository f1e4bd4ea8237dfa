import { describe, expect, it } from 'vitest';
import { loadCity } from '../../../cities/city.ts';
import { isAccessPoint } from '../../../devices/kinds/wifi-access-point.ts';
import { FAULT_NAMES, type FaultName, parseFaults, planFaults } from '../../../firmware-sim/faults.ts';

const STARTED_AT = Date.UTC(2026, 0, 15);
const city = loadCity('semarang');
const spared = new Set(['bendung-simongan', 'bkb-muara']);

function plan(wanted: readonly FaultName[], seed = 1) {
  return planFaults(city, new Set(wanted), spared, seed, STARTED_AT);
}

function sufferers(wanted: readonly FaultName[], seed = 1): string[] {
  const { hooks, cuts } = plan(wanted, seed);
  const hooked = city.devices.filter((each) => Object.keys(hooks(each.id)).length > 0).map((each) => each.id);
  return [...hooked, ...cuts.flatMap((cut) => cut.devices)];
}

describe('faults', () => {
  it('strike the same devices for the same seed', () => {
    expect(plan(FAULT_NAMES, 3).lines).toEqual(plan(FAULT_NAMES, 3).lines);
    const seeds = Array.from({ length: 20 }, (_, seed) => plan(FAULT_NAMES, seed).lines.join('\n'));
    expect(new Set(seeds).size).toBeGreaterThan(15);
  });

  it('stay where they are when another is left out', () => {
    const all = plan(FAULT_NAMES).lines;
    for (const name of FAULT_NAMES) expect(all).toContain(plan([name]).lines[0]);
  });

  it('spare the river of the story', () => {
    for (let seed = 0; seed < 50; seed++) {
      for (const id of sufferers(['spike', 'silent'], seed)) expect(spared.has(id)).toBe(false);
    }
  });

  it('none means none', () => {
    expect(sufferers([])).toEqual([]);
  });

  it('an uplink takes every access point behind it', () => {
    const cut = plan(['uplink']).cuts[0];
    const uplink = cut?.label.replace(' down', '');
    const behind = city.devices.filter((each) => isAccessPoint(each) && each.uplink === uplink);
    expect(cut?.devices).toEqual(behind.map((each) => each.id));
    expect(behind.length).toBeGreaterThan(1);
  });

  it('a bad link takes one crew away again and again, for longer than it is asked to answer', () => {
    const [cut, ...more] = plan(['link']).cuts;
    expect(more).toEqual([]);
    const [id, ...others] = cut?.devices ?? [];
    expect(others).toEqual([]);
    expect(city.devices.find((each) => each.id === id)?.kind).toBe('ambulance');
    expect(cut?.everyS).toBeGreaterThan(cut?.lastsS as number);
  });

  it('a spiking sensor is absurd now and then, for one reading, and true otherwise', () => {
    const [id = ''] = sufferers(['spike']);
    const bend = plan(['spike']).hooks(id).bend;
    const levelAt = (nowMs: number) => Number(bend?.({ levelM: 1 }, nowMs)['levelM']);
    const levels = Array.from({ length: 600 }, () => levelAt(STARTED_AT + 300_000));
    const spikes = levels.filter((level) => level !== 1);
    expect(spikes.length).toBeGreaterThan(5);
    expect(spikes.length).toBeLessThan(40);
    expect(Math.min(...spikes.map((level) => Math.abs(level - 1)))).toBeGreaterThanOrEqual(1);
  });

  it('a spiking sensor is true while the first flood of a demo passes', () => {
    const [id = ''] = sufferers(['spike']);
    const bend = plan(['spike']).hooks(id).bend;
    const levels = Array.from({ length: 600 }, (_, index) => bend?.({ levelM: 1 }, STARTED_AT + index * 499));
    expect(new Set(levels.map((each) => each?.['levelM']))).toEqual(new Set([1]));
  });

  it('a wrong clock is two hours ahead and right after two minutes', () => {
    const [id = ''] = sufferers(['clock']);
    const offset = plan(['clock']).hooks(id).clockOffsetMs;
    expect(offset?.(STARTED_AT)).toBe(0);
    expect(offset?.(STARTED_AT + 450_000)).toBe(2 * 3_600_000);
    expect(offset?.(STARTED_AT + 570_000)).toBe(0);
  });

  it('a garbled payload is no JSON, and the others are whole', () => {
    const [id = ''] = sufferers(['garbage']);
    const garble = plan(['garbage']).hooks(id).garble;
    const whole = '{"measuredAt":"2026-01-15T00:00:00Z","clients":4}';
    const sent = Array.from({ length: 100 }, () => garble?.(whole, STARTED_AT) ?? '');
    const broken = sent.filter((text) => text !== whole);
    expect(broken.length).toBeGreaterThan(5);
    expect(broken.length).toBeLessThan(40);
    for (const text of broken) expect(() => JSON.parse(text)).toThrow();
  });

  it('can be chosen by name, and a wrong name is told the right ones', () => {
    expect(parseFaults('spike,uplink')).toEqual(new Set(['spike', 'uplink']));
    expect(parseFaults('all')).toEqual(new Set(FAULT_NAMES));
    expect(parseFaults('none')).toEqual(new Set());
    expect(parseFaults('spikes')).toContain('no such fault: spikes');
  });
});
