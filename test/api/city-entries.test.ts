/** Lists of a city for whoever edits them, forms, fields of problems, and what a folder says otherwise. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { changesRoutes } from '../../api/city/changes.ts';
import { cityEntryRoutes } from '../../api/city/city-entries.ts';
import { entryListRoutes } from '../../api/city/entry-lists.ts';
import type { City } from '../../cities/city.ts';
import type { Database } from '../../database/database.ts';
import { type LiveRegistry, openRegistry } from '../../fleet/registry.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { openMemoryDatabase } from '../support/memory-database.ts';
import { smallCity } from '../support/small-city.ts';

let database: Database;
let registry: LiveRegistry;
let api: TestApi;
let token: string;

beforeEach(async () => {
  database = await openMemoryDatabase();
  await open(smallCity);
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await database.destroy();
});

async function open(folder: City): Promise<void> {
  registry = await openRegistry(folder, database);
  const now = () => Date.UTC(2026, 0, 15);
  api = await openTestApi({
    routes: [
      cityEntryRoutes({ registry, now }),
      changesRoutes({ registry, database, now }),
      entryListRoutes(registry),
    ],
  });
  token = await api.tokenFor('engineer');
}

const read = async (path: string) => (await api.get(path, token)).json();
const patch = (path: string, payload: object, headers: object = { 'if-match': '*' }) =>
  api.app.inject({
    method: 'PATCH',
    url: path,
    payload,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });

test('a list is searched, goes on page by page, and says what is of the folder, changed and added', async () => {
  await patch('/v1/devices/bendung', { name: 'Bendung baru' });
  const gauge = registry.state.findNow('devices', 'bendung');
  await api.call('POST', '/v1/devices', token, { ...gauge, id: 'aaa-new', name: 'New' });
  const all = await read('/v1/entries?list=devices');
  expect(all.total).toBe(smallCity.devices.length + 1);
  const origins = new Map(all.entries.map((each: { id: string; origin: string }) => [each.id, each.origin]));
  expect([origins.get('aaa-new'), origins.get('bendung'), origins.get('hulu')]).toEqual([
    'added',
    'changed',
    'folder',
  ]);
  const found = await read('/v1/entries?list=devices&q=BARU');
  expect(found).toMatchObject({ total: 1, entries: [{ id: 'bendung', kind: 'river-gauge' }] });
  const ids: string[] = [];
  for (let path: string | undefined = '/v1/entries?list=devices&limit=2'; path !== undefined; ) {
    const page: { entries: { id: string }[]; next?: string } = await read(path);
    ids.push(...page.entries.map(({ id }) => id));
    path = page.next;
  }
  expect(ids).toEqual(all.entries.map(({ id }: { id: string }) => id));
  expect((await api.get('/v1/entries?list=devices', await api.tokenFor('desk'))).statusCode).toBe(403);
});

test('every kind of device of the city and every list has a form, of the schema that judges it', async () => {
  const { forms, rules } = await read('/v1/entries/forms');
  const kinds = new Set(smallCity.devices.map(({ kind }) => kind));
  for (const kind of kinds) {
    const form = forms.find((each: { kind: string }) => each.kind === kind);
    expect(form.schema.required, kind).toContain('lat');
  }
  const lists = new Set(forms.map(({ list }: { list: string }) => list));
  expect(lists).toEqual(
    new Set(['rivers', 'devices', 'uplinks', 'channels', 'bases', 'hospitals', 'kecamatan', 'alertRules']),
  );
  const gauge = forms.find((each: { kind: string }) => each.kind === 'river-gauge');
  expect(gauge.references).toContainEqual({ field: 'river', list: 'rivers', by: 'id', kind: null });
  const level = rules.find(({ rule }: { rule: string }) => rule === 'rate-of-rise');
  expect(Object.keys(level.parameters).length).toBeGreaterThan(0);
  expect(Object.values(level.parameters)).not.toContain(null);
});

test('null in a patch takes a field away, and says so at the entry', async () => {
  await patch('/v1/devices/bendung', { sensorHeightM: 9 });
  expect(registry.state.findNow('devices', 'bendung')).toHaveProperty('sensorHeightM', 9);
  const taken = await patch('/v1/devices/bendung', { sensorHeightM: null });
  expect(taken.statusCode, taken.body).toBe(200);
  expect(taken.json().entry).not.toHaveProperty('sensorHeightM');
  expect(registry.state.findNow('devices', 'bendung')).not.toHaveProperty('sensorHeightM');
});

test('a sentence about the whole entry names the fields that it means', async () => {
  const wrong = await patch('/v1/devices/bendung', { river: 'nowhere', lat: 3, normalLevelM: 1.45 });
  expect(wrong.statusCode).toBe(422);
  const fields = wrong.json().problems.flatMap((each: { fields?: string[] }) => each.fields ?? []);
  expect(new Set(fields)).toEqual(new Set(['river', 'lat', 'lng', 'normalLevelM']));
  const shape = await patch('/v1/devices/bendung', { lat: 'south' });
  expect(shape.json().problems).toMatchObject([{ entry: 'devices.bendung.lat' }]);
});

test('a folder that says otherwise overwrites nothing, and the difference is listed until the entry is changed', async () => {
  await patch('/v1/devices/bendung', { name: 'Ours' });
  await api[Symbol.asyncDispose]();
  const devices = smallCity.devices.map((each) =>
    each.id === 'bendung' ? { ...each, name: 'Theirs' } : each,
  );
  await open({ ...smallCity, devices });
  expect(registry.state.findNow('devices', 'bendung')).toMatchObject({ name: 'Ours' });
  const { differences, total } = await read('/v1/entries/differences');
  expect(total).toBe(1);
  expect(differences).toMatchObject([
    {
      ...{ list: 'devices', id: 'bendung', seedThen: { name: 'Gauge bendung' } },
      ...{ seedNow: { name: 'Theirs' }, here: { name: 'Ours' } },
    },
  ]);
  await patch('/v1/devices/bendung', { name: 'Theirs' });
  expect((await read('/v1/entries/differences')).total).toBe(0);
  expect((await read('/v1/entries?list=devices&q=theirs')).entries[0].origin).toBe('folder');
});
