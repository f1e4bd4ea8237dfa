/**
 * What happens to each accepted socket first, whichever listener it came to: it is admitted, or costs one reset and
 * nothing else.
 */
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Config } from '../config/config.ts';
import type { Admission } from './admission.ts';
import type { Bound } from './broker-metrics.ts';
import type { ListenerName, Origin } from './connection/connection-options.ts';
import type { Handshakes, HandshakesOptions } from './handshakes.ts';

export interface ListenersOptions {
  readonly config: Pick<
    Config,
    | 'MQTT_HOST'
    | 'MQTT_PORT'
    | 'MQTTS_PORT'
    | 'MQTT_WS_PORT'
    | 'TLS_CERT_FILE'
    | 'TLS_KEY_FILE'
    | 'TLS_CLIENT_CA_FILE'
    | 'MQTT_CONNECT_TIMEOUT_MS'
    | 'MQTT_MAX_PACKET_BYTES'
  >;
  readonly admission: Admission;
  readonly onStream: (stream: Duplex, origin: Origin) => void;
  readonly onRefused: (bound: Bound, origin: Origin) => void;
  /** A handshake came to nothing. */
  readonly onHandshakeEnded: HandshakesOptions['onEnded'];
  /** An error of a listening socket, such as no file descriptors left: connections fail, the server goes on. */
  readonly onError: (error: Error, listener: ListenerName) => void;
}

/** Admits each socket, or cuts it off; those that are admitted have to bring their handshake to an end. */
export function admitHandshakes(
  server: Server,
  listener: ListenerName,
  { admission, onRefused }: ListenersOptions,
  handshakes: Handshakes,
): void {
  server.prependListener('connection', (socket: Socket) => {
    const origin = originOf(socket, listener);
    const bound = admission.admit(socket, origin);
    if (bound === undefined) handshakes.begin(socket, origin);
    else refuse(socket, bound, origin, onRefused);
  });
}

export function originOf(socket: Socket, listener: ListenerName): Origin {
  const address = (socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
  return { listener, address, ...(socket.remotePort === undefined ? {} : { port: socket.remotePort }) };
}

export function refuse(
  socket: Socket,
  bound: Bound,
  origin: Origin,
  onRefused: ListenersOptions['onRefused'],
): void {
  socket.on('error', () => undefined);
  // A reset leaves no TIME_WAIT behind: a flood of connects must not use up our ports.
  socket.resetAndDestroy();
  onRefused(bound, origin);
}
