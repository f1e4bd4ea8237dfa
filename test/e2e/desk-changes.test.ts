/**
 * The desk when what was said turns out otherwise: a place nobody knows, a crew that refuses, a unit out of service,
 * a hospital that is full. By keyboard, over the real process parts.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Chromium, chromiumMissing, listFaults, type Page, startChromium } from '../support/chromium.ts';
import { Crew } from '../support/crew.ts';
import { eventually } from '../support/eventually.ts';
import { openRoomHouse, type RoomHouse } from '../support/room-house.ts';

const textOf = (id: string) => `document.querySelector('#${id}').innerText`;
const candidates = `[...document.querySelectorAll('.candidate')].filter((each) => each.checkVisibility())`;

describe.skipIf(chromiumMissing())('the desk, when it turns out otherwise', { timeout: 180_000 }, () => {
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
    await page.go(`${house.url}desk`);
    await page.until(`document.querySelector('[data-language][aria-pressed]')`);
    await page.until(`!document.querySelector('#not-for-you').hidden`);
    await page.ask(`(() => {
      document.querySelector('[data-language=id]').click();
      document.querySelector('#sign-in').click();
      document.querySelector('#token').value = ${JSON.stringify(house.adminToken)};
      document.querySelector('#sign-in-form').requestSubmit();
    })()`);
    await page.until(`!document.querySelector('#desk')?.hidden`);
    await page.drawn();
  }, 180_000);
  afterEach(async () => {
    await page.tab.close();
    for (const crew of crews.splice(0)) await crew.end();
    await house[Symbol.asyncDispose]();
  });

  async function park(unit: string, lat: number): Promise<Crew> {
    const crew = await Crew.connect(unit, house.mqttUrl);
    crews.push(crew);
    await crew.report('available', { lat, lng: 110.4135 });
    return crew;
  }

  async function type(text: string): Promise<void> {
    await page.tab.keyboard.press('n');
    await page.until(`document.activeElement?.id === 'call-place'`);
    await page.tab.keyboard.type(text);
  }

  async function read<T>(path: string): Promise<T> {
    const headers = { authorization: `Bearer ${house.adminToken}` };
    return (await (await fetch(`${house.url}${path}`, { headers })).json()) as T;
  }

  test('a call from a place that nobody knows is saved at the second Enter, and placed when it is known', async () => {
    await park('motor-01', -6.9868);
    const { keyboard } = page.tab;
    await type('gang mawar 17');
    await keyboard.press('Enter');
    await page.until(`${textOf('call-problem')}.includes('tekan Enter sekali lagi')`);
    // What is typed between is another call.
    await keyboard.type('a');
    await keyboard.press('Enter');
    await page.drawn();
    expect(await page.ask(textOf('call-problem'))).toContain('sekali lagi');
    await keyboard.press('Enter');
    await page.until(`${textOf('incident-title')}.startsWith('#1')`);
    await page.until(`${textOf('shortfall')}.includes('lokasi kejadian belum diketahui')`);
    await keyboard.press('e');
    await page.until(`document.querySelector('#reason').value === 'gang mawar 17a'`);
    await keyboard.press('Enter');
    await page.until(`${textOf('incident-problem')}.includes('Tempat tidak dikenal')`);
    expect(await page.ask(`document.querySelector('#reason').value`)).toBe('gang mawar 17a');
    await keyboard.press('Control+A');
    await keyboard.type('-6.9860, 110.4130');
    await keyboard.press('Enter');
    await page.until(`${textOf('incident-said')}.includes('Tempat diperbaiki')`);
    await page.until(`${candidates}[0]?.innerText.includes('MA-01')`);
    expect(await read('v1/incidents/1')).toMatchObject({
      place: 'gang mawar 17a',
      lat: -6.986,
      lng: 110.413,
    });
    // An empty form is no call.
    await keyboard.press('n');
    await keyboard.press('Enter');
    await keyboard.press('Enter');
    await page.drawn();
    expect(await read<{ incidents: object[] }>('v1/incidents')).toMatchObject({ incidents: [{ id: 1 }] });
    expect(listFaults(page)).toEqual([]);
  });

  test('a crew that refused stands last with its reason, and a unit out of service is not among the ready', async () => {
    const first = await park('motor-01', -6.9868);
    await park('motor-02', -6.97);
    const { keyboard } = page.tab;
    await type('-6.9860, 110.4130');
    await keyboard.press('Enter');
    await page.until(`${candidates}[0]?.innerText.includes('MA-01')`);
    await eventually(async () => {
      if (first.orders.length === 0) await keyboard.press('Enter');
      expect(first.orders.length).toBeGreaterThan(0);
    });
    await first.refuse('ban bocor');
    await page.until(`${candidates}[0]?.innerText.includes('MA-02')`);
    await page.until(`${candidates}[1]?.innerText.includes('krunya menolak kejadian ini: ban bocor')`);
    await page.ask(
      `[...document.querySelectorAll('.board-unit')].find((each) => each.innerText.includes('Ambulans 01')).click()`,
    );
    await page.until(`document.activeElement?.id === 'unit-text'`);
    await keyboard.type('ban bocor');
    await page.ask(`document.querySelector('#unit-out').click()`);
    await page.until(`document.querySelector('#unit-said').innerText !== ''`);
    const board = textOf('unit-groups');
    await page.until(`/Tidak siap.*Motor Ambulans 01.*ditahan.*tidak beroperasi: ban bocor/s.test(${board})`);
    await page.ask(`document.querySelector('#unit-back').click()`);
    await page.until(`/Siap \\(2\\)/.test(${board})`);
    expect(listFaults(page)).toEqual([]);
  });

  test('another hospital on the way is told to the crew', async () => {
    const crew = await park('ambulans-05', -6.9868);
    const { keyboard } = page.tab;
    await type('-6.9860, 110.4130');
    await page.ask(`document.querySelector('#call-transport').click()`);
    await keyboard.press('Enter');
    await page.until(`document.querySelectorAll('.destination').length > 1 && ${candidates}.length === 2`);
    await page.ask(`document.querySelectorAll('.destination')[0].click()`);
    const hospitals = () => crew.orders.map((order) => order.hospital?.id);
    await eventually(async () => {
      if (crew.orders.length === 0) await keyboard.press('2');
      expect(crew.orders.length).toBeGreaterThan(0);
    });
    const [before] = hospitals();
    await page.until(`document.querySelector('.assignment-card')`);
    await page.ask(`document.querySelectorAll('.destination')[1].click()`);
    await page.until(`${textOf('incident-said')}.includes('kru diberi tahu rumah sakit tujuan')`);
    await eventually(async () => expect(hospitals().at(-1)).not.toBe(before));
    const second = await page.ask<string>(
      `document.querySelectorAll('.destination')[1].querySelector('b').innerText`,
    );
    await page.until(`${textOf('destinations-heading')}.includes(${JSON.stringify(second)})`);
    await page.until(`document.querySelector('#incident-cards').innerText.includes('#1')`);
    // On paper everything is there, and nothing of it is cut off.
    await page.tab.emulateMedia({ media: 'print' });
    const cut = `[...document.querySelectorAll('#desk > section')].filter((each) => each.scrollHeight > each.clientHeight + 1).map(({ id }) => id)`;
    expect(await page.ask(cut)).toEqual([]);
    const shown = await page.ask<string>(`document.querySelector('#desk').innerText`);
    for (const text of ['Kejadian terbuka', 'Ambulans Hebat 05', 'Papan unit', 'Rumah sakit']) {
      expect(shown).toContain(text);
    }
    expect(shown).not.toMatch(/Panggilan baru|Ganti unit|Peta besar/);
    await page.tab.emulateMedia({ media: 'screen' });
    expect(listFaults(page)).toEqual([]);
  });
});
