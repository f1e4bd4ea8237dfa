import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
let port: number;
let sockets: Socket[];

beforeEach(async () => {
  sockets = [];
  api = await openTestApi();
  port = Number(new URL(await api.app.listen({ host: '127.0.0.1', port: 0 })).port);
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await api[Symbol.asyncDispose]();
});

async function dial(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** Everything that the server says until it closes the connection. */
async function exchange(text: string): Promise<string> {
  const socket = await dial();
  socket.setEncoding('utf8');
  socket.write(text);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
}

describe('on the wire', () => {
  test.each([
    ['what is not HTTP', 'HELLO\r\n\r\n', 400, 'not-http'],
    [
      'headers of 20 kB',
      `GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers-too-large',
    ],
  ])('%s is refused with a problem', async (_what, text, status, slug) => {
    const answer = await exchange(text);
    expect(answer).toContain(`HTTP/1.1 ${status} `);
    expect(answer).toContain('Content-Type: application/problem+json');
    expect(JSON.parse(answer.split('\r\n\r\n')[1] as string)).toMatchObject({
      status,
      type: `urn:siaga:problem:${slug}`,
    });
  });

  test('a stream is delivered and ended over TCP when the API closes', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/stream`);
    const text = answer.text();
    await api.publish('siaga/semarang/river-gauge/bendung/telemetry', { levelM: 1.42 });
    await api.publish('siaga/semarang/river-gauge/hulu/telemetry', { levelM: 1.1 });
    await expect
      .poll(async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text(), { timeout: 20_000 })
      .toContain('siaga_stream_events_sent_total 2');
    await api.app.close();
    expect(await text).toContain('"levelM":1.1');
  });
});
