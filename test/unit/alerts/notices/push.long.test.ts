/** Web Push against a push service of the test, over TLS: what arrives is read with the browser's own key. */
import { execFileSync } from 'node:child_process';
import { createDecipheriv, createECDH, type ECDH, hkdfSync, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Rank } from '../../../../alerts/alert.ts';
import type { Channel, NoticeBody } from '../../../../alerts/notices/channel.ts';
import { PushBook } from '../../../../alerts/notices/push/push-book.ts';
import { createPushChannel } from '../../../../alerts/notices/push/push-channel.ts';
import type { PushMessage } from '../../../../alerts/notices/push/push-words.ts';
import { type AlertHouse, openAlertHouse, readingOf, START_MS } from '../../../support/alert-house.ts';

const folder = mkdtempSync(join(tmpdir(), 'siaga-push-'));
const MINUTE = 60_000;

interface Received {
  readonly path: string;
  readonly authorization: string;
  readonly payload: Buffer;
}

let server: Server;
let host: string;
let received: Received[];
/** What the service answers to a path; 201 where nothing is said. */
let answers: Map<string, number>;
let house: AlertHouse;
let book: PushBook;
let channel: Channel;

beforeAll(() => {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key.pem'];
  const name = ['-subj', '/CN=push', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', ...key, '-out', 'cert.pem', '-days', '2', ...name], {
    cwd: folder,
    stdio: 'pipe',
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(async () => {
  received = [];
  answers = new Map();
  const cert = readFileSync(join(folder, 'cert.pem'));
  server = createServer({ cert, key: readFileSync(join(folder, 'key.pem')) }, async (request, response) => {
    const payload = Buffer.concat(await request.toArray());
    const { url: path = '', headers } = request;
    received.push({ path, authorization: headers.authorization ?? '', payload });
    response.writeHead(answers.get(path) ?? 201).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  house = await openAlertHouse();
  book = new PushBook(house.database);
  channel = openChannel([host]);
});
afterEach(async () => {
  await house[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
});

function openChannel(extraHosts: readonly string[]): Channel {
  const agent = new Agent({ ca: readFileSync(join(folder, 'cert.pem')) });
  return createPushChannel({ database: house.database, subject: 'mailto:a@siaga.test', extraHosts, agent });
}

interface Browser {
  readonly path: string;
  readonly ecdh: ECDH;
  readonly auth: Buffer;
}

async function follow(name: string, leastRank: Rank, language = 'id', gauge = 'bendung'): Promise<Browser> {
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  const auth = randomBytes(16);
  const keys = { p256dh: ecdh.getPublicKey('base64url'), auth: auth.toString('base64url') };
  const path = `/${name}`;
  await book.follow({ endpoint: `https://${host}${path}`, keys, gauge, leastRank, language });
  return { path, ecdh, auth };
}

/** RFC 8291: what only this browser can read. */
function readBy({ path, ecdh, auth }: Browser): PushMessage[] {
  return received
    .filter((each) => each.path === path)
    .map(({ payload }) => {
      const salt = payload.subarray(0, 16);
      const theirs = payload.subarray(21, 86);
      const info = Buffer.concat([Buffer.from('WebPush: info\0'), ecdh.getPublicKey(), theirs]);
      const secret = Buffer.from(hkdfSync('sha256', ecdh.computeSecret(theirs), auth, info, 32));
      const derive = (use: string, bytes: number) =>
        Buffer.from(hkdfSync('sha256', secret, salt, Buffer.from(`Content-Encoding: ${use}\0`), bytes));
      const cipher = createDecipheriv('aes-128-gcm', derive('aes128gcm', 16), derive('nonce', 12));
      cipher.setAuthTag(payload.subarray(-16));
      const plain = Buffer.concat([cipher.update(payload.subarray(86, -16)), cipher.final()]);
      return JSON.parse(plain.subarray(0, plain.lastIndexOf(2)).toString());
    });
}

let sent = 0;
const send = (body: NoticeBody, key = `key-${++sent}`) =>
  channel.send({ id: sent, key, channel: 'push', createdAt: START_MS, body }, AbortSignal.timeout(15_000));

/** What people are told of a flood at the weir: its first word, the worst of it. */
async function flood(): Promise<NoticeBody> {
  await house.read(
    ...[1.4, 1.6, 1.7].map((levelM, index) => readingOf('bendung', START_MS + index * MINUTE, { levelM })),
  );
  for (let round = 0; round < 60 && house.told.length === 0; round++) await house.wait(1_000);
  const [body] = house.told;
  if (!body) throw new Error('nobody was told');
  return body;
}

test('tells each follower of the gauge in one message of their language, signed and readable by them alone', async () => {
  const [indonesian, english, elsewhere] = [
    await follow('id', 1),
    await follow('en', 1, 'en'),
    await follow('far', 1, 'id', 'another-gauge'),
  ];
  const body = await flood();
  await send(body);
  expect(received.map(({ path }) => path).sort()).toEqual(['/en', '/id']);
  expect(readBy(elsewhere)).toEqual([]);
  const [inIndonesian] = readBy(indonesian);
  const [inEnglish] = readBy(english);
  expect(inIndonesian?.title).toContain(body.alert.subjectName);
  expect(inIndonesian?.body).toContain(body.alert.text.id);
  expect(inEnglish?.body).toContain(body.alert.text.en);
  expect(inEnglish).toMatchObject({ page: `alerts/${body.alert.id}`, gauge: 'bendung', language: 'en' });
  expect(received[0]?.authorization).toMatch(/^vapid t=/);
  expect(() => readBy({ ...english, path: '/id' })).toThrow();
});

test('is quiet below the least level, and while it is paused', async () => {
  const patient = await follow('patient', 4);
  const paused = await follow('paused', 1);
  await book.pause(`https://${host}/paused`, true);
  const body = await flood();
  const minor = { ...body, alert: { ...body.alert, severity: 'minor', highestSeverity: 'minor' } } as const;
  await send(minor);
  expect(received).toEqual([]);
  await send({ ...body, alert: { ...body.alert, severity: 'extreme', highestSeverity: 'extreme' } });
  expect(readBy(patient)).toHaveLength(1);
  expect(readBy(paused)).toEqual([]);
});

test('tells of the end whoever was to hear of the worst of it', async () => {
  const follower = await follow('follower', 3);
  const body = await flood();
  const alert = { ...body.alert, severity: 'minor', highestSeverity: 'severe' } as const;
  await send({ ...body, change: 'resolved', alert });
  expect(readBy(follower)[0]?.title).toContain('selesai');
});

test('makes one message of all that a storm’s notice says of the gauges of one browser', async () => {
  const follower = await follow('both', 1);
  await follow('both', 1, 'id', 'second');
  // The second row of a browser has its own keys in this test: the newest are those that count.
  const newest = await follow('both', 1);
  const body = await flood();
  const other = { ...body.alert, id: 'other', subject: 'second', subjectName: 'Second' };
  await send({ ...body, also: [{ alert: other, change: 'opened' }] });
  expect(received).toHaveLength(1);
  expect(readBy({ ...newest, path: follower.path })[0]?.title).toContain('(+1)');
});

test('forgets a browser that is gone, and tells again only those who have not heard', async () => {
  for (const name of ['gone', 'busy', 'well']) await follow(name, 1);
  answers.set('/gone', 410).set('/busy', 503);
  const body = await flood();
  await expect(send(body, 'same')).rejects.toThrow('1 of 3 browsers');
  answers.delete('/busy');
  await send(body, 'same');
  expect(received.map(({ path }) => path).sort()).toEqual(['/busy', '/busy', '/gone', '/well']);
  const left = await house.database.selectFrom('push_subscriptions').select('endpoint').execute();
  expect(left.map(({ endpoint }) => new URL(endpoint).pathname).sort()).toEqual(['/busy', '/well']);
});

test('calls those last who failed of late, and is no problem of the house', async () => {
  await follow('a-broken', 1);
  for (let other = 0; other < 25; other++) await follow(`well-${other}`, 1);
  answers.set('/a-broken', 500);
  const body = await flood();
  await expect(send(body)).rejects.toThrow('1 of 26 browsers');
  received = [];
  await expect(send(body)).rejects.toThrow('1 of 26 browsers');
  // Twenty are called at once: who failed is not among them.
  expect(received.slice(0, 5).map(({ path }) => path)).not.toContain('/a-broken');
  expect(received.map(({ path }) => path)).toContain('/a-broken');
  expect(channel.isAddressedByStrangers).toBe(true);
});

test('calls nobody whose host is allowed no longer', async () => {
  await follow('left', 1);
  channel = openChannel([]);
  await send(await flood());
  expect(received).toEqual([]);
});
