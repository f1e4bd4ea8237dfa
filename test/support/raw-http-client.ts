/** A TCP client that writes HTTP by hand: pipelines, stays silent, reads nothing, as honest clients never do. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawHttpClient extends Disposable {
  readonly socket: Socket;
  /** Resolves when the server has closed the connection; reads what is left. */
  closed(): Promise<void>;
  /** Reads until the text so far holds `wanted` so many times, or to the end; resolves with that text. */
  readUntil(wanted: string, times?: number): Promise<string>;
  /** Everything until the server closes. */
  readAll(): Promise<string>;
}

/** Connected, and not reading until asked to. */
export async function dialHttp(port: number): Promise<RawHttpClient> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.setEncoding('latin1');
  socket.pause();
  let text = '';
  let scanned = 0;
  let found = 0;
  const read = async (wanted: string | undefined, times: number): Promise<string> => {
    scanned = 0;
    found = 0;
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      text += chunk;
      if (wanted === undefined) continue;
      for (let at = text.indexOf(wanted, scanned); at >= 0; at = text.indexOf(wanted, scanned)) {
        scanned = at + wanted.length;
        found++;
      }
      if (found >= times) break;
    }
    return text;
  };
  return {
    socket,
    async closed() {
      if (socket.closed) return;
      socket.resume();
      await once(socket, 'close');
    },
    readUntil: (wanted, times = 1) => read(wanted, times),
    readAll: () => read(undefined, 0),
    [Symbol.dispose]: () => socket.destroy(),
  };
}
