/**
 * Accounts in a real browser: an administrator invites, a colleague opens the link and works, the session is ended.
 *
 *   name → link → preview of a chat → button → desk → ended → said, and nothing typed is lost → signed in again
 */
import decodeQR from 'qr/decode.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AXE, COLOURS, DESK, findBeside, findViolations, PHONE } from '../support/axe.ts';
import { type Chromium, chromiumMissing, listFaults, type Page, startChromium } from '../support/chromium.ts';
import { openRoomHouse, type RoomHouse } from '../support/room-house.ts';

describe.skipIf(chromiumMissing())('accounts in a browser', { timeout: 180_000 }, () => {
  let house: RoomHouse;
  let chromium: Chromium;
  let admin: Page;
  beforeAll(async () => {
    chromium = await startChromium();
  });
  afterAll(() => chromium[Symbol.asyncDispose]());
  beforeEach(async () => {
    house = await openRoomHouse();
    admin = await chromium.newPage(DESK);
    await admin.tab.addInitScript({ content: AXE });
    await signInByToken(admin);
  }, 180_000);
  afterEach(async () => {
    await admin.tab.close();
    await house[Symbol.asyncDispose]();
  });

  async function signInByToken(page: Page): Promise<void> {
    await page.go(`${house.url}accounts`);
    await page.until(
      `!document.querySelector('#not-for-you').hidden && !document.querySelector('#sign-in').hidden`,
    );
    await page.ask(`(() => {
      document.querySelector('[data-language=en]').click();
      document.querySelector('#sign-in').click();
      document.querySelector('#token').value = ${JSON.stringify(house.adminToken)};
      document.querySelector('#sign-in-form').requestSubmit();
    })()`);
    await page.until(`!document.querySelector('#invite-section')?.hidden`);
  }

  async function invite(name: string, role = 'dispatcher'): Promise<string> {
    await admin.ask(`(() => {
      document.querySelector('#invite-name').value = ${JSON.stringify(name)};
      document.querySelector('#invite-role').value = '${role}';
      document.querySelector('#invite-form').requestSubmit();
    })()`);
    await admin.until(`document.querySelector('#link-heading').innerText.includes(${JSON.stringify(name)})`);
    return admin.ask<string>(`document.querySelector('#link-text').value`);
  }

  const person = (name: string) =>
    `[...document.querySelectorAll('#people > li')].find((each) => each.innerText.includes('${name}'))`;

  async function confirm(): Promise<void> {
    await admin.until(`document.querySelector('#ask-dialog').open`);
    await admin.ask(`document.querySelector('#ask-dialog [value=yes]').click()`);
  }

  async function openPersonDialog(name: string): Promise<void> {
    const button = `${person(name)}?.querySelector('[aria-label^="Change"]')`;
    await admin.until(button);
    await admin.ask(`${button}.click()`);
    await admin.until(`document.querySelector('#person-dialog').open`);
  }

  /** The person of the open dialog. */
  async function makeEngineer(name: string): Promise<void> {
    await admin.ask(`(() => {
      document.querySelector('#person-name').value = ${JSON.stringify(name)};
      document.querySelector('#person-role').value = 'engineer';
      document.querySelector('#person-form').requestSubmit();
    })()`);
    await admin.until(`${person(name)}?.innerText.includes('Engineer')`);
  }

  test('an administrator changes the role and the name of a person, and the session of that person follows', async () => {
    const link = await invite('Sari');
    const colleague = await chromium.newPage(DESK);
    await colleague.go(link);
    await colleague.until(`document.querySelector('#join-name').checkVisibility()`);
    await colleague.tab.click('#join-yes');
    await colleague.until(`document.querySelector('#viewer')?.innerText === 'Sari (dispatcher)'`);
    await openPersonDialog('Sari');
    expect(await findViolations(admin, '#person-dialog')).toEqual([]);
    await makeEngineer('Sari Dewi');
    await admin.until(
      `document.querySelector('#acts').innerText.includes('changed the account of Sari Dewi')`,
    );
    // An engineer sends nobody: the desk says so without being loaded again.
    await colleague.until(`document.querySelector('#viewer').innerText === 'Sari Dewi (engineer)'`);
    await colleague.until(`!document.querySelector('#not-for-you').hidden`);
    await colleague.tab.close();
  });

  test('the room follows a changed role without being loaded again', async () => {
    const link = await invite('Sari');
    const colleague = await chromium.newPage(DESK);
    await colleague.go(link);
    await colleague.until(`document.querySelector('#join-name').checkVisibility()`);
    await colleague.tab.click('#join-yes');
    await colleague.until(`location.pathname === '/desk'`);
    await colleague.go(`${house.url}room`);
    await colleague.until(`document.querySelector('#viewer')?.innerText === 'Sari (dispatcher)'`);
    await colleague.until(`!document.querySelector('#new-call').hidden`);
    await colleague.ask(`document.body.dataset.stays = 'here'`);
    await openPersonDialog('Sari');
    await makeEngineer('Sari');
    await colleague.until(`document.querySelector('#viewer').innerText === 'Sari (engineer)'`);
    await colleague.until(`document.querySelector('#new-call').hidden`);
    expect(await colleague.ask(`document.body.dataset.stays`)).toBe('here');
    expect(listFaults(colleague)).toEqual([]);
    await colleague.tab.close();
  });

  test('a colleague comes in by a link once, works, is signed out by the administrator and loses nothing typed', async () => {
    const link = await invite('Sari');
    expect(link.startsWith(`${house.url}join#`)).toBe(true);
    // A chat looks at the link before anybody opens it: what is behind `#` is not even sent.
    expect((await fetch(link)).status).toBe(200);
    const colleague = await chromium.newPage(DESK);
    await colleague.go(link);
    await colleague.until(`document.querySelector('#join-name').checkVisibility()`);
    expect(await colleague.ask(`document.querySelector('#join-offer').innerText`)).toMatch(
      /Sari\s+Dispatcher, from first-admin/,
    );
    await colleague.tab.click('#join-yes');
    await colleague.until(`location.pathname === '/desk' && !document.querySelector('#desk')?.hidden`);
    await colleague.until(`document.querySelector('#viewer').innerText === 'Sari (dispatcher)'`);
    expect(await colleague.ask(`document.cookie`)).toBe('');
    // What is done bears the name of the person.
    await colleague.tab.keyboard.press('n');
    await colleague.until(`document.activeElement?.id === 'call-place'`);
    await colleague.tab.keyboard.type('-6.9860, 110.4130');
    await colleague.tab.keyboard.press('Enter');
    await colleague.until(`document.querySelector('#incident-title').innerText.startsWith('#1')`);
    await colleague.ask(`document.querySelector('#log').open = true`);
    await colleague.until(`document.querySelector('#log-list').innerText.includes('Sari')`);
    expect(listFaults(colleague)).toEqual([]);

    await colleague.tab.keyboard.press('n');
    await colleague.until(`document.activeElement?.id === 'call-place'`);
    await colleague.tab.keyboard.type('-6.9700, 110.4000');
    await admin.until(`${person('Sari')}?.querySelector('.sessions button')`);
    // The link that was used is gone from the administrator's screen.
    await admin.until(`document.querySelector('#link').hidden`);
    await admin.ask(`${person('Sari')}.querySelector('.sessions button').click()`);
    await confirm();
    await colleague.until(
      `document.querySelector('#session-note').innerText.startsWith('Your session has ended')`,
    );
    expect(await colleague.ask(`document.querySelector('#call-place').value`)).toBe('-6.9700, 110.4000');
    await colleague.ask(`document.querySelector('#call-place').focus()`);
    await colleague.tab.keyboard.press('Enter');
    await colleague.until(`document.querySelector('#call-problem').innerText.includes('session has ended')`);
    expect(await colleague.ask(`document.querySelector('#call-place').value`)).toBe('-6.9700, 110.4000');

    // A link that was used is over; a new one brings the colleague back to what was typed.
    const other = await chromium.newPage(DESK);
    await other.go(link);
    await other.until(`document.querySelector('#join-problem').innerText.includes('used already')`);
    expect(await other.ask(`document.querySelector('#join-offer').checkVisibility()`)).toBe(false);
    await admin.ask(`${person('Sari')}.querySelector('[aria-label="New link: Sari"]').click()`);
    await admin.until(`!document.querySelector('#link').hidden`);
    const again = await admin.ask<string>(`document.querySelector('#link-text').value`);
    const opened = colleague.tab.waitForEvent('popup', { timeout: 60_000 });
    await colleague.ask(`void window.open(${JSON.stringify(again)})`);
    const tab = await opened;
    await tab.click('#join-yes');
    await tab.waitForURL('**/desk', { timeout: 60_000 });
    await tab.close();
    await colleague.until(
      `document.querySelector('#session-note').hidden && !document.body.hasAttribute('data-stale')`,
    );
    expect(await colleague.ask(`document.querySelector('#call-place').value`)).toBe('-6.9700, 110.4000');
    await colleague.ask(`document.querySelector('#call-place').focus()`);
    await colleague.tab.keyboard.press('Enter');
    await colleague.until(`document.querySelector('#incident-title').innerText.startsWith('#2')`);
    await colleague.tab.close();
    await other.tab.close();
  });

  test('the code beside the link is the link, as a phone reads it from the screen', async () => {
    const link = await invite('Budi', 'desk');
    await admin.tab.emulateMedia({ colorScheme: 'dark' });
    const picture = (await admin.tab.locator('#link-qr').screenshot()).toString('base64');
    const image = await readPixels(await chromium.newPage(), picture);
    expect(decodeQR(image)).toBe(link);
  });

  test('a room whose session has ended goes on as everybody’s, and says so', async () => {
    const link = await invite('Dewi', 'desk');
    const wall = await chromium.newPage();
    await wall.go(link);
    await wall.tab.click('#join-yes');
    await wall.until(`location.pathname === '/room' && document.body.hasAttribute('data-staff')`);
    await admin.until(`${person('Dewi')}?.querySelector('.sessions button')`);
    await admin.ask(
      `[...${person('Dewi')}.querySelectorAll('button')].find((each) => each.innerText === 'Remove').click()`,
    );
    await confirm();
    await wall.until(`document.querySelector('#session-note')?.innerText.includes('what everybody may see')`);
    await wall.until(`!document.body.hasAttribute('data-staff')`);
    await admin.until(`!${person('Dewi')}`);
    await wall.tab.close();
  });

  test('signs out on all devices, and a refused name says why', async () => {
    await admin.ask(`(() => {
      document.querySelector('#invite-name').value = 'first admin';
      document.querySelector('#invite-form').requestSubmit();
    })()`);
    await admin.until(`document.querySelector('#invite-problem').innerText.includes('a meaning of its own')`);
    const other = await chromium.newPage(DESK);
    await signInByToken(other);
    await admin.until(`document.querySelectorAll('#mine li').length === 2`);
    await admin.ask(`document.querySelector('#sign-out-everywhere').click()`);
    await confirm();
    await admin.until(`!document.querySelector('#not-for-you')?.hidden`);
    await other.until(`!document.querySelector('#session-note')?.hidden`);
    await other.tab.close();
  });

  const sizes = [
    ...Object.entries(COLOURS).map(([name, colours]) => ({ name, colours, size: PHONE })),
    { name: 'light', colours: COLOURS.light, size: DESK },
    { name: 'dark', colours: COLOURS.dark, size: DESK },
  ];
  test('has no violation in any colours, on a phone and on a desk, and nothing lies beside the page', async () => {
    await invite('Budi Santoso', 'desk');
    const link = await invite('Sari');
    const guest = await chromium.newPage(PHONE);
    await guest.tab.addInitScript({ content: AXE });
    const found: Record<string, string[]> = {};
    for (const { name, colours, size } of sizes) {
      const look = async (view: string, page: Page, part = 'body') => {
        await page.tab.emulateMedia({ ...colours, reducedMotion: 'reduce' });
        await page.tab.setViewportSize(size);
        const all = [...(await findViolations(page, part)), ...(await findBeside(page))];
        if (all.length > 0) found[`${view}, ${name}, ${size.width}`] = all;
      };
      await look('people', admin);
      await admin.ask(`${person('Sari')}.querySelector('.person-head button:last-child').click()`);
      await look('a question', admin, '#ask-dialog');
      await admin.ask(`document.querySelector('#ask-dialog [value=no]').click()`);
      await guest.go(link);
      await guest.until(`document.querySelector('#join-name').checkVisibility()`);
      await look('an invitation', guest);
      await guest.go(`${house.url}join`);
      await guest.until(`document.querySelector('#join-problem').checkVisibility()`);
      await look('a broken link', guest);
      await guest.go(`${house.url}accounts`);
      await guest.until(`!document.querySelector('#not-for-you').hidden`);
      await look('for whom it is', guest);
    }
    expect(found).toEqual({});
    await guest.tab.close();
  });
});

async function readPixels(
  page: Page,
  png: string,
): Promise<{ width: number; height: number; data: Uint8Array }> {
  const { width, height, data } = await page.ask<{
    width: number;
    height: number;
    data: number[];
  }>(`(async () => {
    const image = new Image();
    image.src = 'data:image/png;base64,${png}';
    await image.decode();
    const { naturalWidth: width, naturalHeight: height } = image;
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    return { width, height, data: [...context.getImageData(0, 0, width, height).data] };
  })()`);
  await page.tab.close();
  return { width, height, data: Uint8Array.from(data) };
}
