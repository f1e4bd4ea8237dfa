import { describe, expect, test } from 'vitest';
import {
  findCityPlace,
  parseCoordinates,
} from '../../../../dashboards/situation-room/state/dispatch/call-place.ts';
import { createDeedKeys } from '../../../../dashboards/situation-room/state/dispatch/desk-calls.ts';

describe('coordinates as people write them', () => {
  test.each([
    '-6.99, 110.42',
    ' -6.99,110.42 ',
    '−6.99 110.42',
    '(-6.99; 110.42)',
    '-6,99; 110,42',
    '-6,99, 110,42',
    'https://www.google.com/maps/@-6.99,110.42,15z',
    'https://maps.google.com/?q=-6.99,110.42',
    'https://maps.google.com/?q=-6.99%2C110.42',
    'https://www.google.com/maps/place/X/data=!3m1!3d-6.99!4d110.42',
  ])('understands %s', (text) => {
    expect(parseCoordinates(text)).toEqual({ lat: -6.99, lng: 110.42 });
  });

  test.each([
    `6°59'24"S 110°25'12"E`,
    `6° 59' 24" S, 110° 25' 12" E`,
    `6°59′24″LS 110°25′12″BT`,
    `S 6° 59.4' E 110° 25.2'`,
    `6°59,4'S; 110°25,2'E`,
    '6 59 24 S 110 25 12 E',
    '6.99° S, 110.42° E',
    `110°25'12"E 6°59'24"S`,
  ])('understands degrees with their side: %s', (text) => {
    const { lat, lng } = parseCoordinates(text) ?? {};
    expect(lat).toBeCloseTo(-6.99, 9);
    expect(lng).toBeCloseTo(110.42, 9);
  });

  test.each([
    `6°59'24"S`,
    `6°75'S 110°25'E`,
    `6°59'S 7°00'S`,
    'Blok S 6 Gang E 3',
    '',
    'Jl. Pandanaran 20',
    'RT 5, 3',
    '-6.99',
    '110.42, -6.99',
    '-6.99, 181',
    '-6.99, 110.42, 3',
    'https://maps.example/place',
  ])('takes %j for no coordinates', (text) => {
    expect(parseCoordinates(text)).toBeUndefined();
  });
});

describe('a place by its name', () => {
  const place = (name: string, lat: number) => ({ id: name, name, lat, lng: 110.4 });
  const gauge = { river: 'r', tidal: false, normalLevelM: 1, thresholds: [], upstream: [] };
  const city = {
    hospitals: [{ ...place('RS Telogorejo', -6.98), class: 'B' }],
    gauges: [{ ...place('Bendung Simongan', -6.99), ...gauge }],
    places: [place('Simpang Lima', -6.97), place('RS Telogorejo', -7.1)],
    crossings: [],
  };

  test('is found whole, in any case and with any blanks', () => {
    expect(findCityPlace(city, ' simpang  LIMA ')).toMatchObject({ lat: -6.97 });
    expect(findCityPlace(city, 'Bendung Simongan')).toMatchObject({ lat: -6.99 });
    expect(findCityPlace(city, 'Simpang')).toBeUndefined();
  });

  test('is the hospital where a district has the same name', () => {
    expect(findCityPlace(city, 'RS Telogorejo')).toMatchObject({ lat: -6.98 });
  });
});

test('a deed tried again keeps its key; another deed, or the same once done, has a new one', () => {
  const keys = createDeedKeys();
  const first = keys.keyFor('send u1');
  expect(keys.keyFor('send u1')).toBe(first);
  expect(keys.keyFor('send u2')).not.toBe(first);
  const second = keys.keyFor('send u1');
  keys.forget();
  expect(keys.keyFor('send u1')).not.toBe(second);
  expect(second).toMatch(/^[0-9a-f]{32}$/);
});
