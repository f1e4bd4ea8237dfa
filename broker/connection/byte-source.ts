/**
 * ByteSource: how the bytes of a stream reach its connection, and how they are stopped.
 *
 * First step of every connection. A TCP socket is read into one buffer that all of them share
 * (SharedBufferSocket), so that a reading costs no buffer and none of the stream's bookkeeping; TLS, WebSocket
 * and memory give their own chunks. Aedes reads nothing by itself: the connection hands it what is its own.
 * Invariant: after `take` has said false it is not called again before `resume`.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { withholdBytes } from '../aedes/withhold-bytes.ts';

/** What one read system call brings at most. */
const READ_BYTES = 64 * 1024;
/** Of all sockets of this thread: each read is used up before the next one begins. */
const shared = Buffer.allocUnsafeSlow(READ_BYTES);

/** Takes bytes, which are its own only until it returns. False: no more for now. */
export type TakeBytes = (bytes: Buffer) => boolean;

export interface ByteSource {
  resume(): void;
}

/** What a server's socket keeps to itself. */
interface SocketInside {
  _handle: object | null;
}

/**
 * A socket that reads into the shared buffer. `net` offers that (`onread`) to those who connect and not to a
 * server, so it takes over the handle of an accepted socket, which must be paused (`pauseOnConnect`).
 */
export class SharedBufferSocket extends Socket {
  /** Set by whoever owns the socket, in the turn in which it was made. */
  takeBytes: TakeBytes = () => false;

  private constructor(handle: object) {
    const onread = {
      buffer: shared,
      callback: (length: number, buffer: Uint8Array) =>
        this.takeBytes((buffer as Buffer).subarray(0, length)),
    };
    super({ handle, onread } as ConstructorParameters<typeof Socket>[0]);
  }

  static adopt(accepted: Socket): SharedBufferSocket {
    const inside = accepted as unknown as SocketInside;
    const socket = new SharedBufferSocket(inside._handle as object);
    // An empty shell, which its server may forget.
    inside._handle = null;
    accepted.destroy();
    return socket;
  }
}

export function readBytes(stream: Duplex, take: TakeBytes): ByteSource {
  const read = withholdBytes(stream);
  if (stream instanceof SharedBufferSocket) {
    stream.takeBytes = take;
    return {
      resume() {
        read(0);
      },
    };
  }
  let isStopped = false;
  const pull = () => {
    while (!isStopped) {
      // Asked for no size, the stream gives its first chunk only, and "readable" does not come again for the rest.
      const chunk = read(stream.readableLength || undefined);
      if (chunk === null) return;
      isStopped = !take(chunk);
    }
  };
  stream.on('readable', pull);
  return {
    resume() {
      isStopped = false;
      pull();
    },
  };
}
