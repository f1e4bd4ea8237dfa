/**
 * Waits for the PROXY header that a socket begins with, however its bytes come.
 *
 * Asked by the front door, of proxies that are named, and by the door of the nodes (relay/door.ts), of links to the
 * API. Invariants: nothing is read beyond the header, but that it is put back; `then` is called once, or not at all.
 */
import type { Socket } from 'node:net';
import { type ProxyHeader, parseProxyHeader } from './proxy-header.ts';

/** Returns what ends the waiting without a word. */
export function awaitProxyHeader(
  socket: Socket,
  withinMs: number,
  then: (header: ProxyHeader | { readonly fault: string }) => void,
): () => void {
  let bytes: Buffer = Buffer.alloc(0);
  const stop = () => {
    clearTimeout(timer);
    socket.off('readable', read).off('end', leave).off('close', leave);
  };
  const settle = (header: ProxyHeader | { readonly fault: string }) => {
    stop();
    then(header);
  };
  const leave = () => settle({ fault: `closed after ${bytes.length} bytes of its PROXY header` });
  const read = () => {
    const more = socket.read() as Buffer | null;
    if (more === null) return;
    bytes = Buffer.concat([bytes, more]);
    const header = parseProxyHeader(bytes);
    if (header === 'more') return;
    if (!('fault' in header) && header.length < bytes.length) socket.unshift(bytes.subarray(header.length));
    settle(header);
  };
  const timer = setTimeout(() => settle({ fault: 'no PROXY header in time' }), withinMs);
  socket.on('readable', read).on('end', leave).on('close', leave);
  return stop;
}
