/**
 * The page of the city in a real browser: a threshold tried and saved, what is wrong at its field, two editors, undo, a
 * new entry, the keyboard, a server that is away; and judged by axe-core in every size and colour.
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AXE, COLOURS, DESK, findBeside, findViolations, PHONE } from '../support/axe.ts';
import { type Chromium, chromiumMissing, listFaults, type Page, startChromium } from '../support/chromium.ts';
import { openRoomHouse, type RoomHouse } from '../support/room-house.ts';

const GAUGE = 'silandak-purwoyoso';
const LOWEST = '[name="thresholds.levelM"]';

interface Entry {
  readonly name: string;
  readonly normalLevelM: number;
  readonly thresholds: { levelM: number }[];
}

describe.skipIf(chromiumMissing())('the page of the city', { timeout: 240_000 }, () => {
  let house: RoomHouse;
  let chromium: Chromium;
  beforeAll(async () => {
    house = await openRoomHouse();
    chromium = await startChromium();
    // A wave three days ago, between the ordinary level and the lowest step.
    const { normalLevelM, thresholds } = await read();
    const topM = ((thresholds[0]?.levelM ?? 0) + normalLevelM) / 2 + 0.1;
    const rows = Array.from({ length: 60 }, (_, index) => ({
      measuredAt: Date.now() - 3 * 86_400_000 + index * 600_000,
      levelM: Number((normalLevelM + (topM - normalLevelM) * Math.sin((Math.PI * index) / 59)).toFixed(3)),
    }));
    await house.publish('river-gauge', GAUGE, rows);
  });
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]();
    await house[Symbol.asyncDispose]();
  });

  async function call(method: string, path: string, body?: object): Promise<Response> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${house.adminToken}` };
    return fetch(`${house.url}v1/${path}`, {
      method,
      headers: { ...headers, 'if-match': '*' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  }
  const read = async () => (await (await call('GET', `devices/${GAUGE}/entry`)).json()) as Entry;

  async function openPage(size = DESK): Promise<Page> {
    const page = await chromium.newPage(size, { locale: 'en-GB' });
    // Signing in loads the page anew: axe comes with each document.
    await page.tab.addInitScript({ content: AXE });
    await page.go(`${house.url}city`);
    await page.until(`!document.querySelector('#for-whom').hidden`);
    return page;
  }

  async function signIn(page: Page): Promise<void> {
    await page.ask(`(() => {
      document.querySelector('#sign-in').click();
      document.querySelector('#token').value = ${JSON.stringify(house.adminToken)};
      document.querySelector('#sign-in-form').requestSubmit();
    })()`);
    await page.until(`document.querySelector('#entries button')`);
  }

  async function openGauge(page: Page): Promise<void> {
    await page.tab.fill('#search', GAUGE);
    await page.until(`document.querySelectorAll('#entries button').length === 1`);
    await page.ask(`document.querySelector('[data-id=${GAUGE}]').click()`);
    await page.until(
      `document.querySelector('#entry-title').innerText.includes('${GAUGE}') && document.querySelector('#save')`,
    );
  }

  const text = (page: Page, selector: string) =>
    page.ask<string>(`document.querySelector('${selector}')?.innerText ?? ''`);

  test('a threshold is tried on stored history, saved, is in force, and is taken back', async () => {
    const page = await openPage();
    await signIn(page);
    await openGauge(page);
    const before = await read();
    const lowestM = before.thresholds[0]?.levelM ?? 0;
    const loweredM = Number((before.normalLevelM + 0.4 * (lowestM - before.normalLevelM)).toFixed(2));
    await page.tab.fill(`${LOWEST} >> nth=0`, String(loweredM));
    await page.tab.click('#trial');
    await page.until(
      `/In the last 90 days: \\d+ alerts/.test(document.querySelector('#trial-said').innerText)`,
    );
    expect(await text(page, '#trial-told')).toMatch(/Water level\s+0\s+1/);
    expect((await read()).thresholds).toEqual(before.thresholds);

    await page.tab.click('#save');
    await page.until(`document.querySelector('.said')?.innerText.includes('in force')`);
    expect((await read()).thresholds[0]?.levelM).toBe(loweredM);
    await page.until(`document.querySelector('#change-list')?.innerText.includes('first-admin')`);
    expect(await text(page, '#change-list li')).toContain(`${GAUGE}`);
    await page.tab.click('#change-list .undo >> nth=0');
    await page.until(`document.querySelector('#changes-said')?.innerText.includes('undone')`);
    expect((await read()).thresholds).toEqual(before.thresholds);
    await page.until(`Number(document.querySelector('${LOWEST}').value) === ${before.thresholds[0]?.levelM}`);
    expect(listFaults(page)).toEqual([]);
    await page.tab.close();
  });

  test('what is wrong is said at its field in both languages, and nothing typed is lost by it or by a reload', async () => {
    const page = await openPage();
    await signIn(page);
    await openGauge(page);
    await page.tab.fill(`${LOWEST} >> nth=0`, '99');
    await page.tab.click('#save');
    await page.until(
      `document.querySelector('.list > .wrong')?.innerText.includes('thresholds must ascend')`,
    );
    expect(await text(page, '.pair .wrong')).toContain('cannot see 99 m');
    await page.tab.click('[data-language=id]');
    await page.until(`document.querySelector('#save')?.innerText === 'Simpan'`);
    expect(await page.tab.inputValue(`${LOWEST} >> nth=0`)).toBe('99');
    await page.tab.click('#save');
    await page.until(`document.querySelector('.list > .wrong')?.innerText.includes('ambang harus naik')`);
    await page.tab.reload();
    await page.until(`document.querySelector('#entries button')`);
    await openGauge(page);
    expect(await page.tab.inputValue(`${LOWEST} >> nth=0`)).toBe('99');
    expect(await text(page, '.said')).toContain('Ketikan yang belum disimpan');
    expect((await read()).thresholds[0]?.levelM).not.toBe(99);
    await page.tab.close();
  });

  test('a second editor is told who changed what, loses nothing and overwrites nothing', async () => {
    const page = await openPage();
    await signIn(page);
    await openGauge(page);
    const { name } = await read();
    await page.tab.fill('[name=name]', 'Mine');
    await page.tab.fill('[name=lat]', '-6.9985');
    const made = await call('PATCH', `devices/${GAUGE}`, { name: 'Theirs', hysteresisM: 0.2 });
    expect(made.status).toBe(200);
    await page.tab.click('#save');
    await page.until(`document.querySelector('.conflict')`);
    const told = await text(page, '.conflict');
    expect(told).toContain('Somebody else has changed it');
    expect(told).toContain('first-admin');
    expect(told).toMatch(/Ends this much below \(m\)\s+0.1\s+0.2/);
    expect(told).toMatch(/Name\s+Theirs\s+Mine/);
    expect(await read()).toMatchObject({ name: 'Theirs' });
    await page.tab.click('.put-mine');
    await page.tab.click('#save');
    await page.until(`document.querySelector('.said')?.innerText.includes('in force')`);
    expect(await read()).toMatchObject({ name: 'Mine', lat: -6.9985, hysteresisM: 0.2 });
    await call('PATCH', `devices/${GAUGE}`, { name, lat: -6.99857, hysteresisM: 0.1 });
    await page.tab.close();
  });

  test('a new entry is added and removed by keyboard alone, and a server that is away costs nothing typed', async () => {
    const page = await openPage();
    await signIn(page);
    await page.tab.focus('[data-list=bases]');
    await page.tab.keyboard.press('Enter');
    await page.until(`document.querySelector('[data-list=bases]').ariaPressed === 'true'`);
    await page.tab.focus('#add');
    await page.tab.keyboard.press('Enter');
    await page.until(`document.querySelector('#save')`);
    // The title has the focus; the fields follow it.
    for (const word of ['pos-baru', 'Pos Baru', '-6,99', '110,42']) {
      await page.tab.keyboard.press('Tab');
      await page.tab.keyboard.type(word);
    }
    await house.stop();
    await page.tab.keyboard.press('Enter');
    await page.until(`document.querySelector('#editor .refusal')?.innerText.includes('does not answer')`);
    await house.start();
    await page.tab.keyboard.press('Enter');
    await page.until(`document.querySelector('.said')?.innerText.includes('in force')`);
    const made = await (await call('GET', 'bases/pos-baru/entry')).json();
    expect(made).toEqual({ id: 'pos-baru', name: 'Pos Baru', lat: -6.99, lng: 110.42 });
    await page.tab.focus('#remove');
    await page.tab.keyboard.press('Enter');
    await page.tab.keyboard.press('Enter');
    await page.until(`document.querySelector('.said')?.innerText.includes('Removed')`);
    expect((await call('GET', 'bases/pos-baru/entry')).status).toBe(404);
    await page.tab.close();
  });

  test('a new folder under what was changed is told beside it, and its values go into the form only by a person', async () => {
    const { name } = await read();
    await call('PATCH', `devices/${GAUGE}`, { name: 'Ours' });
    await house.stop();
    const own = join(house.dataDir, 'cities/semarang');
    cpSync(join(import.meta.dirname, '../../cities/semarang'), own, { recursive: true });
    const file = join(own, 'devices.river-gauge.json');
    const devices = JSON.parse(readFileSync(file, 'utf8')) as { id: string }[];
    const theirs = devices.map((each) => (each.id === GAUGE ? { ...each, name: 'Theirs' } : each));
    writeFileSync(file, JSON.stringify(theirs));
    await house.start();
    const page = await openPage();
    await signIn(page);
    await page.until(`document.querySelector('#difference-list')?.innerText.includes('Theirs')`);
    expect(await text(page, '#difference-list')).toMatch(/Name\s+Kali Silandak, Purwoyoso\s+Theirs\s+Ours/);
    expect(await read()).toMatchObject({ name: 'Ours' });
    await page.tab.click('.take-folder');
    await page.until(`document.querySelector('[name=name]')?.value === 'Theirs'`);
    expect(await read()).toMatchObject({ name: 'Ours' });
    await page.tab.click('#save');
    await page.until(`document.querySelector('.said')?.innerText.includes('in force')`);
    expect(await read()).toMatchObject({ name: 'Theirs' });
    await page.until(`document.querySelector('#differences').hidden`);
    await call('PATCH', `devices/${GAUGE}`, { name });
    await page.tab.close();
  });

  test('parameters of a rule are chosen, each with its usual value, and tried', async () => {
    const page = await openPage();
    await signIn(page);
    await page.tab.click('[data-list=alertRules]');
    await page.tab.click('#add');
    await page.until(`document.querySelector('#save')`);
    await page.tab.selectOption('[name=rule]', 'river-level');
    await page.until(`document.querySelectorAll('.group input').length > 0`);
    // A name and a unit instead of `pendingMs`, and what it is, with a span that a person can read.
    const field = `document.querySelector('[name="parameters.holdMaxMs"]').closest('.field').innerText`;
    expect(await page.ask(field)).toMatch(/Longest hold \(ms\)[\s\S]*Usually 1,800,000 \(30 min\)\./);
    expect(await findViolations(page, 'body')).toEqual([]);
    await page.tab.click('#trial');
    await page.until(`document.querySelector('#trial-said').innerText.includes('In the last 90 days')`);
    await page.tab.close();
  });

  const sizes = [
    ...Object.entries(COLOURS).map(([name, colours]) => ({ name, colours, size: PHONE })),
    { name: 'light', colours: COLOURS.light, size: DESK },
    { name: 'dark', colours: COLOURS.dark, size: DESK },
  ];
  for (const { name, colours, size } of sizes) {
    test(`has no violation in ${name} at ${size.width} pixels, and nothing lies beside the page`, async () => {
      const page = await openPage(size);
      await page.tab.emulateMedia({ ...colours, reducedMotion: 'reduce' });
      const found: Record<string, string[]> = {};
      const look = async (view: string) => {
        const all = [...(await findViolations(page, 'body')), ...(await findBeside(page))];
        if (all.length > 0) found[view] = all;
      };
      await look('for whom it is');
      await signIn(page);
      await look('the lists');
      await openGauge(page);
      await look('a gauge');
      await page.tab.click('#trial');
      await page.until(`document.querySelector('#trial-said').innerText.includes('In the last 90 days')`);
      await look('a trial');
      await page.tab.fill(`${LOWEST} >> nth=0`, '99');
      await page.tab.click('#save');
      await page.until(`document.querySelector('.wrong')`);
      await look('a refusal');
      await page.tab.fill(`${LOWEST} >> nth=0`, '1.01');
      await call('PATCH', `devices/${GAUGE}`, { hysteresisM: 0.1 + Math.random() / 100 });
      await page.tab.click('#save');
      await page.until(`document.querySelector('.conflict')`);
      await look('a conflict');
      expect(found).toEqual({});
      await page.tab.close();
    });
  }
});
