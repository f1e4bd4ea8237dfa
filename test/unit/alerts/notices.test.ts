/** The ways out: webhook, Telegram and CAP against real servers of the test, and the outbox's promises. */
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { memoryPages, validateXML } from 'xmllint-wasm';
import { openAlertHouse, readingOf, START_MS } from '../../support/alert-house.ts';

const MINUTE = 60_000;
const DATA_DIR = process.env['SIAGA_TEST_DATA_DIR'] ?? join(import.meta.dirname, '../../../../shared/data');
const CAP_SCHEMA = join(DATA_DIR, 'cap/CAP-v1.2.xsd');

interface Call {
  readonly request: IncomingMessage;
  readonly body: string;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A receiver that answers with what `statuses` says, the last one for ever. */
async function openReceiver(statuses: readonly number[]): Promise<{ url: string; calls: Call[] }> {
  const calls: Call[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      response.statusCode = statuses[Math.min(calls.length, statuses.length - 1)] ?? 200;
      calls.push({ request, body });
      response.end();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, calls };
}

const flood = [1.4, 1.6, 1.7].map((levelM, index) =>
  readingOf('bendung', START_MS + index * MINUTE, { levelM }),
);

/** Ticks until `done`, at most 200 times, with the event loop free between them. */
async function until(house: Awaited<ReturnType<typeof openAlertHouse>>, done: () => boolean): Promise<void> {
  for (let round = 0; round < 200 && !done(); round++) {
    await house.wait(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function config(more: object) {
  return { config: { NOTICES_PER_CHANNEL_PER_MIN: 20, CAP_SENDER: 'siaga.test', ...more } };
}

test('a webhook is signed over its time and body, and carries an idempotency key', async () => {
  const receiver = await openReceiver([200]);
  const secret = 'a secret of the test';
  await using house = await openAlertHouse(config({ WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: secret }));
  await house.read(...flood);
  await until(house, () => receiver.calls.length > 0);
  const { request, body } = receiver.calls[0] as Call;
  const [, time, signature] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(request.headers['siaga-signature'])) ?? [];
  expect(signature).toBe(createHmac('sha256', secret).update(`${time}.${body}`).digest('hex'));
  const [alert] = house.alerts.open();
  expect(request.headers['idempotency-key']).toBe(`${alert?.id}:1:webhook`);
  expect(JSON.parse(body)).toMatchObject({
    change: 'opened',
    alert: { rule: 'river-level', severity: 'minor' },
  });
});

test('a user and a password of the webhook go as HTTP Basic, and are in no explanation', async () => {
  const receiver = await openReceiver([503]);
  const url = receiver.url.replace('//', '//ops:hunter2@');
  await using house = await openAlertHouse(
    config({ WEBHOOK_URL: url, WEBHOOK_SECRET: 'a secret of the test' }),
  );
  await house.read(...flood);
  await until(house, () => receiver.calls.length > 0);
  await house.wait(2_000);
  expect(receiver.calls[0]?.request.headers.authorization).toBe(
    `Basic ${Buffer.from('ops:hunter2').toString('base64')}`,
  );
  for (const alert of house.alerts.open()) {
    expect(JSON.stringify(await house.alerts.explain(alert))).not.toContain('hunter2');
  }
  expect(house.alerts.problem ?? '').not.toContain('hunter2');
});

test('a notice that was refused for now is sent again with the same key, and then no more', async () => {
  const receiver = await openReceiver([503, 503, 200]);
  await using house = await openAlertHouse(
    config({ WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: 'a secret of the test' }),
  );
  await house.read(...flood);
  await until(house, () => receiver.calls.length >= 3);
  await house.wait(10 * MINUTE, 10_000);
  const [key] = receiver.calls.map(({ request }) => request.headers['idempotency-key']);
  const opened = receiver.calls.filter(({ request }) => request.headers['idempotency-key'] === key);
  expect(opened).toHaveLength(3);
  const alert = house.alerts.open().find((each) => each.rule === 'river-level');
  const { notices } = await house.alerts.explain(alert as NonNullable<typeof alert>);
  expect(notices.find((notice) => notice.channel === 'webhook')).toMatchObject({
    state: 'sent',
    attempts: 3,
  });
});

test('a notice that the receiver will never take is given up at once, and the channel counts as working', async () => {
  const receiver = await openReceiver([410]);
  await using house = await openAlertHouse(
    config({ WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: 'a secret of the test' }),
  );
  await house.read(...flood);
  await until(house, () => receiver.calls.length > 0);
  await house.wait(3 * MINUTE, 10_000);
  expect(receiver.calls).toHaveLength(1);
  const [alert] = house.alerts.open();
  const find = async () => {
    const { notices } = await house.alerts.explain(alert as NonNullable<typeof alert>);
    return notices.find((notice) => notice.channel === 'webhook');
  };
  for (let round = 0; round < 200 && (await find())?.state === 'waiting'; round++) await house.wait(1_000);
  expect(await find()).toMatchObject({ state: 'failed', outcome: 'the webhook answered 410' });
  expect(house.alerts.problem).toBeUndefined();
});

test('Telegram gets the words in both languages, and a drill says so first', async () => {
  const receiver = await openReceiver([200]);
  await using house = await openAlertHouse(
    config({ TELEGRAM_TOKEN: '1:x', TELEGRAM_CHAT_ID: '42', TELEGRAM_API_URL: new URL(receiver.url).origin }),
  );
  await house.read(...flood.map((reading) => ({ ...reading, simulated: true })));
  await until(house, () => receiver.calls.length > 0);
  const { request, body } = receiver.calls[0] as Call;
  expect(request.url).toBe('/bot1:x/sendMessage');
  const { chat_id, text } = JSON.parse(body) as { chat_id: string; text: string };
  expect(chat_id).toBe('42');
  expect(text.split('\n')[0]).toBe('[LATIHAN] MULAI: siap. Gauge bendung: 1,60 m, siap (mulai 1,50 m).');
  expect(text.split('\n')[1]).toBe(
    '[EXERCISE] STARTED: ready (minor). Gauge bendung: 1.60 m, ready (from 1.50 m).',
  );
});

test('a channel for people keeps its rate, the worst first', async () => {
  const receiver = await openReceiver([200]);
  await using house = await openAlertHouse({
    config: {
      NOTICES_PER_CHANNEL_PER_MIN: 1,
      CAP_SENDER: 'siaga.test',
      WEBHOOK_URL: receiver.url,
      WEBHOOK_SECRET: 'a secret of the test',
    },
  });
  // In one batch: a low battery, and a flood at the top.
  await house.read(
    readingOf('motor-1', START_MS, { lat: -7, lng: 110.4, batteryPct: 12, status: 'off-duty' }),
    readingOf('bendung', START_MS, { levelM: 3.2 }),
  );
  await until(house, () => receiver.calls.length >= 1);
  const first = receiver.calls.map(
    ({ body }) => (JSON.parse(body) as { alert: { severity: string } }).alert.severity,
  );
  expect(first).toEqual(['extreme']);
  await house.wait(MINUTE, 5_000);
  await until(house, () => receiver.calls.length >= 2);
  expect(JSON.parse(receiver.calls[1]?.body ?? '{}')).toMatchObject({
    alert: { rule: 'ambulance-low-battery' },
  });
});

test('every CAP message of a flood is valid, refers to those before it, and ends with an all-clear', async () => {
  await using house = await openAlertHouse();
  const levels = [1.4, 1.6, 2.1, 2.2, 1.8, 1.3, 1.3, 1.3, 1.3, 1.3, 1.3];
  await house.read(
    ...levels.map((levelM, index) => readingOf('hulu', START_MS + index * MINUTE, { levelM })),
  );
  await house.wait(5_000);
  let entries = await house.alerts.listCap();
  for (let round = 0; round < 100 && !entries[0]?.document.includes('AllClear'); round++) {
    await house.wait(1_000);
    entries = await house.alerts.listCap();
  }
  const messages = entries.filter((entry) => entry.alert.startsWith('river-level')).toReversed();
  expect(messages.map((entry) => entry.messageType)).toEqual(
    messages.map((_, index) => (index === 0 ? 'Alert' : 'Update')),
  );
  const last = messages.at(-1)?.document ?? '';
  expect(last).toContain('<responseType>AllClear</responseType>');
  for (const { identifier } of messages.slice(0, -1)) {
    expect(last).toContain(`siaga.test,${identifier},2026-01-15T09:`);
  }
  for (const { document } of entries) {
    expect(document.match(/<language>[^<]+/g)).toEqual(['<language>id-ID', '<language>en-US']);
    const [, polygon = ''] = /<polygon>([^<]+)/.exec(document) ?? [];
    const corners = polygon.split(' ');
    expect(corners[0]).toBe(corners.at(-1));
  }
  await checkSchema(entries.map((entry) => entry.document));
});

test('a spike that is withdrawn is cancelled, and a drill is marked as an exercise', async () => {
  await using house = await openAlertHouse();
  const levels = [1.2, 1.2, 3.4, 1.2];
  await house.read(
    ...levels.map((levelM, index) =>
      readingOf('hulu', START_MS + index * MINUTE, { levelM }, { simulated: true }),
    ),
  );
  let entries = await house.alerts.listCap();
  for (let round = 0; round < 100 && entries.length < 2; round++) {
    await house.wait(1_000);
    entries = await house.alerts.listCap();
  }
  const own = entries.filter((entry) => entry.alert.startsWith('river-level')).toReversed();
  expect(own.map((entry) => entry.messageType)).toEqual(['Alert', 'Cancel']);
  for (const { document } of own) expect(document).toContain('<status>Exercise</status>');
  expect(own[0]?.document).toContain('<certainty>Possible</certainty>');
  await checkSchema(own.map((entry) => entry.document));
});

/** Against the OASIS schema, where the data folder has it. */
async function checkSchema(documents: readonly string[]): Promise<void> {
  if (!existsSync(CAP_SCHEMA)) {
    console.warn(`CAP messages were not checked against the schema: ${CAP_SCHEMA} is not there`);
    return;
  }
  const schema = readFileSync(CAP_SCHEMA, 'utf8');
  const result = await validateXML({
    xml: documents.map((contents, index) => ({ fileName: `message-${index}.xml`, contents })),
    schema: [{ fileName: 'cap.xsd', contents: schema }],
    initialMemoryPages: 256,
    maxMemoryPages: 2 * memoryPages.GiB,
  });
  expect(result.errors.map((error) => error.message)).toEqual([]);
  expect(result.valid).toBe(true);
}
