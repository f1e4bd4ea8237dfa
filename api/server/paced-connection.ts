/**
 * PacedConnection: one connection of the listener, which answers one request after the other.
 *
 * Stands between Node's HTTP server and Fastify. Node reads 64 KiB at once and begins every request in it: 1,900
 * short ones, whose answers then wait in memory. Here a chunk goes to the parser slice by slice, and while a
 * request is being answered nothing behind it is read. Invariants: one request of a connection is with Fastify;
 * beyond it at most one slice is parsed; answers keep the order of the requests (RFC 9112 §9.3.2).
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The headers of one browser. Some forty of the shortest requests fit, and are parsed before the first is begun. */
const SLICE_BYTES = 1_024;
/**
 * After a refusal (429, 503) the connection is not read for so long. It is told when to come back; who asks again at
 * once would have the event loop do nothing but refuse.
 */
export const REFUSED_REST_MS = 1_000;

export interface PacedOptions {
  readonly socket: Socket;
  /** Whose it is: an address, or the network that one subscriber has. */
  readonly address: string;
  readonly handle: RequestListener;
  readonly now: () => number;
  /** Of one request, with its headers and its framing. */
  readonly maxRequestBytes: number;
  /** It has sent more than that: the connection is to end. */
  readonly onTooLong: () => void;
  /** Others' requests come on it as well: a trusted proxy's. It never rests. */
  readonly isShared?: boolean;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export class PacedConnection {
  readonly socket: Socket;
  readonly address: string;
  readonly #handle: RequestListener;
  readonly #now: () => number;
  readonly #isShared: boolean;
  readonly #options: Pick<PacedOptions, 'maxRequestBytes' | 'onTooLong'>;
  /** Parsed since the headers of the last request were complete. */
  #requestBytes = 0;
  /** Parsed, not begun, in order. */
  readonly #waiting: Exchange[] = [];
  #answering: Exchange | undefined;
  /** Says what is wrong with what cannot be parsed, after the answers to what could. */
  #refusal: (() => void) | undefined;
  /** Since when it answers, or waits for a request. */
  sinceMs: number;
  /** We have paused the socket, and will resume it; what Node pauses, Node resumes. */
  #isHeld = false;
  /** What it asked for is being refused; and it rests for that. */
  #isRefused = false;
  #isResting = false;
  /** The answer has no end of its own: a live stream, whose hub drops who does not read. */
  isLongLived = false;
  /** A token of staff was shown on it. */
  isOfStaff = false;

  constructor(options: PacedOptions) {
    const { socket, address, handle, now, isShared = false } = options;
    this.#options = options;
    this.socket = socket;
    this.address = address;
    this.#handle = handle;
    this.#now = now;
    this.#isShared = isShared;
    this.sinceMs = now();
    // The one listener that Node's server has set hands what arrives to its parser, in pieces of any size.
    const [parse] = socket.listeners('data') as [(slice: Buffer) => void];
    socket.removeListener('data', parse);
    socket.on('data', (chunk: Buffer) => this.#feed(chunk, parse));
    socket.once('close', () => {
      this.#waiting.length = 0;
    });
  }

  /** Bytes of answers that the client has not taken and the system does not hold. */
  get unreadBytes(): number {
    return this.socket.writableLength;
  }

  get isAnswering(): boolean {
    return this.#answering !== undefined;
  }

  /** A request whose headers are complete. */
  take(request: IncomingMessage, response: ServerResponse): void {
    this.#requestBytes = 0;
    if (this.#answering || this.#isResting) this.#waiting.push({ request, response });
    else this.#begin({ request, response });
  }

  /** The answer that is being made refuses: the next request waits. */
  restAfterAnswer(): void {
    this.#isRefused = !this.#isShared;
  }

  /** What arrived cannot be parsed: nothing is read any more, and `end` ends the connection in its turn. */
  refuse(end: () => void): void {
    if (this.#refusal) return;
    this.#refusal = end;
    // An answer to what arrived whole is sent first; one to a request whose body is broken never comes.
    if (!this.#answering?.request.complete) end();
  }

  #begin(exchange: Exchange): void {
    this.#answering = exchange;
    this.sinceMs = this.#now();
    this.isLongLived = false;
    exchange.response.once('close', () => this.#goOn());
    this.#handle(exchange.request, exchange.response);
  }

  /** The answer is with the system, or its client has gone. */
  #goOn(): void {
    this.#answering = undefined;
    this.sinceMs = this.#now();
    if (!this.#isRefused) {
      this.#takeNext();
      return;
    }
    this.#isRefused = false;
    this.#isResting = true;
    setTimeout(() => {
      this.#isResting = false;
      if (!this.socket.destroyed) this.#takeNext();
    }, REFUSED_REST_MS).unref();
  }

  #takeNext(): void {
    const next = this.#waiting.shift();
    if (next) this.#begin(next);
    else this.#refusal?.();
    if (!this.#isHeld || this.#mustHold()) return;
    this.#isHeld = false;
    this.socket.resume();
  }

  /** A request that is being answered is read to the end of its body and no further. */
  #mustHold(): boolean {
    return this.#isResting || this.#waiting.length > 0 || this.#answering?.request.complete === true;
  }

  #feed(chunk: Buffer, parse: (slice: Buffer) => void): void {
    const { socket } = this;
    for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
      if (this.#refusal || socket.destroyed) return;
      if (this.#mustHold()) {
        this.#isHeld = true;
        socket.pause();
      }
      // Paused here, or by Node for a body that nobody reads yet: the rest comes again when it is resumed.
      if (socket.isPaused()) {
        socket.unshift(chunk.subarray(at));
        return;
      }
      const slice = chunk.subarray(at, at + SLICE_BYTES);
      this.#requestBytes += slice.length;
      if (this.#requestBytes > this.#options.maxRequestBytes) {
        this.#options.onTooLong();
        return;
      }
      parse(slice);
    }
  }
}
