/**
 * The situation room's page judged by axe-core in a real browser: every view of it, in light, in dark and in forced
 * colours, on a phone of 320 pixels and on a desk.
 *
 * Besides what axe calls a violation: no control lies beside the page, and no text has the colour of its ground.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AXE, COLOURS, DESK, findBeside, findViolations, PHONE } from '../support/axe.ts';
import { type Chromium, chromiumMissing, type Page, startChromium } from '../support/chromium.ts';
import { openRoomHouse, type RoomHouse } from '../support/room-house.ts';

/**
 * What a person opens in turn: the expression that opens it, the one that is true once it is there, and its part of
 * the page.
 */
const VIEWS: Record<string, readonly [open: string, shown: string, part: string]> = {
  'rivers and alerts': ['0', `document.querySelector('.alert')`, 'body'],
  'the legend': [
    `document.querySelector('#legend').open = true`,
    `document.querySelector('#legend').open`,
    '#legend',
  ],
  'the Wi-Fi': [`document.querySelector('#wifi-tab').click()`, `document.querySelector('.wifi')`, '#side'],
  'the ambulances': [
    `document.querySelector('#units-tab').click()`,
    `document.querySelector('.unit')`,
    '#side',
  ],
  'the incidents': [
    `document.querySelector('#incidents-tab').click()`,
    `document.querySelector('#incidents-panel .incident')`,
    '#side',
  ],
  'an incident': [
    `document.querySelector('#incidents-panel .incident').click()`,
    `document.querySelector('.candidate') && document.querySelector('.hospital-beds')`,
    '#incident-dialog',
  ],
  'a new call': [
    `(document.querySelector('#incident-dialog').close(), document.querySelector('#new-call').click())`,
    `document.querySelector('#call-dialog').open`,
    '#call-dialog',
  ],
  'a gauge': [
    `(document.querySelector('#call-cancel').click(), document.querySelector('.gauge[data-level=extreme]').click())`,
    `document.querySelector('#gauge-dialog .plot')`,
    '#gauge-dialog',
  ],
};

describe.skipIf(chromiumMissing())('the situation room for everybody', { timeout: 180_000 }, () => {
  let house: RoomHouse;
  let chromium: Chromium;
  beforeAll(async () => {
    house = await openRoomHouse();
    chromium = await startChromium();
    await house.publish('river-gauge', 'bendung-simongan', { levelM: 1.9 });
    await sayAvailable();
    const response = await fetch(`${house.url}v1/incidents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${house.adminToken}` },
      body: JSON.stringify({
        classification: 'real',
        category: 'trauma',
        priority: 1,
        place: 'simpang-lima',
        ...{ lat: -6.9903, lng: 110.4229 },
      }),
    });
    expect(response.status, await response.text()).toBe(201);
  });
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]();
    await house[Symbol.asyncDispose]();
  });

  /** A crew that is not heard for a minute is proposed no more; looking at all views takes longer on a busy machine. */
  const sayAvailable = () =>
    house.publish('ambulance', 'motor-01', { lat: -6.9868, lng: 110.4135, status: 'available' });

  async function openPage(size: { width: number; height: number }): Promise<Page> {
    const page = await chromium.newPage(size);
    // Signing in loads the page anew: axe comes with each document.
    await page.tab.addInitScript({ content: AXE });
    await page.go(`${house.url}room`);
    await page.until(`document.querySelector('.gauge[data-level=extreme]')`);
    return page;
  }

  async function signIn(page: Page): Promise<void> {
    await page.ask(`(() => {
      document.querySelector('#sign-in').click();
      document.querySelector('#token').value = ${JSON.stringify(house.adminToken)};
      document.querySelector('#sign-in-form').requestSubmit();
    })()`);
    await page.until(
      `document.querySelector('.unit') && document.querySelector('#incidents-panel .incident')`,
    );
  }

  const sizes = [
    ...Object.entries(COLOURS).map(([name, colours]) => ({ name, colours, size: PHONE })),
    { name: 'light', colours: COLOURS.light, size: DESK },
  ];
  for (const { name, colours, size } of sizes) {
    test(`has no violation in ${name} at ${size.width} pixels, and nothing lies beside the page`, async () => {
      const page = await openPage(size);
      await page.tab.emulateMedia({ ...colours, reducedMotion: 'reduce' });
      const found: Record<string, string[]> = {};
      const look = async (view: string, part: string) => {
        const all = [...(await findViolations(page, part)), ...(await findBeside(page))];
        if (all.length > 0) found[view] = all;
      };
      await page.ask(`document.querySelector('#sign-in').click()`);
      await look('signing in', '#sign-in-dialog');
      await page.ask(`document.querySelector('#sign-in-cancel').click()`);
      await signIn(page);
      for (const [view, [open, shown, part]] of Object.entries(VIEWS)) {
        await sayAvailable();
        await page.ask(open);
        await page.until(shown);
        await look(view, part);
      }
      expect(found).toEqual({});
      await page.tab.close();
    });
  }
});
