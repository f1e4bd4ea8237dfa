/**
 * A city that is changed while it runs, over the state database: what lies over the folder, the audit, the way back.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeDevices } from '../../../broker/credentials/device-list.ts';
import { listChanges, undoChanges } from '../../../cities/changes.ts';
import { checkCityFolder } from '../../../cities/check-city.ts';
import { type City, loadCityFolder } from '../../../cities/city.ts';
import { writeMerged } from '../../../cities/export-state.ts';
import { ImportRefusedError, importEntries } from '../../../cities/import-city.ts';
import { readImportFile } from '../../../cities/import-file.ts';
import { type Entry, type EntryList, mergePatch } from '../../../cities/overlay.ts';
import type { Database } from '../../../database/database.ts';
import { type CityMove, type LiveRegistry, openRegistry } from '../../../fleet/registry.ts';
import { openMemoryDatabase } from '../../support/memory-database.ts';
import { ambulance, buildSmallCity, gauge, hospital } from '../../support/small-city.ts';

const BY = { actor: 'test', at: Date.UTC(2026, 0, 1) };
const folder = buildSmallCity([gauge('bendung'), ambulance('motor-1')], { hospitals: [hospital('tugu')] });

let database: Database;
let registry: LiveRegistry;
let moves: CityMove[];
beforeEach(async () => {
  database = await openMemoryDatabase();
  await openOver(folder);
});
afterEach(() => database.destroy());

/** As a server that starts on this folder. */
async function openOver(city: City): Promise<void> {
  registry = await openRegistry(city, database);
  moves = [];
  registry.follow((move) => moves.push(move));
}

const put = (list: EntryList, id: string, entry: Entry | null) =>
  registry.change({ ...BY, makeEdits: async () => [{ list, id, entry }] });
const patch = (list: EntryList, id: string, fields: Entry) =>
  registry.change({
    ...BY,
    makeEdits: async ({ findNow }) => [{ list, id, entry: mergePatch(findNow(list, id), fields) }],
  });
const countRows = async () => (await database.selectFrom('city_entries').selectAll().execute()).length;
const added = (id: string, kind: string, site: object | null = null) => ({
  ...{ id, kind, name: id, lat: null, lng: null },
  site: site && JSON.stringify(site),
});

