/**
 * What may stand at INFLUX_URL instead of an InfluxDB, or before it, for as long as a test says so.
 *
 * While `fault` is undefined all is passed on to a real influxd. Invariant: a request that meets a fault never
 * reaches the server.
 */
import { once } from 'node:events';
import { createServer, request as forward, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const CHUNK = Buffer.alloc(64 * 1024, 'x');

export const FAULTS: Readonly<Record<string, (response: ServerResponse, url: string) => void>> = {
  'says a byte a second': (response) => {
    response.writeHead(500, { 'content-type': 'application/json', 'content-length': 100_000 });
    const dripping = setInterval(() => response.write('{'), 1_000);
    response.once('close', () => clearInterval(dripping));
  },
  'talks for ever': (response) => {
    response.writeHead(500, { 'content-type': 'application/json' });
    const talk = () => {
      while (!response.destroyed && response.write(CHUNK));
    };
    response.on('drain', talk);
    talk();
  },
  'answers what is no HTTP': (response) => void response.socket?.end('\0\0 garbage \r\n\r\n'),
  'leads elsewhere': (response, url) => {
    response.writeHead(302, { location: `https://login.example${url}` });
    response.end();
  },
  'says 200 and shows a page': (response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<html>Please log in</html>');
  },
  'says 200 and answers other JSON': (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"status":"ok"}');
  },
};

export interface FaultyInflux extends AsyncDisposable {
  readonly url: string;
  /** A key of FAULTS. */
  fault: string | undefined;
}

export async function startFaultyInflux(influxdUrl: string): Promise<FaultyInflux> {
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    const fault = faulty.fault === undefined ? undefined : FAULTS[faulty.fault];
    if (fault) {
      request.resume();
      request.once('end', () => fault(response, request.url ?? '/'));
      return;
    }
    const onward = forward(
      new URL(request.url ?? '/', influxdUrl),
      { method: request.method ?? 'GET', headers: request.headers },
      (reply) => {
        response.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const faulty: FaultyInflux = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: undefined,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return faulty;
}
