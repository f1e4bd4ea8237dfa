/**
 * The desk's map in a real browser whose graphics the processor draws: ground, marks, a click; and without any.
 *
 * Pictures are compared by their colours only: a map is there when what was drawn is not of one colour.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AXE, COLOURS, DESK, findBeside, findViolations, PHONE } from '../support/axe.ts';
import { type Chromium, chromiumMissing, listFaults, type Page, startChromium } from '../support/chromium.ts';
import { Crew } from '../support/crew.ts';
import { eventually } from '../support/eventually.ts';
import { drawWest, writePmtiles } from '../support/pmtiles-file.ts';
import { openRoomHouse, type RoomHouse } from '../support/room-house.ts';

const HOME = { lat: -6.9868, lng: 110.4135 };
/** Compressed, without what /v1 answers: what stands before anybody can work. */
const MAX_PAGE_BYTES = 110 * 1024;
/** The same with the map's library and its worker, which come after the first paint. */
const MAX_FIRST_LOAD_BYTES = 350 * 1024;
const isDrawn = `document.querySelector('.map-marks .unit-mark') && document.querySelector('#map-state').hidden`;
const place = `document.querySelector('#call-place').value`;
/** Where the mark of a unit stands on the screen, without what is written below it. */
const markOf = (name: string) => `(() => {
  const mark = [...document.querySelectorAll('.map-marks .unit-mark')].find((each) => each.textContent.includes('${name}'));
  const box = mark?.querySelector('circle').getBoundingClientRect();
  return box ? [Math.round(box.x), Math.round(box.y)].join() : '';
})()`;

