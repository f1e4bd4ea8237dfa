/**
 * The public pages over the real alarms and a real fleet, through inject: what stands in the HTML, without a browser.
 */
import { gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { INSTRUCTIONS } from '../../alerts/instructions.ts';
import { formatWords } from '../../alerts/notices/words.ts';
import { LATE_RENDER_EVERY_MS, LATE_YOUNG_MS } from '../../api/pages/page-documents.ts';
import { publicPages, readPublicFiles } from '../../api/pages/public-pages.ts';
import { LOAD_BOUNDS } from '../../api/server/load-bounds.ts';
import type { HistoryPoint } from '../../history/history.ts';
import { formatStage } from '../../pages/home-page.ts';
import { LANGUAGES, type Language } from '../../pages/languages/languages.ts';
import { createSpeech } from '../../pages/languages/speech.ts';
import type { GaugeNow } from '../../pages/public-city.ts';
import { type AlertHouse, openAlertHouse, readingOf, START_MS } from '../support/alert-house.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { accessPoint, buildSmallCity, gauge, smallCity } from '../support/small-city.ts';

const MINUTE = 60_000;
let house: AlertHouse;
let api: TestApi;
let points: HistoryPoint[] | Error;

/** Read once: a process strips their types. */
const files = readPublicFiles();
const pagesOf = (of: AlertHouse, city = smallCity, publicUrl: string | undefined = 'https://siaga.test') =>
  publicPages({
    ...{ city, publicUrl, files },
    ...{ registry: of.registry, fleet: of.fleet, alerts: of.alerts },
    history: {
      windows: async () => {
        if (points instanceof Error) throw points;
        return { points };
      },
    },
    now: () => of.clock.ms,
  });

beforeEach(async () => {
  points = [];
  house = await openAlertHouse();
  api = await openTestApi({ pages: [pagesOf(house)] });
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await house[Symbol.asyncDispose]();
});

/** What a device said, as ingest hands it to the fleet and to the alarms. */
async function hear(device: string, atMs: number, values: Record<string, number>): Promise<void> {
  const reading = readingOf(device, atMs, values);
  house.fleet.observe(reading);
  await house.read(reading);
}
const flood = async (levels = [1.4, 1.6, 1.7]) => {
  for (const [index, levelM] of levels.entries())
    await hear('bendung', START_MS + index * MINUTE, { levelM });
};
const read = (url: string, headers: Record<string, string> = {}) =>
  api.app.inject({ url, headers: { 'accept-language': 'id', ...headers } });
/** As a person reads it: no marks, one space. */
const textOf = (html: string) =>
  html
    .replaceAll(/<(?:head|title)>[\s\S]*<\/head>/g, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/[\s\u00a0]+/g, ' ');

describe('while the event loop is late', () => {
  test('everybody gets the page that was kept; one a second is made anew, and only what was never made is refused', async () => {
    await using late = await openTestApi({
      pages: [pagesOf(house)],
      loadBounds: { ...LOAD_BOUNDS, maxLoopDelayMs: Number.MIN_VALUE },
    });
    const statusOf = async (url: string) => (await late.app.inject({ url })).statusCode;
    await expect.poll(() => statusOf('/v1/devices'), { timeout: 60_000 }).toBe(503);
    const first = await late.app.inject({ url: '/' });
    expect(first.statusCode).toBe(200);
    expect(await statusOf('/wifi')).toBe(503);
    expect((await late.app.inject({ url: '/' })).body).toBe(first.body);
    const script = /src="\.(\/page-files\/[^"]+)"/.exec(first.body)?.[1] as string;
    expect(await statusOf(script)).toBe(200);
    // The first page is old by now, and another is made in this second: the old one is better than none.
    house.clock.ms += LATE_YOUNG_MS;
    expect(await statusOf('/wifi')).toBe(200);
    expect((await late.app.inject({ url: '/' })).body).toBe(first.body);
    house.clock.ms += LATE_RENDER_EVERY_MS;
    expect((await late.app.inject({ url: '/' })).body).not.toBe(first.body);
    const kept = await late.metrics.getSingleMetric('siaga_http_kept_answers_total')?.get();
    expect(kept?.values[0]?.value).toBe(2);
  });
});

