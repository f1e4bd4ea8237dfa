import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineDeviceKind } from '../../../devices/device-kind.ts';
import { deviceKinds } from '../../../devices/kinds/index.ts';
import { QualityFlag, type Reading } from '../../../devices/reading.ts';
import { createLineEncoder } from '../../../influx/line-encoder.ts';
import { MAX_NUMBER_BYTES, writeInteger, writeNumber } from '../../../influx/number-bytes.ts';

const reading: Reading = {
  city: 'semarang',
  kind: 'ambulance',
  device: 'moto-01',
  measuredAt: 1_768_435_200_123,
  receivedAt: 1_768_435_200_500,
  seq: 5,
  simulated: true,
  quality: QualityFlag.serverTime,
  values: { lat: -6.990301, lng: 110.4229, speedMps: 8, status: 'en-route', unknown: 3 },
};

describe('numbers as bytes', () => {
  const written = (value: number): string => {
    const buffer = Buffer.alloc(MAX_NUMBER_BYTES);
    return buffer.toString('latin1', 0, writeNumber(buffer, 0, value));
  };

  it('parse back to the very double, whatever it is', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(written(value))).toBe(value === 0 ? 0 : value);
      }),
      { numRuns: 5_000 },
    );
  });

  it('parse back where they have the few decimals that devices send', () => {
    fc.assert(
      fc.property(fc.integer({ min: -2e9, max: 2e9 }), fc.integer({ min: 0, max: 9 }), (digits, decimals) => {
        const value = digits / 10 ** decimals;
        expect(Number(written(value))).toBe(value);
      }),
      { numRuns: 20_000 },
    );
  });

  it('hold whole numbers up to 2^53 − 1 exactly', () => {
    for (const value of [
      0,
      1,
      9,
      10,
      999_999_999,
      1_000_000_000,
      1_768_435_200_123,
      Number.MAX_SAFE_INTEGER,
    ]) {
      for (const signed of [value, -value]) {
        const buffer = Buffer.alloc(MAX_NUMBER_BYTES);
        expect(buffer.toString('latin1', 0, writeInteger(buffer, 0, signed))).toBe(String(signed));
      }
    }
  });
});

describe('a line', () => {
  const encoder = createLineEncoder(deviceKinds, () => ({ vehicle: 'motorcycle' }));

  it('has the kind as measurement, tags in order, the known quantities and the quality, time in ms', () => {
    expect(encoder.encode([reading])).toBe(
      'ambulance,city=semarang,device=moto-01,vehicle=motorcycle ' +
        'lat=-6.990301,lng=110.4229,speedMps=8,status="en-route",quality=1,failed=false,simulated=true ' +
        '1768435200123\n',
    );
  });

  it('says in a field of its own that its quality is failed', () => {
    const failed = { ...reading, quality: QualityFlag.implausibleSpeed, values: { lat: 1, lng: 2 } };
    expect(encoder.encode([failed])).toContain('quality=256,failed=true,');
  });

  it('never carries an integer suffix, so that no field changes its type', () => {
    expect(encoder.encode([{ ...reading, values: { lat: 1, lng: 2, speedMps: 3 } }])).not.toMatch(/=\d+i/);
  });

  it('leaves out what cannot be written: NaN, infinity, a word that is no state of the kind', () => {
    const values = { lat: Number.NaN, lng: Number.POSITIVE_INFINITY, status: 'asleep' };
    expect(encoder.encode([{ ...reading, values }])).toContain(' quality=1,');
  });

  it('of a kind that is not registered is not written', () => {
    expect(encoder.encode([{ ...reading, kind: 'siren' }, reading]).split('\n')).toHaveLength(2);
  });

  it('escapes tags that carry spaces, commas and equal signs, in letters of any language', () => {
    const place = createLineEncoder(deviceKinds, () => ({ place: 'Simpang Lima, utara=é' }));
    expect(place.encode([reading])).toContain(',place=Simpang\\ Lima\\,\\ utara\\=é lat=');
  });

  it('of a batch that outgrows the buffer is whole', () => {
    const readings = Array.from({ length: 5_000 }, (_, index) => ({ ...reading, measuredAt: index }));
    const lines = encoder.encode(readings).trimEnd().split('\n');
    expect(lines).toHaveLength(5_000);
    expect(lines.every((line, index) => line.endsWith(`simulated=true ${index}`))).toBe(true);
  });

  it('of a new kind needs nothing but the kind', () => {
    const siren = defineDeviceKind({
      name: 'street-siren',
      label: { en: 'siren', id: 'sirene' },
      description: 'A siren.',
      quantities: {
        batteryV: { type: 'gauge', unit: 'V', min: 0, max: 60, description: 'Supply.' },
        state: { type: 'state', states: ['idle', 'say "hi"'], description: 'What it does.' },
      },
      reportIntervalS: 60,
      silentAfterS: 300,
      audience: 'staff',
      example: { batteryV: 12 },
    });
    const values = { batteryV: 12.5, state: 'say "hi"' };
    expect(
      createLineEncoder(new Map([[siren.name, siren]])).encode([{ ...reading, kind: siren.name, values }]),
    ).toBe(
      'street_siren,city=semarang,device=moto-01 batteryV=12.5,state="say \\"hi\\"",' +
        'quality=1,failed=false,simulated=true 1768435200123\n',
    );
  });
});
