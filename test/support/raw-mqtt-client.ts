/**
 * A client that speaks MQTT in raw packets, over an in-memory pair or TCP: it sends what a test wants sent,
 * well formed or not, and waits for what comes back.
 *
 * Invariant: nothing is acknowledged or repeated unless the test says so.
 */
import { connect, type Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import mqtt, { type Packet } from 'mqtt-packet';

export class RawMqttClient {
  readonly stream: Duplex;
  /** Packets that came and nobody has taken yet. */
  readonly #received: Packet[] = [];
  readonly #waiting: (() => void)[] = [];
  #closed = false;
  readonly #options: { protocolVersion: 4 | 5 };

  constructor(stream: Duplex, protocolVersion: 4 | 5 = 4) {
    this.stream = stream;
    this.#options = { protocolVersion };
    const parser = mqtt.parser(this.#options);
    parser.on('packet', (packet) => {
      this.#received.push(packet);
      this.#wake();
    });
    // A listener that speaks HTTP answers in HTTP: no packet, and nothing that a test waits for.
    parser.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => parser.parse(chunk));
    stream.on('error', () => undefined);
    stream.on('close', () => this.#end());
    stream.on('end', () => this.#end());
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Sends packets in one write. */
  send(...packets: Packet[]): void {
    this.stream.write(Buffer.concat(packets.map((packet) => mqtt.generate(packet, this.#options))));
  }

  sendBytes(...bytes: (number | Buffer)[]): void {
    this.stream.write(
      Buffer.concat(bytes.map((each) => (typeof each === 'number' ? Buffer.of(each) : each))),
    );
  }

  /** The next packet of this kind; others stay for `take`. Throws when the connection ends first. */
  async next<Cmd extends Packet['cmd']>(cmd: Cmd): Promise<Extract<Packet, { cmd: Cmd }>> {
    for (;;) {
      const at = this.#received.findIndex((packet) => packet.cmd === cmd);
      if (at >= 0) return this.#received.splice(at, 1)[0] as Extract<Packet, { cmd: Cmd }>;
      if (this.#closed) throw new Error(`the connection ended before a ${cmd}`);
      await this.#change();
    }
  }

  /** Resolves when the server has closed the connection. */
  async closed(): Promise<void> {
    while (!this.#closed) await this.#change();
  }

  /** Everything received so far and not taken. */
  take(): Packet[] {
    return this.#received.splice(0);
  }

  /** Proves that the connection lives: PINGREQ, and its answer, after which all earlier answers are here. */
  async ping(): Promise<void> {
    this.send({ cmd: 'pingreq' });
    await this.next('pingresp');
  }

  /** CONNECT and its CONNACK. */
  async connect(fields: Partial<mqtt.IConnectPacket> = {}): Promise<mqtt.IConnackPacket> {
    this.send(connectPacket({ protocolVersion: this.#options.protocolVersion, ...fields }));
    return this.next('connack');
  }

  destroy(): void {
    this.stream.destroy();
  }

  #end(): void {
    this.#closed = true;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    return promise;
  }
}

export function connectPacket(fields: Partial<mqtt.IConnectPacket> = {}): mqtt.IConnectPacket {
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clientId: 'client',
    clean: true,
    keepalive: 0,
    ...fields,
  };
}

export function publishPacket(
  topic: string,
  payload: string | Buffer,
  fields: Partial<mqtt.IPublishPacket> = {},
): mqtt.IPublishPacket {
  return { cmd: 'publish', topic, payload, qos: 0, retain: false, dup: false, ...fields };
}

/** A client and the server's end of its stream, without a socket. Each side buffers `bufferBytes`. */
export function createClientPair(
  bufferBytes = 65_536,
  protocolVersion: 4 | 5 = 4,
): { client: RawMqttClient; serverSide: Duplex } {
  const [clientSide, serverSide] = duplexPair({ highWaterMark: bufferBytes });
  return { client: new RawMqttClient(clientSide, protocolVersion), serverSide };
}

export async function connectTcp(port: number, host = '127.0.0.1'): Promise<RawMqttClient> {
  const socket: Socket = connect({ port, host });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('connect', resolve);
  socket.once('error', reject);
  await promise;
  return new RawMqttClient(socket);
}