describe('the first page', () => {
  test('says first what is wrong and what to do in the words of CAP, then lists the rivers, the worst first', async () => {
    await hear('hulu', START_MS, { levelM: 1 });
    await flood();
    const page = await read('/');
    expect(page.statusCode).toBe(200);
    const text = textOf(page.body);
    const order = [
      'Telepon 112',
      '1 tempat dengan peringatan banjir',
      INSTRUCTIONS.minor.id,
      'Mengapa?',
      'Sungai',
    ];
    const places = order.map((each) => text.indexOf(each));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(text).toContain('siap 1,70 m');
    const listed = [...page.body.matchAll(/href="\.\/rivers\/(\w+)"/g)].map(([, id]) => id);
    expect(listed.slice(-3)).toEqual(['bendung', 'tide', 'hulu']);
  });

  test('calls it calm only of gauges that report, and says which do not', async () => {
    expect(textOf((await read('/')).body)).toContain('Tidak ada pos duga yang melapor');
    await hear('hulu', START_MS, { levelM: 1 });
    house.clock.ms += 3_000;
    const text = textOf((await read('/')).body);
    expect(text).toContain('Tidak ada peringatan banjir');
    expect(text).toContain('2 pos duga tidak mengirim data');
  });

  test('says at each warning how high the water is now, whatever its text said when it was raised', async () => {
    await flood();
    for (const [code, now] of [
      ['id', 'sekarang 1,70 m · sejak'],
      ['en', 'now 1.70 m · since'],
      ['jv', 'sapunika 1,70 m · wiwit'],
      ['zh', '现在 1.70米 · 从'],
    ] as const) {
      const text = textOf((await read(`/?lang=${code}`)).body);
      expect(text).toContain(now);
      expect(text).not.toMatch(/sapunika 1,60|现在水位/);
    }
    house.clock.ms += 30 * MINUTE;
    expect(textOf((await read('/')).body)).toContain('tanpa data · sejak');
  });

  test('calls nothing calm where water stands above a threshold without a warning', async () => {
    await hear('hulu', START_MS, { levelM: 1 });
    house.fleet.observe(readingOf('bendung', START_MS, { levelM: 1.7 }));
    const { body } = await read('/');
    expect(body).not.toContain('class="calm"');
    expect(textOf(body)).toContain('Air di 1 pos duga berada di atas ambang; lihat daftar sungai.');
  });

  test('says of a gauge without thresholds that it has none, and not that it is below them', async () => {
    const speech = createSpeech(LANGUAGES[0] as Language, 'Asia/Jakarta');
    const bare = { levelM: 1.7, step: undefined, site: {} } as GaugeNow;
    expect(textOf(formatStage(bare, speech).text)).toContain('belum ada ambang');
  });

  test('is an exercise as long as its warnings are, though every gauge is silent', async () => {
    for (const [index, levelM] of [1.4, 1.6, 1.7].entries()) {
      const reading = { ...readingOf('bendung', START_MS + index * MINUTE, { levelM }), simulated: true };
      house.fleet.observe(reading);
      await house.read(reading);
    }
    house.clock.ms += 30 * MINUTE;
    expect(textOf((await read('/')).body)).toContain('LATIHAN');
  });

  test('shows the public nothing of ambulances, and staff no more', async () => {
    await hear('motor-1', START_MS, { lat: -7, lng: 110.4, batteryPct: 12 });
    for (const token of [undefined, await api.tokenFor('dispatcher')]) {
      expect((await api.get('/', token)).body).not.toMatch(/motor|Motor/);
    }
    const [alert] = house.alerts.open();
    if (alert) expect((await read(`/alerts/${alert.id}`)).statusCode).toBe(404);
    expect((await read('/rivers/motor-1')).statusCode).toBe(404);
  });

  test('finds rivers near a place that is searched by name, without JavaScript', async () => {
    const page = await read('/?q=gauge%20HULU');
    expect(textOf(page.body)).toContain('Yang terdekat dari Gauge hulu');
    expect(textOf((await read('/?q=%3Cscript%3E')).body)).toContain('&lt;script&gt;');
    expect((await read('/?q=%3Cscript%3E')).body).not.toContain('<script>');
  });

  test('comes with all it loads in at most 60 KB', async () => {
    await flood();
    const page = await read('/', { 'accept-encoding': 'gzip' });
    const html = gunzipSync(page.rawPayload).toString();
    const names = [...html.matchAll(/(?:href|src)="(\.\/(?:page-files\/[^"]+|manifest[^"]+))"/g)].map(
      ([, url]) => url as string,
    );
    const modules = ['near.ts', 'trusted.ts'].map((name) =>
      (names.find((each) => each.endsWith('live.ts')) as string).replace('live.ts', name),
    );
    let bytes = page.rawPayload.length;
    for (const url of new Set([...names, ...modules, './service-worker.js'])) {
      const file = await api.app.inject({ url: url.slice(1), headers: { 'accept-encoding': 'gzip' } });
      expect(file.statusCode, url).toBe(200);
      bytes += file.rawPayload.length;
    }
    expect(names.length).toBeGreaterThanOrEqual(4);
    expect(bytes).toBeLessThan(60_000);
  });
});

