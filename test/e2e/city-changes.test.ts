/**
 * A city that is changed while it runs, on the whole server over real MQTT and HTTP: thresholds, removal and return,
 * two editors, a kill in the middle of a change, an upgrade of the folder.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startFakeInflux } from '../support/fake-influx.ts';
import {
  createDataFolder,
  type DataFolder,
  type RunningSiaga,
  runCommand,
  startSiaga,
} from '../support/start-siaga.ts';

/** A program takes a second to start here, and several on a busy machine. */
const TIMEOUT_MS = 180_000;
const GAUGE = 'silandak-purwoyoso';

interface Entry {
  readonly [field: string]: unknown;
  readonly normalLevelM: number;
  readonly thresholds: { severity: string; label: object; levelM: number }[];
}
/** Each by another check: the schema, the city's bounds, its lists, the ladder. */
const FAULTS: readonly { reason: string; river?: string; lat?: string | number; minorM?: number }[] = [
  { lat: 'south', reason: 'lat: Invalid input: expected number' },
  { lat: 7, reason: "outside the city's bounds" },
  { river: 'nowhere', reason: 'no river nowhere' },
  { minorM: 2.5, reason: 'thresholds must ascend' },
];
interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly etag: string;
  readonly body: T;
}

let folder: DataFolder;
let server: RunningSiaga;
let gauges: MqttClient;

