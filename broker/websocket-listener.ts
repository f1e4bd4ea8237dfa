/**
 * The WebSocket listener: HTTP that does nothing but become MQTT [MQTT 3.1.1, 6].
 *
 * Invariants: a request that asks for anything else is told so; a text frame ends its connection.
 */
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import type { Server } from 'node:net';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { admitHandshakes, type ListenersOptions, originOf } from './accept.ts';
import { ProtocolViolationError } from './connection/end-reason.ts';
import { type Handshakes, MAX_HANDSHAKE_MS } from './handshakes.ts';

/** How often Node looks for HTTP requests that never end. */
const HTTP_CHECK_MS = 1_000;

export function createWebSocketListener(options: ListenersOptions, handshakes: Handshakes): Server {
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
