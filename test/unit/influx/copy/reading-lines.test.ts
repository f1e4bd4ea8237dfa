import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineDeviceKind } from '../../../../devices/device-kind.ts';
import { deviceKinds } from '../../../../devices/kinds/index.ts';
import { QualityFlag, type Reading } from '../../../../devices/reading.ts';
import { createReadingFormat, measurementOf, timeOf } from '../../../../influx/copy/reading-lines.ts';

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
const format = createReadingFormat(deviceKinds, () => ({ vehicle: 'motorcycle' }));

describe('a line', () => {
  it('has the kind as measurement, tags in order, the known quantities and the quality, time in ms', () => {
    expect(format(reading)).toBe(
      'ambulance,city=semarang,device=moto-01,vehicle=motorcycle ' +
        'lat=-6.990301,lng=110.4229,speedMps=8,status="en-route",quality=1,sound=1,real=0 1768435200123',
    );
  });

  it('says by a number that its quality is failed, and never by a boolean', () => {
    const failed = { ...reading, quality: QualityFlag.implausibleSpeed, values: { lat: 1, lng: 2 } };
    expect(format(failed)).toContain('quality=256,sound=0,');
    expect(format({ ...reading, quality: QualityFlag.late })).toContain('sound=1,');
    expect(format({ ...reading, simulated: false })).toContain('real=1 ');
    expect(format(failed)).not.toMatch(/=(true|false)/);
  });

  it('carries every double so that it parses back to itself, and none as an integer', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (lat) => {
        const [, written] = /lat=([^,]+),/.exec(format({ ...reading, values: { lat } }) ?? '') ?? [];
        expect(Number(written)).toBe(lat === 0 ? 0 : lat);
        expect(written).not.toMatch(/i$/);
      }),
    );
  });

  it('leaves out what cannot be written: NaN, infinity, a word that is no state of the kind', () => {
    const values = { lat: Number.NaN, lng: Number.POSITIVE_INFINITY, status: 'asleep' };
    expect(format({ ...reading, values })).toContain(' quality=1,');
  });

  it('of a kind that is not registered is none', () => {
    expect(format({ ...reading, kind: 'siren' })).toBeUndefined();
  });

  it('escapes tags that carry spaces, commas and equal signs, in letters of any language', () => {
    const place = createReadingFormat(deviceKinds, () => ({ place: 'Simpang Lima, utara=é' }));
    expect(place(reading)).toContain(',place=Simpang\\ Lima\\,\\ utara\\=é lat=');
  });

  it('has the tags that the device has now, after it was moved', () => {
    let uplink = 'a';
    const moving = createReadingFormat(deviceKinds, () => ({ uplink }));
    expect(moving(reading)).toContain(',uplink=a ');
    uplink = 'b';
    expect(moving(reading)).toContain(',uplink=b ');
  });

  it('tells its measurement and its time, also where a text holds blanks and commas', () => {
    const line = 'siaga_alert,city=a\\ b title="a, b 5",rank=1 1768435200123';
    expect([measurementOf(line), timeOf(line)]).toEqual(['siaga_alert', 1_768_435_200_123]);
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
    const line = createReadingFormat(new Map([[siren.name, siren]]))({
      ...reading,
      kind: siren.name,
      values,
    });
    expect(line).toBe(
      'street_siren,city=semarang,device=moto-01 batteryV=12.5,state="say \\"hi\\"",' +
        'quality=1,sound=1,real=0 1768435200123',
    );
  });
});
