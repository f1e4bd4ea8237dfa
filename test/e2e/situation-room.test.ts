/**
 * The situation room's page in a real browser, over the real process parts: MQTT in, pixels out.
 *
 * One Siaga over TCP on ports of the system's choice, a gauge that publishes by MQTT, Chromium on the page.
 */

import type { Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { type Chromium, chromiumMissing, listFaults, type Page, startChromium } from '../support/chromium.ts';
import { openRoomHouse, type RoomHouse } from '../support/room-house.ts';

const GAUGE = 'bendung-simongan';
const card = `[...document.querySelectorAll('.gauge')].find((each) => each.innerText.includes('Bendung Simongan'))`;
const streamState = `document.querySelector('#connection').dataset.stream`;

describe.skipIf(chromiumMissing())('the situation room in a browser', () => {
  let house: RoomHouse;
  let chromium: Chromium;
  let page: Page;
  beforeAll(async () => {
    chromium = await startChromium();
  });
  afterAll(() => chromium[Symbol.asyncDispose]());
  beforeEach(async () => {
    house = await openRoomHouse();
    page = await chromium.newPage();
    await page.go(`${house.url}room`);
    await page.until(`${streamState} === 'live' && ${card}`);
  });
  afterEach(async () => {
    await page.tab.close();
    await house[Symbol.asyncDispose]();
  });

  test('shows a flood as it comes by MQTT: level, mark on the map, alert with the agency’s label', async () => {
    await page.until(`document.querySelector('#no-alerts-note')?.innerText.length > 0`);
    expect(await page.ask(`${card}.dataset.level`)).toBe('none');
    await house.publish('river-gauge', GAUGE, { levelM: 1.2 });
    await page.until(`${card}.dataset.level === 'normal' && ${card}.innerText.includes('1.20 m')`);
    await house.publish('river-gauge', GAUGE, { levelM: 1.9 });
    await page.until(`${card}.dataset.level === 'extreme'`);
    await page.until(`document.querySelector('.gauge-mark .mark[data-level=extreme]')`);
    // Raised provisionally after such a jump; shown at once all the same.
    await page.until(`document.querySelector('.alert')?.innerText.includes('Bendung Simongan')`);
    expect(await page.ask(`document.querySelector('.gauge') === ${card}`)).toBe(true);
    expect(await page.ask('document.title')).toMatch(/^\(\d+\)/);
    expect(listFaults(page)).toEqual([]);
  });

  test('tells the last six hours of each river: what history holds, holes by their name, and what is live', async () => {
    const row = `[...document.querySelectorAll('#story li')].find((each) => each.innerText.includes('Banjir Kanal Barat'))`;
    const levels = `[...${row}.querySelectorAll('.run')].map((run) => run.dataset.level)`;
    await page.until(`${levels}.join() === 'none'`);
    expect(await page.ask(`${row}.querySelector('.run').textContent`)).toMatch(/no readings|tanpa bacaan/);
    // Another house, as an answer is kept for a minute.
    await using other = await openRoomHouse();
    const twoHoursAgo = Date.now() - 2 * 3_600_000;
    await other.publish('river-gauge', GAUGE, [
      { measuredAt: twoHoursAgo, levelM: 1.2 },
      { measuredAt: twoHoursAgo + 3 * 300_000, levelM: 1.9 },
    ]);
    await page.go(`${other.url}room`);
    await page.until(`${levels}.join() === 'none,normal,none,extreme,none'`);
    await other.publish('river-gauge', GAUGE, { levelM: 1.2 });
    await page.until(`${levels}.join() === 'none,normal,none,extreme,none,normal'`);
    expect(listFaults(page)).toEqual([]);
  });

  test('speaks Indonesian and English, says so to the browser, and remembers', async () => {
    await page.ask(`document.querySelector('[data-language=id]').click()`);
    await page.until(`document.documentElement.lang === 'id'`);
    expect(await page.ask(`document.querySelector('#alerts-heading').textContent`)).toBe('Peringatan');
    await page.ask(`document.querySelector('[data-language=en]').click()`);
    expect(await page.ask(`document.querySelector('#alerts-heading').textContent`)).toBe('Alerts');
    await page.ask(`document.querySelector('[data-language=id]').click()`);
    await page.go(`${house.url}room?again`);
    await page.until(`document.documentElement.lang === 'id'`);
    expect(listFaults(page)).toEqual([]);
  });

  test('says since when it is cut off, and is live again after a restart of the server, without a reload', async () => {
    await house.publish('river-gauge', GAUGE, { levelM: 1.2 });
    await page.until(`${card}.dataset.level === 'normal'`);
    await page.ask('window.sameDocument = true');
    await house.stop();
    await page.until(`${streamState} === 'waiting'`);
    expect(await page.ask(`document.body.hasAttribute('data-stale')`)).toBe(true);
    expect(await page.ask(`document.querySelector('#stale-banner').hidden`)).toBe(false);
    await house.start();
    await page.until(`${streamState} === 'live'`);
    expect(await page.ask(`document.body.hasAttribute('data-stale')`)).toBe(false);
    await house.publish('river-gauge', GAUGE, { levelM: 1.3 });
    await page.until(`${card}.innerText.includes('1.30 m')`);
    expect(await page.ask('window.sameDocument')).toBe(true);
  });

  test('reloads itself when a restarted server has a newer page, and once for a version', async () => {
    // The answer to HEAD /room of a server with another version; all else is the server's own.
    const source = `const real = fetch;
      window.fetch = async (url, init) => init?.method === 'HEAD'
        ? new Response('', { headers: { etag: '"0123456789abcdef"' } })
        : real(url, init);`;
    await page.ask(`${source} window.isFirst = true`);
    await page.tab.addInitScript({ content: source });
    await house.stop();
    await page.until(`${streamState} === 'waiting'`);
    await house.start();
    await page.until(`!window.isFirst && ${streamState} === 'live'`);
    await page.ask('window.isSecond = true');
    await house.stop();
    await page.until(`${streamState} === 'waiting'`);
    await house.start();
    await page.until(`${streamState} === 'live' && !document.body.hasAttribute('data-stale')`);
    await house.publish('river-gauge', GAUGE, { levelM: 1.3 });
    await page.until(`${card}.innerText.includes('1.30 m')`);
    expect(await page.ask('window.isSecond')).toBe(true);
  });

  test('shows everybody no ambulance, and staff theirs once a token is entered', async () => {
    await house.publish('ambulance', 'motor-01', { lat: -6.9868, lng: 110.4135, status: 'available' });
    await page.ask(`document.querySelector('[data-language=en]').click()`);
    expect(await page.ask(`document.querySelectorAll('.unit-mark.placed').length`)).toBe(0);
    expect(await page.ask(`document.querySelector('#units-tab').hidden`)).toBe(true);
    const mayGoToCity = `!document.querySelector('#city-link').hidden`;
    expect(await page.ask(mayGoToCity)).toBe(false);

    const enter = (token: string) =>
      page.ask(`(() => {
        document.querySelector('#token').value = ${JSON.stringify(token)};
        document.querySelector('#sign-in-form').requestSubmit();
      })()`);
    await page.ask(`document.querySelector('#sign-in').click()`);
    await enter('siaga_wrong');
    await page.until(`document.querySelector('#sign-in-problem').textContent === 'The token was refused.'`);
    await enter(house.adminToken);
    await page.until(`document.querySelectorAll('.unit-mark.placed').length === 1`);
    expect(await page.ask(`document.querySelector('#units-tab').hidden`)).toBe(false);
    expect(await page.ask(mayGoToCity)).toBe(true);
    expect(await page.ask('location.href')).toBe(`${house.url}room`);
    expect(await page.ask(`JSON.stringify(Object.keys(localStorage))`)).not.toContain('token');

    await page.ask(`document.querySelector('#sign-in').click()`);
    await page.until(`document.querySelector('#units-tab')?.hidden && ${streamState} === 'live'`);
    expect(await page.ask(`document.querySelectorAll('.unit-mark.placed').length`)).toBe(0);
  });

  describe('for a dispatcher', () => {
    const dialog = `document.querySelector('#incident-dialog')`;
    const row = `document.querySelector('#incident-list .incident')`;
    const said = `document.querySelector('#incident-said').textContent`;
    const firstUnit = `document.querySelector('.candidate')?.innerText`;

    async function signIn(): Promise<void> {
      await page.ask(`(() => {
        document.querySelector('[data-language=en]').click();
        document.querySelector('#sign-in').click();
        document.querySelector('#token').value = ${JSON.stringify(house.adminToken)};
        document.querySelector('#sign-in-form').requestSubmit();
      })()`);
      await page.until(`!document.querySelector('#incidents-tab').hidden && ${streamState} === 'live'`);
      await page.until(`!document.querySelector('#new-call').hidden`);
      await page.drawn();
    }

    /** Two units near the scene, the first of them nearer. */
    async function park(batteryPct = 90): Promise<void> {
      const near = { lat: -6.9868, lng: 110.4135, status: 'available', batteryPct };
      await house.publish('ambulance', 'motor-01', near);
      await house.publish('ambulance', 'motor-02', { ...near, lat: -6.97, lng: 110.4, batteryPct: 90 });
    }

    /** From the key to the candidates, by keyboard alone. */
    async function takeCall(): Promise<void> {
      const { keyboard } = page.tab;
      await keyboard.press('n');
      await page.until(`document.activeElement?.id === 'call-place'`);
      await keyboard.type('-6.9860, 110.4130');
      await keyboard.press('Tab');
      await keyboard.press('Tab');
      await keyboard.type('cardiac');
      await keyboard.press('Enter');
      await page.until(`${dialog}.open && ${firstUnit}`);
      // For 0.7 s after the order has changed a key sends nobody; a person takes longer to read it.
      await page.tab.waitForTimeout(1_000);
    }

    function callApi(path: string, body: object, key = 'a key of the test'): Promise<Response> {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${house.adminToken}` };
      const init = { method: 'POST', headers: { ...headers, 'idempotency-key': key } };
      return fetch(`${house.url}${path}`, { ...init, body: JSON.stringify(body) });
    }

    test('goes from a call to a unit that is sent by keyboard, and the row shows the unit', async () => {
      await park();
      await signIn();
      await takeCall();
      expect(await page.ask(firstUnit)).toMatch(/fastest · there in .+ by .+ km · fix \d+ s ago/);
      await page.tab.keyboard.press('Enter');
      await page.until(`${said}.startsWith('Sent: ')`);
      // Once more sends nobody: one unit is under way.
      await page.tab.keyboard.press('Enter');
      await page.until(`document.querySelectorAll('.assignment').length === 1`);
      await page.tab.keyboard.press('Escape');
      await page.until(`!${dialog}.open`);
      await page.ask(`document.querySelector('#incidents-tab').click()`);
      await page.until(`/(reserved|order sent)/.test(${row}.innerText)`);
      expect(await page.ask(`${row}.querySelector('.incident-units').textContent`)).toMatch(/^\S.+ · /);
      expect(listFaults(page)).toEqual([]);
    });

    test('cancels an assignment, closes the incident with its outcome, and the row is gone', async () => {
      await park();
      await signIn();
      await takeCall();
      await page.tab.keyboard.press('2');
      await page.until(`document.querySelector('.assignment')`);
      await page.ask(`document.querySelector('#outcome').value = 'treated'`);
      await page.ask(`document.querySelector('#close-form').requestSubmit()`);
      await page.until(`document.querySelector('#incident-problem').innerText.includes('still under way')`);
      await page.ask(`document.querySelector('.assignment button').click()`);
      await page.tab.keyboard.type('a prank after all');
      await page.tab.keyboard.press('Enter');
      await page.until(`document.querySelector('.assignment').innerText.includes('a prank after all')`);
      await page.ask(`document.querySelector('#close-form').requestSubmit()`);
      await page.until(`document.querySelector('#incident-age').innerText === 'closed: treated on scene'`);
      await page.until(`!${row}`);
    });

    test('asks for a reason where there is a warning, and Escape sends nobody', async () => {
      await park(5);
      await signIn();
      await takeCall();
      await page.tab.keyboard.press('Enter');
      await page.until(`document.activeElement?.id === 'reason'`);
      expect(await page.ask(`document.querySelector('#reason-title').textContent`)).toContain('5 % battery');
      await page.tab.keyboard.press('Escape');
      await page.until(`document.querySelector('#reason-form').hidden`);
      expect(await page.ask(`${dialog}.open && document.querySelectorAll('.assignment').length`)).toBe(0);
      await page.tab.keyboard.press('Enter');
      await page.tab.keyboard.type('it charges while driving');
      await page.tab.keyboard.press('Enter');
      await page.until(
        `document.querySelector('.assignment')?.innerText.includes('it charges while driving')`,
      );
    });

    test('says who has a unit that another dispatcher took first, and renews the list', async () => {
      await park();
      await signIn();
      await takeCall();
      const call = { classification: 'real', priority: 1, lat: -6.9868, lng: 110.4135 };
      const { id } = (await (await callApi('v1/incidents', call)).json()) as { id: number };
      const order = { unit: 'motor-01', unitVersion: 0 };
      // The other's order comes between the key and the page's own.
      const takeFirst = async (route: Route) => {
        const sent = await callApi(`v1/incidents/${id}/assignments`, order, 'another key');
        expect(sent.status).toBe(201);
        await route.continue();
      };
      await page.tab.route('**/assignments', takeFirst, { times: 1 });
      await page.tab.keyboard.press('Enter');
      await page.until(
        `document.querySelector('#incident-problem').innerText.includes('for incident #${id}')`,
      );
      await page.until(`document.querySelectorAll('.candidate').length === 1`);
      expect(await page.ask(`document.querySelectorAll('.assignment').length`)).toBe(0);
    });

    test('refuses a place that nobody knows, keeps what was typed, and N is a letter while typing', async () => {
      await signIn();
      await page.tab.keyboard.press('n');
      await page.tab.keyboard.type('nowhere');
      await page.tab.keyboard.press('Enter');
      await page.until(`!document.querySelector('#call-problem').hidden`);
      expect(await page.ask(`document.querySelector('#call-place').value`)).toBe('nowhere');
    });

    test.each([
      [320, 640],
      [1280, 720],
    ])('fits %i × %i: neither the form nor the dialog scrolls sideways', async (width, height) => {
      await park();
      await signIn();
      await page.tab.setViewportSize({ width, height });
      await page.drawn();
      await page.tab.keyboard.press('n');
      await page.until(`document.querySelector('#call-dialog').open`);
      const widest = (id: string) => `document.querySelector('${id}').scrollWidth <= ${width}`;
      expect(await page.ask(widest('#call-dialog'))).toBe(true);
      await page.tab.keyboard.press('Escape');
      await page.until(`!document.querySelector('#call-dialog').open`);
      await takeCall();
      const overflow = `${dialog}.scrollWidth - ${dialog}.clientWidth`;
      expect(await page.ask(overflow)).toBe(0);
    });
  });

  test('shows all tabs in one row of a window 1280 px wide, and a long name whole where one points', async () => {
    await page.tab.setViewportSize({ width: 1280, height: 720 });
    await page.drawn();
    for (const language of ['id', 'en']) {
      await page.ask(`document.querySelector('[data-language=${language}]').click()`);
      // All that can be there, also what this city lacks, and a busy evening.
      const tops = await page.ask<number[]>(`(() => {
        const tabs = [...document.querySelectorAll('#tabs [role=tab]')];
        for (const tab of tabs) tab.hidden = false;
        const count = document.querySelector('#incident-count');
        count.hidden = false;
        count.textContent = '12';
        return tabs.map((tab) => tab.getBoundingClientRect().top);
      })()`);
      expect(tops).toHaveLength(5);
      expect(new Set(tops).size, `tops of the tabs: ${tops}`).toBe(1);
    }
    const named = `${card}.querySelector('.gauge-name')`;
    const whole = await page.ask<string>(`${named}.title`);
    const { city } = await page.ask<{ city: { gauges: { id: string; name: string }[] } }>(
      `fetch('v1/city').then((answer) => answer.json())`,
    );
    expect(whole).toBe(city.gauges.find(({ id }) => id === GAUGE)?.name);
  });

  test('plots a gauge by keyboard alone: open, read a point, close', async () => {
    for (const levelM of [1.1, 1.2]) await house.publish('river-gauge', GAUGE, { levelM });
    await page.until(`${card}.innerText.includes('1.20 m')`);
    // The history follows the journal; the plot is asked for once it is there.
    const readings = `v1/devices/${GAUGE}/readings`;
    await page.until(`(await (await fetch('${readings}')).json()).points.length === 2`);
    await page.ask(`${card}.focus()`);
    await page.tab.keyboard.press('Enter');
    await page.until(
      `document.querySelector('#gauge-dialog').open && document.querySelector('.plot-readout')`,
    );
    await page.until(`document.querySelector('.plot').getAttribute('aria-label').includes('1.20 m')`);
    await page.ask(`document.querySelector('.plot').focus()`);
    await page.tab.keyboard.press('Home');
    expect(await page.ask(`document.querySelector('.plot-readout').textContent`)).toMatch(/^1\.\d0 m · /);
    await page.tab.keyboard.press('Escape');
    await page.until(`!document.querySelector('#gauge-dialog').open`);
    expect(await page.ask(`document.activeElement === ${card}`)).toBe(true);
    expect(listFaults(page)).toEqual([]);
  });

  test('holds no more of the document after a thousand readings than after one', async () => {
    await house.publish('river-gauge', GAUGE, { levelM: 1.2 });
    await page.until(`${card}.innerText.includes('1.20 m')`);
    const nodes = `document.querySelectorAll('*').length`;
    const before = await page.ask<number>(nodes);
    const startMs = Date.now() - 1_000 * 100;
    for (const first of [0, 500]) {
      const batch = Array.from({ length: 500 }, (_, index) => ({
        measuredAt: startMs + (first + index) * 100,
        levelM: 1.2 + (first + index) / 100_000,
      }));
      await house.publish('river-gauge', GAUGE, batch);
    }
    await house.publish('river-gauge', GAUGE, { levelM: 1.25 });
    await page.until(`${card}.innerText.includes('1.25 m')`);
    expect(await page.ask<number>(nodes)).toBeLessThanOrEqual(before + 20);
  });

  test('fits a phone: nothing scrolls sideways, and every button is tall enough for a finger or nearly', async () => {
    const phone = await chromium.newPage({ width: 360, height: 780 });
    await phone.go(`${house.url}room`);
    await phone.until(`document.querySelectorAll('.gauge').length > 0`);
    expect(await phone.ask('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    const lowest = `Math.min(...[...document.querySelectorAll('button, a')]
      .filter((each) => each.offsetParent !== null && !each.matches('.skip'))
      .map((each) => each.getBoundingClientRect().height))`;
    // WCAG 2.2, 2.5.8: 24 pixels.
    expect(await phone.ask<number>(lowest)).toBeGreaterThanOrEqual(24);
    expect(listFaults(phone)).toEqual([]);
  });
});
