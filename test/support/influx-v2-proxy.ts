/**
 * The write API of InfluxDB 2.x before a real influxd 1.x: what 2.x does with a bucket, done by a proxy.
 *
 * So the path that our code takes for 2.x (detection, bucket, /api/v2/write, token header) carries real data
 * into a real engine, though no 2.x server can run here. Invariant: it changes paths and nothing else.
 */
import { once } from 'node:events';
import { createServer, request as forward } from 'node:http';

export interface InfluxV2Proxy extends AsyncDisposable {
  readonly url: string;
  /** Bodies of writes that came compressed. */
  readonly compressedWrites: number;
}

/** Listens on every address, so that `http://0.0.0.0` reaches it as a server that is not on loopback. */
export async function startInfluxV2Proxy(influxdUrl: string, token: string): Promise<InfluxV2Proxy> {
  let compressedWrites = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', influxdUrl);
    const answer = (status: number, json: unknown, headers: Record<string, string> = {}) => {
      request.resume();
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(status === 204 ? undefined : JSON.stringify(json));
    };
    if (url.pathname === '/ping') return answer(204, {}, { 'x-influxdb-version': 'v2.7.12' });
    if (request.headers.authorization !== `Token ${token}`) {
      return answer(401, { code: 'unauthorized', message: 'unauthorized access' });
    }
    if (url.pathname === '/api/v2/buckets') {
      return answer(200, { buckets: [{ id: '1', name: url.searchParams.get('name') }] });
    }
    if (url.pathname === '/api/v2/write') {
      url.searchParams.set('db', url.searchParams.get('bucket') ?? '');
      url.pathname = '/write';
      if (request.headers['content-encoding'] === 'gzip') compressedWrites++;
    }
    const { authorization: _token, ...headers } = request.headers;
    const onward = forward(url, { method: request.method ?? 'GET', headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const created = await fetch(`${influxdUrl}/query?q=CREATE+DATABASE+siaga`, { method: 'POST' });
  // The headers come before it is done.
  await created.text();
  return {
    url: `http://0.0.0.0:${address.port}`,
    get compressedWrites() {
      return compressedWrites;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
