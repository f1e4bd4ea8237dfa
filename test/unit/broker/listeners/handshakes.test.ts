/** How long a handshake may take: by its progress, and two minutes at most. */
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type HandshakeSocket, Handshakes } from '../../../../broker/listeners/handshakes.ts';

/** The part of a socket that is watched. */
class WatchedSocket extends EventEmitter {
  bytesRead = 0;
  bytesWritten = 0;
  isDestroyed = false;
  destroy(): this {
    this.isDestroyed = true;
    this.emit('close');
    return this;
  }
}

const origin = { listener: 'tls', address: '10.0.0.7', port: 4711 } as const;
let ended: unknown[] = [];
const open = () => {
  const handshakes = new Handshakes({
    timeoutMs: 10_000,
    onEnded: (reason, { address }, detail) => ended.push({ reason, address, detail }),
  });
  const socket = new WatchedSocket();
  handshakes.begin(socket as unknown as HandshakeSocket, origin);
  return { handshakes, socket };
};
/** Each second so many bytes go, for so many seconds. */
async function crawl(socket: WatchedSocket, bytesPerS: number, seconds: number): Promise<void> {
  for (let second = 0; second < seconds && !socket.isDestroyed; second++) {
    socket.bytesRead += bytesPerS;
    await vi.advanceTimersByTimeAsync(1_000);
  }
}

beforeEach(() => {
  ended = [];
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a handshake', () => {
  test.each([100, 250])('at %i bytes a second has longer than ten seconds', async (bytesPerS) => {
    const { handshakes, socket } = open();
    await crawl(socket, bytesPerS, 40);
    expect(socket.isDestroyed).toBe(false);
    handshakes.done(origin);
    socket.destroy();
    expect(ended).toEqual([]);
  });

  test('that has our certificates to receive has the time for them, though no byte of its comes', async () => {
    const { socket } = open();
    socket.bytesRead = 300;
    socket.bytesWritten = 3_000;
    await vi.advanceTimersByTimeAsync(42_000);
    expect(socket.isDestroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(ended).toEqual([{ reason: 'handshake-timeout', address: '10.0.0.7', detail: '3300 bytes went' }]);
  });

  test('that says nothing has ten seconds', async () => {
    const { socket } = open();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(socket.isDestroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toMatchObject([{ reason: 'handshake-timeout', address: '10.0.0.7' }]);
  });

  test('that stops in the middle has what its bytes have earned', async () => {
    const { socket } = open();
    await crawl(socket, 100, 5);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(socket.isDestroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(socket.isDestroyed).toBe(true);
  });

  test('that never ends has two minutes, however fast its bytes come', async () => {
    const { socket } = open();
    await crawl(socket, 1_000_000, 200);
    expect(ended).toMatchObject([{ reason: 'handshake-timeout' }]);
  });

  test('that ends by itself is told once, with what was wrong', () => {
    const { handshakes, socket } = open();
    handshakes.noteError(origin, Object.assign(new Error('x'), { code: 'ERR_SSL_WRONG_VERSION_NUMBER' }));
    socket.emit('close');
    socket.destroy();
    expect(ended).toEqual([
      { reason: 'handshake-failed', address: '10.0.0.7', detail: 'ERR_SSL_WRONG_VERSION_NUMBER' },
    ]);
  });

  test('of a server that closes is not waited for, nor told', () => {
    const { handshakes, socket } = open();
    handshakes.endAll();
    expect(socket.isDestroyed).toBe(true);
    expect(ended).toEqual([]);
  });
});
