/**
 * The attackers of `bench -- attack`, in a process of their own: one attack, without end, until the process is killed.
 *
 * Each is as fast as the server lets it be: what is read is thrown away, what is refused is tried again at once. The
 * process gives way to others (nice 10), since a real attacker has a machine of its own. Invariant: nothing here waits
 * for anything but the server.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setPriority } from 'node:os';
import mqtt, { type Packet } from 'mqtt-packet';
import { createRandom } from '../firmware-sim/random.ts';
import { drawPayload, drawTopic } from '../test/support/garbage.ts';

export interface AttackOrders {
  readonly attack: AttackName;
  readonly httpPort: number;
  readonly mqttPort: number;
  /** The stolen secret: of a gauge, whose history is long. */
  readonly device: string;
  readonly secret: string;
}

export type AttackName = keyof typeof ATTACKS;

const PIPELINED = 1_900;
const PIPELINES = 20;
const PAGE_READERS = 16;
const HISTORIANS = 60;
const GUESSERS = 50;
const SILENT_SOCKETS = 2_000;
const GARBAGE_CLIENTS = 20;
const PACKETS_AT_ONCE = 2_000;
const FLOOD_PER_S = 32_500;
const READINGS_IN_A_MESSAGE = 100;
const FLOOD_EVERY_MS = 20;
const DIAL_AGAIN_MS = 50;

/** What each does; the key is its name in the table. */
export const ATTACKS = {
  /** What it costs that attackers share the cores with the server: this one asks nothing of it. */
  'none: a busy core (control)': () => {
    for (;;) randomBytes(1_024);
  },
  'pipelined GETs, unread': (orders: AttackOrders) =>
    times(PIPELINES, () => keepDialling(orders.httpPort, pipeline, false)),
  'readings?limit=10000': (orders: AttackOrders) => {
    const path = `/v1/devices/${orders.device}/readings?limit=10000&from=${daysAgo(200)}`;
    times(PAGE_READERS, () => keepDialling(orders.httpPort, (socket) => keepAsking(socket, path)));
  },
  'history of 200 days': (orders: AttackOrders) => {
    const path = `/v1/devices/${orders.device}/readings?from=${daysAgo(200)}&every=1h&fn=max`;
    times(HISTORIANS, () => keepDialling(orders.httpPort, (socket) => keepAsking(socket, path)));
  },
  '32,500 readings/s of one device': (orders: AttackOrders) =>
    keepConnected(orders, (socket) => flood(socket, orders.device)),
  'PINGREQ without end': (orders: AttackOrders) =>
    keepConnected(orders, (socket) => pour(socket, () => mqtt.generate({ cmd: 'pingreq' }))),
  'SUBSCRIBE without end': (orders: AttackOrders) =>
    keepConnected(orders, (socket) =>
      pour(socket, (count) => {
        const messageId = 1 + (count % 65_535);
        const topic = `siaga/semarang/river-gauge/${orders.device}/command`;
        return mqtt.generate({ cmd: 'subscribe', messageId, subscriptions: [{ topic, qos: 1 }] });
      }),
    ),
  'silent sockets, HTTP': ({ httpPort }: AttackOrders) =>
    times(SILENT_SOCKETS, () => keepDialling(httpPort, () => undefined)),
  'silent sockets, MQTT': ({ mqttPort }: AttackOrders) =>
    times(SILENT_SOCKETS, () => keepDialling(mqttPort, () => undefined)),
  'guessing tokens': (orders: AttackOrders) =>
    times(GUESSERS, () =>
      keepDialling(orders.httpPort, (socket) =>
        keepAsking(socket, '/v1/incidents', () => `siaga_${randomBytes(32).toString('base64url')}`),
      ),
    ),
  'garbage of a device': (orders: AttackOrders) => {
    const random = createRandom(1, 'garbage');
    keepConnected(orders, (socket) =>
      pour(socket, (count) =>
        mqtt.generate({
          ...{ cmd: 'publish', topic: drawTopic(random), payload: drawPayload(random) },
          ...{ qos: 1, messageId: 1 + (count % 65_535), dup: false, retain: false },
        }),
      ),
    );
  },
  'garbage before a CONNECT': ({ mqttPort }: AttackOrders) =>
    times(GARBAGE_CLIENTS, () => keepDialling(mqttPort, (socket) => socket.write(randomBytes(400)))),
} as const satisfies Record<string, (orders: AttackOrders) => void>;

