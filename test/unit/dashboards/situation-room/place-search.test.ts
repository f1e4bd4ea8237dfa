import { describe, expect, test } from 'vitest';
import { listPlaces } from '../../../../dashboards/situation-room/state/dispatch/call-place.ts';
import {
  locate,
  readGazetteer,
  suggestPlaces,
} from '../../../../dashboards/situation-room/state/dispatch/place-search.ts';

const place = (name: string, lat = -7) => ({ id: name, name, lat, lng: 110.4 });
const gauge = { river: 'r', tidal: false, normalLevelM: 1, thresholds: [], upstream: [] };
const city = {
  hospitals: [
    { ...place('RS Telogorejo', -6.98), class: 'B' },
    { ...place('RSUP Dr. Kariadi'), class: 'A' },
  ],
  gauges: [{ ...place('Bendung Simongan', -6.99), ...gauge }],
  places: [place('Simpang Lima', -6.97), place('Pasar Johar', -6.971), place('Kota Lama')],
  crossings: [{ ...place('Simpang Kyai Saleh', -6.99), streets: ['Jl. Pandanaran', 'Jl. Kyai Saleh'] }],
};
const gazetteer = listPlaces(city);
const namesFor = (typed: string) => suggestPlaces(gazetteer, typed).map(({ name }) => name);

describe('type-ahead over the places of the city', () => {
  test('puts a name that begins so before one with a word that begins so', () => {
    expect(namesFor('sim')).toEqual(['Simpang Lima', 'Simpang Kyai Saleh', 'Bendung Simongan']);
    expect(namesFor('johar')).toEqual(['Pasar Johar']);
  });

  test('knows a name whatever its case, points and long forms', () => {
    expect(namesFor('rumah sakit telo')).toEqual(['RS Telogorejo']);
    expect(namesFor('dr kariadi')).toEqual(['RSUP Dr. Kariadi']);
  });

  test('knows a crossing by its streets, and a fixed device by where it stands', () => {
    expect(namesFor('pandanaran')).toEqual(['Jl. Pandanaran, Simpang Kyai Saleh']);
    const devices = new Map([['ap', { name: 'Taman Indonesia Kaya', lat: -6.99, lng: 110.42 }]]);
    const all = readGazetteer({ city, devices } as unknown as Parameters<typeof readGazetteer>[0]);
    expect(locate(all, 'taman indonesia kaya')).toEqual({ lat: -6.99, lng: 110.42 });
  });

  test('leaves out what is near, and keeps it in the field', () => {
    expect(suggestPlaces(gazetteer, 'dekat pasar jo')).toMatchObject([
      { name: 'Pasar Johar', text: 'dekat Pasar Johar' },
    ]);
    expect(locate(gazetteer, 'dekat Pasar Johar')).toEqual({ lat: -6.971, lng: 110.4 });
  });

  test('proposes nothing for one letter, nor for what no place holds', () => {
    expect(namesFor('s')).toEqual([]);
    expect(namesFor('Jl. Pandanaran 20')).toEqual([]);
    expect(locate(gazetteer, 'Simpang')).toBeUndefined();
  });
});
