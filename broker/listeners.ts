/**
 * Listeners: TCP, TLS and WebSocket sockets, admitted and handed to the broker as one kind of stream.
 *
 * The outermost part of the flow. Invariants: a socket that was not admitted costs one reset and nothing
 * else; a TLS or HTTP handshake has time by its progress (handshakes.ts); an address in use is one clear line.
 */
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { Config } from '../config/config.ts';
import type { Admission } from './admission.ts';
import type { Bound } from './broker-metrics.ts';
import type { ListenerName, Origin } from './connection/connection-options.ts';
import { ProtocolViolationError } from './connection/end-reason.ts';
import { Handshakes, type HandshakesOptions, MAX_HANDSHAKE_MS } from './handshakes.ts';

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
/** How often Node looks for HTTP requests that never end. */
const HTTP_CHECK_MS = 1_000;

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
    const certificateName = clientAuthority ? readCertificateName(socket) : undefined;
    const origin = originOf(socket, 'tls');
    handshakes.done(origin);
    onStream(socket, certificateName === undefined ? origin : { ...origin, certificateName });
  });
  // A failed handshake closes its own socket; without a listener it would be thrown.
  server.on('tlsClientError', (error, socket) => {
    handshakes.noteError(originOf(socket, 'tls'), error);
    socket.destroy();
  });
  return server;
}

/** Admits each socket, or cuts it off; those that are admitted have to bring their handshake to an end. */
function admitHandshakes(
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

function createWebSocketListener(options: ListenersOptions, handshakes: Handshakes): Server {
  const { config, onStream } = options;
  const http = createHttpServer(
    {
      headersTimeout: MAX_HANDSHAKE_MS,
      requestTimeout: MAX_HANDSHAKE_MS,
      connectionsCheckingInterval: HTTP_CHECK_MS,
      noDelay: true,
    },
    (_request, response) => {
      response.writeHead(426, { 'content-type': 'text/plain', connection: 'close' });
      response.end('This port speaks MQTT over WebSocket, subprotocol mqtt.\n');
    },
  );
  admitHandshakes(http, 'ws', options, handshakes);
  const sockets = new WebSocketServer({
    server: http,
    // A frame may hold several packets, and a packet several frames [MQTT-6.0.0-2]; one frame need not be
    // larger than the largest packet.
    maxPayload: config.MQTT_MAX_PACKET_BYTES,
    perMessageDeflate: false,
    // [MQTT-6.0.0-3] the client must offer "mqtt"; "mqttv3.1" is what older ones say.
    handleProtocols: (offered) =>
      offered.has('mqtt') ? 'mqtt' : offered.has('mqttv3.1') ? 'mqttv3.1' : false,
    verifyClient: ({ req }: { req: IncomingMessage }) =>
      /(^|[\s,])mqtt(v3\.1)?($|[\s,])/.test(req.headers['sec-websocket-protocol'] ?? ''),
  });
  sockets.on('connection', (socket, request) => {
    const origin = originOf(request.socket, 'ws');
    handshakes.done(origin);
    const stream = createWebSocketStream(socket);
    // [MQTT-6.0.0-1] Before the stream takes the frame: what was destroyed hands out no more bytes.
    socket.prependListener('message', (_frame, isBinary) => {
      if (!isBinary) stream.destroy(new ProtocolViolationError('a text frame'));
    });
    onStream(stream, origin);
  });
  // Errors of the HTTP server arrive here too; `listen` reports them.
  sockets.on('error', () => undefined);
  return http;
}

function readCertificateName(socket: TLSSocket): string | undefined {
  if (!socket.authorized) return undefined;
  const name = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : undefined;
}

function originOf(socket: Socket, listener: ListenerName): Origin {
  const address = (socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
  return { listener, address, ...(socket.remotePort === undefined ? {} : { port: socket.remotePort }) };
}

function refuse(
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
