import { readdirSync } from 'node:fs';
import type { FastifyPluginAsync } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CONNECTION_BOUNDS } from '../../api/server/connections.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { dialHttp, type RawHttpClient } from '../support/raw-http-client.ts';

const KIB = 1024;
/** As many of the shortest requests as Node reads at once. */
const PIPELINED = 1_900;
const CONNECTIONS = 20;

let api: TestApi;
let port: number;
let clients: RawHttpClient[];
let seen: { calls: number; open: number; mostOpen: number; bodies: string[] };

/** Answers of a size that no buffer of the system swallows whole, and counts who is being answered. */
const counting: FastifyPluginAsync = async (app) => {
  const config = { access: 'public' } as const;
  const count = async () => {
    seen.calls++;
    seen.open++;
    seen.mostOpen = Math.max(seen.mostOpen, seen.open);
    await new Promise(setImmediate);
    seen.open--;
  };
  app.get<{ Params: { number: string } }>('/small/:number', { config }, async ({ params }) => {
    await count();
    return { number: Number(params.number) };
  });
  app.get('/large', { config }, async () => {
    await count();
    return 'x'.repeat(512 * KIB);
  });
  app.get<{ Params: { bytes: string } }>('/sized/:bytes', { config }, async ({ params }) =>
    'x'.repeat(Number(params.bytes)),
  );
  app.post<{ Body: string }>('/body', { config, bodyLimit: 512 * KIB }, async ({ body }) => {
    await count();
    seen.bodies.push(JSON.stringify(body));
    return { bytes: JSON.stringify(body).length };
  });
};

beforeEach(async () => {
  clients = [];
  seen = { calls: 0, open: 0, mostOpen: 0, bodies: [] };
  api = await openTestApi({ routes: [counting] });
  port = Number(new URL(await api.app.listen({ host: '127.0.0.1', port: 0 })).port);
});
afterEach(async () => {
  for (const client of clients) client[Symbol.dispose]();
  await api[Symbol.asyncDispose]();
});

async function dial(): Promise<RawHttpClient> {
  const client = await dialHttp(port);
  clients.push(client);
  return client;
}

