/**
 * Nodes of one city, as the tests of carrying need them: an owner and standbys that take devices and people for it.
 *
 * Each is a real process with a data folder of its own, on one real PostgreSQL. Invariant: every node announces a port
 * that the system chose, so that files of tests run beside each other.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ClusterDatabase } from './cluster-house.ts';
import { eventually } from './eventually.ts';
import { hasLabels, parseMetrics } from './metric-samples.ts';
import { connectPacket, RawMqttClient } from './raw-mqtt-client.ts';
import {
  createDataFolder,
  type RunningSiaga,
  type StandbySiaga,
  startSiaga,
  startStandby,
} from './start-siaga.ts';

export interface Nodes {
  startOwner(environment?: Record<string, string>): Promise<RunningSiaga>;
  startStandby(environment?: Record<string, string>): Promise<StandbySiaga>;
  dataDirOf(node: { readonly pid: number }): string;
}

/** What it starts ends with `opened`. */
export function createNodes(database: ClusterDatabase, opened: AsyncDisposableStack): Nodes {
  let count = 0;
  const folders = new Map<number, string>();
  const settings = async (environment: Record<string, string> = {}) => {
    const url = database.urlOf(`node-${++count}`);
    return {
      dataDir: opened.use(await createDataFolder()).path,
      environment: {
        ...{ DATABASE_URL: url, JOURNAL_URL: url },
        ...{ SIAGA_NODE_HOST: '127.0.0.1', SIAGA_NODE_PORT: '0' },
        ...environment,
      },
    };
  };
  const noted = <Node extends AsyncDisposable & { readonly pid: number }>(node: Node, dataDir: string) => {
    folders.set(node.pid, dataDir);
    return opened.use(node);
  };
  return {
    async startOwner(environment) {
      const options = await settings(environment);
      return noted(await startSiaga(options), options.dataDir);
    },
    async startStandby(environment) {
      const options = await settings(environment);
      return noted(await startStandby(options), options.dataDir);
    },
    dataDirOf: ({ pid }) => folders.get(pid) as string,
  };
}

/** A standby's own figure, of all series that bear these labels; it answers for itself. */
export async function standbyMetric(
  { httpUrl }: StandbySiaga,
  name: string,
  labels: Record<string, string> = {},
): Promise<number> {
  const response = await fetch(`${httpUrl}/metrics`);
  const samples = parseMetrics(await response.text());
  const found = samples.filter((each) => each.name === name && hasLabels(each, labels));
  return found.reduce((sum, { value }) => sum + value, 0);
}

/** Resolves when it knows the way to the owner. */
export async function untilItLeads({ httpUrl }: StandbySiaga): Promise<void> {
  await eventually(async () => {
    const { status } = await fetch(`${httpUrl}/readyz`);
    if (status !== 200) throw new Error(`${httpUrl}/readyz: ${status}`);
  });
}

/** A client whose connection comes from this address of the loopback network. */
export async function dialFrom(localAddress: string, port: number): Promise<RawMqttClient> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  await once(socket, 'connect');
  return new RawMqttClient(socket);
}

/** The same with TLS. */
export async function dialTls(localAddress: string, port: number, ca: Buffer): Promise<RawMqttClient> {
  const raw: Socket = connect({ port, host: '127.0.0.1', localAddress });
  const socket: Socket = connectTls({ socket: raw, servername: 'localhost', ca });
  await once(socket, 'secureConnect');
  return new RawMqttClient(socket);
}

/** CONNECT under this id, and whether it was taken. */
export async function introduce(client: RawMqttClient, clientId: string): Promise<boolean> {
  client.send(connectPacket({ clientId }));
  try {
    return (await client.next('connack')).returnCode === 0;
  } catch {
    return false;
  }
}

/**
 * Whether who comes from this address is let in and its CONNECT taken; a reset may come before the connection is seen.
 */
export async function isTaken(localAddress: string, port: number, clientId: string): Promise<boolean> {
  try {
    return await introduce(await dialFrom(localAddress, port), clientId);
  } catch {
    return false;
  }
}

export interface EventStream {
  /** Resolves with the first event of this type that has come or comes. */
  next(type: string): Promise<string>;
  /** Resolves when the server has ended it. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Server-sent events of an address. */
export async function openEvents(url: string): Promise<EventStream> {
  const ending = new AbortController();
  const response = await fetch(url, { signal: ending.signal });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  let text = '';
  const heard: (() => void)[] = [];
  const read = async () => {
    const decoder = new TextDecoder();
    try {
      for await (const bytes of response.body as ReadableStream<Uint8Array>) {
        text += decoder.decode(bytes, { stream: true });
        for (const tell of heard.splice(0)) tell();
      }
    } catch {
      // Broken off: an end as any other.
    }
  };
  const ended = read();
  return {
    ended,
    async next(type) {
      for (;;) {
        const event = text.split('\n\n').find((each) => each.split('\n').includes(`event: ${type}`));
        if (event !== undefined) return event;
        await Promise.race([
          new Promise<void>((resolve) => heard.push(resolve)),
          ended.then(() => {
            throw new Error(`the stream ended before an event ${type}: ${text}`);
          }),
        ]);
      }
    },
    close: () => ending.abort(),
  };
}