describe('a change', () => {
  test('replaces the city as a whole, tells who follows, and leaves the value before as it was', async () => {
    const before = registry.cityNow;
    await patch('devices', 'bendung', { name: 'Renamed' });
    expect(before.devices[0]?.name).toBe('Gauge bendung');
    expect(registry.cityNow.devices[0]).toMatchObject({ id: 'bendung', name: 'Renamed' });
    expect(registry.cityNow.devices[1]).toBe(before.devices[1]);
    expect(registry.find('bendung')?.name).toBe('Renamed');
    expect(moves).toEqual([{ before, now: registry.cityNow, devices: new Set(['bendung']) }]);
  });

  test('back to what the folder says lies over it no more; one that changes nothing has no line', async () => {
    await patch('devices', 'bendung', { name: 'Renamed' });
    expect(await patch('devices', 'bendung', { name: 'Renamed' })).toEqual([]);
    await patch('devices', 'bendung', { name: 'Gauge bendung' });
    expect(await countRows()).toBe(0);
    expect(registry.cityNow).toEqual(folder);
    expect(await listChanges(database, { city: 'semarang', limit: 10 })).toHaveLength(2);
  });

  test('is refused with every reason that it makes, and for none that was there before', async () => {
    await openOver({ ...folder, rivers: [] });
    await patch('devices', 'bendung', { name: 'Renamed' });
    const wrong = { lat: 3, upstream: [{ gauge: 'nobody', lagMin: 5 }] };
    await expect(patch('devices', 'bendung', wrong)).rejects.toMatchObject({
      problems: [
        { entry: 'devices.bendung', reason: expect.stringContaining("outside the city's bounds") },
        { entry: 'devices.bendung', reason: 'no upstream gauge nobody' },
      ],
    });
    await expect(put('devices', 'new', { kind: 'river-gauge', id: 'new' })).rejects.toThrow(
      /devices\.new\.name: Invalid input: expected string, received undefined\n {4}→ add the field/,
    );
    await expect(patch('devices', 'bendung', { id: 'other' })).rejects.toThrow(/cannot be changed/);
    await expect(put('devices', 'bendung', { ...ambulance('bendung') })).rejects.toThrow(
      /it is a river-gauge/,
    );
    expect(registry.cityNow.devices[0]).toMatchObject({ name: 'Renamed', lat: -7 });
  });

  test('takes no unit away that is on its way', async () => {
    await database
      .insertInto('dispatch_units')
      .values({ unit: 'motor-1', version: 1, assignment: 12, out_of_service: null, patient_doubt: null })
      .execute();
    await expect(put('devices', 'motor-1', null)).rejects.toThrow(/on assignment 12/);
    expect(registry.find('motor-1')).toBeDefined();
  });

  test('is taken back only where nothing was changed after it', async () => {
    const [first] = await patch('devices', 'bendung', { name: 'One' });
    const [second] = await patch('devices', 'bendung', { name: 'Two' });
    await expect(registry.undo(first?.id as number, BY)).rejects.toThrow(/was changed since/);
    await registry.undo(second?.id as number, BY);
    await registry.undo(first?.id as number, BY);
    expect(registry.find('bendung')?.name).toBe('Gauge bendung');
    expect(await registry.undo(999, BY)).toBeUndefined();
  });

  test('of many entries is taken back as a whole, or not at all where one was changed after it', async () => {
    const first = await put('rivers', 'a', { id: 'a', name: 'A' });
    const many = await registry.change({
      ...BY,
      makeEdits: async () => [
        { list: 'rivers', id: 'a', entry: { id: 'a', name: 'A 2' } },
        { list: 'devices', id: 'new-1', entry: gauge('new-1', { river: 'a' }) },
      ],
    });
    const [from, to] = [Number(first[0]?.id), Math.max(...many.map(({ id }) => id))];
    const undo = () => undoChanges(from, to, { database, folder, ...BY });
    await put('rivers', 'a', { id: 'a', name: 'A 3' });
    await expect(undo()).rejects.toThrow(
      /rivers\.a: it was changed since change \d+; take the later changes/,
    );
    await put('rivers', 'a', { id: 'a', name: 'A 2' });
    expect(await undo()).toHaveLength(2);
    await registry.reload();
    expect(registry.cityNow).toEqual(folder);
    expect(await countRows()).toBe(0);
    const lines = await listChanges(database, { city: 'semarang', limit: 2 });
    expect(new Set(lines.map(({ undoes }) => undoes))).toEqual(new Set(many.map(({ id }) => id)));
    expect(await undoChanges(900, 990, { database, folder, ...BY })).toBeUndefined();
  });

  test('of an old folder stands over a new one that lacks what it names, and the start says so', async () => {
    await patch('devices', 'bendung', { name: 'Ours' });
    await put('hospitals', 'tugu', null);
    await openOver(buildSmallCity([ambulance('motor-1')], { hospitals: [hospital('tugu', { class: 'A' })] }));
    expect(registry.find('bendung')?.name).toBe('Ours');
    expect(registry.cityNow.hospitals).toEqual([]);
    expect(registry.state.notes).toEqual([
      'devices.bendung: the folder has it no more; what was changed here stands',
      'hospitals.tugu: the folder says otherwise now (class "B" → "A"); what was changed here stands',
    ]);
  });
});

describe('a device that a command has added', () => {
  test('of which little was said is removed, comes back as it was, and becomes whole by a change', async () => {
    await writeDevices(database, folder, [added('new-1', 'river-gauge')], BY.at);
    await registry.reload();
    expect(registry.find('new-1')).toEqual({ id: 'new-1', kind: 'river-gauge', name: 'new-1' });
    const [removed] = await put('devices', 'new-1', null);
    expect(registry.find('new-1')).toBeUndefined();
    await registry.undo(removed?.id as number, BY);
    expect(registry.find('new-1')).toEqual({ id: 'new-1', kind: 'river-gauge', name: 'new-1' });
    await put('devices', 'new-1', gauge('new-1'));
    expect(registry.find('new-1')?.site).toMatchObject({ thresholds: { length: 3 } });
  });

  test('has no twin: removed, its id given to a hospital, the removal is not taken back', async () => {
    await writeDevices(database, folder, [added('new-1', 'river-gauge')], BY.at);
    await registry.reload();
    const [removed] = await put('devices', 'new-1', null);
    const [given] = await put('hospitals', 'new-1', hospital('new-1'));
    await expect(registry.undo(removed?.id as number, BY)).rejects.toThrow(
      'devices.new-1: a hospital has this id already',
    );
    expect(registry.find('new-1')?.kind).toBe('hospital');
    expect(registry.state.bare.has('new-1')).toBe(false);
    // The later change first, and then this one.
    await registry.undo(given?.id as number, BY);
    await registry.undo(removed?.id as number, BY);
    expect(registry.find('new-1')?.kind).toBe('river-gauge');
    await expect(put('hospitals', 'new-1', hospital('new-1'))).rejects.toThrow(
      'hospitals.new-1: a device has this id already',
    );
  });

  test('is in the city where it is whole; removed and added again it is there again', async () => {
    const unit = added('motor-9', 'ambulance', ambulance('motor-9'));
    await writeDevices(database, folder, [unit], BY.at);
    await registry.reload();
    expect(registry.cityNow.devices.map(({ id }) => id)).toContain('motor-9');
    expect(folder.devices.map(({ id }) => id)).not.toContain('motor-9');
    await put('devices', 'motor-9', null);
    expect(registry.find('motor-9')).toBeUndefined();
    await writeDevices(database, folder, [unit], BY.at + 1);
    await registry.reload();
    expect(registry.find('motor-9')).toBeDefined();
    const lines = await listChanges(database, { city: 'semarang', limit: 10, entry: 'motor-9' });
    const entry = registry.cityNow.devices.find(({ id }) => id === 'motor-9');
    expect(lines.map(({ actor, before, after }) => [actor, before, after])).toEqual([
      ['command line', null, entry],
      ['test', entry, null],
      ['command line', null, entry],
    ]);
  });
});

