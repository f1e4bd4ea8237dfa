/**
 * The dispatcher's desk in a real browser, over the real process parts: a call by keyboard, a crew over MQTT.
 *
 *   key → form → candidates → order → crew's answer and steps → hospital → closed
 *
 * A unit that is not heard for a minute is proposed no more: crews publish again before anybody looks for them.
 */
import type { BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Chromium, chromiumMissing, type Page, startChromium } from '../support/chromium.ts';
import { Crew } from '../support/crew.ts';
import { openRoomHouse, type RoomHouse } from '../support/room-house.ts';

const SCENE = { lat: -6.986, lng: 110.413 };
const said = `document.querySelector('#incident-said').textContent`;
const problem = `document.querySelector('#incident-problem').textContent`;
const firstUnit = `document.querySelector('.candidate')?.innerText`;
const form = `document.querySelector('#call-form')`;
const incident = `document.querySelector('#incident')`;
const cardOf = (text: string) =>
  `[...document.querySelectorAll('.card')].find((each) => each.innerText.includes(${JSON.stringify(text)}))`;
const assignment = `document.querySelector('.assignment-card')?.innerText ?? ''`;

describe.skipIf(chromiumMissing())('the desk in a browser', { timeout: 180_000 }, () => {
  let house: RoomHouse;
  let chromium: Chromium;
  let page: Page;
  const crews: Crew[] = [];
  beforeAll(async () => {
    chromium = await startChromium();
  });
  afterAll(() => chromium[Symbol.asyncDispose]());
  beforeEach(async () => {
    house = await openRoomHouse();
    page = await chromium.newPage({ width: 1280, height: 720 });
    await signIn(page);
  });
  afterEach(async () => {
    await page.tab.close();
    for (const crew of crews.splice(0)) await crew.end();
    await house[Symbol.asyncDispose]();
  });

  async function signIn(on: Page, language = 'en'): Promise<void> {
    await on.go(`${house.url}desk`);
    await on.until(`!document.querySelector('#not-for-you').hidden`);
    await on.ask(`(() => {
      document.querySelector('[data-language=${language}]').click();
      document.querySelector('#sign-in').click();
      document.querySelector('#token').value = ${JSON.stringify(house.adminToken)};
      document.querySelector('#sign-in-form').requestSubmit();
    })()`);
    await on.until(`!document.querySelector('#desk')?.hidden`);
    await on.drawn();
  }

  async function connect(unit: string): Promise<Crew> {
    const crew = await Crew.connect(unit, house.mqttUrl);
    crews.push(crew);
    return crew;
  }

  /** Two units near the scene, the first of them nearer. */
  async function park(): Promise<[Crew, Crew]> {
    const [first, second] = [await connect('motor-01'), await connect('motor-02')];
    await first.report('available', { lat: -6.9868, lng: 110.4135 });
    await second.report('available', { lat: -6.97, lng: 110.4 });
    return [first, second];
  }

  async function type(text: string, on = page): Promise<void> {
    await on.tab.keyboard.press('n');
    await on.until(`document.activeElement?.id === 'call-place'`);
    await on.tab.keyboard.type(text);
  }

  async function takeCall(on = page): Promise<void> {
    await type('-6.9860, 110.4130', on);
    await on.tab.keyboard.press('Enter');
    await on.until(`!${incident}.hidden && ${firstUnit}`);
  }

  test('goes from the key to a unit that is sent in three key strokes beside the text', async () => {
    await park();
    await type('-6.9860, 110.4130');
    await page.until(`${firstUnit}?.includes('fastest')`);
    await page.tab.screenshot({ path: '/tmp/desk-form.png' });
    expect(await page.ask(`document.querySelector('#incident-cards').children.length`)).toBe(0);
    await page.tab.keyboard.press('Enter');
    await page.until(`!${incident}.hidden && ${firstUnit}?.includes('fastest')`);
    await page.tab.keyboard.press('Enter');
    await page.until(`${said}.startsWith('Sent: ')`);
    await page.until(`/reserved|order sent/.test(${assignment})`);
    await page.tab.screenshot({ path: '/tmp/desk-sent.png' });
    await page.until(`${cardOf('#1')}?.innerText.includes('in hand')`);
    expect(page.problems).toEqual([]);
  });
});
