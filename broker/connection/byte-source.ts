/**
 * ByteSource: how the bytes of a stream reach its connection, and how they are stopped.
 *
 * First step of every connection, whether TCP, TLS, WebSocket or memory. Aedes reads nothing by itself (AedesInside): the
 * connection hands it what is its own. What is not taken stays in the stream, and through TCP at the device.
 * Invariant: after `take` has said false it is not called again before `resume`.
 */
import type { Duplex } from 'node:stream';

/** Takes bytes. False: no more for now. */
export type TakeBytes = (bytes: Buffer) => boolean;

export interface ByteSource {
  resume(): void;
}

export function readBytes(stream: Duplex, take: TakeBytes): ByteSource {
  stream.on('data', (bytes: Buffer) => {
    if (!take(bytes)) stream.pause();
  });
  return { resume: () => void stream.resume() };
}
