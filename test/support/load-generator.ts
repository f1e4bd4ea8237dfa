/**
 * Devices that number their readings and remember which of them were acknowledged, over raw MQTT on TCP.
 *
 * They behave as good firmware does: several publishes in flight, an unacknowledged one is published again
 * (DUP, same bytes) after a reconnect and before anything new, a half-done QoS 2 exchange goes on with PUBREL.
 * Invariant: every reading is sent until its acknowledgement was seen, and none after it; so a reading that
 * the server acknowledged and lost stays lost, and shows.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import mqtt, { type Packet } from 'mqtt-packet';
import { connectPacket, publishPacket } from './raw-mqtt-client.ts';

export interface NumberedDeviceOptions {
  readonly id: string;
  readonly topic: string;
  readonly qos: 1 | 2;
  /** Publishes in flight. */
  readonly inFlight: number;
  /** Above 1 a publish is a batch. */
  readonly readingsPerPublish: number;
  /** The payload's object for a number; different for every number. */
  readonly reading: (number: number) => Readonly<Record<string, unknown>>;
}

interface Publish {
  readonly messageId: number;
  readonly first: number;
  readonly payload: string;
  /** QoS 2 between PUBREC and PUBCOMP: the server has it, the exchange is not over. */
  isReceived: boolean;
}

/** MQTT counts packet identifiers in 16 bits, from 1. */
const MAX_MESSAGE_ID = 65_535;

export class NumberedDevice {
  readonly options: NumberedDeviceOptions;
  /** Numbers below this were sent. */
  sent = 0;
  /** `acknowledged[n]` is how often reading n was acknowledged. */
  readonly acknowledged: number[] = [];
  /** Publishes sent again. */
  repeated = 0;
  /** Acknowledgements that did not belong to the oldest publish in flight [MQTT-4.6.0-2]. */
  outOfOrder = 0;
  isConnected = false;
  readonly #load: Load;
  readonly #waiting: Publish[] = [];
  #socket: Socket | undefined;
  #nextMessageId = 1;

  constructor(options: NumberedDeviceOptions, load: Load) {
    this.options = options;
    this.#load = load;
  }

  get inFlight(): number {
    return this.#waiting.length;
  }

  /** Connects; resolves after CONNACK, when what was in flight has been published again. */
  async connect(port: number): Promise<void> {
    const socket = connect({ port, host: '127.0.0.1' });
    this.#socket = socket;
    const connack = Promise.withResolvers<void>();
    const parser = mqtt.parser();
    parser.on('packet', (packet) => {
      if (packet.cmd === 'connack') connack.resolve();
      else this.#take(packet);
    });
    socket.on('data', (chunk: Buffer) => {
      // One write a chunk, as firmware with a send buffer does.
      socket.cork();
      parser.parse(chunk);
      socket.uncork();
    });
    socket.on('error', (error) => connack.reject(error));
    socket.on('close', () => {
      // One that was taken over may end after the one that took over has begun.
      if (this.#socket === socket) this.isConnected = false;
      connack.reject(new Error(`${this.options.id}: the connection ended before its CONNACK`));
    });
    socket.write(mqtt.generate(connectPacket({ clientId: this.options.id, clean: false })));
    await connack.promise;
    this.isConnected = true;
    this.#resend();
    this.#fill();
  }

  async disconnect(): Promise<void> {
    const socket = this.#socket;
    if (!socket || socket.destroyed) return;
    const closed = once(socket, 'close');
    socket.end(mqtt.generate({ cmd: 'disconnect' }));
    await closed;
  }

  #resend(): void {
    for (const publish of this.#waiting) {
      if (publish.isReceived) {
        this.#write({ cmd: 'pubrel', messageId: publish.messageId });
      } else {
        this.repeated++;
        this.#publish(publish, true);
      }
    }
  }

  #fill(): void {
    const { inFlight, readingsPerPublish, reading } = this.options;
    while (this.#load.isOn && this.isConnected && this.#waiting.length < inFlight) {
      const first = this.sent;
      this.sent += readingsPerPublish;
      const readings = Array.from({ length: readingsPerPublish }, (_, i) => reading(first + i));
      const payload = JSON.stringify(readingsPerPublish === 1 ? readings[0] : readings);
      const publish = { messageId: this.#nextMessageId, first, payload, isReceived: false };
      this.#nextMessageId = (this.#nextMessageId % MAX_MESSAGE_ID) + 1;
      this.#waiting.push(publish);
      this.#publish(publish, false);
    }
  }

  #publish({ payload, messageId }: Publish, dup: boolean): void {
    const { topic, qos } = this.options;
    this.#write(publishPacket(topic, payload, { qos, messageId, dup }));
  }

  #take(packet: Packet): void {
    switch (packet.cmd) {
      case 'puback':
        this.#acknowledge(packet.messageId, this.#waiting[0]);
        break;
      case 'pubrec': {
        const oldest = this.#waiting.find(({ isReceived }) => !isReceived);
        const publish = this.#acknowledge(packet.messageId, oldest);
        if (publish) this.#write({ cmd: 'pubrel', messageId: publish.messageId });
        return;
      }
      case 'pubcomp':
        break;
      default:
        return;
    }
    const at = this.#waiting.findIndex(({ messageId }) => messageId === packet.messageId);
    if (at >= 0) this.#waiting.splice(at, 1);
    this.#fill();
    this.#load.settled();
  }

  #acknowledge(messageId: number | undefined, expected: Publish | undefined): Publish | undefined {
    const publish = this.#waiting.find((each) => each.messageId === messageId);
    if (!publish || publish !== expected) this.outOfOrder++;
    if (!publish) return undefined;
    publish.isReceived = true;
    for (let n = publish.first; n < publish.first + this.options.readingsPerPublish; n++) {
      this.acknowledged[n] = (this.acknowledged[n] ?? 0) + 1;
    }
    this.#load.acknowledged();
    return publish;
  }

  #write(packet: Packet): void {
    this.#socket?.write(mqtt.generate(packet));
  }
}

/** All devices of a load, and what is awaited of them. */
export class Load {
  readonly devices: readonly NumberedDevice[];
  /** False stops new readings; what is in flight goes on until it is acknowledged. */
  isOn = true;
  acknowledgements = 0;
  readonly #waiters: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];

  constructor(devices: readonly NumberedDeviceOptions[]) {
    this.devices = devices.map((options) => new NumberedDevice(options, this));
  }

  /** Every device (re)connects; those whose server dies meanwhile stay unconnected. */
  async connect(port: number): Promise<void> {
    await Promise.all(this.devices.map((device) => device.connect(port)));
  }

  async disconnect(): Promise<void> {
    await Promise.all(this.devices.map((device) => device.disconnect()));
  }

  /** Resolves when this many more publishes were acknowledged. */
  moreAcknowledged(count: number): Promise<void> {
    const due = this.acknowledgements + count;
    return this.#until(() => this.acknowledgements >= due);
  }

  /** No new readings; resolves when nothing is in flight. */
  finish(): Promise<void> {
    this.isOn = false;
    return this.#until(() => this.devices.every(({ inFlight }) => inFlight === 0));
  }

  acknowledged(): void {
    this.acknowledgements++;
    this.settled();
  }

  settled(): void {
    for (let i = this.#waiters.length - 1; i >= 0; i--) {
      if (this.#waiters[i]?.holds()) this.#waiters.splice(i, 1)[0]?.resolve();
    }
  }

  #until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.push({ holds, resolve });
    return promise;
  }
}
