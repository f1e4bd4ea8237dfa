/** People's channels of the city: added and removed while it runs, against a real server of the test. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { MAX_PEOPLE_CHANNELS } from '../../../alerts/notices/people-channels.ts';
import { findAlertProblems } from '../../../alerts/open-alerts.ts';
import { type Entry, entriesOf } from '../../../cities/overlay.ts';
import { openAlertHouse, readingOf, START_MS } from '../../support/alert-house.ts';
import { buildSmallCity, smallCity } from '../../support/small-city.ts';

const MINUTE = 60_000;
const BASE = { NOTICES_PER_CHANNEL_PER_MIN: 20, CAP_SENDER: 'siaga.test' };
const channel = (id: string, chatId: string) => ({ id, name: `Group ${id}`, kind: 'telegram', chatId });

async function openBot() {
  const chats: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      chats.push((JSON.parse(body) as { chat_id: string }).chat_id);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { chats, url, [Symbol.asyncDispose]: async () => void server.close() };
}

test('a channel that is added hears the next alert, one that is removed hears no more', async () => {
  await using bot = await openBot();
  const config = { ...BASE, TELEGRAM_TOKEN: '1:x', TELEGRAM_API_URL: bot.url };
  await using house = await openAlertHouse({ config });
  const put = (id: string, entry: Entry | null) =>
    house.registry.change({
      ...{ actor: 'test', at: 1 },
      makeEdits: async () => [{ list: 'channels', id, entry }],
    });
  const until = async (done: () => boolean) => {
    for (let round = 0; round < 300 && !done(); round++) {
      await house.wait(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await put('camat', channel('camat', '-42'));
  await put('lurah', channel('lurah', '@lurah_kota'));
  await house.read(
    ...[1.4, 1.6, 1.7].map((levelM, i) => readingOf('bendung', START_MS + i * MINUTE, { levelM })),
  );
  await until(() => bot.chats.length >= 2);
  expect(new Set(bot.chats)).toEqual(new Set(['-42', '@lurah_kota']));

  await put('lurah', null);
  const before = bot.chats.length;
  await house.read(
    ...[2.1, 2.2].map((levelM, i) => readingOf('bendung', START_MS + (i + 3) * MINUTE, { levelM })),
  );
  await until(() => bot.chats.length > before);
  expect(new Set(bot.chats.slice(before))).toEqual(new Set(['-42']));
});

test('a channel that nothing can send to is refused, and one that was there hinders no other change', () => {
  const city = (channels: readonly object[]) => buildSmallCity(smallCity.devices, { channels });
  const mail = { id: 'posko', name: 'Posko', kind: 'mail', to: 'posko@kota.example' };
  const find = findAlertProblems(BASE);
  expect(find(city([mail]))).toEqual(['channels.posko: no mail server: SMTP_URL and MAIL_FROM are not set']);
  expect(find(city([channel('a', '1')]))).toEqual(['channels.a: no bot: TELEGRAM_TOKEN is not set']);
  const means = { ...BASE, SMTP_URL: 'smtp://127.0.0.1', MAIL_FROM: 'siaga@kota.example' };
  expect(findAlertProblems(means)(city([mail]))).toEqual([]);
  const many = Array.from({ length: MAX_PEOPLE_CHANNELS + 1 }, (_, i) => ({ ...mail, id: `posko-${i}` }));
  expect(findAlertProblems(means)(city(many))).toEqual([expect.stringMatching(/^channels: at most 50/)]);
  expect(() => city([{ ...mail, to: 'nobody' }])).toThrow(/channels.posko.to: Invalid email/);
  expect(() => city([mail, mail])).toThrow(/channels.posko: the id is used twice/);
  expect(entriesOf(city([mail]), 'channels')).toEqual([mail]);
});
