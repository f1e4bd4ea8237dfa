/**
 * The connections of the listener: let in, counted, and ended when their client does not take its answers.
 *
 * Makes the HTTP server that Fastify runs on; paced-connection.ts keeps the order within one connection. Where as
 * many are open as may be, the one gives way that has waited longest for a request, so that who comes to ask finds
 * room: a dispatcher, a health check. Invariants: no address has more than its share and none holds the others out;
 * a connection of staff never gives way; what lies unread is bounded by one answer for each connection, by
 * `answerMs`, and in all by `maxUnreadBytes`; each end that was ours is counted by its reason.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import { BlockList, isIPv6, type Socket } from 'node:net';
import { normalizeIP } from '@fastify/rate-limit';
import { Counter, Gauge, type Registry as Metrics } from 'prom-client';
import { refuseConnection } from './failures.ts';
import { PacedConnection } from './paced-connection.ts';

export const CONNECTION_BOUNDS = {
  /** Streams and callers at once. 2,000 sockets are some 50 MB. */
  maxConnections: 2_000,
  /**
   * Of one address, or of one /64: forty browsers behind a NAT, with six each. Proxies that are trusted have no
   * bound.
   */
  maxConnectionsPerAddress: 256,
  /** From a request to the last byte of its answer: 30 s to make it, and 90 for 2 MB over a poor mobile link. */
  answerMs: 120_000,
  /** Of all connections together: 256 honest ones with 256 KiB each on their way. */
  maxUnreadBytes: 64 * 1024 * 1024,
  /**
   * Of one request on the wire, eight times the usual largest body: a body in chunks has its framing besides, and each
   * chunk may bear words that nobody reads.
   */
  maxRequestBytes: 2 * 1024 * 1024,
  /** From the first byte of a request, or from the connection, to the end of its headers. */
  headersMs: 10_000,
  /** From the first byte of a request to its last. */
  requestMs: 30_000,
  /** From an answer to the next request. */
  keepAliveMs: 15_000,
  /** The same behind a proxy: its own connections wait for 60 s. */
  keepAliveOfProxyMs: 65_000,
  /** Without a byte either way; the stream's heartbeat is every 15 s. */
  silenceMs: 120_000,
  /** How often Node looks for requests that do not end. */
  lookEveryMs: 2_000,
};

export interface ConnectionsDependencies {
  readonly bounds?: Partial<typeof CONNECTION_BOUNDS>;
  /** Addresses and CIDRs of proxies. */
  readonly trustProxy?: readonly string[] | undefined;
  readonly metrics: Metrics;
  readonly now: () => number;
}

export interface Connections {
  /** A server whose connections are these. */
  createServer(handle: RequestListener): Server;
  find(socket: Socket): PacedConnection | undefined;
  /** What arrived on it is refused by Node, before there is a request. */
  refuse(socket: Socket, error: Error): void;
  /** Ends what is beyond a bound; called every few seconds. */
  sweep(): void;
}

type Why = 'too-long' | 'unread' | 'too-much-unread' | 'gave-way' | 'full';

