/**
 * The devices of `bench -- storm`, in a process of their own: raw MQTT over TCP or TLS, as impatient as real ones.
 *
 * Each gives up what brings no CONNACK in four seconds and tries again within a second; over TLS it brings its ticket
 * along. Connected, it publishes a reading every two seconds. The parent says when a storm begins and asks for what
 * came of it. Invariant: a device counts as back when its CONNACK says 0.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import mqtt from 'mqtt-packet';

export interface StormOrders {
  readonly port: number;
  /** The server's certificate, where it is TLS. */
  readonly caFile?: string;
  readonly devices: readonly { readonly id: string; readonly secret?: string }[];
}

/** To the child: forget what was measured, and where `isCut` is true reset all links and come back after `cutMs`. */
export type StormMessage = { begin: { isCut: boolean; cutMs: number } } | { report: true } | { end: true };

export interface StormReport {
  readonly isOver: boolean;
  /** When each came back, epoch ms, sorted. */
  readonly backAt: readonly number[];
  /** When links came up again; 0 where nothing was cut. */
  readonly linkUpAt: number;
  readonly pubackP99Ms: number;
  readonly attempts: number;
}

const PATIENCE_MS = 4_000;
const RETRY_MS = 1_000;
const PUBLISH_EVERY_MS = 2_000;

let attempts = 0;
let linkUpAt = 0;
let isLinkUp = true;
let pubackMs: number[] = [];

class StormDevice {
  backAt = 0;
  readonly #orders: StormOrders;
  readonly #id: string;
  readonly #hello: Buffer;
  readonly #ca: Buffer | undefined;
  #socket: Socket | undefined;
  #ticket: Buffer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sentAt = 0;

  constructor(orders: StormOrders, { id, secret }: StormOrders['devices'][number], ca: Buffer | undefined) {
    this.#orders = orders;
    this.#id = id;
    this.#ca = ca;
    const login = secret === undefined ? {} : { username: id, password: Buffer.from(secret) };
    this.#hello = mqtt.generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId: id,
      keepalive: 60,
      ...login,
    });
  }

  dial(): void {
    clearTimeout(this.#timer);
    if (!isLinkUp) return;
    attempts++;
    const socket = this.#open();
    this.#socket = socket;
    this.#timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => this.#hear(bytes));
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.dial(), Math.random() * RETRY_MS);
    });
  }

  cut(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }

  #open(): Socket {
    const { port } = this.#orders;
    if (!this.#ca) {
      const plain = connect({ port, host: '127.0.0.1', noDelay: true });
      plain.write(this.#hello);
      return plain;
    }
    const session = this.#ticket ? { session: this.#ticket } : {};
    const secure = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: this.#ca, ...session });
    secure.on('session', (ticket) => {
      this.#ticket = ticket;
    });
    secure.write(this.#hello);
    return secure;
  }

  /** Packets of four bytes: CONNACK and PUBACK. */
  #hear(bytes: Buffer): void {
    for (let at = 0; at + 4 <= bytes.length; at += 4) {
      if (bytes[at] === 0x20 && bytes[at + 3] === 0) {
        this.backAt ||= Date.now();
        clearTimeout(this.#timer);
        this.#publish();
      } else if (bytes[at] === 0x40) {
        pubackMs.push(performance.now() - this.#sentAt);
        this.#timer = setTimeout(() => this.#publish(), PUBLISH_EVERY_MS);
      }
    }
  }

  #publish(): void {
    this.#sentAt = performance.now();
    const reading = { measuredAt: Date.now(), levelM: 1.5 };
    const topic = `siaga/semarang/river-gauge/${this.#id}/telemetry`;
    const payload = JSON.stringify(reading);
    this.#socket?.write(
      mqtt.generate({ cmd: 'publish', topic, payload, qos: 1, messageId: 1, dup: false, retain: false }),
    );
  }
}

function report(devices: readonly StormDevice[]): StormReport {
  const backAt = devices.map((device) => device.backAt).filter((each) => each > 0);
  const sorted = pubackMs.toSorted((a, b) => a - b);
  return {
    isOver: backAt.length === devices.length,
    backAt: backAt.sort((a, b) => a - b),
    linkUpAt,
    pubackP99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    attempts,
  };
}

const orders = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as StormOrders;
const ca = orders.caFile === undefined ? undefined : readFileSync(orders.caFile);
const devices = orders.devices.map((device) => new StormDevice(orders, device, ca));
for (const device of devices) setTimeout(() => device.dial(), Math.random() * RETRY_MS);

process.on('message', (message: StormMessage) => {
  if ('end' in message) process.exit(0);
  if ('report' in message) {
    process.send?.(report(devices));
    return;
  }
  attempts = 0;
  linkUpAt = 0;
  pubackMs = [];
  for (const device of devices) device.backAt = 0;
  if (!message.begin.isCut) return;
  isLinkUp = false;
  for (const device of devices) device.cut();
  setTimeout(() => {
    isLinkUp = true;
    linkUpAt = Date.now();
    for (const device of devices) device.dial();
  }, message.begin.cutMs);
});
