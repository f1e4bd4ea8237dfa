/**
 * Aedes reads its stream by itself whenever there is something in it; a connection of ours reads first, and gives Aedes what
 * is Aedes' (AedesInside.give).
 *
 * Aedes offers no way to hand it packets only, and asks the stream by `read(null)` when it is readable: the answer is
 * "nothing". Invariant: nobody but the connection gets bytes of this stream.
 */
import type { Duplex } from 'node:stream';

/** Makes `stream.read` give nothing; returns the way to read it. */
export function withholdBytes(stream: Duplex): (size?: number) => Buffer | null {
  const read = stream.read.bind(stream);
  // A read of nothing is how a stream asks itself for more.
  stream.read = (size) => (size === 0 ? read(0) : null);
  return read;
}
