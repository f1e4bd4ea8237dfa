/**
 * The door of the owner, where other nodes bring what came to them: devices for the broker, callers for the API.
 *
 * Opened last, when all that it leads to serves. Who does not show the epoch's key does not get through the handshake
 * (link.ts). From there on a link is as a connection that came here itself: its PROXY header says whose it is, and
 * bounds, logs and contested ids go by that address. Invariant: a header is believed on a link, and nowhere else for
 * its sake.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry as Metrics } from 'prom-client';
import type { ListenerName } from '../broker/connection/connection-options.ts';
import { awaitProxyHeader } from '../broker/listeners/await-proxy-header.ts';
import type { OwnerNode } from '../ownership/owner-node.ts';
import { LANES, LINK_TLS, LINK_WITHIN_MS, nameKey } from './link.ts';

/** Sockets that have not shown the key yet: each standby begins 64 at a time. */
export const MAX_UNPROVEN = 512;
/** Of one address, where two nodes may stand: a stranger's sockets hold no node out. */
export const MAX_UNPROVEN_PER_ADDRESS = 128;
const BACKLOG = 4_096;

export interface DoorOptions {
  readonly host: string;
  readonly port: number;
  readonly node: Pick<OwnerNode, 'city' | 'epoch' | 'key'>;
  /** False where the broker has no such listener. */
  readonly toBroker: (socket: Socket, listener: ListenerName) => boolean;
  readonly toApi: (socket: Socket) => void;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface Door extends AsyncDisposable {
  /** As the system gave it. */
  readonly port: number;
}

type Refusal = 'handshake' | 'too-many' | 'no-lane' | 'no-listener' | 'proxy-header';

export async function openDoor(options: DoorOptions): Promise<Door> {
  const { host, port, node, log } = options;
  const links = new Set<TLSSocket>();
  /** By the other end, since TLS shows another object when the handshake is done. */
  const unproven = new Map<string, Socket>();
  const countOf = (address: string | undefined) =>
    [...unproven.values()].filter(({ remoteAddress }) => remoteAddress === address).length;
  const refused = countLinks(links, options.metrics);
  const refuse = (socket: Socket, why: Refusal) => {
    refused.inc({ why });
    socket.destroy();
  };
  const handshakes = createTlsServer({
    ...LINK_TLS,
    ALPNProtocols: [...LANES],
    handshakeTimeout: LINK_WITHIN_MS,
    pskCallback: (_socket, identity) => (identity === nameKey(node) ? node.key : null),
  });
  handshakes.on('secureConnection', (link) => {
    unproven.delete(formatEnd(link));
    links.add(link);
    link.once('close', () => links.delete(link));
    link.on('error', () => undefined);
    lead(link, options, (why) => refuse(link, why));
  });
  handshakes.on('tlsClientError', (error, link) => {
    log.debug({ err: error }, 'somebody who is no node of this city came to the door of the nodes');
    refuse(link, 'handshake');
  });
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
    socket.on('error', () => undefined);
    if (unproven.size >= MAX_UNPROVEN || countOf(socket.remoteAddress) >= MAX_UNPROVEN_PER_ADDRESS) {
      refuse(socket, 'too-many');
      return;
    }
    const end = formatEnd(socket);
    unproven.set(end, socket);
    socket.once('close', () => unproven.delete(end));
    handshakes.emit('connection', socket);
  });
  server.on('error', (error) => log.warn({ err: error }, 'the door of the nodes cannot accept'));
  const listening = once(server, 'listening');
  server.listen({ host, port, backlog: BACKLOG });
  await listening;
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of [...links, ...unproven.values()]) socket.destroy();
      await closed;
    },
  };
}

/** To what its lane says. */
function lead(link: TLSSocket, { toBroker, toApi }: DoorOptions, refuse: (why: Refusal) => void): void {
  const lane = LANES.find((each) => each === link.alpnProtocol);
  if (lane === undefined) {
    refuse('no-lane');
    return;
  }
  if (lane !== 'api') {
    if (!toBroker(link, lane.slice('mqtt-'.length) as ListenerName)) refuse('no-listener');
    return;
  }
  awaitProxyHeader(link, LINK_WITHIN_MS, (header) => {
    if ('fault' in header) {
      refuse('proxy-header');
      return;
    }
    // What the API goes by: its bounds of one address, and whose proxy it believes. A node that speaks for itself has none.
    if (header.source) {
      Object.defineProperty(link, 'remoteAddress', { value: header.source.address });
      Object.defineProperty(link, 'remotePort', { value: header.source.port });
    }
    toApi(link);
  });
}

function formatEnd({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function countLinks(links: ReadonlySet<TLSSocket>, metrics: Metrics): Counter<'why'> {
  const registers = [metrics];
  new Gauge({
    name: 'siaga_relay_links',
    help: 'Connections that other nodes carry to this owner now.',
    registers,
    collect() {
      this.set(links.size);
    },
  });
  const refused = new Counter({
    name: 'siaga_relay_links_refused_total',
    help: 'Connections to the door of the nodes that were refused: without the key of this epoch, too many of these, without saying what for, for a listener that this owner has not, without a PROXY header.',
    labelNames: ['why'],
    registers,
  });
  const whys: readonly Refusal[] = ['handshake', 'too-many', 'no-lane', 'no-listener', 'proxy-header'];
  for (const why of whys) refused.inc({ why }, 0);
  return refused;
}
