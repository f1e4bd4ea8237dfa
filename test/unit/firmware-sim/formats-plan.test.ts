/** Who speaks what: the plan that the demo registers and the devices go by. */
import { describe, expect, test } from 'vitest';
import { loadCity } from '../../../cities/city.ts';
import { publishersOf } from '../../../cities/publishers.ts';
import { isAmbulance } from '../../../devices/kinds/ambulance.ts';
import { isRiverGauge } from '../../../devices/kinds/river-gauge.ts';
import { formatDeviceFile, gatewaysOf } from '../../../firmware-sim/demo/demo-registration.ts';
import { encoders } from '../../../firmware-sim/device/formats/index.ts';
import { FAULT_NAMES, planFaults } from '../../../firmware-sim/faults.ts';
import { type FormatsPlan, parseFormats, planFormats } from '../../../firmware-sim/formats-plan.ts';
import { createFlood } from '../../../firmware-sim/rivers/flood.ts';

const city = loadCity('semarang');
const publishers = publishersOf(city);
const planOf = (text: string) => planFormats(city, parseFormats(text) as ReadonlySet<string>);
const speakersOf = (plan: FormatsPlan, format: string) =>
  publishers.filter(({ id }) => plan.encoderOf(id).name === format);

describe('a mixed city', () => {
  const plan = planOf('mixed');

  test.each([...encoders.keys()])('has at least two devices that speak %s', (format) => {
    expect(speakersOf(plan, format).length).toBeGreaterThanOrEqual(2);
  });

  test('lets nobody speak what his kind does not', () => {
    for (const site of publishers) {
      const { kinds, fits } = plan.encoderOf(site.id);
      expect(kinds?.has(site.kind) ?? true, site.id).toBe(true);
      expect(fits?.(site) ?? true, site.id).toBe(true);
    }
  });

  test('has ambulances that acknowledge their orders: they speak our own', () => {
    for (const { id } of publishers.filter(isAmbulance)) expect(plan.encoderOf(id).name).toBe('siaga');
  });

  test('is the same each time', () => {
    expect(formatDeviceFile(city, plan)).toBe(formatDeviceFile(city, planOf('mixed')));
  });

  test('is registered line by line, each device as simulated and with the gateway that sends for it', () => {
    const [, ...lines] = formatDeviceFile(city, plan).trimEnd().split('\n');
    expect(lines).toHaveLength(publishers.length);
    expect(lines.every((line) => line.endsWith(',true'))).toBe(true);
    expect([...gatewaysOf(city, plan)].map(([, format]) => format).sort()).toEqual([
      ...['chirpstack', 'the-things-stack', 'unifi'],
    ]);
  });

  test('has every fault, none of them where its format could not tell it', () => {
    const main = createFlood(city.devices.filter(isRiverGauge), 1, 0).main.map(({ gauge }) => gauge.id);
    for (let seed = 1; seed <= 20; seed++) {
      const spared = new Set(main).union(plan.foreign);
      const faults = planFaults(city, new Set(FAULT_NAMES), spared, seed, 0);
      expect(faults.lines).toHaveLength(FAULT_NAMES.length);
      const hooked = publishers.filter(({ id }) => Object.keys(faults.hooks(id)).length > 0);
      for (const { id } of hooked) expect(plan.foreign.has(id), id).toBe(false);
    }
  });
});

test('a city of one format speaks our own where a kind does not know it', () => {
  const plan = planOf('tasmota');
  expect(speakersOf(plan, 'tasmota').length).toBeGreaterThan(2);
  expect(speakersOf(plan, 'tasmota').length + speakersOf(plan, 'siaga').length).toBe(publishers.length);
});

test('a city of our own has no other', () => {
  expect(planOf('siaga').foreign.size).toBe(0);
});

test('a format that is none is a sentence', () => {
  expect(parseFormats('siaga,pigeon')).toMatch(/^no such format: pigeon; there are mixed, siaga, /);
});