test('an export of a city that was changed in every list is the same city elsewhere', async () => {
  const own = buildSmallCity([gauge('bendung'), gauge('hulu'), ambulance('motor-1')], {
    ...{ hospitals: [hospital('tugu')], kecamatan: [{ id: 'tugu-k', name: 'Tugu', lat: -7, lng: 110.4 }] },
    alertRules: [{ rule: 'river-level', parameters: { confirmReadings: 2 } }],
  });
  const root = mkdtempSync(join(tmpdir(), 'siaga-export-'));
  try {
    // As people keep it: two files of devices that mix kinds, and the other lists in city.json.
    const copy = join(root, 'semarang');
    mkdirSync(copy);
    const { devices, ...frame } = own;
    const files = { city: frame, 'devices.north': devices.slice(0, 1), 'devices.south': devices.slice(1) };
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(copy, `${name}.json`), JSON.stringify(content));
    await openOver(loadCityFolder(copy));
    await put('devices', 'bendung', gauge('bendung', { name: 'Renamed', normalLevelM: 0.7 }));
    await put('devices', 'hulu', null);
    await put('devices', 'new-1', gauge('new-1', { upstream: [{ gauge: 'bendung', lagMin: 9 }] }));
    await put('rivers', 'garang', { id: 'garang', name: 'Kali Garang' });
    await put('uplinks', 'fibre-1', null);
    await put('bases', 'north', { id: 'north', name: 'Utara', lat: -7, lng: 110.41 });
    await put('hospitals', 'tugu', null);
    await put('kecamatan', 'tugu-k', { id: 'tugu-k', name: 'Tugu Baru', lat: -7, lng: 110.4 });
    await put('channels', 'posko', { id: 'posko', name: 'Posko', kind: 'mail', to: 'posko@kota.go.id' });
    await put('alertRules', 'river-level', null);
    await put('alertRules', 'river-level.device.bendung', {
      ...{ rule: 'river-level', device: 'bendung', enabled: false },
    });
    writeMerged(copy, registry.folder, registry.cityNow);
    expect(checkCityFolder(copy)).toEqual([]);
    expect(byId(loadCityFolder(copy))).toEqual(byId(registry.cityNow));
  } finally {
    rmSync(root, { recursive: true });
  }
});