describe.skipIf(chromiumMissing())("the desk's map in a browser", { timeout: 240_000 }, () => {
  let house: RoomHouse;
  let chromium: Chromium;
  let crew: Crew;
  beforeAll(async () => {
    house = await openRoomHouse();
    chromium = await startChromium({ hasWebGl: true });
    crew = await Crew.connect('motor-01', house.mqttUrl);
    await crew.report('available', HOME);
  });
  afterAll(async () => {
    await crew.end();
    await chromium[Symbol.asyncDispose]();
    await house[Symbol.asyncDispose]();
  });

  async function signIn(page: Page, on = house): Promise<void> {
    await page.go(`${on.url}desk`);
    // It has run once it speaks.
    await page.until(`document.querySelector('[data-language][aria-pressed]')`);
    await page.until(`!document.querySelector('#not-for-you').hidden`);
    await page.ask(`(() => {
      document.querySelector('[data-language=en]').click();
      document.querySelector('#sign-in').click();
      document.querySelector('#token').value = ${JSON.stringify(on.adminToken)};
      document.querySelector('#sign-in-form').requestSubmit();
    })()`);
    await page.until(`!document.querySelector('#desk')?.hidden`);
  }

  async function openMap(size = DESK): Promise<Page> {
    const page = await chromium.newPage(size);
    await page.tab.addInitScript({ content: AXE });
    await signIn(page);
    await page.until(isDrawn);
    return page;
  }

  /** How many colours the ground has, without the marks on it. */
  async function countColours(page: Page): Promise<number> {
    await page.ask(`(() => {
      document.querySelector('.map-marks').setAttribute('visibility', 'hidden');
      document.querySelector('#map-field .zoom').style.visibility = 'hidden';
    })()`);
    const picture = await page.tab.locator('#map-canvas').screenshot();
    await page.ask(`(() => {
      document.querySelector('.map-marks').removeAttribute('visibility');
      document.querySelector('#map-field .zoom').style.visibility = '';
    })()`);
    return page.ask(`(async () => {
      const bytes = Uint8Array.from(atob('${picture.toString('base64')}'), (each) => each.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const drawing = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
      drawing.drawImage(bitmap, 0, 0);
      const pixels = new Uint32Array(drawing.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer);
      return new Set(pixels).size;
    })()`);
  }

  async function untilColours(page: Page, least: number): Promise<void> {
    for (let tries = 0; tries < 60; tries++) {
      if ((await countColours(page)) >= least) return;
      await page.drawn();
    }
    expect(await countColours(page)).toBeGreaterThanOrEqual(least);
  }

  test('the ground is drawn from this server alone, and the content security policy refuses nothing', async () => {
    const page = await openMap();
    await untilColours(page, 20);
    const foreign = await page.ask<string[]>(`performance.getEntriesByType('resource').map(({ name }) => name)
      .filter((name) => !name.startsWith(location.origin) && !name.startsWith('blob:' + location.origin))`);
    expect(foreign).toEqual([]);
    expect(listFaults(page)).toEqual([]);
    await page.tab.close();
  });

  test('a click opens a call at that place, and what was typed goes on as a landmark', async () => {
    const page = await openMap();
    const canvas = page.tab.locator('.maplibregl-canvas');
    await canvas.click({ position: { x: 60, y: 200 } });
    await page.until(`/^-[67]\\.\\d{5}, 110\\.\\d{5}$/.test(${place})`);
    const first = await page.ask<string>(place);
    await page.ask(`(() => { document.querySelector('#call-place').value = 'dekat masjid'; })()`);
    await canvas.click({ position: { x: 120, y: 120 } });
    await page.until(`/^-[67]\\.\\d{5}/.test(${place}) && ${place} !== '${first}'`);
    expect(await page.ask(`document.querySelector('#call-detail').value`)).toBe('dekat masjid');
    await crew.report('available', HOME);
    await page.until(`document.querySelector('.call-mark')`);
    await page.until(`document.querySelector('.label-unit text')?.textContent.startsWith('1.')`);
    await page.tab.close();
  });

  test('a unit moves to its new fix and stands there; an old one is faded, with the radius of its accuracy', async () => {
    const page = await openMap();
    const moving = await Crew.connect('motor-03', house.mqttUrl);
    // 2.2 km in two minutes, which a motorcycle can drive.
    const measuredAt = new Date(Date.now() - 120_000).toISOString();
    await moving.report('available', HOME, { measuredAt });
    const unit = markOf('Motor Ambulans 03');
    await page.until(`${unit} !== ''`);
    const before = await page.ask<string>(unit);
    await moving.report('available', { lat: HOME.lat + 0.02, lng: HOME.lng });
    await page.until(`${unit} !== '${before}'`);
    const [oldX, oldY] = before.split(',').map(Number) as [number, number];
    // The same mark at the same zoom: where the place to the north is, and no further.
    await page.until(`await new Promise((done) => {
      const first = ${unit};
      setTimeout(() => done(${unit} === first), 1_000);
    })`);
    const [x, y] = (await page.ask<string>(unit)).split(',').map(Number) as [number, number];
    expect(Math.abs(x - oldX)).toBeLessThanOrEqual(1);
    expect(oldY - y).toBeGreaterThan(5);
    await moving.end();
    const old = await Crew.connect('motor-02', house.mqttUrl);
    await old.report('available', { lat: -6.97, lng: 110.4 }, { measuredAt, accuracyM: 900 });
    await page.until(`document.querySelector('.unit-mark[data-stale-fix]') &&
      [...document.querySelectorAll('.unit-radius circle')].some((each) => Number(each.getAttribute('r')) > 3)`);
    await old.end();
    await page.tab.close();
  });

  test('the desk is there before its map, all of it within 350 KB; the library comes after and is kept for a year', async () => {
    // Whoever comes first after a start has gzip: brotli and the difference of the worker are made meanwhile.
    const sizes = await eventually(async () => {
      const page = await openMap();
      const found = await readSizes(page);
      await page.tab.close();
      expect(found.worker).toBeGreaterThan(10_000);
      expect(found.page + found.library + found.worker).toBeLessThan(MAX_FIRST_LOAD_BYTES);
      return found;
    }, 180_000);
    console.log(
      `desk ${sizes.page} bytes, map library ${sizes.library} and ${sizes.worker} bytes, compressed`,
    );
    expect(sizes.page).toBeGreaterThan(20_000);
    expect(sizes.page).toBeLessThan(MAX_PAGE_BYTES);
    expect(sizes.after).toBeGreaterThan(sizes.before);
  });

  interface Sizes {
    readonly page: number;
    readonly library: number;
    readonly worker: number;
    /** First paint, and when the library was asked for. */
    readonly before: number;
    readonly after: number;
  }

  async function readSizes(page: Page): Promise<Sizes> {
    const entries = `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]`;
    const isWorker = `({ name, encodedBodySize }) => name.includes('maplibre-gl-worker') && encodedBodySize > 0`;
    await page.until(`${entries}.some(${isWorker})`);
    return page.ask<Sizes>(`(() => {
      const entries = ${entries}.filter(({ name }) => !name.includes('/v1/'));
      const isLibrary = ({ name }) => name.includes('/map-library/');
      const isWorker = ${isWorker};
      const sum = (list) => list.reduce((all, { encodedBodySize }) => all + encodedBodySize, 0);
      return {
        page: sum(entries.filter((each) => !isLibrary(each))),
        library: sum(entries.filter((each) => isLibrary(each) && !isWorker(each))),
        worker: sum(entries.filter(isWorker)),
        before: performance.getEntriesByName('first-contentful-paint')[0].startTime,
        after: Math.min(...entries.filter(isLibrary).map(({ startTime }) => startTime)),
      };
    })()`);
  }

  test('the ways of candidates are asked for, and layers are off until their keys are pressed', async () => {
    const page = await openMap();
    const asked: string[] = [];
    page.tab.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await crew.report('available', HOME);
    await page.tab.keyboard.press('n');
    await page.until(`document.activeElement?.id === 'call-place'`);
    await page.tab.keyboard.type('-6.99, 110.42');
    await page.until(`document.querySelector('.label-unit text')?.textContent.startsWith('1.')`);
    await eventually(() => expect(asked).toContain('/v1/ambulances/routes'));
    expect(asked.filter((path) => path.startsWith('/v1/map/c'))).toEqual([]);
    await page.tab.keyboard.press('Escape');
    expect(await page.ask(`document.querySelector('#map-legend').hidden`)).toBe(true);
    await page.tab.keyboard.press('v');
    const legend = `document.querySelector('#map-legend').innerText`;
    await page.until(`/reach \\d+ % of the roads within 15 min/.test(${legend})`);
    await page.tab.keyboard.press('l');
    await page.until(`${legend}.includes('No real call with a place')`);
    expect(await page.ask(`document.querySelector('#layer-calls').getAttribute('aria-pressed')`)).toBe(
      'true',
    );
    expect(await findViolations(page, '#desk-map')).toEqual([]);
    await page.tab.keyboard.press('v');
    await page.tab.keyboard.press('l');
    await page.until(`document.querySelector('#map-legend').hidden`);
    expect(listFaults(page)).toEqual([]);
    await page.tab.close();
  });

  test('the tiles of MAP_FILE are drawn, with what their makers want to be named', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'siaga-tiles-'));
    const file = join(folder, 'java.pmtiles');
    // Water up to 110.39° east, in the middle of Semarang: 3,304 of 4,096 parts of the world.
    writePmtiles(file, {
      layers: ['water', 'roads'],
      tile: drawWest('water', 3304),
      attribution: '© Somebody',
    });
    await using tiled = await openRoomHouse({ MAP_FILE: file });
    const page = await chromium.newPage(DESK);
    await signIn(page, tiled);
    await page.until(`document.querySelector('#map-source').textContent === '© Somebody'`);
    await page.until(`document.querySelector('.map-marks')`);
    await untilColours(page, 2);
    expect(listFaults(page)).toEqual([]);
    await page.tab.close();
    await rm(folder, { recursive: true });
  });

  for (const [name, size] of [
    ['a desk', DESK],
    ['a phone', PHONE],
  ] as const) {
    test(`has no violation on ${name} in any colours, and what is drawn follows them`, async () => {
      const page = await openMap(size);
      const found: Record<string, string[]> = {};
      for (const [colours, media] of Object.entries(COLOURS)) {
        await page.tab.emulateMedia({ ...media, reducedMotion: 'reduce' });
        await untilColours(page, 20);
        const all = [...(await findViolations(page, '#desk-map')), ...(await findBeside(page))];
        if (all.length > 0) found[colours] = all;
      }
      expect(found).toEqual({});
      expect(listFaults(page)).toEqual([]);
      await page.tab.close();
    });
  }

  test('without WebGL the map is a list in words, and a place is still typed', async () => {
    await using plain = await startChromium();
    const page = await plain.newPage(DESK);
    await page.tab.addInitScript({ content: AXE });
    await signIn(page);
    await page.until(`!document.querySelector('#map-list').hidden`);
    expect(await page.ask(`document.querySelector('#map-state').textContent`)).toContain(
      'cannot draw the map',
    );
    await page.until(
      `document.querySelector('#map-list').innerText.includes('available, -6.9868, 110.4135')`,
    );
    expect(
      await page.ask(
        `performance.getEntriesByType('resource').some(({ name }) => name.includes('map-library'))`,
      ),
    ).toBe(false);
    expect(await findViolations(page, '#desk-map')).toEqual([]);
    await crew.report('available', HOME);
    await page.tab.keyboard.press('n');
    await page.until(`document.activeElement?.id === 'call-place'`);
    await page.tab.keyboard.type('-6.99, 110.42');
    await page.until(`document.querySelector('#map-list').innerText.includes('1. ')`);
    // What a layer would show is said in its sentence, of the first candidate too.
    await page.tab.keyboard.press('Escape');
    await page.tab.keyboard.press('v');
    await page.until(`/reach \\d+ % of the roads/.test(document.querySelector('#map-list').innerText)`);
  });
});