beforeEach(async () => {
  folder = await createDataFolder();
  await start();
});
afterEach(async () => {
  await gauges?.endAsync(true);
  await server?.[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function start(environment: Record<string, string> = {}): Promise<void> {
  server = await startSiaga({ dataDir: folder.path, environment });
  gauges = await connectAsync(`mqtt://127.0.0.1:${server.mqttPort}`, { reconnectPeriod: 0 });
}

async function call<T = Record<string, unknown>>(
  method: string,
  path: string,
  body?: object,
  etag?: string,
): Promise<Answer<T>> {
  const response = await fetch(server.httpUrl + path, {
    method,
    headers: {
      connection: 'close',
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(etag === undefined ? {} : { 'if-match': etag }),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  return {
    status: response.status,
    etag: response.headers.get('etag') ?? '',
    body: (text === '' ? {} : JSON.parse(text)) as T,
  };
}

const read = (id: string) => call<Entry>('GET', `/v1/devices/${id}/entry`);

async function say(id: string, levelM: number): Promise<void> {
  await gauges.publishAsync(`siaga/semarang/river-gauge/${id}/telemetry`, JSON.stringify({ levelM }), {
    qos: 1,
  });
  await eventually(async () => {
    const { last } = await server.get<{ last?: { values: { levelM: number } } }>(`/v1/devices/${id}`);
    expect(last?.values.levelM).toBe(levelM);
  });
}

async function levels(id: string, state = 'open') {
  const { alerts } = await server.get<{ alerts: { id: string; subject: string; text: { en: string } }[] }>(
    `/v1/alerts?state=${state}&rule=river-level`,
  );
  return alerts.filter(({ subject }) => subject === id);
}

/** The ladder with its lowest step at this level, and the others above it. */
const laddered = (entry: Entry, lowestM: number) => ({
  hysteresisM: 0.01,
  thresholds: entry.thresholds.map((step, index) => ({ ...step, levelM: lowestM + index * 0.4 })),
});

describe('a city that is changed while it runs', { timeout: TIMEOUT_MS }, () => {
  test('a threshold below the present level raises, one above it ends, and taking that back raises again', async () => {
    const { body: before, etag } = await read(GAUGE);
    const levelM = before.normalLevelM + 0.2;
    await say(GAUGE, levelM);
    expect(await levels(GAUGE)).toEqual([]);
    const lowered = await call('PATCH', `/v1/devices/${GAUGE}`, laddered(before, levelM - 0.1), etag);
    expect(lowered, JSON.stringify(lowered)).toMatchObject({ status: 200, body: { change: 1 } });
    await eventually(async () => expect(await levels(GAUGE)).toHaveLength(1));
    const { city } = await server.get<{ city: { gauges: Entry[] } }>('/v1/city');
    expect(city.gauges.find(({ id }) => id === GAUGE)?.thresholds[0]?.levelM).toBe(levelM - 0.1);

    expect(await call('POST', '/v1/changes/1/undo')).toMatchObject({ status: 200, body: { undoes: 1 } });
    const [ended] = await eventually(async () => {
      expect(await levels(GAUGE)).toEqual([]);
      return levels(GAUGE, 'resolved');
    });
    expect(ended?.text.en).toMatch(/what it is judged by was changed/);
    expect((await read(GAUGE)).body).toEqual(before);

    expect(await call('POST', '/v1/changes/2/undo')).toMatchObject({ status: 200, body: { undoes: 2 } });
    await eventually(async () => expect(await levels(GAUGE)).toHaveLength(1));
    const { changes } = await server.get<{ changes: object[] }>(`/v1/changes?entry=${GAUGE}&limit=2`);
    expect(changes).toMatchObject([
      { id: 3, actor: 'local', list: 'devices', entry: GAUGE, undoes: 2 },
      { id: 2, actor: 'local', undoes: 1, after: before },
    ]);
  });

  test('a device that is added raises alerts; removed it is gone with them, its history stays; and it comes back', async () => {
    const { body: model } = await read(GAUGE);
    const more = { id: 'gauge-new', name: 'Gauge new', ...laddered(model, model.normalLevelM + 0.3) };
    const made = await call('POST', '/v1/devices', { ...model, ...more });
    expect(made, JSON.stringify(made)).toMatchObject({ status: 201, body: { entry: more } });
    expect((await call('POST', '/v1/devices', { ...model, ...more })).status).toBe(409);
    const levelM = model.normalLevelM + 0.35;
    await say('gauge-new', model.normalLevelM);
    await say('gauge-new', levelM);
    await eventually(async () => expect(await levels('gauge-new')).toHaveLength(1));

    const removed = await call('DELETE', '/v1/devices/gauge-new', undefined, made.etag);
    expect(removed).toMatchObject({ status: 200, body: { entry: null } });
    await eventually(async () => expect(await levels('gauge-new')).toEqual([]));
    expect((await call('GET', '/v1/devices/gauge-new')).status).toBe(404);
    expect((await levels('gauge-new', 'resolved'))[0]?.text.en).toMatch(/was removed from the city/);

    const { change } = removed.body;
    expect(await call('POST', `/v1/changes/${change}/undo`)).toMatchObject({ status: 200 });
    await eventually(async () => expect(await levels('gauge-new')).toHaveLength(1));
    const { points } = await server.get<{ points: object[] }>('/v1/devices/gauge-new/readings');
    expect(points).toHaveLength(2);
  });

  test('two editors do not overwrite each other, and what is wrong is said as `check` says it', async () => {
    const { body: entry, etag } = await read(GAUGE);
    const path = `/v1/devices/${GAUGE}`;
    expect((await call('PATCH', path, { name: 'No version' })).status).toBe(428);
    const both = await Promise.all(['One', 'Two'].map((name) => call('PATCH', path, { name }, etag)));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
    const winner = both.find(({ status }) => status === 200) as Answer<{ entry: Entry }>;
    expect((await read(GAUGE)).body).toEqual(winner.body.entry);
    const wrong = await call('PATCH', path, { river: 'nowhere', thresholds: [] }, winner.etag);
    expect(wrong).toMatchObject({ status: 422, body: { type: 'urn:siaga:problem:city-refused' } });
    const alone = await call('PATCH', path, { river: 'nowhere' }, winner.etag);
    expect(alone.body['problems']).toEqual([
      expect.objectContaining({ entry: `devices.${GAUGE}`, reason: 'no river nowhere' }),
    ]);
    expect((await call('DELETE', `/v1/rivers/${entry['river']}`, undefined, '*')).status).toBe(422);
    expect((await call('PATCH', '/v1/devices/nobody', {}, '*')).status).toBe(404);
    expect((await read(GAUGE)).etag).toBe(winner.etag);
  });

  test('parameters of a rule are judged by the rule, and hold at once', async () => {
    const rule = { rule: 'river-level', device: GAUGE, parameters: { pending: 1 } };
    expect(await call('POST', '/v1/alert-rules', rule)).toMatchObject({ status: 422 });
    const made = await call('POST', '/v1/alert-rules', { ...rule, parameters: {}, enabled: false });
    expect(made, JSON.stringify(made)).toMatchObject({ status: 201 });
    const { body: entry } = await read(GAUGE);
    const highM = (entry.thresholds[0]?.levelM as number) + 0.01;
    await say(GAUGE, highM - 0.05);
    await say(GAUGE, highM);
    expect(await levels(GAUGE)).toEqual([]);
    const path = `/v1/alert-rules/river-level.device.${GAUGE}`;
    expect(await call('DELETE', path, undefined, made.etag)).toMatchObject({ status: 200 });
    await say(GAUGE, highM + 0.01);
    await eventually(async () => expect(await levels(GAUGE)).toHaveLength(1));
  });

  test('dispatch, the map and the live stream go by what was added and removed, each by its own call', async () => {
    const units = () => server.metric('siaga_dispatch_units', { state: 'all' });
    const known = await units();
    const stream = await fetch(`${server.httpUrl}/v1/stream?types=city`);
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
    const at = { lat: -6.99, lng: 110.42 };
    const hospital = { id: 'rs-baru', name: 'RS Baru', class: 'C', ...at };
    const beds = { emergency: 5, intensive: 1, ward: 30 };
    const base = { id: 'pos-baru', name: 'Pos Baru', ...at };
    const unit = { id: 'motor-baru', kind: 'ambulance', name: 'Motor Baru', ...at };
    const made: Answer[] = [];
    made.push(await call('POST', '/v1/hospitals', { ...hospital, beds }));
    made.push(await call('POST', '/v1/bases', base));
    const more = { vehicle: 'motorcycle', base: 'pos-baru', callSign: 'MB' };
    made.push(await call('POST', '/v1/devices', { ...unit, ...more }));
    made.push(await call('POST', '/v1/places', { id: 'kampung', name: 'Kampung', ...at }));
    made.push(await call('POST', '/v1/rivers', { id: 'kali-baru', name: 'Kali Baru' }));
    made.push(await call('POST', '/v1/uplinks', { id: 'fibre-baru', name: 'Fibre baru' }));
    expect(
      made.map(({ status }) => status),
      JSON.stringify(made),
    ).toEqual(Array(6).fill(201));
    const { hospitals } = await server.get<{ hospitals: { id: string }[] }>('/v1/hospitals');
    expect(hospitals.map(({ id }) => id)).toContain('rs-baru');
    expect(await units()).toBe(known + 1);
    const { city } = await server.get<{ city: Record<string, { id: string }[]> }>('/v1/city');
    for (const [list, id] of [
      ['rivers', 'kali-baru'],
      ['places', 'kampung'],
      ['hospitals', 'rs-baru'],
    ] as const) {
      expect(city[list]?.map((each) => each.id)).toContain(id);
    }
    // The unit names it.
    expect((await call('DELETE', '/v1/bases/pos-baru', undefined, '*')).status).toBe(422);
    expect((await call('DELETE', '/v1/devices/motor-baru', undefined, '*')).status).toBe(200);
    expect((await call('DELETE', '/v1/bases/pos-baru', undefined, '*')).status).toBe(200);
    expect(await units()).toBe(known);
    let heard = '';
    while (!heard.includes('event: city')) {
      const { done, value } = await reader.read();
      if (done) break;
      heard += new TextDecoder().decode(value);
    }
    expect(heard).toMatch(/event: city\ndata: \{"at":"/);
    await reader.cancel();
  });

  test('a device that was added gets a secret and is let in; removed it is cut off and stays outside', async () => {
    await server.stop();
    await gauges.endAsync(true);
    server = await startSiaga({ dataDir: folder.path, environment: { MQTT_AUTH: 'true' } });
    const { body: model } = await read(GAUGE);
    const made = await call('POST', '/v1/devices', { ...model, id: 'gauge-new', name: 'New' });
    expect(made.status).toBe(201);
    const issued = await runCommand('broker/credentials/cli.ts', ['add', 'gauge-new'], folder.path);
    expect(issued, issued.stderr).toMatchObject({ code: 0 });
    const options = { username: 'gauge-new', password: issued.stdout.trim(), clientId: 'gauge-new' };
    const url = `mqtt://127.0.0.1:${server.mqttPort}`;
    const connect = () => connectAsync(url, { ...options, reconnectPeriod: 0 }, false);
    gauges = await eventually(connect);
    await say('gauge-new', model.normalLevelM);
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    gauges.once('close', resolve);
    expect((await call('DELETE', '/v1/devices/gauge-new', undefined, made.etag)).status).toBe(200);
    await closed;
    await expect(connect()).rejects.toThrow(/Connection refused/);
  });

  test('the samples for Grafana have the new threshold, and no minute is waited for', async () => {
    await using influx = await startFakeInflux({
      'GET /ping': { status: 204, headers: { 'x-influxdb-version': '1.6.7' } },
      'POST /query': { status: 200, json: { results: [{ statement_id: 0 }] } },
      'POST /write': { status: 204 },
    });
    await server.stop();
    await gauges.endAsync(true);
    await start({ INFLUX_URL: influx.url });
    const { body: entry } = await read(GAUGE);
    await say(GAUGE, entry.normalLevelM);
    const lowestM = entry.normalLevelM + 0.123;
    const changed = await call('PATCH', `/v1/devices/${GAUGE}`, laddered(entry, lowestM), '*');
    expect(changed.status).toBe(200);
    const field = `${entry.thresholds[0]?.severity}M=${lowestM}`;
    await eventually(() => {
      const lines = influx.seen.flatMap(({ body }) => body.split('\n'));
      const own = lines.filter(
        (line) => line.startsWith('siaga_liveness,') && line.includes(`device=${GAUGE}`),
      );
      expect(own.join('\n')).toContain(field);
    });
  });

  test('a kill in the middle of changes leaves whole ones, and what was answered is there and judged', async () => {
    const { body: entry } = await read(GAUGE);
    const levelM = entry.normalLevelM + 0.2;
    await say(GAUGE, levelM);
    const answered: Record<string, unknown>[] = [];
    const editing = (async () => {
      for (let step = 0; ; step++) {
        const lowestM = levelM - 0.1 - (step % 5) * 0.001;
        const { status, body } = await call('PATCH', `/v1/devices/${GAUGE}`, laddered(entry, lowestM), '*');
        if (status === 200) answered.push(body);
      }
    })().catch(() => undefined);
    await eventually(() => expect(answered.length).toBeGreaterThan(3));
    await server.kill();
    await editing;
    await gauges.endAsync(true);
    await start();
    const { changes } = await server.get<{ changes: { id: number; after: Entry }[] }>(
      `/v1/changes?entry=${GAUGE}&limit=500`,
    );
    const last = answered.findLast(({ change }) => change !== null) as { change: number; entry: Entry };
    expect(changes.map(({ id }) => id)).toContain(last.change);
    expect((await read(GAUGE)).body).toEqual(changes[0]?.after);
    await eventually(async () => expect(await levels(GAUGE)).toHaveLength(1));
  });

  test('a new folder under what was changed overwrites nothing, and the start says what differs', async () => {
    const { etag } = await read(GAUGE);
    expect((await call('PATCH', `/v1/devices/${GAUGE}`, { name: 'Ours' }, etag)).status).toBe(200);
    await server.stop();
    await gauges.endAsync(true);
    const own = join(folder.path, 'cities/semarang');
    mkdirSync(join(folder.path, 'cities'));
    cpSync(join(import.meta.dirname, '../../cities/semarang'), own, { recursive: true });
    const file = join(own, 'devices.river-gauge.json');
    const devices = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>[];
    writeFileSync(
      file,
      JSON.stringify(devices.map((each) => (each['id'] === GAUGE ? { ...each, name: 'Theirs' } : each))),
    );
    await start();
    expect((await read(GAUGE)).body['name']).toBe('Ours');
    const notes = server.logged.map((line) => line['note']).filter((note) => note !== undefined);
    expect(notes).toEqual([
      expect.stringMatching(`^devices.${GAUGE}: the folder says otherwise now .*"Theirs"`),
    ]);
  });

  test('10,000 gauges of a file: 12 bad lines are named and nothing is written, or the good ones', async () => {
    const { body: model } = await read(GAUGE);
    const bad = new Map<number, string>();
    const lines = Array.from({ length: 10_000 }, (_, index) => {
      const line = index + 2;
      const isBad = index % 800 === 799;
      const fault = isBad ? FAULTS[bad.size % FAULTS.length] : undefined;
      if (fault) bad.set(line, fault.reason);
      const { river = model['river'], lat = -7, minorM = 1.5 } = fault ?? {};
      return `gauge-${line},river-gauge,Gauge ${line},${lat},110.4,${river},0,6,1,${minorM},2`;
    });
    expect(bad.size).toBe(12);
    const header = 'id,kind,name,lat,lng,river,sensorRangeM.0,sensorRangeM.1,normalLevelM,minorM,moderateM';
    const file = join(folder.path, 'gauges.csv');
    writeFileSync(file, `${header}\n${lines.join('\n')}\n`);
    const city = (...words: string[]) => runCommand('cities/cli.ts', words, folder.path);

    const refused = await city('import', file);
    expect(refused, refused.stderr).toMatchObject({ code: 1, stderr: '' });
    for (const [line, reason] of bad)
      expect(refused.stdout).toMatch(new RegExp(`^line ${line}: .*${reason}`, 'm'));
    expect(refused.stdout.match(/^line \d+:/gm)).toHaveLength(12);
    expect((await read('gauge-2')).status).toBe(404);

    const begun = performance.now();
    const kept = await city('import', file, '--keep-good');
    console.info(`10,000 lines imported in ${Math.round(performance.now() - begun)} ms, start included`);
    expect(kept.stdout, kept.stderr).toMatch(
      /^9988 of 10000 row\(s\) written, 0 stood so already, 12 bad\.$/m,
    );
    await eventually(async () => {
      const { total } = await server.get<{ total: number }>('/v1/devices?kind=river-gauge&limit=1');
      expect(total).toBeGreaterThanOrEqual(9_988);
    });
    await say('gauge-2', 1);
    await say('gauge-2', 1.55);
    await eventually(async () => expect(await levels('gauge-2')).toHaveLength(1));
  });

  test('the command line changes, removes, takes back and exports what a running server goes by', async () => {
    const city = (...words: string[]) => runCommand('cities/cli.ts', words, folder.path);
    const set = await city('set', 'devices', GAUGE, 'name=Silandak baru', 'thresholds.0.label.en=Watch');
    expect(set, set.stderr).toMatchObject({ code: 0 });
    await eventually(async () => expect((await read(GAUGE)).body['name']).toBe('Silandak baru'));
    expect(await city('set', 'devices', GAUGE, 'river=nowhere')).toMatchObject({ code: 1 });
    expect((await city('remove', 'hospitals', 'nobody')).code).toBe(2);
    const out = join(folder.path, 'out');
    const exported = await city('export', 'semarang', out);
    expect(exported.stdout, exported.stderr).toMatch(/with what was changed while it ran: devices/);
    expect(await city('check', join(out, 'semarang'))).toMatchObject({ code: 0 });
    const devices = readFileSync(join(out, 'semarang/devices.river-gauge.json'), 'utf8');
    expect(devices).toContain('Silandak baru');
    const listed = await city('changes', 'devices', GAUGE);
    expect(listed.stdout).toMatch(/^1\t.*\tcommand line, .*\tdevices\.silandak-purwoyoso$/m);
    expect(await city('undo', '1')).toMatchObject({ code: 0 });
    await eventually(async () => expect((await read(GAUGE)).body['name']).not.toBe('Silandak baru'));
  });
});