describe('a river’s page', () => {
  test('says the level, its steps, its alerts with what to do, its neighbour and its health', async () => {
    await flood();
    points = [0, 1, 2]
      .map((index) => ({ atMs: START_MS - index * 30 * MINUTE, values: { levelM: 1.2 } }))
      .toReversed();
    const page = await read('/rivers/bendung');
    const text = textOf(page.body);
    for (const fact of [
      ...[
        'Gauge bendung',
        'siap 1,70 m',
        '0,30 m lagi ke siaga',
        'Muka air biasa 1,00 m',
        'Peringatan mulai 1,50 m',
      ],
      ...[
        '≥ 3,00 m',
        INSTRUCTIONS.extreme.id,
        'tercapai sekarang',
        'Di hulu: Gauge hulu',
        '1 jam',
        'Belum ada banjir',
      ],
      ...['Alat melapor. Bacaan terakhir diukur pukul 09.32'],
    ])
      expect(text).toContain(fact);
    expect(page.body).toMatch(/<svg class="plot"[^>]*aria-label="Tinggi air dari/);
    expect(page.body).toContain('href="../rivers/hulu"');
    expect((await read('/sungai/bendung')).body).toBe(page.body);
    expect(textOf((await read('/rivers/hulu')).body)).toContain('Di hilir: Gauge bendung');
  });

  test('tells once, under its own heading, what is expected from upstream, and when', async () => {
    await hear('bendung', START_MS, { levelM: 1 });
    for (const [index, levelM] of [1.9, 2.1, 2.2].entries())
      await hear('hulu', START_MS + index * MINUTE, { levelM });
    await house.wait(2_000);
    const text = textOf((await read('/rivers/bendung')).body);
    expect(house.alerts.open().map(({ rule }) => rule)).toContain('upstream-rise');
    expect(text.match(/Airnya diperkirakan tiba/g)).toHaveLength(1);
    expect(text).toMatch(
      /Perkiraan air kiriman Air kiriman: Gauge hulu naik ke .* antara pukul \d\d\.\d\d dan/,
    );
  });

  test('calls an old level old, and a silence no calm', async () => {
    await hear('hulu', START_MS, { levelM: 1.3 });
    house.clock.ms += 20 * MINUTE;
    const text = textOf((await read('/rivers/hulu')).body);
    expect(text).toContain(
      'Tinggi air terakhir 1,30 m, diukur pukul 09.30. Keadaan sekarang tidak diketahui.',
    );
    expect(text).toContain('Diam bukan berarti aman');
    expect(text).not.toContain('tercapai sekarang');
  });

  test('of a gauge that is not heard says no calm word about its warnings either', async () => {
    const text = textOf((await read('/rivers/hulu')).body);
    expect(text).toContain(
      'Tidak ada peringatan, tetapi pos ini tidak mengirim data. Diam bukan berarti aman.',
    );
    expect(text).not.toContain('Tidak ada peringatan untuk pos ini');
  });

  test('foretells no calm while the water comes up fast', async () => {
    points = Array.from({ length: 10 }, (_, index) => ({
      atMs: START_MS - (9 - index) * MINUTE,
      values: { levelM: 1 + index * 0.03 },
    }));
    await hear('bendung', START_MS, { levelM: 1.3 });
    const text = textOf((await read('/rivers/bendung')).body);
    expect(text).toContain('naik cepat');
    expect(text).toContain('kapan mencapai tingkat berikutnya belum dapat diperkirakan');
    expect(text).not.toContain('Tidak diperkirakan mencapai');
  });

  test('in the first minutes of a gauge says that readings have begun, and asks for its year again soon', async () => {
    await hear('hulu', START_MS, { levelM: 1.3 });
    for (const url of ['/rivers/hulu', '/rivers/hulu/year']) {
      const text = textOf((await read(url)).body);
      expect(text).toContain('Bacaan baru mulai masuk');
      expect(text).not.toContain('Belum ada bacaan');
    }
    points = [{ atMs: START_MS, values: { levelM: 1.3 } }];
    house.clock.ms += 2 * MINUTE;
    expect((await read('/rivers/hulu/year')).body).toContain('<svg class="plot"');
  });

  test('shows no level that has met a threshold which it has not met', async () => {
    await hear('hulu', START_MS, { levelM: 1.497 });
    expect(textOf((await read('/rivers/hulu')).body)).toMatch(/di bawah ambang 1,49 m .*0,01 m lagi ke siap/);
    expect(textOf((await read('/')).body)).toContain('di bawah ambang 1,49 m');
  });

  test('has a distance to the next level that adds up with the level shown', async () => {
    await hear('hulu', START_MS, { levelM: 0.905 });
    expect(textOf((await read('/rivers/hulu')).body)).toMatch(/di bawah ambang 0,91 m .*0,59 m lagi ke siap/);
  });

  test('tells the last floods with their peaks', async () => {
    await flood([1.4, 1.6, 1.9, 1.7]);
    for (let index = 4; index < 60; index++) {
      const levelM = Math.max(1, 1.7 - (index - 4) * 0.02);
      await hear('bendung', START_MS + index * MINUTE, { levelM });
      await house.wait(1_000);
    }
    const text = textOf((await read('/rivers/bendung')).body);
    expect(text).toMatch(/siap, puncak 1,90 m: pukul 09\.3\d sampai pukul \d\d\.\d\d/);
  });

  test('stays readable where history does not answer', async () => {
    points = new Error('the disk is gone');
    await flood();
    const page = await read('/rivers/bendung');
    expect(page.statusCode).toBe(200);
    expect(textOf(page.body)).toContain('Riwayat tidak dapat dibaca saat ini.');
    expect(page.body).not.toContain('the disk is gone');
  });

  test('shows the highest level of each day of a year, and of each month, without JavaScript', async () => {
    const day = 86_400_000;
    points = [1.1, 1.2, 2.345, 1.3].map((levelM, index) => ({
      atMs: START_MS - 100 * day + index * 31 * day,
      values: { levelM },
    }));
    expect((await read('/rivers/bendung')).body).toContain('href="../rivers/bendung/year"');
    for (const name of ['rivers', 'sungai']) {
      const page = await read(`/${name}/bendung/year`);
      expect(page.statusCode).toBe(200);
      expect(page.body).toContain('<svg class="plot"');
      expect(page.body).toContain('href="../../rivers/bendung"');
      // Four days far apart: four strokes, each of its own, and the first days of quarters at the foot.
      expect(/class="level" d="([^"]+)"/.exec(page.body)?.[1]?.match(/M/g)).toHaveLength(4);
      expect(page.body.match(/class="day-name"[^>]*>1 \w+/g)).toEqual([expect.stringContaining('1 Jan')]);
      const text = textOf(page.body);
      expect(text).toContain('8 Des 2025 2,35 m');
      expect(text.indexOf('8 Jan 2026')).toBeLessThan(text.indexOf('8 Des 2025'));
    }
    points = [];
    expect(textOf((await read('/rivers/tide/year')).body)).toContain('Belum ada bacaan dalam satu tahun');
    expect((await read('/rivers/motor-1/year')).statusCode).toBe(404);
  });

  test.each([
    ['id', '15 Jan', 'Hari', 'Muka air tertinggi'],
    ['en', '15 Jan', 'Day', 'Highest level'],
    ['jv', '15 Jan', 'Dinten', 'Inggiling toya paling inggil'],
    ['zh', '1月15日', '日期', '最高水位'],
  ])('a year of one day has that day at its foot and no clock, in %s', async (code, day, ...heads) => {
    // The start of the day in the city: 00:00 in Asia/Jakarta.
    points = [{ atMs: Date.parse('2026-01-14T17:00:00Z'), values: { levelM: 1.2 } }];
    const { body } = await read(`/rivers/bendung/year?lang=${code}`);
    expect([...body.matchAll(/class="day-name"[^>]*>([^<]*)</g)].map((match) => match[1])).toEqual([day]);
    for (const head of heads) expect(body).toContain(`<th scope="col">${head}</th>`);
    expect(body).not.toMatch(/00[.:]00/);
  });

  test('says which clock its times are of, and writes a level as the warning does', async () => {
    await flood([1.4, 1.6, 1.685]);
    const river = textOf((await read('/rivers/bendung')).body);
    expect(river).toContain('Semua waktu dalam WIB.');
    expect(river.match(/1,6[89] m/g)).toContain('1,69 m');
    expect(river).not.toContain('1,68 m');
    const [alert] = house.alerts.open().filter(({ rule }) => rule === 'river-level');
    expect(textOf((await read(`/alerts/${alert?.id}`)).body)).toContain('Semua waktu dalam WIB.');
  });

  test('gives its levels as CSV, and a picture of the plot for links', async () => {
    points = [{ atMs: START_MS, values: { levelM: 1.25 } }];
    const csv = await read('/rivers/bendung/levels.csv');
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(csv.body).toBe('time,levelM\r\n2026-01-15T09:30:00+07:00,1.25\r\n');
    const picture = (await read('/rivers/bendung/plot.png')).rawPayload;
    expect(picture.subarray(0, 8)).toEqual(Buffer.from('89504e470d0a1a0a', 'hex'));
    expect([picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual([1_200, 630]);
    const at = picture.indexOf('IDAT');
    const pixels = inflateSync(picture.subarray(at + 4, at + 4 + picture.readUInt32BE(at - 4)));
    expect(pixels.length).toBe(630 * 1_201);
    for (const url of ['/rivers/motor-1/plot.png', '/rivers/nowhere/levels.csv'])
      expect((await read(url)).statusCode).toBe(404);
  });

  test('is previewed by title, description and picture at the address that the operator gave', async () => {
    await flood();
    const { body } = await read('/rivers/bendung', { host: 'evil.test', 'x-forwarded-host': 'evil.test' });
    expect(body).toContain('<meta property="og:url" content="https://siaga.test/rivers/bendung">');
    expect(body).toContain('<meta property="og:image" content="https://siaga.test/rivers/bendung/plot.png">');
    expect(body).toContain('<meta name="twitter:card" content="summary_large_image">');
    expect(body).toMatch(/<meta property="og:image:alt" content="1,70.m, siap, diukur pukul 09\.32\.">/);
    expect(body).toMatch(/<meta name="description" content="1,70.m, siap, diukur pukul 09\.32\.">/);
    expect(body).not.toContain('evil');
  });

  test('of what is not there says so to a person, with 404', async () => {
    const page = await read('/rivers/%3Cb%3E');
    expect(page.statusCode).toBe(404);
    expect(textOf(page.body)).toContain('Tidak ada di sini');
    expect(page.body).not.toContain('<b>"');
  });
});

describe('the page of an alert', () => {
  test('says why: the two sentences, the readings as a plot and as figures, the rule, the story', async () => {
    await flood();
    const [alert] = house.alerts.open();
    const page = await read(`/alerts/${alert?.id}`);
    const text = textOf(page.body);
    expect(text).toMatch(/Mengapa\? siap: Gauge bendung/);
    expect(text).toMatch(/Berlaku sejak pukul 09\.3\d, dari \d+ bacaan/);
    expect(text).toContain('Tinggi air dibandingkan dengan ambang pos ini');
    expect(text).toContain('aturan river-level, versi');
    expect(text).toMatch(/pukul 09\.3\d: mulai/);
    expect(page.body).toContain('<svg class="plot"');
    expect(page.body).toMatch(/<td>1,[67]0.m<\/td>/);
    expect(page.body).toContain('href="../rivers/bendung"');
  });

  test('is shared with the picture of its river', async () => {
    await flood();
    const [alert] = house.alerts.open();
    expect((await read(`/alerts/${alert?.id}`)).body).toContain(
      '<meta property="og:image" content="https://siaga.test/rivers/bendung/plot.png">',
    );
  });

  test('says nothing of what is over as if it went on', async () => {
    await flood([1.4, 1.6, 1.9]);
    for (let index = 3; index < 60; index++) {
      await hear('bendung', START_MS + index * MINUTE, { levelM: Math.max(1, 1.9 - index * 0.03) });
      await house.wait(1_000);
    }
    const over = await house.alerts.list({
      ...{ states: ['resolved'], rule: 'river-level', audience: 'public', limit: 1 },
    });
    const page = textOf((await read(`/alerts/${over[0]?.id}?lang=zh`)).body);
    expect(page).toMatch(/从.*起有效。.*结束/);
    expect(page).not.toContain('Gauge bendung：水位');
  });

  test('is where a CAP message leads, and a notice about what everybody may see', async () => {
    const config = {
      NOTICES_PER_CHANNEL_PER_MIN: 20,
      CAP_SENDER: 'siaga.test',
      PUBLIC_URL: 'https://siaga.test',
    };
    await using other = await openAlertHouse({ config });
    await using server = await openTestApi({ pages: [pagesOf(other)] });
    for (const [index, levelM] of [1.4, 1.6, 1.7].entries())
      await other.read(readingOf('bendung', START_MS + index * MINUTE, { levelM }));
    let issued = await other.alerts.listCap();
    for (let round = 0; round < 500 && issued.length === 0; round++) {
      await other.wait(100);
      await new Promise((resolve) => setImmediate(resolve));
      issued = await other.alerts.listCap();
    }
    const path = /<web>https:\/\/siaga\.test(\/alerts\/[^<]+)<\/web>/.exec(issued[0]?.document ?? '')?.[1];
    expect((await server.get(path as string)).statusCode).toBe(200);
    const [alert] = other.alerts.open();
    const told = {
      alert: alert as NonNullable<typeof alert>,
      change: 'opened',
      also: [],
      silencedBy: null,
    } as const;
    expect(formatWords(told, 'https://siaga.test').text).toContain(`https://siaga.test${path}`);
  });

  test('names nobody who has it in hand', async () => {
    await flood();
    const id = house.alerts.open()[0]?.id as string;
    await house.alerts.acknowledge(id, 'Bu Sri', 'I am on my way');
    const { body } = await read(`/alerts/${id}`);
    expect(body).toContain('ditangani petugas');
    expect(body).not.toMatch(/Bu Sri|on my way/);
  });
});

describe('free Wi-Fi', () => {
  test('is listed by place, with what works, how busy it is and the way there on foot', async () => {
    for (const n of [1, 2]) await hear(`ap-${n}`, START_MS, { clients: 30 });
    const page = await read('/wifi');
    expect(textOf(page.body)).toContain(
      'Simpang Lima ramai 2 dari 8 titik menyala · 60 pengguna Jalan kaki ke sana',
    );
    expect(page.body).toMatch(/data-lat="-6.99" data-lng="110.42"/);
    expect(page.body).toContain(
      'https://www.openstreetmap.org/directions?engine=fossgis_osrm_foot&amp;route=%3B-6.99%2C110.42',
    );
  });

  test('that is silent is called down, and nobody is sent there', async () => {
    const page = await read('/wifi');
    expect(textOf(page.body)).toContain('Simpang Lima mati');
    expect(page.body).not.toContain('openstreetmap');
  });
});

describe('every public page', () => {
  test('escapes what the city’s folder says', async () => {
    const evil = '<img src=x onerror=alert(1)>"\'';
    const city = buildSmallCity([gauge('bendung', { name: evil }), accessPoint('ap-1', { place: evil })]);
    await using other = await openAlertHouse({ city });
    await using server = await openTestApi({ pages: [pagesOf(other, city)] });
    for (const url of ['/', '/wifi', '/rivers/bendung', `/?q=${encodeURIComponent(evil)}`]) {
      const { body } = await server.get(url);
      expect(body, url).toContain('&lt;img src=x');
      expect(body, url).not.toMatch(/<img/);
    }
  });

  test('allows scripts of its own only, keeps none of its answers unasked, and may be asked again cheaply', async () => {
    for (const url of ['/', '/wifi', '/rivers/bendung']) {
      const page = await read(url);
      const csp = String(page.headers['content-security-policy']);
      expect(csp).toContain("script-src 'self'");
      expect(csp).not.toMatch(/unsafe|\*|data:|https?:/);
      expect(page.body).not.toMatch(/<script(?![^>]* src=)|<style| style="| on\w+="/);
      expect(page.headers['cache-control']).toBe('no-cache');
      expect(page.headers.vary).toContain('accept-language');
      const again = await read(url, { 'if-none-match': String(page.headers.etag) });
      expect([again.statusCode, again.body]).toEqual([304, '']);
    }
  });

  test('is made once for all readers of a moment, and anew once that is over', async () => {
    await flood();
    const first = await read('/rivers/bendung');
    await hear('bendung', START_MS + 2 * MINUTE + 500, { levelM: 1.8 });
    expect((await read('/rivers/bendung')).body).toBe(first.body);
    expect(textOf((await read('/rivers/bendung?lang=en')).body)).toContain('1.70 m');
    house.clock.ms += 3_000;
    expect(textOf((await read('/rivers/bendung')).body)).toContain('1,80 m');
  });

  test('speaks the language that the browser asks for, or that was chosen by a link and is kept', async () => {
    const langOf = (page: { body: string }) => /<html lang="([^"]+)"/.exec(page.body)?.[1];
    expect(langOf(await read('/', { 'accept-language': 'de, zh;q=0.8, en;q=0.9' }))).toBe('en-GB');
    expect(langOf(await read('/', { 'accept-language': 'zh-TW' }))).toBe('zh-CN');
    expect(langOf(await read('/', { 'accept-language': 'fr' }))).toBe('id-ID');
    const chosen = await read('/?lang=jv');
    expect(langOf(chosen)).toBe('jv-ID');
    expect(String(chosen.headers['set-cookie'])).toMatch(
      /^siaga-lang=jv; Path=\/; Max-Age=\d+; SameSite=Lax$/,
    );
    expect(langOf(await read('/', { cookie: 'a=b; siaga-lang=jv' }))).toBe('jv-ID');
    const foreign = await read('/?lang=%0d%0ax', { cookie: 'siaga-lang=<b>' });
    expect(langOf(foreign)).toBe('id-ID');
    expect(foreign.headers['set-cookie']).toBeUndefined();
  });

  test('says of which day it is, for whoever keeps or prints it', async () => {
    for (const [code, line] of [
      ['id', 'Keadaan 15 Jan 2026 pukul 09.30.'],
      ['en', 'As of 15 Jan 2026, 09:30.'],
      ['jv', 'Kawontenan 15 Jan 2026'],
      ['zh', '2026年1月15日'],
    ] as const)
      expect(textOf((await read(`/?lang=${code}`)).body)).toContain(line);
  });

  test('says how far the city’s positions and thresholds can be trusted', async () => {
    for (const path of ['/', '/rivers/hulu', '/wifi', '/rivers/nowhere']) {
      expect(textOf((await read(path)).body)).toContain('Posisi kira-kira.');
      expect((await read(`${path}?lang=zh`)).body).toContain(
        '<span lang="en">Positions are approximate.</span>',
      );
    }
  });

  test('marks what stands in another language than the page', async () => {
    await flood();
    const id = house.alerts.open()[0]?.id;
    const page = (await read(`/alerts/${id}?lang=zh`)).body;
    expect(page).toContain('<span lang="en">');
    expect(textOf(page)).toMatch(/Gauge bendung：水位 1\.[67]0.?米，注意 \(siap\)/);
  });

  test('has a manifest, and a worker at the root', async () => {
    expect((await read('/manifest.webmanifest')).json()).toMatchObject({
      start_url: './',
      display: 'standalone',
    });
    const worker = await read('/service-worker.js');
    expect(worker.headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(gzipSync(worker.body).length).toBeLessThan(3_000);
  });
});