const get = (path: string) => `GET /v1${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const metric = async (name: string) => {
  const text = await api.metrics.getSingleMetricAsString(name);
  return Number(text.trim().split('\n').at(-1)?.split(' ').at(-1));
};
/** Resolves when the count has not changed for some turns of the loop. */
async function settled(count: () => number): Promise<number> {
  let last = -1;
  return eventually(() => {
    const now = count();
    const isSame = now === last;
    last = now;
    if (!isSame || now === 0) throw new Error(`still moving: ${now}`);
    return now;
  });
}

describe('a request that is longer on the wire than any body may be', () => {
  const POST = 'POST /v1/body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
  const wordsAndByte = `1;${'a'.repeat(4_000)}\r\nx\r\n`;

  test.each([
    [
      'in chunks of one byte, each with words that nobody reads',
      `${POST}Transfer-Encoding: chunked\r\n\r\n`,
      wordsAndByte.repeat(600),
    ],
    [
      'behind an answer that did not wait for it',
      'POST /v1/nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 900000000\r\n\r\n',
      'x'.repeat(2_400_000),
    ],
  ])('loses its connection, %s', async (_how, head, rest) => {
    const client = await dial();
    client.socket.write(head + rest);
    // Reset, where bytes of it were still on their way.
    await client.closed().catch((error: NodeJS.ErrnoException) => expect(error.code).toBe('ECONNRESET'));
    expect(seen.bodies).toEqual([]);
    await eventually(async () => {
      const text = await api.metrics.getSingleMetricAsString('siaga_http_connections_ended_total');
      expect(text).toContain('why="too-long"} 1');
    });
  });

  test('is counted anew for each: a connection of many requests stays', async () => {
    const client = await dial();
    const body = JSON.stringify('x'.repeat(300 * KIB));
    const post = `${POST}Content-Length: ${body.length}\r\n\r\n${body}`;
    for (let sent = 0; sent <= CONNECTION_BOUNDS.maxRequestBytes; sent += post.length) {
      client.socket.write(post);
      await client.readUntil('"bytes":');
    }
    client.socket.write(get('/small/7'));
    await client.readUntil('"number":7');
  });
});

describe('a client that does not read', () => {
  test('loses its connection when an answer has lain for the bound of time, and others keep theirs', async () => {
    const idle = await dial();
    idle.socket.write(get('/small/1'));
    await idle.readUntil('"number":1');
    const stream = await dial();
    stream.socket.write(get('/stream'));
    await stream.readUntil('retry: ');
    const unread = await dial();
    unread.socket.write(get('/large').repeat(40));
    await settled(() => seen.calls);
    api.clock.ms += CONNECTION_BOUNDS.answerMs - 1;
    api.connections.sweep();
    expect(await metric('siaga_http_connections')).toBe(3);
    api.clock.ms += 1;
    api.connections.sweep();
    await unread.closed();
    expect(await metric('siaga_http_connections')).toBe(2);
    expect(await api.metrics.getSingleMetricAsString('siaga_http_connections_ended_total')).toContain(
      '{why="unread"} 1',
    );
  });

  test('loses it at once where more lies unread in all than may be', async () => {
    const size = 40 * 1024 * KIB;
    const unread = await dial();
    unread.socket.write(get(`/sized/${size}`));
    const honest = await dial();
    honest.socket.write(get(`/sized/${KIB}`));
    await honest.readUntil('x'.repeat(KIB));
    await settled(() => unread.socket.bytesWritten);
    api.connections.sweep();
    expect(await metric('siaga_http_connections')).toBe(2);
    const second = await dial();
    second.socket.write(get(`/sized/${size + KIB}`));
    await eventually(async () =>
      expect(await metric('siaga_http_unread_bytes')).toBeGreaterThan(CONNECTION_BOUNDS.maxUnreadBytes),
    );
    api.connections.sweep();
    await second.closed();
    expect(await metric('siaga_http_connections')).toBe(2);
    expect(await metric('siaga_http_unread_bytes')).toBeLessThanOrEqual(CONNECTION_BOUNDS.maxUnreadBytes);
  });
});

describe('a client that pipelines', () => {
  test('gets every answer, in the order of its requests, one made after the other', async () => {
    const client = await dial();
    client.socket.write(Array.from({ length: PIPELINED }, (_, number) => get(`/small/${number}`)).join(''));
    const text = await client.readUntil('HTTP/1.1 200', PIPELINED);
    const last = text.includes(`{"number":${PIPELINED - 1}}`)
      ? text
      : await client.readUntil(`${PIPELINED - 1}}`);
    const numbers = [...last.matchAll(/\{"number":(\d+)\}/g)].map((match) => Number(match[1]));
    expect(numbers).toEqual(Array.from({ length: PIPELINED }, (_, number) => number));
    expect(seen.mostOpen).toBe(1);
  });

  test('and reads nothing is read no further, from however many connections', async () => {
    for (let each = 0; each < CONNECTIONS; each++) {
      (await dial()).socket.write(get('/large').repeat(PIPELINED));
    }
    const calls = await settled(() => seen.calls);
    // The system's buffers of a loopback connection hold some 6 MB, which is 12 answers.
    expect(calls).toBeLessThan(CONNECTIONS * 20);
    expect(seen.mostOpen).toBeLessThanOrEqual(CONNECTIONS);
    expect(await metric('siaga_http_unread_bytes')).toBeLessThanOrEqual(CONNECTIONS * 513 * KIB);
    const quiet = await fetch(`http://127.0.0.1:${port}/v1/small/7`);
    expect(await quiet.json()).toEqual({ number: 7 });
  });

  test('files and reads nothing holds one open file a connection', async () => {
    const openFiles = () => readdirSync('/proc/self/fd').length;
    const before = openFiles();
    for (let each = 0; each < CONNECTIONS; each++) {
      const file = '/docs/static/swagger-ui-bundle.js';
      (await dial()).socket.write(`GET ${file} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(PIPELINED));
    }
    await settled(() => openFiles() - before);
    // Two ends of each connection, and one file.
    expect(openFiles() - before).toBeLessThanOrEqual(3 * CONNECTIONS + 10);
  });

  test('requests with bodies has each body with its own request', async () => {
    const client = await dial();
    const texts = [3, 200 * KIB, 7, 70 * KIB, 1].map((size, index) => `"${String(index).repeat(size)}"`);
    for (const text of texts) {
      const head = `POST /v1/body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
      client.socket.write(`${head}Content-Length: ${text.length}\r\n\r\n${text}`);
    }
    await client.readUntil('{"bytes":', texts.length);
    expect(seen.bodies).toEqual(texts);
  });

  test('byte by byte is answered too', async () => {
    const client = await dial();
    client.socket.setNoDelay(true);
    for (const byte of get('/small/1') + get('/small/2')) client.socket.write(byte);
    expect(await client.readUntil('"number":', 2)).toContain('{"number":2}');
  });

  test('what is no HTTP behind a request gets the answer and then the refusal, once', async () => {
    const client = await dial();
    client.socket.write(`${get('/small/1')}HELLO\r\n\r\n${'x'.repeat(64 * KIB)}`);
    const text = await client.readAll();
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
  });

  test('and goes away leaves nothing behind', async () => {
    const client = await dial();
    client.socket.write(get('/large').repeat(PIPELINED));
    await settled(() => seen.calls);
    client.socket.destroy();
    await eventually(async () => expect(await metric('siaga_http_connections')).toBe(0));
    expect(await metric('siaga_http_unread_bytes')).toBe(0);
  });
});
