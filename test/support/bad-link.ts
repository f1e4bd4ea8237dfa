/**
 * A network link in user space as the field has them: a TCP proxy that delays, stalls, crawls, resets in the middle
 * of a packet, stays half open, and lets PUBACKs vanish.
 *
 * Stands between a client and the broker of a test; the test changes its weather while it runs. Invariants: bytes of
 * a direction keep their order; nothing outlives the link; what is held while it stalls is delivered when it ends.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface Weather {
  /** Each way, ms. */
  delayMs: number;
  /** Each way; undefined: as fast as it goes. */
  bytesPerS: number | undefined;
  /** Nothing passes, and both ends believe that they are connected. What comes is held; half open, it is lost. */
  isStalled: boolean;
  isHalfOpen: boolean;
  /** PUBACKs of the client do not arrive. */
  losesPubacks: boolean;
}

const PUBACK = 4;
/** How often a stalled link looks whether it goes on. */
const LOOK_EVERY_MS = 10;
/** At most so many bytes a write where the rate is bounded: a tenth of a second's. */
const WRITES_PER_S = 10;

export class BadLink implements AsyncDisposable {
  readonly weather: Weather = {
    delayMs: 0,
    bytesPerS: undefined,
    isStalled: false,
    isHalfOpen: false,
    losesPubacks: false,
  };
  readonly #server: Server;
  readonly #port: () => number;
  readonly #sockets = new Set<Socket>();
  #resetAfterBytes: number | undefined;
  #passedPubacks = 0;
  #lostPubacks = 0;

  private constructor(server: Server, port: () => number) {
    this.#server = server;
    this.#port = port;
    server.on('connection', (client) => this.#carry(client));
  }

  /** `port` is asked at each connection: the server behind it may start again on another one. */
  static async open(port: () => number): Promise<BadLink> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new BadLink(server, port);
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** PUBACKs of the client that went on to the server. */
  get passedPubacks(): number {
    return this.#passedPubacks;
  }

  /** PUBACKs of the client that did not arrive. */
  get lostPubacks(): number {
    return this.#lostPubacks;
  }

  /** Ends all connections at once, without a word. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Resets when this many more bytes have passed either way: in the middle of a packet, as a rule. */
  resetAfter(bytes: number): void {
    this.#resetAfterBytes = bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.reset();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #carry(client: Socket): void {
    const server = connect({ port: this.#port(), host: '127.0.0.1' });
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      // A reset is weather.
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
    }
    const packets = new Packets();
    this.#pump(client, server, (bytes) => {
      const whole = packets.take(bytes);
      const passing = this.weather.losesPubacks ? whole.filter((packet) => !isPuback(packet)) : whole;
      this.#passedPubacks += passing.filter(isPuback).length;
      this.#lostPubacks += whole.length - passing.length;
      return Buffer.concat(passing);
    });
    this.#pump(server, client, (bytes) => bytes);
  }

  #pump(from: Socket, to: Socket, filter: (bytes: Buffer) => Buffer): void {
    let queue = Promise.resolve();
    from.on('data', (bytes: Buffer) => {
      const dueAt = Date.now() + this.weather.delayMs;
      // What comes behind a reset goes nowhere.
      queue = queue.then(() => (to.destroyed ? undefined : this.#pass(filter(bytes), to, dueAt)));
    });
    from.on('close', () => {
      queue.then(() => to.destroy());
    });
  }

  async #pass(bytes: Buffer, to: Socket, dueAt: number): Promise<void> {
    if (dueAt > Date.now()) await delay(dueAt - Date.now());
    while (this.weather.isStalled && !to.destroyed) await delay(LOOK_EVERY_MS);
    if (this.weather.isHalfOpen || to.destroyed) return;
    const { bytesPerS } = this.weather;
    const step = bytesPerS === undefined ? bytes.length : Math.max(1, Math.floor(bytesPerS / WRITES_PER_S));
    for (let at = 0; at < bytes.length; at += step) {
      this.#write(bytes.subarray(at, at + step), to);
      if (bytesPerS !== undefined) await delay(1000 / WRITES_PER_S);
    }
  }

  #write(bytes: Buffer, to: Socket): void {
    const left = this.#resetAfterBytes;
    if (left === undefined || left > bytes.length) {
      if (left !== undefined) this.#resetAfterBytes = left - bytes.length;
      if (!to.destroyed) to.write(bytes);
      return;
    }
    this.#resetAfterBytes = undefined;
    to.write(bytes.subarray(0, left), () => this.reset());
  }
}

const isPuback = (packet: Buffer) => (packet[0] as number) >> 4 === PUBACK;

/** The packets of one direction. */
class Packets {
  #rest = Buffer.alloc(0);

  /** What is complete by now; a packet that is cut waits for its end. */
  take(bytes: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const whole: Buffer[] = [];
    for (let length = packetLength(this.#rest); length !== undefined; length = packetLength(this.#rest)) {
      whole.push(this.#rest.subarray(0, length));
      this.#rest = this.#rest.subarray(length);
    }
    return whole;
  }
}

/** Of the first packet, its header included; undefined while it is not all there. [MQTT-2.2.3] */
function packetLength(bytes: Buffer): number | undefined {
  let remaining = 0;
  for (let at = 1; at < Math.min(bytes.length, 5); at++) {
    const byte = bytes[at] as number;
    remaining += (byte & 127) << (7 * (at - 1));
    if (byte < 128) return bytes.length >= 1 + at + remaining ? 1 + at + remaining : undefined;
  }
  return undefined;
}
