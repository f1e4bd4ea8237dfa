/**
 * The public pages in a real browser over the real parts: judged by axe-core, read without JavaScript, live by the
 * stream, sorted by where the phone is, and honest without a network.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AXE, COLOURS, DESK, findBeside, findViolations, PHONE } from '../support/axe.ts';
import { type Chromium, chromiumMissing, listFaults, type Page, startChromium } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { openRoomHouse, type RoomHouse } from '../support/room-house.ts';

const GAUGE = 'bendung-simongan';

describe.skipIf(chromiumMissing())('the public pages in a browser', { timeout: 180_000 }, () => {
  let house: RoomHouse;
  let chromium: Chromium;
  let alertId: string;
  beforeAll(async () => {
    house = await openRoomHouse();
    chromium = await startChromium();
    await house.publish('wifi-access-point', 'ap-simpang-lima-1', { clients: 12 });
    for (const levelM of [1.2, 1.3, 1.9]) await house.publish('river-gauge', GAUGE, { levelM });
    alertId = await untilAlert();
  });
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]();
    await house[Symbol.asyncDispose]();
  });

  function untilAlert(): Promise<string> {
    return eventually(async () => {
      const answer = await fetch(`${house.url}v1/alerts?state=open&rule=river-level`);
      const { alerts } = (await answer.json()) as { alerts: { id: string }[] };
      return (alerts[0] as { id: string }).id;
    });
  }

  /**
   * A page that nobody has read yet may be refused while the event loop of a busy machine is late: it is opened
   * again.
   */
  async function open(page: Page, path = ''): Promise<void> {
    await eventually(async () =>
      expect((await page.tab.goto(`${house.url}${path}`))?.status()).toBeOneOf([200, 304, 404]),
    );
  }

  const faultsOf = (page: Page) => listFaults(page).filter((each) => !/ (404|503) /.test(each));

  test('on paper show what was folded, and nothing that could only be tapped', async () => {
    const page = await chromium.newPage(DESK);
    await page.tab.emulateMedia({ media: 'print' });
    await open(page, `alerts/${alertId}`);
    expect(
      await page.ask(`document.querySelector('#figures table').getBoundingClientRect().height`),
    ).toBeGreaterThan(0);
    await open(page);
    expect(await page.ask(`document.querySelector('.search').checkVisibility()`)).toBe(false);
    expect(await page.ask(`document.querySelector('#warnings .warning').checkVisibility()`)).toBe(true);
    await page.tab.close();
  });

  const paths = () => ['', `rivers/${GAUGE}`, 'wifi?q=simpang', `alerts/${alertId}`, 'rivers/nowhere'];

  const looks = [
    ...Object.entries(COLOURS).map(([name, colours]) => ({ name, colours, size: PHONE })),
    { name: 'light', colours: COLOURS.light, size: DESK },
  ];
  for (const { name, colours, size } of looks) {
    test(`have no violation in ${name} at ${size.width} pixels, and nothing lies beside the page`, async () => {
      const page = await chromium.newPage(size);
      await page.tab.addInitScript({ content: AXE });
      await page.tab.emulateMedia({ ...colours, reducedMotion: 'reduce' });
      const found: Record<string, string[]> = {};
      for (const path of paths()) {
        await open(page, path);
        await page.ask(`document.querySelectorAll('details').forEach((each) => { each.open = true; })`);
        const all = [...(await findViolations(page, 'body')), ...(await findBeside(page))];
        if (all.length > 0) found[path] = all;
      }
      expect(found).toEqual({});
      expect(faultsOf(page)).toEqual([]);
      await page.tab.close();
    });
  }

  test('say the same without JavaScript', async () => {
    const context = await chromium.newPage(PHONE, { javaScriptEnabled: false, locale: 'id-ID' });
    await open(context);
    const text = await context.tab.locator('main').innerText();
    expect(text).toContain('Bendung Simongan');
    expect(text).toContain('Mengapa?');
    expect(text).not.toContain('Di dekat saya');
    await context.tab.fill('#query', 'tinjomoyo');
    await context.tab.click('form button[type=submit]');
    expect(await context.tab.locator('#rivers li a').first().innerText()).toContain('Tinjomoyo');
    await context.tab.close();
  });

  test('show a new flood by the stream in the same document, and load nothing from elsewhere', async () => {
    const page = await chromium.newPage(PHONE);
    const foreign: string[] = [];
    page.tab.on('request', (request) => {
      if (!request.url().startsWith(house.url)) foreign.push(request.url());
    });
    await open(page, 'rivers/kripik-kandri');
    await page.ask('window.sameDocument = true');
    for (const levelM of [0.5, 0.6, 2.7]) await house.publish('river-gauge', 'kripik-kandri', { levelM });
    await page.until(`document.querySelector('#level').innerText.includes('2.70')`);
    expect(await page.ask('window.sameDocument')).toBe(true);
    expect(faultsOf(page)).toEqual([]);
    expect(foreign).toEqual([]);
    await page.tab.close();
  });

  test('sort by where the phone is, which no request tells', async () => {
    const page = await chromium.newPage(PHONE);
    await page.tab.context().grantPermissions(['geolocation']);
    // Beside the gauge of Kandri.
    await page.tab.context().setGeolocation({ latitude: -7.0437, longitude: 110.3599 });
    const asked: string[] = [];
    page.tab.on('request', (request) => asked.push(`${request.url()} ${request.postData() ?? ''}`));
    await open(page);
    await page.until(`!document.querySelector('#near').hidden`);
    await page.tab.click('#near-me');
    await page.until(`document.querySelector('#rivers li a').innerText.includes('Kandri')`);
    expect(await page.ask(`document.querySelector('#rivers .far').innerText`)).toMatch(/^\d+ m$/);
    expect(asked.filter((each) => /7\.0437|110\.3599/.test(each))).toEqual([]);
    await page.tab.close();
  });

  test('offer to follow a river, say where the browser may not, and show what is pushed in its language', async () => {
    const page = await chromium.newPage(PHONE, { locale: 'id-ID' });
    const { tab } = page;
    await tab.addInitScript({ content: AXE });
    await open(page, `rivers/${GAUGE}`);
    await page.until(`!document.querySelector('#follow').hidden`);
    expect(await findViolations(page, '#follow')).toEqual([]);
    const choice = await page.ask<string>(`document.querySelector('#follow-least').innerText`);
    expect(choice.split('\n').length).toBeGreaterThan(1);
    // Nobody has allowed it: it says so and asks nothing of the server.
    await tab.click('#follow-start');
    await page.until(`document.querySelector('#follow-state').innerText.includes('tidak diizinkan')`);
    await tab.context().grantPermissions(['notifications']);
    const session = await tab.context().newCDPSession(tab);
    const registered = new Promise<string>((resolve) =>
      session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        const own = registrations.find(({ scopeURL }) => scopeURL === house.url);
        if (own) resolve(own.registrationId);
      }),
    );
    await session.send('ServiceWorker.enable');
    const registrationId = await registered;
    const pushed = { title: 'Bendung Simongan: Awas', body: 'Segera ke tempat tinggi.', language: 'id' };
    const data = JSON.stringify({ ...pushed, page: `alerts/${alertId}`, gauge: GAUGE, stop: 'Berhenti' });
    const origin = house.url.replace(/\/$/, '');
    const shown = '(await (await navigator.serviceWorker.ready).getNotifications())';
    // Dropped where the permission has not reached the worker yet. Of one gauge there is one card, however often it comes.
    await eventually(async () => {
      await session.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data });
      expect(await page.ask(`(async () => ${shown}.length)()`)).toBe(1);
    });
    expect(
      await page.ask(
        `(async () => { const [{ title, body, lang }] = ${shown}; return { title, body, lang }; })()`,
      ),
    ).toEqual({ title: pushed.title, body: pushed.body, lang: 'id' });
    expect(faultsOf(page)).toEqual([]);
    await tab.close();
  });

  test('give the last known state with its age where there is no network', async () => {
    const page = await chromium.newPage(PHONE);
    await open(page);
    await page.until(`(await navigator.serviceWorker.ready).active?.state === 'activated'`);
    // The first visit was before the worker: the second one is kept.
    await open(page);
    await page.until(`await (await caches.open('siaga-pages')).match(location.href)`);
    await page.tab.context().setOffline(true);
    await page.go(house.url);
    expect(await page.ask(`document.querySelector('#rivers').innerText`)).toContain('Bendung Simongan');
    await page.until(`!document.querySelector('#offline').hidden`);
    expect(await page.ask(`document.querySelector('#offline').innerText`)).toMatch(/\d+ minutes? ago/);
    await page.tab.context().setOffline(false);
    await page.tab.close();
  });
});
