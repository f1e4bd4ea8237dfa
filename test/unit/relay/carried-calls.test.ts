/** Calls that a standby hands on, between a caller and an owner of this process. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCarriedCalls } from '../../../relay/carried-calls.ts';
import { openDoor } from '../../../relay/door.ts';
import { createRelayMetrics } from '../../../relay/relay-metrics.ts';
import { WayToOwner } from '../../../relay/way-to-owner.ts';
import { eventually } from '../../support/eventually.ts';

let opened: AsyncDisposableStack;
let answer: RequestListener;
/** What the owner was asked, and over which sockets. */
let asked: IncomingMessage[];
let standbyPort: number;
let way: WayToOwner;

beforeEach(async () => {
  opened = new AsyncDisposableStack();
  asked = [];
  const owner = createServer((call, response) => {
    asked.push(call);
    answer(call, response);
  });
  const [host, key] = ['127.0.0.1', randomBytes(32)];
  const node = { city: 'semarang', epoch: 1, key };
  const { port } = opened.use(
    await openDoor({
      ...{ host, port: 0, node, log: pino({ level: 'silent' }), metrics: new Registry() },
      toBroker: () => false,
      toApi: (socket) => owner.emit('connection', socket),
    }),
  );
  const metrics = createRelayMetrics();
  way = opened.use(new WayToOwner(metrics, () => performance.now()));
  way.lead({ ...node, host, port });
  const calls = createCarriedCalls(way, metrics);
  const standby = createServer((call, response) => {
    if (call.url === '/metrics') {
      void calls.mayReadMetrics(call).then((may) => response.end(String(may)));
    } else calls.carry(call, response, (why) => response.writeHead(503).end(why));
  });
  standby.listen(0, host);
  await once(standby, 'listening');
  opened.defer(() => {
    standby.close();
    standby.closeAllConnections();
  });
  standbyPort = (standby.address() as AddressInfo).port;
});
afterEach(() => opened.disposeAsync());

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly socket: Socket;
}
async function call(
  method: string,
  headers: Record<string, string | string[]> = {},
  body = '',
): Promise<Answer> {
  const made = request({ port: standbyPort, host: '127.0.0.1', path: '/v1/x?y=%20', method, headers });
  // As bytes: with text Node would write the headers in its encoding.
  made.end(Buffer.from(body));
  const [response] = (await once(made, 'response')) as [IncomingMessage];
  const { socket } = response;
  const text = await response.setEncoding('utf8').toArray();
  return { status: response.statusCode as number, headers: response.headers, body: text.join(''), socket };
}

test('the call arrives in the caller’s words, from its address; what belongs to one hop is left out', async () => {
  answer = (_call, response) =>
    response.writeHead(201, { 'x-own': 'b', 'proxy-authenticate': 'no' }).end('ok');
  const headers = { 'x-one': 'é', connection: 'keep-alive, x-hop', 'x-hop': 'gone', te: 'trailers' };
  const got = await call('POST', { ...headers, host: 'room.example', 'x-list': ['a', 'b'] }, '{"a":1}');
  expect(got).toMatchObject({ status: 201, body: 'ok', headers: { 'x-own': 'b', via: '1.1 siaga' } });
  expect(got.headers).not.toHaveProperty('proxy-authenticate');
  const [arrived] = asked as [IncomingMessage];
  expect(arrived).toMatchObject({ method: 'POST', url: '/v1/x?y=%20' });
  expect(arrived.headers).toMatchObject({
    host: 'room.example',
    'x-one': 'é',
    'x-list': 'a, b',
    via: '1.1 siaga',
  });
  for (const name of ['x-hop', 'te']) expect(arrived.headers).not.toHaveProperty(name);
  expect(arrived.socket.remoteAddress).toBe('127.0.0.1');
  expect(arrived.socket.remotePort).toBe(got.socket.localPort);
});

test('one caller’s calls share a link, and a body of any size goes both ways', async () => {
  answer = (incoming, response) => incoming.pipe(response);
  const body = 'x'.repeat(300_000);
  for (let n = 0; n < 3; n++) expect((await call('POST', {}, body)).body).toBe(body);
  expect(new Set(asked.map(({ socket }) => socket)).size).toBe(1);
});

