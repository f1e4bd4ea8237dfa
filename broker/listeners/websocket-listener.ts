/**
 * The WebSocket listener: HTTP that does nothing but become MQTT [MQTT 3.1.1, 6].
 *
 * Invariants: a request that asks for anything else is told so; a text frame ends its connection, and so does a
 * stream of frames that bring no byte of MQTT. What frames with bytes cost is charged where packets are (intake.ts).
 */
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { TokenBucket } from '../../clock/token-bucket.ts';
import { ProtocolViolationError } from '../connection/end-reason.ts';
import type { Entrance, FrontDoor, ListenersOptions } from './front-door.ts';
import type { Handshakes } from './handshakes.ts';

/** Pings, pongs and empty frames a second, averaged over a minute: proxies ping each 10 s or more seldom. */
export const MAX_IDLE_FRAMES_PER_S = 10;
const IDLE_FRAMES_AVERAGED_OVER_S = 60;

export function createWebSocketEntrance(
  options: ListenersOptions,
  door: FrontDoor,
  handshakes: Handshakes,
): Entrance {
  const { config, onStream, monotonicNow } = options;
  // It listens to no port of its own, and its time is that of handshakes.ts.
  const http = createHttpServer((_request, response) => {
    response.writeHead(426, { 'content-type': 'text/plain', connection: 'close' });
    response.end('This port speaks MQTT over WebSocket, subprotocol mqtt.\n');
  });
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
    const origin = door.originOf(request.socket);
    if (!origin) {
      socket.terminate();
      return;
    }
    handshakes.done(origin);
    const stream = createWebSocketStream(socket);
    const idleFrames = new TokenBucket(MAX_IDLE_FRAMES_PER_S, IDLE_FRAMES_AVERAGED_OVER_S, monotonicNow);
    const countIdle = () => {
      if (!idleFrames.tryTake()) stream.destroy(new ProtocolViolationError('too many frames without a byte'));
    };
    socket.on('ping', countIdle);
    socket.on('pong', countIdle);
    // [MQTT-6.0.0-1] Before the stream takes the frame: what was destroyed hands out no more bytes.
    socket.prependListener('message', (frame: Buffer, isBinary) => {
      if (!isBinary) stream.destroy(new ProtocolViolationError('a text frame'));
      else if (frame.length === 0) countIdle();
    });
    onStream(stream, origin);
  });
  sockets.on('error', () => undefined);
  return {
    listener: 'ws',
    // No frame comes before the upgrade is answered.
    isHello: () => true,
    serve(socket, origin, over) {
      handshakes.begin(socket, origin, over);
      http.emit('connection', socket);
    },
  };
}
