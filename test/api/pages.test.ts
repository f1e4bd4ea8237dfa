import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cityRoutes } from '../../api/city/city.ts';
import { MAP_LIBRARY_PATH } from '../../api/pages/map-library.ts';
import { situationRoomPages } from '../../api/pages/pages.ts';
import { loadCity } from '../../cities/city.ts';
import { isRiverGauge } from '../../devices/kinds/river-gauge.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { smallCity } from '../support/small-city.ts';

const openPages = () => openTestApi({ routes: [cityRoutes(() => smallCity)], pages: [situationRoomPages()] });

/** For all tests that only read: a process strips the types for each. */
let api: TestApi;
beforeAll(async () => {
  api = await openPages();
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const namesIn = (html: string) =>
  [...html.matchAll(/(?:href|src)="(room\/[^"]+)"/g)].map((match) => `/${match[1]}`);

describe('the page at /room', () => {
  test('is for everybody, loads nothing from elsewhere, and every file that it names is there', async () => {
    const page = await api.get('/room');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.body).not.toMatch(/(?:href|src)="(?:https?:)?\/\//);
    const names = namesIn(page.body);
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) expect((await api.get(name)).statusCode, name).toBe(200);
  });

  test.each([
    ['/room', 'main.ts'],
    ['/desk', 'desk/main.ts'],
    ['/city', 'city/main.ts'],
    ['/accounts', 'accounts/main.ts'],
    ['/join', 'accounts/join.ts'],
  ])(
    '%s names each module that it runs, so that none is fetched only when another was read',
    async (url, entry) => {
      const names = namesIn((await api.get(url)).body).filter((name) => name.endsWith('.ts'));
      const imported = new Set<string>([names.find((name) => name.endsWith(`/${entry}`)) as string]);
      for (const name of names) {
        for (const [, path] of (await api.get(name)).body.matchAll(/\bfrom '(\.[^']+)'/g)) {
          imported.add(new URL(path as string, `http://here${name}`).pathname);
        }
      }
      expect(new Set(names)).toEqual(imported);
    },
  );

  test('no module of the folder is left without a page', async () => {
    const folder = join(import.meta.dirname, '../../dashboards/situation-room');
    const modules = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (name) =>
        // A file of shapes has no code.
        name.endsWith('.ts') && !name.endsWith('-shapes.ts'),
    );
    const bodies = await Promise.all(
      ['/room', '/desk', '/city', '/accounts', '/join'].map(async (url) => (await api.get(url)).body),
    );
    const named = bodies.flatMap(namesIn).map((name) => name.split('/').slice(3).join('/'));
    const left = new Set(modules).difference(new Set(named));
    // Words come with the language that is chosen (state/words/speech.ts).
    const words = ['words-desk-en.ts', 'words-desk-id.ts', 'words-en.ts', 'words-id.ts'];
    expect([...left].sort()).toEqual(words.map((name) => `state/words/${name}`));
  });

  test.each(['/room', '/desk', '/city', '/accounts', '/join'])(
    '%s has what pages share, put in',
    async (url) => {
      const { body } = await api.get(url);
      expect(body).not.toContain('share:');
      expect(body.match(/<meta name="viewport"/g)).toHaveLength(1);
      expect(body.match(/data-language="en"/g)).toHaveLength(1);
      expect(body.match(/<dialog id="sign-in-dialog"/g) ?? []).toHaveLength(url === '/join' ? 0 : 1);
    },
  );

  test('may run its own scripts only, and no text can become markup', async () => {
    const csp = String((await api.get('/room')).headers['content-security-policy']).split('; ');
    expect(csp).toContain("default-src 'none'");
    expect(csp).toContain("script-src 'self'");
    expect(csp).toContain("frame-ancestors 'none'");
    expect(csp).toContain("require-trusted-types-for 'script'");
    expect(csp.join()).not.toMatch(/unsafe|\*|data:|https?:/);
  });

  test('is asked for again each time, and answers 304 where nothing changed', async () => {
    const first = await api.get('/room');
    expect(first.headers['cache-control']).toBe('no-cache');
    const headers = { 'if-none-match': String(first.headers.etag) };
    const again = await api.app.inject({ url: '/room', headers });
    expect(again.statusCode).toBe(304);
    expect(again.body).toBe('');
    const head = await api.app.inject({ method: 'HEAD', url: '/room' });
    expect(head.headers.etag).toBe(first.headers.etag);
  });
});

