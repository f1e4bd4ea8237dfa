/**
 * A copy with memory of its own: Node's small buffers are slices of 64 KiB that one kept slice keeps whole.
 *
 * For what outlives the turn in which it came: a topic, a will, a retained payload. Invariant: the copy holds
 * its own bytes and no others.
 */
export function ownCopy(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
