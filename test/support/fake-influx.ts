/**
 * A small HTTP server that answers as InfluxDB 2.x and 3.x are documented to: for what cannot run here.
 *
 * It knows routes and answers only, no data. Invariant: a request without an answer is a 404 and is kept, so
 * that a test sees what was really asked.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';

export interface SeenRequest {
  /** `POST /api/v2/write?bucket=siaga` */
  readonly line: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  /** Decompressed. */
  readonly body: string;
}

export interface FakeAnswer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly json?: unknown;
  /** Takes the request and never says a word, as a server does whose disk hangs. */
  readonly hangs?: true;
}

export interface FakeInflux extends AsyncDisposable {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
}

/** `routes`: the start of a request line → its answer, or one answer a call, the last for ever. */
export async function startFakeInflux(
  routes: Readonly<Record<string, FakeAnswer | readonly FakeAnswer[]>>,
): Promise<FakeInflux> {
  const seen: SeenRequest[] = [];
  const calls = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString();
    const line = `${request.method} ${request.url}`;
    seen.push({ line, headers: request.headers, body });
    const route = Object.keys(routes).find((start) => line.startsWith(start));
    const call = calls.get(route ?? '') ?? 0;
    calls.set(route ?? '', call + 1);
    const found = route === undefined ? undefined : routes[route];
    const list = found === undefined ? [] : Array.isArray(found) ? found : [found as FakeAnswer];
    const { status, headers, json, hangs } = (list[Math.min(call, list.length - 1)] ?? {
      status: 404,
    }) as FakeAnswer;
    if (hangs) return;
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(json === undefined ? '' : JSON.stringify(json));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
