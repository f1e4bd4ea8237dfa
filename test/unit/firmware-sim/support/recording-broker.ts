/** A plain MQTT broker on loopback that remembers what devices published; for tests of the simulator. */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Aedes, type PublishPacket } from 'aedes';
import { expect, vi } from 'vitest';

export interface Received {
  readonly topic: string;
  /** Parsed where it is JSON. */
  readonly body: unknown;
  readonly retain: boolean;
}

export interface RecordingBroker extends AsyncDisposable {
  readonly aedes: Aedes;
  readonly url: string;
  readonly sockets: ReadonlySet<Socket>;
  /** Bodies published on topics that end in this channel, batches as they came. */
  bodies(channel: string): unknown[];
  received(channel: string): readonly Received[];
}

export async function startRecordingBroker(): Promise<RecordingBroker> {
  const aedes = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const all: Received[] = [];
  aedes.on('publish', ({ topic, payload, retain }: PublishPacket) => {
    if (!topic.startsWith('$')) all.push({ topic, body: parseOrText(payload.toString()), retain });
  });
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    aedes.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const received = (channel: string) => all.filter((each) => each.topic.endsWith(`/${channel}`));
  return {
    aedes,
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    received,
    bodies: (channel) => received(channel).map((each) => each.body),
    async [Symbol.asyncDispose]() {
      server.close();
      await new Promise<void>((resolve) => aedes.close(resolve));
    },
  };
}

function parseOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The network is real: what it brings is awaited, the devices' own waiting is turned by hand. */
export function until(seen: () => boolean): Promise<void> {
  return vi.waitFor(() => expect(seen()).toBe(true), { timeout: 10_000, interval: 5 });
}
