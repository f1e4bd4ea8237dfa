/**
 * The front door: what happens to each accepted socket first, whichever listener it came to.
 *
 * A proxy that is named says in a header whose socket it is; then admission lets it in or it costs one reset and
 * nothing else; then it waits for its turn (arrivals.ts); then its listener gets it. Invariants: a header is believed
 * of named addresses and of other nodes only, and asked of them always; from here on a socket has one origin, which
 * bounds and logs go by.
 */
import { BlockList, createServer, isIP, isIPv6, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Config } from '../../config/config.ts';
import type { Bound } from '../broker-metrics.ts';
import type { ListenerName, Origin } from '../connection/connection-options.ts';
import type { EndReason } from '../connection/end-reason.ts';
import type { Admission } from './admission.ts';
import { Arrivals } from './arrivals.ts';
import { awaitProxyHeader } from './await-proxy-header.ts';

export interface ListenersOptions {
  readonly config: Pick<
    Config,
    | 'MQTT_HOST'
    | 'MQTT_PORT'
    | 'MQTTS_PORT'
    | 'MQTT_WS_PORT'
    | 'MQTT_PROXY_PROTOCOL'
    | 'MQTT_PROXY_FROM'
    | 'MQTT_MAX_CONNECTIONS'
    | 'TLS_CERT_FILE'
    | 'TLS_KEY_FILE'
    | 'TLS_CLIENT_CA_FILE'
    | 'MQTT_CONNECT_TIMEOUT_MS'
    | 'MQTT_MAX_PACKET_BYTES'
  >;
  readonly monotonicNow: () => number;
  readonly admission: Admission;
  readonly onStream: (stream: Duplex, origin: Origin) => void;
  readonly onRefused: (bound: Bound, origin: Origin) => void;
  /** It came to nothing before it was a connection. */
  readonly onHandshakeEnded: (reason: EndReason, origin: Origin, detail: string | undefined) => void;
  /** An error of a listening socket, such as no file descriptors left: connections fail, the server goes on. */
  readonly onError: (error: Error, listener: ListenerName) => void;
}

/** What a listener does with a socket whose turn it is. */
export interface Entrance {
  readonly listener: ListenerName;
  /** See Arrivals. */
  readonly isHello: (bytes: Buffer) => boolean;
  readonly serve: (socket: Socket, origin: Origin, over: () => void) => void;
}

export class FrontDoor {
  readonly #options: ListenersOptions;
  readonly #proxies: BlockList | undefined;
  readonly #arrivals = new Arrivals();
  /** By the other end of the socket, since TLS shows another object when it is done. */
  readonly #origins = new Map<string, Origin>();
  /** Sockets of proxies, and what stops the wait for their header. */
  readonly #awaitingHeader = new Map<Socket, () => void>();

  constructor(options: ListenersOptions) {
    this.#options = options;
    const { MQTT_PROXY_PROTOCOL: isAsked, MQTT_PROXY_FROM: from = [] } = options.config;
    this.#proxies = isAsked ? listNetworks(from) : undefined;
  }

  /** The server whose sockets go through this door. */
  createServer(entrance: Entrance): Server {
    return createServer({ noDelay: true, keepAlive: true }, (socket) => {
      const peer = readPeer(socket, entrance.listener);
      if (this.#proxies && isOneOf(this.#proxies, peer.address)) this.carry(socket, entrance);
      else this.#arrive(socket, peer, entrance);
    });
  }

  /** A socket whose other end may say whose it is, and has to: of a proxy that is named, or of another node. */
  carry(socket: Socket, entrance: Entrance): void {
    const peer = readPeer(socket, entrance.listener);
    this.#readHeader(socket, peer, (origin) => this.#arrive(socket, origin, entrance));
  }

  /** Of a socket that was let in, or what TLS made of it. */
  originOf(socket: Socket): Origin | undefined {
    return this.#origins.get(formatPeer(socket));
  }

  /** The server goes: it waits for nobody at the door. */
  endAll(): void {
    this.#arrivals.endAll();
    for (const [socket, stop] of this.#awaitingHeader) {
      stop();
      socket.destroy();
    }
    this.#awaitingHeader.clear();
  }

  #arrive(socket: Socket, origin: Origin, { isHello, serve }: Entrance): void {
    if (!this.#admit(socket, origin)) return;
    this.#arrivals.add({
      socket,
      isHello,
      serve: (over) => serve(socket, origin, over),
      onGone: () => this.#options.onHandshakeEnded('gave-up', origin, undefined),
    });
  }

  #admit(socket: Socket, origin: Origin): boolean {
    const { admission, onRefused } = this.#options;
    const bound = admission.admit(socket, origin);
    if (bound !== undefined) {
      refuse(socket);
      onRefused(bound, origin);
      return false;
    }
    const peer = formatPeer(socket);
    this.#origins.set(peer, origin);
    socket.once('close', () => this.#origins.delete(peer));
    return true;
  }

  #readHeader(socket: Socket, proxy: Origin, then: (origin: Origin) => void): void {
    const { config, admission, onRefused, onHandshakeEnded } = this.#options;
    if (this.#awaitingHeader.size + admission.connections >= config.MQTT_MAX_CONNECTIONS) {
      refuse(socket);
      onRefused('connections', proxy);
      return;
    }
    const stop = awaitProxyHeader(socket, config.MQTT_CONNECT_TIMEOUT_MS, (header) => {
      this.#awaitingHeader.delete(socket);
      if (!('fault' in header)) {
        then(originBehind(proxy, header.source));
        return;
      }
      refuse(socket);
      onHandshakeEnded('proxy-header', proxy, header.fault);
    });
    this.#awaitingHeader.set(socket, stop);
    socket.on('error', () => undefined);
  }
}

/** Where a client comes from whose proxy says so; `via` tells apart those that share an address and a port. */
function originBehind(proxy: Origin, source: { address: string; port: number } | undefined): Origin {
  if (!source) return proxy;
  const address = source.address.replace(/^::ffff:(?=\d+\.)/, '');
  return { listener: proxy.listener, address, port: source.port, via: `${proxy.address} ${proxy.port}` };
}

function readPeer(socket: Socket, listener: ListenerName): Origin {
  const address = (socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
  return { listener, address, ...(socket.remotePort === undefined ? {} : { port: socket.remotePort }) };
}

/** No two open sockets of one local port have the same. */
function formatPeer({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${localPort} ${remoteAddress} ${remotePort}`;
}

function refuse(socket: Socket): void {
  socket.on('error', () => undefined);
  // A reset leaves no TIME_WAIT behind: a flood of connects must not use up our ports. A link of another node has no
  // socket of the system in its hand to be reset.
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

/** Whether who comes from this address has to begin with a PROXY header. */
export function needsProxyHeader(
  {
    MQTT_PROXY_PROTOCOL: isAsked,
    MQTT_PROXY_FROM: from = [],
  }: Pick<Config, 'MQTT_PROXY_PROTOCOL' | 'MQTT_PROXY_FROM'>,
  address: string,
): boolean {
  return isAsked && isOneOf(listNetworks(from), address);
}

function listNetworks(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

function isOneOf(networks: BlockList, address: string): boolean {
  return isIP(address) !== 0 && networks.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