describe('the files of the page', () => {
  const fileOf = async (end: string) =>
    namesIn((await api.get('/room')).body).find((name) => name.endsWith(end)) as string;

  test('are JavaScript without types, line by line where the source is, and kept for ever', async () => {
    const answer = await api.get(await fileOf('/state/levels.ts'));
    expect(answer.headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(answer.body).toMatch(/export function rankOf\(severity\s*\)\s*\{/);
    expect(answer.body).not.toContain('export type');
    const folder = join(import.meta.dirname, '../../dashboards/situation-room');
    const source = readFileSync(join(folder, 'state/levels.ts'), 'utf8').split('\n');
    const lines = answer.body.split('\n');
    expect(lines).toHaveLength(source.length);
    const line = source.findIndex((each) => each.startsWith('export function rankOf'));
    expect(lines[line]).toMatch(/^export function rankOf/);
  });

  test('come without comments, which no text of several lines of theirs looks like', async () => {
    for (const folder of ['../../dashboards/situation-room', '../../pages/browser']) {
      const path = join(import.meta.dirname, folder);
      const names = readdirSync(path, { recursive: true, encoding: 'utf8' });
      for (const name of names.filter((each) => each.endsWith('.css'))) {
        const texts = readFileSync(join(path, name), 'utf8').match(/"[^"\n]*"|url\([^)]*\)/g) ?? [];
        for (const text of texts) expect(text, name).not.toMatch(/\/\*|\*\//);
      }
      for (const name of names.filter((each) => each.endsWith('.ts'))) {
        const texts = readFileSync(join(path, name), 'utf8').match(/`[^`]*`/g) ?? [];
        for (const text of texts) expect(text, name).not.toMatch(/^[ \t]*(?:\/\/|\/\*)/m);
      }
    }
    const { body } = await api.get(await fileOf('/main.ts'));
    expect(body).not.toMatch(/^\s*(?:\/\*|\/\/|\* )/m);
  });

  test('are compressed for those who take it, and for nobody else', { timeout: 90_000 }, async () => {
    const url = await fileOf('/main.ts');
    await using api = await openPages();
    const plain = await api.get(url);
    const headers = { 'accept-encoding': 'br, gzip' };
    const packed = await api.app.inject({ url, headers });
    expect(packed.headers['content-encoding']).toBe('gzip');
    // Made meanwhile, for whoever comes next.
    const smaller = await eventually(async () => {
      const answer = await api.app.inject({ url, headers });
      expect(answer.headers['content-encoding']).toBe('br');
      return answer;
    });
    expect(brotliDecompressSync(smaller.rawPayload).toString()).toBe(plain.body);
    const withoutBrotli = { 'accept-encoding': 'gzip, br;q=0' };
    const other = await api.app.inject({ url, headers: withoutBrotli });
    expect(other.headers['content-encoding']).toBe('gzip');
    expect(packed.headers.vary).toBe('accept-encoding');
    expect(gunzipSync(packed.rawPayload).toString()).toBe(plain.body);
    const refused = await api.app.inject({ url, headers: { 'accept-encoding': 'gzip;q=0' } });
    expect(refused.headers['content-encoding']).toBeUndefined();
  });

  test("of the map's library: the worker goes as its difference to the module, to those that have it", {
    timeout: 90_000,
  }, async () => {
    const url = `/${MAP_LIBRARY_PATH}`;
    const workerUrl = url.replace('maplibre-gl.mjs', 'maplibre-gl-worker.mjs');
    const library = await api.app.inject({ url });
    expect(library.headers['use-as-dictionary']).toBe('match="maplibre-gl-worker.mjs"');
    const worker = (await api.app.inject({ url: workerUrl })).rawPayload;
    const hash = createHash('sha256').update(library.rawPayload).digest();
    const ask = (dictionary: Buffer) =>
      api.app.inject({
        url: workerUrl,
        headers: {
          'accept-encoding': 'gzip, dcz',
          'available-dictionary': `:${dictionary.toString('base64')}:`,
        },
      });
    const difference = await eventually(async () => {
      const answer = await ask(hash);
      expect(answer.headers['content-encoding']).toBe('dcz');
      return answer;
    });
    expect(difference.headers.vary).toBe('accept-encoding, available-dictionary');
    expect(difference.rawPayload.subarray(8, 40)).toEqual(hash);
    const unpacked = zstdDecompressSync(difference.rawPayload.subarray(40), {
      dictionary: library.rawPayload,
    });
    expect(unpacked.equals(worker)).toBe(true);
    expect(difference.rawPayload.length).toBeLessThan(worker.length / 10);
    expect((await ask(Buffer.alloc(32))).headers['content-encoding']).toBe('gzip');
  });

  test('of another version, beside the folder or not of the page are not found', async () => {
    const url = await fileOf('/main.ts');
    const version = url.split('/')[2];
    for (const other of [
      url.replace(/room\/[^/]+/, 'room/0123456789abcdef'),
      `/room/${version}/tsconfig.json`,
      `/room/${version}/../../package.json`,
      `/room/${version}/%2e%2e/%2e%2e/package.json`,
      `/room/${version}/constructor`,
    ]) {
      expect((await api.get(other)).statusCode, other).toBe(404);
    }
  });
});

describe('GET /v1/city', () => {
  test('is for everybody and tells a map what it needs, and nothing of ambulances', async () => {
    const { city, you } = (await api.get('/v1/city')).json();
    expect(you).toEqual({ name: 'anonymous', role: 'public' });
    expect(city).toMatchObject({
      id: 'semarang',
      timeZone: 'Asia/Jakarta',
      disclaimer: smallCity.disclaimer,
    });
    expect(city.gauges.map(({ id }: { id: string }) => id)).toEqual(['bendung', 'hulu', 'tide']);
    expect(city.gauges[0].thresholds[0]).toMatchObject({ severity: 'minor', levelM: 1.5, comparator: '>=' });
    expect(city.accessPoints).toHaveLength(8);
    expect(city.accessPoints[0]).toEqual({ id: 'ap-1', place: 'Simpang Lima', capacityClients: 50 });
    expect(JSON.stringify(city)).not.toMatch(/motor-1|callSign|PSC 119/);
  });

  test('tells staff who they are', async () => {
    const answer = await api.get('/v1/city', await api.tokenFor('desk'));
    expect(answer.json().you).toEqual({ name: 'the desk', role: 'desk' });
  });

  test('draws every river of Semarang through points that the city folder states', async () => {
    const semarang = loadCity('semarang');
    await using whole = await openTestApi({ city: semarang, routes: [cityRoutes(() => semarang)] });
    const { city } = (await whole.get('/v1/city')).json();
    const junctions = new Map(semarang.roads?.junctions.map((each) => [each.id, each]));
    const known = new Set(semarang.devices.filter(isRiverGauge).map(({ lng, lat }) => `${lng} ${lat}`));
    for (const { from, to, bridgeOver } of semarang.roads?.roads ?? []) {
      const [a, b] = [junctions.get(from), junctions.get(to)];
      if (bridgeOver && a && b) known.add(`${(a.lng + b.lng) / 2} ${(a.lat + b.lat) / 2}`);
    }
    const drawn = city.rivers.filter(({ line }: { line: unknown[] }) => line.length > 1);
    expect(drawn.length).toBeGreaterThanOrEqual(11);
    for (const { line } of drawn) for (const [lng, lat] of line) expect(known).toContain(`${lng} ${lat}`);
    expect(city.rivers.find(({ id }: { id: string }) => id === 'laut-jawa').line).toEqual([]);
  });
});