/** Kinds of device have a file each in an export, so that only the order among kinds may differ. */
function byId(city: City): City {
  return { ...city, devices: city.devices.toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
}

describe('a file', () => {
  const importText = (text: string, keepGood = false, list: EntryList = 'devices', kind?: string) =>
    importEntries(
      { database, folder, ...BY },
      readImportFile(text, registry.cityNow, { list, kind }),
      keepGood,
    );

  test('in GeoJSON adds places by their points, and changes those that are there by what it says', async () => {
    const feature = (id: string, more: object) => ({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [110.41, -7.01] },
      properties: { id, ...more },
    });
    const features = [feature('psc', {}), feature('north', { name: 'Post North' })];
    await importText(JSON.stringify({ type: 'FeatureCollection', features }), false, 'bases');
    await registry.reload();
    expect(registry.cityNow.bases).toEqual([
      { id: 'psc', name: 'PSC 119', lat: -7.01, lng: 110.41 },
      { id: 'north', name: 'Post North', lat: -7.01, lng: 110.41 },
    ]);
  });

  test('in GeoJSON may call its fields as people do, and says of what is no point that it is none', async () => {
    const point = { type: 'Point', coordinates: [110.41, -7.01] };
    const collect = (...features: object[]) => JSON.stringify({ type: 'FeatureCollection', features });
    const north = { type: 'Feature', geometry: point, properties: { Kode: 'north', Nama: 'Utara' } };
    await importText(`\uFEFF${collect(north)}`, false, 'bases');
    await registry.reload();
    expect(registry.cityNow.bases.at(-1)).toEqual({ id: 'north', name: 'Utara', lat: -7.01, lng: 110.41 });
    const area = { geometry: { type: 'Polygon', coordinates: [] }, properties: { id: 'area', name: 'Area' } };
    const refused = await importText(collect(area), false, 'bases').catch((error: unknown) => error);
    expect((refused as ImportRefusedError).bad).toEqual([
      { where: 'feature 1', reasons: ['bases.area: it is a Polygon, and a point is needed'] },
    ]);
  });

  test('says yes and no as spreadsheets and people do', async () => {
    const words = ['TRUE', 'true', 'BENAR', 'ya', 'FALSE', 'salah', 'No', 'tidak'];
    const lines = words.map((word, index) => `r-${index},Sungai ${index},${word}`);
    await importText(['id,name,tidal', ...lines].join('\n'), false, 'rivers');
    await registry.reload();
    const added = registry.cityNow.rivers.slice(-words.length);
    expect(added.map(({ tidal }) => tidal)).toEqual(words.map((_, index) => index < 4));
  });

  test.each([
    ['PK\u0003\u0004', /save the sheet as CSV/],
    ['{"type":"Feature"', /begins as JSON and is none/],
    ['{"type":"Feature"}', /no GeoJSON FeatureCollection \(type: .*save it as one, or as CSV/],
    ['[{"id":"x"}]', /no GeoJSON FeatureCollection/],
    ['Daftar\n\nid,name\na,A\n"b,B\n', /^line 5: a quotation mark is opened and not closed/],
    ['', /no column "id"/],
  ])('that is none (%j) is refused with what to do', async (text, message) => {
    await expect(async () => importText(text, false, 'bases')).rejects.toThrow(message);
  });

  test('with decimal commas and columns in the entry adds hospitals', async () => {
    const text =
      'id;name;lat;lng;class;beds.emergency;beds.intensive;beds.ward\nrs-1;12;-6,98;110,42;C;5;2;40\n';
    await importText(text, false, 'hospitals');
    await registry.reload();
    expect(registry.cityNow.hospitals.at(-1)).toMatchObject({
      ...{ id: 'rs-1', name: '12', lat: -6.98, beds: { emergency: 5, intensive: 2, ward: 40 } },
    });
  });

  test('names each bad row and writes nothing, or the good ones; who names a bad row is bad with it', async () => {
    const rows = [
      'id,kind,name,lat,lng,river,sensorRangeM.0,sensorRangeM.1,normalLevelM,minorM,upstream',
      'top,river-gauge,Top,-7,110.4,nowhere,0,6,1,1.5,',
      'low,river-gauge,Low,-7,110.4,bkb,0,6,1,1.5,"[{""gauge"":""top"",""lagMin"":5}]"',
      'good,river-gauge,Good,-7,110.4,bkb,0,6,1,1.5,',
      'good,river-gauge,Twice,-7,110.4,bkb,0,6,1,1.5,',
      'Bad Id,river-gauge,Bad,-7,110.4,bkb,0,6,1,1.5,',
    ].join('\n');
    const bad = [
      { where: 'line 2', reasons: ['devices.top: no river nowhere'] },
      { where: 'line 3', reasons: ['devices.low: no upstream gauge top'] },
      { where: 'line 5', reasons: ['devices.good: line 4 has this id already'] },
      { where: 'line 6', reasons: [expect.stringContaining('lower case letters')] },
    ];
    const refused = await importText(rows).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ImportRefusedError);
    expect((refused as ImportRefusedError).bad).toEqual(bad);
    expect(await countRows()).toBe(0);
    const kept = await importText(rows, true);
    expect(kept.bad).toEqual(bad);
    expect(kept.written).toMatchObject([{ list: 'devices', entry: 'good' }]);
    await registry.reload();
    expect(registry.find('good')?.site).toMatchObject({
      thresholds: [{ severity: 'minor', levelM: 1.5, label: { id: 'siap', en: 'ready' } }],
    });
  });
});
