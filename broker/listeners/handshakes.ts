/**
 * Handshakes: TLS and WebSocket handshakes that are under way, and why those that came to nothing ended.
 *
 * Between admission and the broker: until a handshake is done there is no connection that could be counted. A
 * link of 100 bytes a second needs 40 s for what others do in one, so time goes by progress. Invariants: a handshake
 * has `timeoutMs` and a second more for each 100 bytes that went either way, and two minutes at most; the end of each
 * that was not done is told once, with its address.
 */
import type { Socket } from 'node:net';
import { formatOriginKey, type Origin } from '../connection/connection-options.ts';
import type { EndReason } from '../connection/end-reason.ts';

/** The slowest links in use. Bytes of ours count too: the kernel takes a chain of certificates at once. */
export const MIN_BYTES_A_SECOND = 100;
export const MAX_HANDSHAKE_MS = 120_000;

export type HandshakeSocket = Pick<Socket, 'bytesRead' | 'bytesWritten' | 'destroy' | 'once'>;
export type HandshakeEnd = Extract<EndReason, 'handshake-timeout' | 'handshake-failed'>;

interface Handshake {
  readonly socket: HandshakeSocket;
  reason: HandshakeEnd;
  detail: string | undefined;
  timer: NodeJS.Timeout | undefined;
  readonly onOver: () => void;
}

export interface HandshakesOptions {
  readonly timeoutMs: number;
  readonly onEnded: (reason: HandshakeEnd, origin: Origin, detail: string | undefined) => void;
}

export class Handshakes {
  readonly #options: HandshakesOptions;
  /** By the other end, since TLS and WebSocket show another object when it is done. */
  readonly #open = new Map<string, Handshake>();

  constructor(options: HandshakesOptions) {
    this.#options = options;
  }

  /** `onOver`: it is done, or came to nothing. */
  begin(socket: HandshakeSocket, origin: Origin, onOver: () => void = () => undefined): void {
    const key = formatOriginKey(origin);
    const handshake: Handshake = {
      socket,
      reason: 'handshake-failed',
      detail: undefined,
      timer: undefined,
      onOver,
    };
    this.#open.set(key, handshake);
    this.#wait(handshake, 0, this.#options.timeoutMs);
    socket.once('close', () => {
      clearTimeout(handshake.timer);
      onOver();
      if (this.#open.get(key) !== handshake) return;
      this.#open.delete(key);
      this.#options.onEnded(handshake.reason, origin, handshake.detail);
    });
  }

  /** It is a connection from now on, which says itself why it ends. */
  done(origin: Origin): void {
    const key = formatOriginKey(origin);
    const handshake = this.#open.get(key);
    if (!handshake) return;
    clearTimeout(handshake.timer);
    this.#open.delete(key);
    handshake.onOver();
  }

  /** Why it will end. */
  noteError(origin: Origin, error: Error & { code?: string }): void {
    const handshake = this.#open.get(formatOriginKey(origin));
    if (handshake) handshake.detail ??= error.code ?? error.message;
  }

  /** The server goes: it waits for none of them. */
  endAll(): void {
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { socket } of open) socket.destroy();
  }

  #wait(handshake: Handshake, waitedMs: number, delayMs: number): void {
    const { socket } = handshake;
    handshake.timer = setTimeout(() => {
      const bytes = socket.bytesRead + socket.bytesWritten;
      const earnedMs = this.#options.timeoutMs + (bytes * 1_000) / MIN_BYTES_A_SECOND;
      const leftMs = Math.min(earnedMs, MAX_HANDSHAKE_MS) - waitedMs - delayMs;
      if (leftMs > 0) {
        this.#wait(handshake, waitedMs + delayMs, leftMs);
        return;
      }
      handshake.reason = 'handshake-timeout';
      handshake.detail = `${bytes} bytes went`;
      socket.destroy();
    }, delayMs);
  }
}