test('a read is asked again where its kept link was just being closed; what may have had an effect is not', async () => {
  answer = (_call, response) => response.end('first');
  expect((await call('GET')).body).toBe('first');
  // The owner takes the call from its kept link, and ends without an answer.
  answer = (incoming, response) => {
    if (asked.length === 2) incoming.socket.destroy();
    else response.end('again');
  };
  expect((await call('GET')).body).toBe('again');
  expect(asked).toHaveLength(3);
  answer = (incoming) => incoming.socket.destroy();
  expect(await call('POST', {}, 'order')).toMatchObject({ status: 503, body: 'unreachable' });
  expect(asked).toHaveLength(4);
});

test('an answer that breaks off in its middle breaks off for the caller', async () => {
  answer = (incoming, response) => {
    response.write('half');
    setImmediate(() => incoming.socket.destroy());
  };
  await expect(call('GET')).rejects.toThrow();
});

test('a caller that leaves ends its call at the owner', async () => {
  let isGone = false;
  answer = (_call, response) => {
    response.write('event');
    response.once('close', () => {
      isGone = true;
    });
  };
  const made = request({ port: standbyPort, host: '127.0.0.1', path: '/v1/stream' });
  made.on('error', () => undefined);
  made.end();
  const [response] = (await once(made, 'response')) as [IncomingMessage];
  await once(response, 'data');
  made.destroy();
  await eventually(() => expect(isGone).toBe(true));
});

/** Resolves once the standby has answered so many calls, which go out as they stand here, on one connection. */
async function sendRaw(text: string, answers: number): Promise<void> {
  const socket = connect(standbyPort, '127.0.0.1');
  let got = '';
  socket.setEncoding('utf8').on('data', (more: string) => {
    got += more;
  });
  socket.write(text);
  await eventually(() => expect(got.split('HTTP/1.1 200').length - 1).toBe(answers));
  socket.destroy();
}
const INNER = 'GET /inner HTTP/1.1\r\nHost: b\r\n\r\n';
const urlsAsked = () => asked.map(({ url }) => url);

test.each([
  ['chunks', `Transfer-Encoding: chunked\r\n\r\n${INNER.length.toString(16)}\r\n${INNER}\r\n0\r\n\r\n`],
  [
    'a length that Connection names',
    `Connection: content-length\r\nContent-Length: ${INNER.length}\r\n\r\n${INNER}`,
  ],
])('what a body of %s holds is never taken for a call', async (_framing, rest) => {
  const bodies: string[] = [];
  answer = async (incoming, response) => {
    bodies.push((await incoming.setEncoding('utf8').toArray()).join(''));
    response.end();
  };
  for (const method of ['GET', 'DELETE', 'POST']) {
    await sendRaw(`${method} /outer HTTP/1.1\r\nHost: a\r\n${rest}GET /next HTTP/1.1\r\nHost: a\r\n\r\n`, 2);
  }
  expect(urlsAsked()).toEqual(Array(3).fill(['/outer', '/next']).flat());
  expect(bodies).toEqual(Array(3).fill([INNER, '']).flat());
});

test('who asks for figures with a body leaves nothing that the next call’s begin would fill', async () => {
  answer = (_call, response) => response.end();
  const body = 'x'.repeat(40);
  await sendRaw(`GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n${body}${INNER}`, 2);
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual(['HEAD /metrics', 'GET /inner']);
  expect(asked[0]?.headers).not.toHaveProperty('content-length');
});

test('a caller does not hide whose it is by naming a proxy’s headers in Connection', async () => {
  answer = (_call, response) => response.end();
  const said = { 'x-forwarded-for': '198.51.100.7', forwarded: 'for=198.51.100.7', host: 'room.example' };
  await call('GET', { ...said, connection: 'x-forwarded-for, Forwarded, host' });
  expect(asked[0]?.headers).toMatchObject(said);
});

test('an order without a body has none at the owner either', async () => {
  answer = (_call, response) => response.end();
  await sendRaw('POST /v1/x HTTP/1.1\r\nHost: a\r\n\r\n', 1);
  expect(asked[0]?.headers).toMatchObject({ 'content-length': '0' });
  expect(asked[0]?.headers).not.toHaveProperty('transfer-encoding');
});

test('each way that a call may end is a series from the start, so that its first increase is seen', async () => {
  const { values } = await createRelayMetrics().calls.get();
  expect(values.map(({ labels, value }) => `${labels.outcome} ${value}`)).toEqual([
    ...['carried 0', 'no-owner 0', 'unreachable 0', 'broken-off 0'],
  ]);
});
