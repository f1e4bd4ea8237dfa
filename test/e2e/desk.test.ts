/**
 * The dispatcher's desk in a real browser, over the real process parts: a call by keyboard, a crew over MQTT.
 *
 *   key → form → candidates → order → crew's answer and steps → hospital → closed
 *
 * A unit that is not heard for a minute is proposed no more: crews publish again before anybody looks for them.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Chromium, chromiumMissing, listFaults, type Page, startChromium } from '../support/chromium.ts';
import { Crew } from '../support/crew.ts';
import { eventually } from '../support/eventually.ts';
import { openRoomHouse, type RoomHouse } from '../support/room-house.ts';

const SCENE = { lat: -6.986, lng: 110.413 };
const said = `document.querySelector('#incident-said').textContent`;
const problem = `document.querySelector('#incident-problem').textContent`;
/** As it is seen: what the form showed before is hidden until the incident has its own. */
const firstUnit = `[...document.querySelectorAll('.candidate')].find((each) => each.checkVisibility())?.innerText`;
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
  }, 180_000);
  afterEach(async () => {
    await page.tab.close();
    for (const crew of crews.splice(0)) await crew.end();
    await house[Symbol.asyncDispose]();
  });

  async function signIn(on: Page, language = 'en'): Promise<void> {
    await on.go(`${house.url}desk`);
    // It has run once it speaks.
    await on.until(`document.querySelector('[data-language][aria-pressed]')`);
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

  function callApi(path: string, body?: object): Promise<Response> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${house.adminToken}` };
    return fetch(
      `${house.url}${path}`,
      body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers },
    );
  }

  async function takeCall(on = page): Promise<void> {
    await type('-6.9860, 110.4130', on);
    await on.tab.keyboard.press('Enter');
    await on.until(`!${incident}.hidden && ${firstUnit}`);
  }

  /**
   * A list that has just moved sends nobody for a moment, as when the second of two units becomes known while the key
   * is pressed: a person presses again. Once something was sent, nothing more is pressed.
   */
  async function pressUntilSent(key: string, assignments: number): Promise<void> {
    const cards = `document.querySelectorAll('.assignment-card').length`;
    await eventually(async () => {
      if ((await page.ask<number>(cards)) < assignments) await page.tab.keyboard.press(key);
      await page.drawn();
      expect(await page.ask(cards)).toBe(assignments);
    });
  }

  test('goes from the key to a unit that is sent in three key strokes beside the text', async () => {
    await park();
    await type('-6.9860, 110.4130');
    await page.until(`${firstUnit}?.includes('fastest')`);
    // Shown while the caller is still on the line: nothing is saved yet.
    expect(await page.ask(`document.querySelector('#incident-cards').children.length`)).toBe(0);
    await page.tab.keyboard.press('Enter');
    await page.until(`!${incident}.hidden && ${firstUnit}?.includes('fastest')`);
    await pressUntilSent('Enter', 1);
    await page.until(`/reserved|order sent/.test(${assignment})`);
    await page.until(`${cardOf('#1')}?.innerText.includes('in hand')`);
    // Once more sends nobody: one unit is under way.
    await page.tab.keyboard.press('Enter');
    await page.drawn();
    expect(await page.ask(`document.querySelectorAll('.assignment-card').length`)).toBe(1);
    expect(listFaults(page)).toEqual([]);
  });

  test('finds a place as it is typed, saves and sends the first with one chord, and keeps caller and patients', async () => {
    await park();
    await type('dekat simp');
    await page.until(`document.querySelector('#call-suggestions')?.innerText.includes('Simpang Lima')`);
    const { keyboard } = page.tab;
    await keyboard.press('Enter');
    expect(await page.ask(`document.querySelector('#call-place').value`)).toMatch(/^dekat .*Simpang Lima/);
    await page.until(`${firstUnit}`);
    for (const text of ['cardiac', '', '', 'Bu Sri', '0812 000', '2']) {
      await keyboard.press('Tab');
      await keyboard.type(text);
    }
    await keyboard.press('Control+Enter');
    await page.until(`${said}.startsWith('Sent: ')`);
    const shown = await page.ask<string>(`document.querySelector('#work').innerText`);
    expect(shown).toContain('Bu Sri, 0812 000');
    expect(shown).toContain('Patients: 2');
    expect(shown).toContain('P2 · cardiac');
  });

  test('a prank is on record and closed with one key, and the next call starts with an empty form', async () => {
    await type('somebody laughs');
    await page.tab.keyboard.press('F2');
    await page.until(`${said} === '#1 noted and closed: prank'`);
    const answer = await callApi('v1/incidents/1');
    expect(await answer.json()).toMatchObject({ state: 'closed', classification: 'prank', outcome: 'prank' });
    await page.tab.keyboard.press('n');
    expect(await page.ask(`document.querySelector('#call-place').value`)).toBe('');
  });

  test('follows an incident from the order to its end with a crew over MQTT', async () => {
    const crew = await connect('ambulans-05');
    const { keyboard } = page.tab;
    await crew.report('available', { lat: -6.985, lng: 110.41 });
    await type('-6.9860, 110.4130');
    await page.ask(`document.querySelector('#call-transport').click()`);
    await keyboard.press('Enter');
    await page.until(`!${incident}.hidden && document.querySelector('.destination')?.checkVisibility()`);
    // Where the patient goes is said with the order.
    await keyboard.press('h');
    await keyboard.press('Enter');
    await page.until(`!document.querySelector('#destinations-heading').innerText.includes('not chosen')`);
    const hospital = await page.ask<string>(`document.querySelector('.destination b').textContent`);
    await crew.report('available', { lat: -6.985, lng: 110.41 });
    // The first for first aid, the second to carry the patient.
    await page.until(`document.querySelectorAll('.candidate').length === 2 && ${firstUnit}`);
    await pressUntilSent('2', 1);
    await page.until(`(${assignment}).includes('not yet acknowledged')`);
    expect(await page.ask(assignment)).toContain(hospital);
    await eventually(async () => expect(crew.orders.length).toBeGreaterThan(0));
    const { assignment: id } = crew.orders[0] as { assignment: string };
    await page.until(`${cardOf('#1')}.innerText.includes('waits for an answer')`);
    await crew.answer('accepted', id);
    await page.until(`(${assignment}).includes('acknowledged by the crew')`);
    const isAt = (step: string) => `(${assignment}).startsWith('Ambulans Hebat 05 · ${step}')`;
    await crew.report('en-route', { lat: -6.9852, lng: 110.411 });
    await page.until(isAt('en route'));
    await crew.report('on-scene', SCENE);
    await page.until(isAt('on scene'));
    await page.until(`!${cardOf('#1')}.innerText.includes('target')`);
    await crew.report('transporting', SCENE);
    await page.until(isAt('left the scene'));
    // Free with a patient aboard: a person is asked, and nothing moves.
    await crew.report('available', SCENE);
    await page.until(
      `(${assignment}).includes('a patient may be aboard') && ${cardOf('#1')}.innerText.includes('ASKS YOU')`,
    );
    await keyboard.press('t');
    await page.until(`!(${assignment}).includes('a patient may be aboard')`);
    await page.until(isAt('left the scene'));
    // What the crew does not say, the dispatcher says by radio.
    for (const step of ['at the destination', 'handed over', 'completed']) {
      await page.until(`(${assignment}).includes('Next step (S): ${step}')`);
      await keyboard.press('s');
      await page.until(isAt(step));
    }
    await keyboard.press('c');
    await page.ask(`document.querySelector('#outcome').value = 'treated'`);
    await page.ask(`document.querySelector('#close-form').requestSubmit()`);
    await page.until(`document.querySelector('#incident-age').innerText === 'closed: treated on scene'`);
    await page.until(`!${cardOf('#1')}`);
    await page.ask(`document.querySelector('#log').open = true`);
    const log = await page.ask<string>(`document.querySelector('#log-list').innerText`);
    expect(log).toMatch(/first-admin · closed.*first-admin · completed.*Ambulans Hebat 05 · on scene/s);
    expect(listFaults(page)).toEqual([]);
  });

  test('says that a crew does not have its order, and when it was last connected', async () => {
    const [first] = await park();
    await first.end();
    crews.splice(crews.indexOf(first), 1);
    await takeCall();
    await page.until(`${firstUnit}`);
    // It is ranked behind the one that can be told, and says why.
    const list = `document.querySelector('#candidate-list').innerText`;
    await page.until(`/not connected, last connected [0-9]+ s ago: call it by radio/.test(${list})`);
    const gone = `[...document.querySelectorAll('.candidate')].find((each) => each.innerText.includes('not connected'))`;
    // A press upon a list that has just moved sends nobody.
    await eventually(async () => {
      await page.ask(`${gone}?.click()`);
      await page.drawn();
      expect(await page.ask(`document.querySelectorAll('.assignment-card').length`)).toBe(1);
    });
    await page.until(`/not yet with the crew, last connected .+ ago/.test(${cardOf('#1')}?.innerText)`);
    await page.tab.keyboard.press('a');
    await page.until(`(${assignment}).includes('acknowledged, says first-admin')`);
  });

  test('replaces a unit that breaks down, asks why it is cancelled, and Escape does nothing', async () => {
    const [first, second] = await park();
    const { keyboard } = page.tab;
    await takeCall();
    await pressUntilSent('Enter', 1);
    await page.until(`(${assignment}).startsWith('Motor Ambulans 01')`);
    await keyboard.press('r');
    await page.until(`document.querySelector('#candidates-hint').innerText.startsWith('In place of')`);
    // A minute may have gone by on a slow machine: who is not heard is proposed no more.
    await eventually(async () => {
      await second.report('available', { lat: -6.97, lng: 110.4 });
      expect(await page.ask(`document.querySelectorAll('.candidate').length`)).toBe(1);
    });
    await pressUntilSent('1', 2);
    await page.until(`document.querySelector('.assignment-card').innerText.startsWith('Motor Ambulans 02')`);
    expect(await page.ask(`document.querySelector('#assignment-list').innerText`)).toContain('replaced by');
    await eventually(async () => expect(first.orders.map(({ command }) => command)).toContain('cancel'));
    await keyboard.press('d');
    await page.until(`document.activeElement?.id === 'reason'`);
    await keyboard.press('Escape');
    await page.until(`document.querySelector('#reason-form').hidden`);
    await keyboard.press('d');
    await keyboard.type('a flat tyre');
    await keyboard.press('Enter');
    await page.until(`document.querySelector('#assignment-list').innerText.includes('a flat tyre')`);
    await page.until(`${cardOf('#1')}.innerText.includes('NO UNIT SENT')`);
  });

  test('two desks race for one unit: one has it, the other is told whose it is', async () => {
    const only = await connect('motor-01');
    await only.report('available', { lat: -6.9868, lng: 110.4135 });
    const other = await chromium.newPage({ width: 1280, height: 720 });
    await signIn(other);
    await takeCall();
    await takeCall(other);
    await only.report('available', { lat: -6.9868, lng: 110.4135 });
    for (const each of [page, other])
      await each.until(`document.querySelectorAll('.candidate').length === 1`);
    await page.drawn();
    // The second call is about the same place: the desk asks first, by name.
    await other.tab.keyboard.press('Enter');
    await page.tab.keyboard.press('Enter');
    await page.until(
      `document.querySelectorAll('.assignment-card').length + (${problem} !== '' ? 1 : 0) > 0`,
    );
    await other.until(
      `document.querySelectorAll('.assignment-card').length + (${problem} !== '' ? 1 : 0) > 0 || !document.querySelector('#reason-form').hidden`,
    );
    const sent = `document.querySelectorAll('.assignment-card').length`;
    const counts = [await page.ask<number>(sent), await other.ask<number>(sent)];
    expect(counts.reduce((a, b) => a + b)).toBe(1);
    const loser = counts[0] === 0 ? page : other;
    await loser.until(
      `/taken|in hand/.test(${problem} + document.querySelector('#reason-title').textContent)`,
    );
    await other.tab.close();
  });

  test('asks before a second unit goes to what is in hand already, and merges with one key', async () => {
    const [, second] = await park();
    const { keyboard } = page.tab;
    await takeCall();
    await pressUntilSent('Enter', 1);
    await page.until(`${cardOf('#1')}?.innerText.includes('in hand')`);
    await type('-6.9861, 110.4131');
    await page.until(`document.querySelector('#call-similar').innerText.includes('#1 (Motor Ambulans 01)')`);
    await keyboard.press('Enter');
    await second.report('available', { lat: -6.97, lng: 110.4 });
    await page.until(`${cardOf('#2')} && ${firstUnit}`);
    await page.until(`document.querySelector('#incident-title').innerText.startsWith('#2')`);
    await keyboard.press('Enter');
    await page.until(`document.querySelector('#reason-title').innerText.includes('the same as incident #1')`);
    await keyboard.press('Escape');
    await page.until(`document.querySelector('#reason-form').hidden`);
    expect(second.orders).toEqual([]);
    await keyboard.press('g');
    await page.until(`${said} === 'Merged into incident #1'`);
    expect(await (await callApi('v1/incidents/2')).json()).toMatchObject({
      duplicateOf: 1,
      outcome: 'duplicate',
    });
  });

  test('keeps what is typed through a restart of the server and a reload, and sends it once', async () => {
    const { keyboard } = page.tab;
    await type('-6.9860, 110.4130');
    await page.ask(`document.querySelector('#call-note').focus()`);
    await keyboard.type('dua orang, gang sempit');
    await house.stop();
    await page.until(`document.body.hasAttribute('data-stale')`);
    await page.ask(`document.querySelector('#call-place').focus()`);
    await keyboard.press('Enter');
    await page.until(`document.querySelector('#call-problem').innerText.includes('Not saved yet')`);
    expect(await page.ask(`document.querySelector('#call-note').value`)).toBe('dua orang, gang sempit');
    await house.start();
    await page.until(`!document.body.hasAttribute('data-stale')`);
    // A page that is loaded anew goes on with the call.
    await page.go(`${house.url}desk`);
    await page.until(`!${form}.hidden`);
    expect(await page.ask(`document.querySelector('#call-note').value`)).toBe('dua orang, gang sempit');
    await page.until(`document.activeElement?.id === 'call-place'`);
    await keyboard.press('Enter');
    await page.until(
      `document.querySelector('#incident-notes').innerText.includes('dua orang, gang sempit')`,
    );
    const { incidents } = (await (await callApi('v1/incidents')).json()) as { incidents: object[] };
    expect(incidents).toHaveLength(1);
    expect(await page.ask(`sessionStorage.getItem('siaga-call-draft')`)).toBe(null);
  });

  test('a call whose answer is lost on the way is taken once, also when the page is loaded anew', async () => {
    await type('-6.9860, 110.4130');
    await page.tab.route(
      '**/v1/incidents',
      async (route) => {
        await route.fetch();
        await route.abort();
      },
      { times: 1 },
    );
    await page.tab.keyboard.press('Enter');
    await page.until(`document.querySelector('#call-problem').innerText.includes('Not saved yet')`);
    await page.go(`${house.url}desk`);
    await page.until(`!${form}.hidden && document.activeElement?.id === 'call-place'`);
    await page.tab.keyboard.press('Enter');
    await page.until(
      `!${incident}.hidden && document.querySelector('#incident-title').innerText.startsWith('#1')`,
    );
    const { incidents } = (await (await callApi('v1/incidents')).json()) as { incidents: object[] };
    expect(incidents).toHaveLength(1);
  });

  test('says when an answer is slow, and for how long', async () => {
    let release = () => {};
    const held = new Promise<void>((done) => {
      release = done;
    });
    await page.tab.route('**/v1/ambulances/nearest*', async (route) => {
      await held;
      await route.continue();
    });
    await type('-6.9860, 110.4130');
    await page.until(`document.querySelector('#slow').innerText.startsWith('SLOW CONNECTION')`);
    release();
    await page.until(`document.querySelector('#slow').hidden`);
  });

  test('sounds until an incident is taken in hand, counts it in the title, and says nothing when it is off', async () => {
    const sounded = `Number(document.body.dataset.sounded ?? 0)`;
    await callApi('v1/incidents', { classification: 'real', priority: 1, ...SCENE });
    await page.until(`document.title.startsWith('(1)')`);
    expect(await page.ask(sounded)).toBe(0);
    await page.tab.click('#alarm-switch');
    await page.until(`${sounded} >= 2`);
    await page.tab.keyboard.press('j');
    await page.until(`!document.title.startsWith('(')`);
    const after = await page.ask<number>(sounded);
    await page.tab.click('#alarm-test');
    expect(await page.ask(sounded)).toBe(after + 1);
  });

  test('lists its keys, says it all in Indonesian too, and is for nobody without a token of the staff', async () => {
    await park();
    await page.tab.keyboard.press('?');
    await page.until(`document.querySelector('#keys-dialog').open`);
    expect(await page.ask(`document.querySelectorAll('#keys-list dt').length`)).toBeGreaterThan(15);
    await page.tab.keyboard.press('Escape');
    await page.ask(`document.querySelector('[data-language=id]').click()`);
    await takeCall();
    await page.until(`/tercepat · tiba dalam/.test(${firstUnit})`);
    await page.ask(`document.querySelector('#excluded').open = true`);
    await page.until(
      `document.querySelector('#excluded-list').innerText.includes('kru belum menyatakan siap')`,
    );
    await page.tab.screenshot({ path: '/tmp/desk-id.png' });
    await page.ask(`document.querySelector('#sign-in').click()`);
    await page.until(
      `!document.querySelector('#not-for-you')?.hidden && document.querySelector('#desk').hidden`,
    );
  });
});
