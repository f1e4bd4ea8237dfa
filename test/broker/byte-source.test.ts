/** How bytes reach a connection: over real sockets and over a stream of any other kind. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { readBytes, type TakeBytes } from '../../broker/connection/byte-source.ts';

const servers: Server[] = [];
const sockets: Duplex[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

interface Pair {
  readonly client: Duplex;
  readonly stream: Duplex;
}

async function tcpPair(): Promise<Pair> {
  const server = createServer().listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', noDelay: true });
  const [stream] = await accepted;
  sockets.push(client, stream);
  return { client, stream };
}

async function memoryPair(): Promise<Pair> {
  const [client, stream] = duplexPair();
  sockets.push(client, stream);
  return { client, stream };
}

/** Copies what comes; says "no more" after each take while `stops` is true. */
class Taker {
  readonly chunks: Buffer[] = [];
  stops = false;
  readonly #waiting: (() => void)[] = [];

  readonly take: TakeBytes = (bytes) => {
    this.chunks.push(Buffer.from(bytes));
    for (const wake of this.#waiting.splice(0)) wake();
    return !this.stops;
  };

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  async until(isEnough: () => boolean): Promise<void> {
    while (!isEnough()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

describe.each([
  ['a TCP socket', tcpPair],
  ['a stream in memory', memoryPair],
])('the bytes of %s', (_name, open) => {
  test('arrive in order, and none is lost while it is stopped', async () => {
    const { client, stream } = await open();
    const taker = new Taker();
    taker.stops = true;
    const source = readBytes(stream, taker.take);
    const sent = Array.from({ length: 2_000 }, (_, n) => `${n},`)
      .join('')
      .repeat(20);
    client.write(sent);
    await taker.until(() => taker.chunks.length === 1);
    // Stopped: what comes in these turns stays where it is.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(taker.chunks).toHaveLength(1);
    taker.stops = false;
    source.resume();
    await taker.until(() => taker.text.length >= sent.length);
    expect(taker.text).toBe(sent);
  });

  test('are followed by the end that the other side made', async () => {
    const { client, stream } = await open();
    const taker = new Taker();
    readBytes(stream, taker.take);
    const ended = once(stream, 'end');
    client.end('the last word');
    await taker.until(() => taker.text.length === 13);
    await ended;
    expect(taker.text).toBe('the last word');
  });
});

test('many sockets never mix what they say', async () => {
  const pairs = await Promise.all(Array.from({ length: 30 }, tcpPair));
  const takers = pairs.map(({ stream }) => {
    const taker = new Taker();
    readBytes(stream, taker.take);
    return taker;
  });
  const words = pairs.map((_, n) => `${n}-`.repeat(3_000));
  for (let part = 0; part < 30; part++) {
    for (const [n, { client }] of pairs.entries()) {
      const length = (words[n] as string).length;
      client.write((words[n] as string).slice((part * length) / 30, ((part + 1) * length) / 30));
    }
  }
  await Promise.all(
    takers.map((taker, n) => taker.until(() => taker.text.length >= (words[n] as string).length)),
  );
  expect(takers.map((taker) => taker.text)).toEqual(words);
});
