/**
 * Listeners: TCP, TLS and WebSocket sockets, admitted and handed to the broker as one kind of stream.
 *
 * The outermost part of the flow. Invariants: a socket that was not admitted costs one reset and nothing
 * else; a TLS or HTTP handshake has time by its progress (handshakes.ts); an address in use is one clear line.
 */
import type { AddressInfo, Server, Socket } from 'node:net';
import type { ListenerName } from '../connection/connection-options.ts';
import { isConnectAtMost } from './arrivals.ts';
import { type Entrance, FrontDoor, type ListenersOptions } from './front-door.ts';
import { Handshakes } from './handshakes.ts';
import { createTlsEntrance } from './tls-listener.ts';
import { createWebSocketEntrance } from './websocket-listener.ts';

/** Sockets that wait to be accepted while the event loop is busy: a whole city after a power cut. */
const BACKLOG = 4_096;

export interface ListeningAddress {
  readonly listener: ListenerName;
  readonly host: string;
  readonly port: number;
}

export interface Listeners extends AsyncDisposable {
  readonly addresses: readonly ListeningAddress[];
  /** A socket that another node carries, as if it had come to this listener; false where there is none. */
  carry(socket: Socket, listener: ListenerName): boolean;
}

/** Opens every listener the configuration asks for. Throws one Error with a clear line, nothing left open. */
export async function openListeners(options: ListenersOptions): Promise<Listeners> {
  const { config } = options;
  const handshakes = new Handshakes({
    timeoutMs: config.MQTT_CONNECT_TIMEOUT_MS,
    onEnded: options.onHandshakeEnded,
  });
  const door = new FrontDoor(options);
  const tls = config.MQTTS_PORT === undefined ? undefined : createTlsEntrance(options, door, handshakes);
  const entrances: [number, Entrance][] = [[config.MQTT_PORT, createTcpEntrance(options)]];
  if (tls) entrances.push([config.MQTTS_PORT as number, tls]);
  if (config.MQTT_WS_PORT !== undefined) {
    entrances.push([config.MQTT_WS_PORT, createWebSocketEntrance(options, door, handshakes)]);
  }
  const closeHandshakes = () => {
    tls?.close();
    handshakes.endAll();
  };
  return listenAt(options, door, entrances, closeHandshakes);
}

/** Opens these entrances on their ports. `onClose` ends what its own part has under way. */
export async function listenAt(
  { config, onError }: Pick<ListenersOptions, 'config' | 'onError'>,
  door: FrontDoor,
  entrances: readonly [number, Entrance][],
  onClose: () => void,
): Promise<Listeners> {
  const wanted = entrances.map(([port, entrance]) => ({
    ...{ port, entrance, listener: entrance.listener },
    server: door.createServer(entrance),
  }));
  const addresses: ListeningAddress[] = [];
  const close = async () => {
    door.endAll();
    onClose();
    await Promise.all(wanted.map(({ server }) => closeServer(server)));
  };
  try {
    for (const { listener, port, server } of wanted) {
      addresses.push({ listener, ...(await listen(server, listener, config.MQTT_HOST, port)) });
      server.on('error', (error) => onError(error, listener));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    addresses,
    carry(socket, name) {
      const found = wanted.find(({ listener }) => listener === name);
      if (found) door.carry(socket, found.entrance);
      return found !== undefined;
    },
    [Symbol.asyncDispose]: close,
  };
}

/** Plain TCP needs no handshake: the broker has it at once. */
function createTcpEntrance({ onStream }: ListenersOptions): Entrance {
  return {
    listener: 'tcp',
    isHello: isConnectAtMost,
    serve(socket, origin, over) {
      onStream(socket, origin);
      over();
    },
  };
}

function listen(
  server: Server,
  listener: ListenerName,
  host: string,
  port: number,
): Promise<{ host: string; port: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ host: string; port: number }>();
  const fail = (error: NodeJS.ErrnoException) => {
    const why =
      error.code === 'EADDRINUSE'
        ? 'the port is in use: end the program that uses it, or choose another (MQTT_PORT …)'
        : error.message;
    const problem = new Error(`MQTT (${listener}) cannot listen on ${host}:${port}: ${why}`, {
      cause: error,
    });
    reject(Object.assign(problem, { code: 'MQTT_LISTEN' }));
  };
  server.once('error', fail);
  server.listen({ host, port, backlog: BACKLOG }, () => {
    server.off('error', fail);
    const { address, port: actual } = server.address() as AddressInfo;
    resolve({ host: address, port: actual });
  });
  return promise;
}

function closeServer(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (!server.listening) resolve();
  else server.close(() => resolve());
  return promise;
}
