/**
 * Listeners: TCP, TLS and WebSocket sockets, admitted and handed to the broker as one kind of stream.
 *
 * The outermost part of the flow. Invariants: a socket that was not admitted costs one reset and nothing
 * else; a TLS or HTTP handshake has time by its progress (handshakes.ts); an address in use is one clear line.
 */
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { admitHandshakes, type ListenersOptions, originOf, refuse } from './accept.ts';
import type { ClientCertificate, ListenerName } from './connection/connection-options.ts';
import { Handshakes, MAX_HANDSHAKE_MS } from './handshakes.ts';
import { createWebSocketListener } from './websocket-listener.ts';

/** Sockets that wait to be accepted while the event loop is busy: a whole city after a power cut. */
const BACKLOG = 4_096;
/**
 * Each connection has a key of its own (ECDHE; in TLS 1.3 always), so that a server key that is stolen later opens
 * no recording. Node's list ends in HIGH, which lets RSA key exchange in. CBC stays for older modems.
 */
const FORWARD_SECRET_CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE+AESGCM',
  'ECDHE+CHACHA20',
  'ECDHE+AES',
  '!aNULL',
].join(':');

export interface ListeningAddress {
  readonly listener: ListenerName;
  readonly host: string;
  readonly port: number;
}

export interface Listeners extends AsyncDisposable {
  readonly addresses: readonly ListeningAddress[];
}

/** Opens every listener the configuration asks for. Throws one Error with a clear line, nothing left open. */
export async function openListeners(options: ListenersOptions): Promise<Listeners> {
  const { config } = options;
  const handshakes = new Handshakes({
    timeoutMs: config.MQTT_CONNECT_TIMEOUT_MS,
    onEnded: options.onHandshakeEnded,
  });
  const wanted: [ListenerName, number, Server][] = [['tcp', config.MQTT_PORT, createTcpListener(options)]];
  if (config.MQTTS_PORT !== undefined) {
    wanted.push(['tls', config.MQTTS_PORT, createTlsListener(options, handshakes)]);
  }
  if (config.MQTT_WS_PORT !== undefined) {
    wanted.push(['ws', config.MQTT_WS_PORT, createWebSocketListener(options, handshakes)]);
  }
  const addresses: ListeningAddress[] = [];
  const close = async () => {
    handshakes.endAll();
    await Promise.all(wanted.map(([, , server]) => closeServer(server)));
  };
  try {
    for (const [listener, port, server] of wanted) {
      addresses.push({ listener, ...(await listen(server, listener, config.MQTT_HOST, port)) });
      server.on('error', (error) => options.onError(error, listener));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { addresses, [Symbol.asyncDispose]: close };
}

function createTcpListener({ admission, onStream, onRefused }: ListenersOptions): Server {
  return createServer({ noDelay: true, keepAlive: true }, (socket) => {
    const origin = originOf(socket, 'tcp');
    const bound = admission.admit(socket, origin);
    if (bound === undefined) onStream(socket, origin);
    else refuse(socket, bound, origin, onRefused);
  });
}

function createTlsListener(options: ListenersOptions, handshakes: Handshakes): Server {
  const { config, onStream } = options;
  const clientAuthority = config.TLS_CLIENT_CA_FILE;
  const server = createTlsServer({
    cert: readFileSync(config.TLS_CERT_FILE as string),
    key: readFileSync(config.TLS_KEY_FILE as string),
    handshakeTimeout: MAX_HANDSHAKE_MS,
    minVersion: 'TLSv1.2',
    ciphers: FORWARD_SECRET_CIPHERS,
    noDelay: true,
    keepAlive: true,
    // A device without a certificate shows its secret; a certificate that is not ours counts as none.
    ...(clientAuthority
      ? { ca: readFileSync(clientAuthority), requestCert: true, rejectUnauthorized: false }
      : {}),
  });
  admitHandshakes(server, 'tls', options, handshakes);
  server.on('secureConnection', (socket) => {
    const certificate = clientAuthority ? readCertificate(socket) : undefined;
    const origin = originOf(socket, 'tls');
    handshakes.done(origin);
    onStream(socket, certificate ? { ...origin, certificate } : origin);
  });
  // A failed handshake closes its own socket; without a listener it would be thrown.
  server.on('tlsClientError', (error, socket) => {
    handshakes.noteError(originOf(socket, 'tls'), error);
    socket.destroy();
  });
  return server;
}

function readCertificate(socket: TLSSocket): ClientCertificate | undefined {
  if (!socket.authorized) return undefined;
  const { subject, valid_from: validFrom } = socket.getPeerCertificate();
  const name = subject?.CN;
  return typeof name === 'string' ? { name, validFromMs: Date.parse(validFrom) } : undefined;
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
