/**
 * The connections of the listener: made, counted, and ended when their client does not take its answers.
 *
 * Makes the HTTP server that Fastify runs on; paced-connection.ts keeps the order within one connection. Invariant:
 * what lies unread is bounded for each connection by one answer and by ANSWER_MS, and in all by
 * MAX_UNREAD_BYTES; each end that was ours is counted by its reason.
 */
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import { Counter, Gauge, type Registry as Metrics } from 'prom-client';
import { refuseConnection } from './failures.ts';
import { PacedConnection } from './paced-connection.ts';

/** From a request to the last byte of its answer: 30 s to make it, and 90 for 2 MB over a poor mobile link. */
export const ANSWER_MS = 120_000;
/** Of all connections together. 256 honest ones with 256 KiB each on their way. */
export const MAX_UNREAD_BYTES = 64 * 1024 * 1024;

export interface ConnectionsDependencies {
  readonly metrics: Metrics;
  readonly now: () => number;
}

export interface Connections {
  /** A server whose connections are these. */
  createServer(options: ServerOptions, handle: RequestListener): Server;
  find(socket: Socket): PacedConnection | undefined;
  /** What arrived on it is refused by Node, before there is a request. */
  refuse(socket: Socket, error: Error): void;
  /** Ends what is beyond a bound; called every few seconds. */
  sweep(): void;
}

type Why = 'unread' | 'too-much-unread';

export function createConnections({ metrics, now }: ConnectionsDependencies): Connections {
  const open = new Map<Socket, PacedConnection>();
  const ended = new Counter({
    name: 'siaga_http_connections_ended_total',
    help: 'Connections that were closed on their client: its answer unread for too long, too much unread in all.',
    labelNames: ['why'],
    registers: [metrics],
  });
  registerGauges(open, metrics);

  function end({ socket }: PacedConnection, why: Why): void {
    ended.inc({ why });
    socket.destroy();
    open.delete(socket);
  }

  function endSlowest(): void {
    const byUnread = [...open.values()].sort((a, b) => b.unreadBytes - a.unreadBytes);
    let unreadBytes = sumUnread(byUnread);
    for (const connection of byUnread) {
      if (unreadBytes <= MAX_UNREAD_BYTES) return;
      unreadBytes -= connection.unreadBytes;
      end(connection, 'too-much-unread');
    }
  }

  return {
    createServer(options, handle) {
      const server = createServer(options, (request, response) =>
        open.get(request.socket)?.take(request, response),
      );
      server.on('connection', (socket: Socket) => {
        open.set(socket, new PacedConnection(socket, handle, now));
        socket.once('close', () => open.delete(socket));
      });
      return server;
    },
    find: (socket) => open.get(socket),
    refuse(socket, error) {
      open.get(socket)?.refuse(() => refuseConnection(error, socket));
    },
    sweep() {
      for (const connection of open.values()) {
        const sinceMs = connection.answeringSinceMs;
        if (sinceMs !== undefined && now() - sinceMs >= ANSWER_MS) end(connection, 'unread');
      }
      if (sumUnread(open.values()) > MAX_UNREAD_BYTES) endSlowest();
    },
  };
}

function sumUnread(connections: Iterable<PacedConnection>): number {
  let bytes = 0;
  for (const { unreadBytes } of connections) bytes += unreadBytes;
  return bytes;
}

function registerGauges(open: ReadonlyMap<Socket, PacedConnection>, metrics: Metrics): void {
  new Gauge({
    name: 'siaga_http_connections',
    help: 'Connections of the API that are open.',
    registers: [metrics],
    collect() {
      this.set(open.size);
    },
  });
  new Gauge({
    name: 'siaga_http_unread_bytes',
    help: 'Bytes of answers that lie here because their clients have not read them.',
    registers: [metrics],
    collect() {
      this.set(sumUnread(open.values()));
    },
  });
}