function times(count: number, work: () => void): void {
  for (let index = 0; index < count; index++) work();
}

const daysAgo = (days: number) => Date.now() - days * 86_400_000;

/** A connection that is dialled again when the server ends it. */
function keepDialling(port: number, onOpen: (socket: Socket) => unknown, isRead = true): void {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  if (isRead) socket.resume();
  else socket.pause();
  socket.on('connect', () => onOpen(socket));
  socket.on('error', () => undefined);
  socket.on('close', () => setTimeout(() => keepDialling(port, onOpen, isRead), DIAL_AGAIN_MS));
}

/** The device whose secret was stolen. */
function keepConnected({ mqttPort, device, secret }: AttackOrders, onOpen: (socket: Socket) => void): void {
  keepDialling(mqttPort, (socket) => {
    const login = { clientId: `${device}/thief`, username: device, password: Buffer.from(secret) };
    const protocol = { protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 0 } as const;
    socket.write(mqtt.generate({ cmd: 'connect', ...protocol, ...login } as Packet));
    socket.once('data', () => onOpen(socket));
  });
}

function request(path: string, token?: string): string {
  const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
  return `GET ${path} HTTP/1.1\r\nHost: siaga\r\n${authorization}\r\n`;
}

function pipeline(socket: Socket): void {
  socket.write(request('/v1/city').repeat(PIPELINED));
}

/** One question after the other: the next when an answer has begun to come and the socket is quiet. */
function keepAsking(socket: Socket, path: string, token?: () => string): void {
  const ask = () => socket.write(request(path, token?.()));
  socket.on('data', (bytes: Buffer) => {
    // The end of a chunked answer, or a short one in one piece.
    const text = bytes.subarray(-7).toString('latin1');
    if (text.endsWith('0\r\n\r\n') || text.endsWith('}')) ask();
  });
  ask();
}

/** Packet after packet, as many as the socket takes. */
function pour(socket: Socket, make: (count: number) => Buffer): void {
  let count = 0;
  const write = () => {
    while (!socket.destroyed && socket.writable) {
      const packets = Array.from({ length: PACKETS_AT_ONCE }, () => make(count++));
      if (!socket.write(Buffer.concat(packets))) break;
    }
  };
  socket.on('drain', write);
  write();
}

/** New readings at a pace: batches of a hundred, each with a time of its own. */
function flood(socket: Socket, device: string): void {
  const topic = `siaga/semarang/river-gauge/${device}/telemetry`;
  const beganAt = Date.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = ((Date.now() - beganAt) / 1_000) * FLOOD_PER_S;
    while (sent < due && socket.writableLength < 1024 * 1024) {
      const readings = Array.from({ length: READINGS_IN_A_MESSAGE }, (_, index) => ({
        measuredAt: beganAt - 86_400_000 + 20 * (sent + index),
        levelM: 1 + ((sent + index) % 300) / 100,
      }));
      sent += READINGS_IN_A_MESSAGE;
      const messageId = 1 + ((sent / READINGS_IN_A_MESSAGE) % 65_535);
      const payload = JSON.stringify(readings);
      socket.write(
        mqtt.generate({ cmd: 'publish', topic, payload, qos: 1, messageId, dup: false, retain: false }),
      );
    }
  }, FLOOD_EVERY_MS);
  socket.once('close', () => clearInterval(timer));
}

if (import.meta.main) {
  setPriority(10);
  const orders = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as AttackOrders;
  ATTACKS[orders.attack](orders);
}