export function createConnections({
  bounds: given,
  trustProxy,
  metrics,
  now,
}: ConnectionsDependencies): Connections {
  const bounds = { ...CONNECTION_BOUNDS, ...given };
  const proxies = listProxies(trustProxy ?? []);
  const open = new Map<Socket, PacedConnection>();
  const ofAddresses = new Map<string, Set<PacedConnection>>();
  const ended = countEnded(metrics);
  registerGauges(open, metrics);

  function end(connection: PacedConnection, why: Why): void {
    ended.inc({ why });
    connection.socket.destroy();
    forget(connection);
  }

  function remember(connection: PacedConnection): void {
    const { address, socket } = connection;
    open.set(socket, connection);
    const others = ofAddresses.get(address) ?? new Set();
    ofAddresses.set(address, others.add(connection));
  }

  function forget(connection: PacedConnection): void {
    const { address, socket } = connection;
    open.delete(socket);
    const others = ofAddresses.get(address);
    others?.delete(connection);
    if (others?.size === 0) ofAddresses.delete(address);
  }

  /** Room for one more; false where all who have it keep it. */
  function makeRoom(address: string, isProxy: boolean): boolean {
    const ofAddress = ofAddresses.get(address);
    const isFull = !isProxy && (ofAddress?.size ?? 0) >= bounds.maxConnectionsPerAddress;
    if (!isFull && open.size < bounds.maxConnections) return true;
    const first = findFirstToGo(isFull && ofAddress ? ofAddress : open.values());
    if (first) end(first, 'gave-way');
    return first !== undefined;
  }

  function endSlowest(): void {
    const byUnread = [...open.values()].sort((a, b) => b.unreadBytes - a.unreadBytes);
    let unreadBytes = sumUnread(byUnread);
    for (const connection of byUnread) {
      if (unreadBytes <= bounds.maxUnreadBytes) return;
      unreadBytes -= connection.unreadBytes;
      end(connection, 'too-much-unread');
    }
  }

  return {
    createServer(handle) {
      const server = createPatientServer(bounds, trustProxy !== undefined);
      const take: RequestListener = (request, response) => open.get(request.socket)?.take(request, response);
      server.on('request', take).on('checkExpectation', take);
      server.on('connection', (socket: Socket) => {
        const { remoteAddress = '' } = socket;
        const address = normalizeIP(remoteAddress);
        const isShared = isOneOf(proxies, normalizeIP(remoteAddress, 128));
        const hasRoom = makeRoom(address, isShared);
        const connection: PacedConnection = new PacedConnection({
          ...{ socket, address, handle, now, isShared },
          maxRequestBytes: bounds.maxRequestBytes,
          onTooLong: () => end(connection, 'too-long'),
        });
        if (!hasRoom) {
          end(connection, 'full');
          return;
        }
        remember(connection);
        socket.once('close', () => forget(connection));
      });
      return server;
    },
    find: (socket) => open.get(socket),
    refuse(socket, error) {
      open.get(socket)?.refuse(() => refuseConnection(error, socket));
    },
    sweep() {
      for (const connection of open.values()) {
        const { isAnswering, isLongLived, sinceMs } = connection;
        if (isAnswering && !isLongLived && now() - sinceMs >= bounds.answerMs) end(connection, 'unread');
      }
      if (sumUnread(open.values()) > bounds.maxUnreadBytes) endSlowest();
    },
  };
}

function countEnded(metrics: Metrics): Counter<'why'> {
  return new Counter({
    name: 'siaga_http_connections_ended_total',
    help: 'Connections that were closed on their client: a request too long on the wire, unread, too much unread in all, gave way to another, full.',
    labelNames: ['why'],
    registers: [metrics],
  });
}

/** Node's server with our times. */
function createPatientServer(bounds: typeof CONNECTION_BOUNDS, isBehindProxy: boolean): Server {
  const server = createServer({
    connectionsCheckingInterval: bounds.lookEveryMs,
    headersTimeout: bounds.headersMs,
    requestTimeout: bounds.requestMs,
    keepAliveTimeout: isBehindProxy ? bounds.keepAliveOfProxyMs : bounds.keepAliveMs,
    // What is wrong with a request is said by request-border.ts.
    requireHostHeader: false,
  });
  server.setTimeout(bounds.silenceMs);
  return server;
}

/** Of those that are not of staff: the one that waits longest for a request, else the one that answers longest. */
function findFirstToGo(connections: Iterable<PacedConnection>): PacedConnection | undefined {
  let first: PacedConnection | undefined;
  for (const each of connections) {
    if (each.isOfStaff) continue;
    const isEarlier =
      !first || (each.isAnswering === first.isAnswering ? each.sinceMs < first.sinceMs : first.isAnswering);
    if (isEarlier) first = each;
  }
  return first;
}

function listProxies(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

function isOneOf(networks: BlockList, address: string): boolean {
  return address !== '' && networks.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
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
