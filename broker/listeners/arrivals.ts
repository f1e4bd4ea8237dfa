/**
 * Arrivals: sockets that were let in and wait for their turn, in the hours when a whole city comes back at once.
 *
 * Between admission and the first work that is done for a client: a TLS handshake, a CONNECT. A device that waited too
 * long gives up and comes again, so that whoever is served in the order of arrival serves the dead. Invariants: the
 * newest goes first; of one that has gone nothing is looked at; only so many go in one turn of the event loop, so that
 * the API, health and those who are connected have theirs. Their number is bounded by admission.
 */
import type { Socket } from 'node:net';

/** Of half a millisecond each: people and PUBACKs wait some 10 ms at most for a turn of arrivals. */
export const SERVED_A_TURN = 16;
/**
 * Node accepts one connection in a turn of its loop. In a storm those that the kernel holds are taken in first, some
 * 30 µs each: whoever is not accepted can neither be skipped nor be the newest.
 */
export const GATHERED_AT_ONCE = 64;
/**
 * Handshakes of TLS and WebSocket under way at once. When a thousand are begun together none is done before its client
 * gives up; begun one after the other, each is done in time.
 */
export const HANDSHAKES_AT_ONCE = 64;
/** One that takes longer makes room for the next and goes on: a slow link holds nobody else up. */
export const HANDSHAKE_SLOT_MS = 1_000;
/** Held of each that waits: a hello of TLS or HTTP, or a CONNECT, is smaller. */
export const MAX_HELLO_BYTES = 16_384;

export interface Guest {
  readonly socket: Socket;
  /**
   * Whether these bytes are no more than what a client says before it hears anything, so that nothing is lost with it
   * when it goes.
   */
  readonly isHello: (bytes: Buffer) => boolean;
  /** Does the first work for it. Calls `over` when that is done, or came to nothing. */
  readonly serve: (over: () => void) => void;
  /** It left before its turn. */
  readonly onGone: () => void;
}

interface Arrival extends Guest {
  /** Its bytes so far, and the end of them: whoever said no more than hello and closed has gone. */
  readonly watch: FirstBytes;
}

export class Arrivals {
  readonly #waiting: Arrival[] = [];
  #isScheduled = false;
  /** One came since the last turn, so that more may be waiting in the kernel. */
  #hasNew = false;
  /** Served, and its first work is not over. */
  #underWay = 0;
  /** Turns in which nobody was served, one after the other. */
  #gathered = 0;

  add(guest: Guest): void {
    this.#waiting.push({ ...guest, watch: new FirstBytes(guest) });
    this.#hasNew = true;
    this.#schedule();
  }

  /** The server goes: it waits for none of them. */
  endAll(): void {
    for (const { socket } of this.#waiting.splice(0)) socket.destroy();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      const isGathering = this.#hasNew && this.#gathered < GATHERED_AT_ONCE;
      this.#hasNew = false;
      this.#gathered = isGathering ? this.#gathered + 1 : 0;
      if (!isGathering) this.#serve();
      if (this.#waiting.length > 0 && this.#underWay < HANDSHAKES_AT_ONCE) this.#schedule();
    });
  }

  #serve(): void {
    for (let served = 0; served < SERVED_A_TURN && this.#underWay < HANDSHAKES_AT_ONCE; ) {
      const newest = this.#waiting.pop();
      if (!newest) return;
      const { socket, serve, onGone, watch } = newest;
      if (watch.hasGone) {
        socket.destroy();
        onGone();
        continue;
      }
      watch.giveBack();
      serve(this.#begin());
      served++;
    }
  }

  /** Returns what makes room for the next, which works once. */
  #begin(): () => void {
    this.#underWay++;
    let isOver = false;
    const over = () => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      this.#underWay--;
      if (this.#waiting.length > 0) this.#schedule();
    };
    const timer = setTimeout(over, HANDSHAKE_SLOT_MS);
    return over;
  }
}

/** What a socket brought before its turn. It is held here, since only the end of what was read can be seen. */
class FirstBytes {
  hasGone = false;
  readonly #socket: Socket;
  readonly #isHello: (bytes: Buffer) => boolean;
  #held: Buffer | undefined;

  constructor({ socket, isHello }: Guest) {
    this.#socket = socket;
    this.#isHello = isHello;
    socket.on('readable', this.#read);
    socket.on('end', this.#leave);
    socket.on('close', this.#leave);
    socket.on('error', this.#leave);
  }

  /** To whoever reads the socket from now on. */
  giveBack(): void {
    const socket = this.#socket;
    socket.off('readable', this.#read);
    socket.off('end', this.#leave);
    socket.off('close', this.#leave);
    socket.off('error', this.#leave);
    if (this.#held) socket.unshift(this.#held);
    this.#held = undefined;
  }

  readonly #leave = (): void => {
    this.hasGone = true;
  };

  readonly #read = (): void => {
    const bytes = this.#socket.read() as Buffer | null;
    if (bytes === null) return;
    this.#held = this.#held ? Buffer.concat([this.#held, bytes]) : bytes;
    if (this.#held.length <= MAX_HELLO_BYTES && this.#isHello(this.#held)) return;
    // It has said something that counts, whether it is still there or not: no more is read before its turn.
    this.#socket.off('readable', this.#read);
    this.#socket.unshift(this.#held);
    this.#held = undefined;
  };
}

/** Whether these bytes are a CONNECT at most: what else a device sends with it, and goes, is to be taken. */
export function isConnectAtMost(bytes: Buffer): boolean {
  let length = 0;
  for (let index = 1; index <= 4; index++) {
    const byte = bytes[index];
    if (byte === undefined) return true;
    length += (byte & 0x7f) * 128 ** (index - 1);
    if (byte < 0x80) return bytes.length <= index + 1 + length;
  }
  return false;
}
