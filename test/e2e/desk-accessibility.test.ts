/**
 * The dispatcher's desk judged by axe-core in a real browser: the form of a call, an incident with a unit under way,
 * the board, the keys; in light, in dark and in forced colours, on a phone of 320 pixels and on a desk.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AXE, COLOURS, DESK, findBeside, findViolations, PHONE } from '../support/axe.ts';
import { type Chromium, chromiumMissing, type Page, startChromium } from '../support/chromium.ts';
import { openRoomHouse, type RoomHouse } from '../support/room-house.ts';

/** What a person opens in turn: the expression that opens it, and the one that is true once it is there. */
const VIEWS: Record<string, readonly [open: string, shown: string]> = {
  'a call with candidates': [
    `(document.querySelector('#new-call').click(),
      document.querySelector('#call-place').value = '-6.9903, 110.4229',
      document.querySelector('#call-form').dispatchEvent(new Event('input')))`,
    `document.querySelector('.candidate')?.checkVisibility() && !document.querySelector('#call-similar').hidden`,
  ],
  'a place with suggestions': [
    `(document.querySelector('#call-place').value = 'simp',
      document.querySelector('#call-place').dispatchEvent(new Event('input', { bubbles: true })))`,
    `!document.querySelector('#call-suggestions').hidden`,
  ],
  'an incident with a unit under way': [
    `[...document.querySelectorAll('.card')].find((each) => each.innerText.includes('#1')).click()`,
    `document.querySelector('.assignment-card') && document.querySelector('.candidate')?.checkVisibility()
      && document.querySelector('.destination')`,
  ],
  'a question': [
    `(document.querySelector('#excluded').open = true, document.querySelector('#log').open = true,
      document.querySelector('.assignment-card [aria-keyshortcuts=x]').click())`,
    `!document.querySelector('#reason-form').hidden`,
  ],
  'the keys': [`document.querySelector('#show-keys').click()`, `document.querySelector('#keys-dialog').open`],
  'a unit': [
    `(document.querySelector('#keys-close').click(), document.querySelector('.board-unit').click())`,
    `document.querySelector('#unit-dialog').open`,
  ],
};

describe.skipIf(chromiumMissing())('the desk for everybody', { timeout: 180_000 }, () => {
  let house: RoomHouse;
  let chromium: Chromium;
  beforeAll(async () => {
    house = await openRoomHouse();
    chromium = await startChromium();
    await sayAvailable();
    const call = { classification: 'real', category: 'trauma', priority: 1, lat: -6.9903, lng: 110.4229 };
    await post('v1/incidents', { ...call, callerName: 'Bu Sri', callerPhone: '0812 000' });
    await post('v1/incidents/1/assignments', { unit: 'motor-02', unitVersion: 0, forceReason: 'by radio' });
  });
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]();
    await house[Symbol.asyncDispose]();
  });

  async function post(path: string, body: object): Promise<void> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${house.adminToken}` };
    const response = await fetch(`${house.url}${path}`, {
      method: 'POST',
      headers: { ...headers, 'idempotency-key': path },
      body: JSON.stringify(body),
    });
    expect(response.status, await response.text()).toBe(201);
  }

  /** A crew that is not heard for a minute is proposed no more; looking at all views takes longer on a busy machine. */
  const sayAvailable = () =>
    house.publish('ambulance', 'motor-01', {
      lat: -6.9868,
      lng: 110.4135,
      status: 'available',
      batteryPct: 9,
    });

  async function openPage(size: { width: number; height: number }): Promise<Page> {
    const page = await chromium.newPage(size);
    // Signing in loads the page anew: axe comes with each document.
    await page.tab.addInitScript({ content: AXE });
    await page.go(`${house.url}desk`);
    await page.until(`!document.querySelector('#not-for-you').hidden`);
    return page;
  }

  async function signIn(page: Page): Promise<void> {
    await page.ask(`(() => {
      document.querySelector('#sign-in').click();
      document.querySelector('#token').value = ${JSON.stringify(house.adminToken)};
      document.querySelector('#sign-in-form').requestSubmit();
    })()`);
    await page.until(`document.querySelector('.card')?.innerText.includes('#1')`);
  }

  const sizes = [
    ...Object.entries(COLOURS).map(([name, colours]) => ({ name, colours, size: PHONE })),
    { name: 'light', colours: COLOURS.light, size: DESK },
    { name: 'dark', colours: COLOURS.dark, size: DESK },
    { name: 'forced colours on light', colours: COLOURS['forced colours on light'], size: DESK },
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
      await look('nothing in hand');
      for (const [view, [open, shown]] of Object.entries(VIEWS)) {
        await sayAvailable();
        await page.ask(open);
        await page.until(shown);
        await look(view);
      }
      expect(found).toEqual({});
      await page.tab.close();
    });
  }
});
