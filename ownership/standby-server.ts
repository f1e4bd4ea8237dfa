/**
 * The API's port while this server is not the owner: alive, not ready, and why.
 *
 * `/healthz` answers 200, all else 503 with the sentence as a problem [RFC 9457]; the owner's name is told
 * only where nobody but this machine can ask, as by api/server/health.ts. Closed just before the API opens on the same
 * port. Where this node carries calls to the owner (relay/), it answers itself what is asked of it alone: health,
 * readiness, metrics. Invariant: it reads nothing of a request but its path, and keeps no connection that it does not
 * carry.
 */
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry as Metrics } from 'prom-client';
import { type Config, isLoopback } from '../config/config.ts';

/** Probes and a person or two; more are closed by Node. */
export const MAX_CONNECTIONS = 64;
/** A probe sends its head at once. */
export const HEAD_WITHIN_MS = 5_000;

export interface StandbyServerOptions {
  readonly config: Pick<Config, 'HTTP_HOST' | 'HTTP_PORT' | 'TRUST_PROXY'>;
  readonly metrics: Pick<Metrics, 'contentType' | 'metrics'>;
  /** What it is waiting for, in words. */
  readonly sentence: () => string;
  /** Where calls are carried to the owner. */
  readonly relay?: StandbyRelay;
}

export interface StandbyRelay {
  /** There is an owner to carry to, and it is reached. */
  readonly isOpen: boolean;
  /** Why the owner that is known is not reached, with its address. */
  readonly problem: string | undefined;
  /** A server with the bounds of an API. */
  createServer(handle: RequestListener): Server;
  /** Calls `refuse` with the sentence where there is no way to the owner. */
  carry(request: IncomingMessage, response: ServerResponse, refuse: (sentence: string) => void): void;
  /** Asks the owner, who knows people. */
  mayReadMetrics(request: IncomingMessage): Promise<boolean>;
}

export interface StandbyServer extends AsyncDisposable {
  /** As a URL, the port as the system gave it. */
  readonly address: string;
}

export async function openStandbyServer(options: StandbyServerOptions): Promise<StandbyServer> {
  const { HTTP_HOST, HTTP_PORT } = options.config;
  const handle: RequestListener = (request, response) => {
    void answer(options, request, response);
  };
  const server = options.relay?.createServer(handle) ?? createProbeServer(handle);
  server.listen(HTTP_PORT, HTTP_HOST);
  await once(server, 'listening');
  const { address, family, port } = server.address() as AddressInfo;
  return {
    address: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function createProbeServer(handle: RequestListener): Server {
  const server = createServer({ headersTimeout: HEAD_WITHIN_MS, requestTimeout: HEAD_WITHIN_MS }, handle);
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

async function answer(
  { config, metrics, sentence, relay }: StandbyServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const mayKnow = isLoopback(config.HTTP_HOST) && config.TRUST_PROXY === undefined && !isPassedOn(request);
  const path = request.url?.split('?')[0];
  if (path === '/healthz') send(response, 200, 'application/json', '{"status":"ok"}');
  else if (path === '/metrics' && (mayKnow || (await relay?.mayReadMetrics(request)))) {
    send(response, 200, metrics.contentType, await metrics.metrics());
  } else if (relay && path !== '/readyz' && path !== '/metrics') {
    relay.carry(request, response, (why) => sendProblem(response, why));
  } else {
    const detail = describeStandby(sentence(), relay?.problem, mayKnow);
    if (relay?.isOpen && path === '/readyz') {
      // Whoever comes here is served, over the owner.
      send(response, 200, 'application/json', JSON.stringify({ status: 'standby', problems: [detail] }));
    } else sendProblem(response, detail);
  }
}

/** Who and where, to this machine alone; that the owner is not reached, to all. */
function describeStandby(sentence: string, problem: string | undefined, mayKnow: boolean): string {
  if (mayKnow) return problem === undefined ? sentence : `${sentence}; ${problem}`;
  if (problem !== undefined) return 'standby: the server that owns the city is not reached from this one';
  return 'standby: another server owns the city';
}

function sendProblem(response: ServerResponse, detail: string): void {
  const problem = {
    type: 'urn:siaga:problem:standby',
    title: 'Standby',
    status: 503,
    detail,
    problems: [detail],
  };
  send(response, 503, 'application/problem+json', JSON.stringify(problem));
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  const retry = status === 503 ? { 'retry-after': '5' } : {};
  response.writeHead(status, {
    'content-type': type,
    connection: 'close',
    'cache-control': 'no-store',
    ...retry,
  });
  response.end(body);
}

/** A proxy on this machine calls for people who are elsewhere, and gives itself away by what it adds. */
function isPassedOn({ headers }: IncomingMessage): boolean {
  return (
    ['forwarded', 'via', 'x-real-ip'].some((name) => name in headers) ||
    Object.keys(headers).some((name) => name.startsWith('x-forwarded-'))
  );
}
