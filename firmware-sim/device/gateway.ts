/**
 * A gateway: one connection that carries what many devices say, as a network server or a controller does.
 *
 *   devices → their links → the gateway's connection → broker
 *
 * Invariants: a device that is cut off is not heard, and what it says meanwhile is lost, since nothing keeps it; the
 * others are heard all the same; the connection opens with the first of them and ends with all of them.
 */
import type { Totals } from '../totals.ts';
import type { DeviceLink } from './device.ts';
import type { Encoder, Speaker, Words } from './formats/encoder.ts';
import type { OutboxMessage } from './outbox.ts';

export class Gateway {
  readonly #connection: DeviceLink;
  readonly #totals: Totals;
  readonly #links: GatewayLink[] = [];
  #isStarted = false;
  #closing: Promise<void> | undefined;

  constructor(connection: DeviceLink, totals: Totals) {
    this.#connection = connection;
    this.#totals = totals;
  }

  get devices(): number {
    return this.#links.length;
  }

  linkOf(speaker: Speaker, encoder: Encoder): DeviceLink {
    const link = new GatewayLink(this, speaker, encoder);
    this.#links.push(link);
    return link;
  }

  get connected(): boolean {
    return this.#connection.connected;
  }

  /** All that waits, told by one of them. */
  unacknowledgedOf(link: GatewayLink): number {
    return link === this.#links[0] ? this.#connection.unacknowledged : 0;
  }

  start(delayMs: number): void {
    if (!this.#isStarted) this.#connection.start(delayMs);
    this.#isStarted = true;
  }

  send(message: OutboxMessage): void {
    this.#connection.send(message);
  }

  lose(): void {
    this.#totals.put++;
    this.#totals.dropped++;
  }

  /** When each of them has said its last word. */
  close(boundMs: number): Promise<void> {
    this.#closing ??= Promise.resolve().then(() => this.#connection.close(boundMs));
    return this.#closing;
  }
}

class GatewayLink implements DeviceLink {
  readonly #gateway: Gateway;
  readonly #speaker: Speaker;
  readonly #encoder: Encoder;
  #isHeard = true;

  constructor(gateway: Gateway, speaker: Speaker, encoder: Encoder) {
    this.#gateway = gateway;
    this.#speaker = speaker;
    this.#encoder = encoder;
  }

  get connected(): boolean {
    return this.#isHeard && this.#gateway.connected;
  }

  get unacknowledged(): number {
    return this.#gateway.unacknowledgedOf(this);
  }

  start(delayMs: number): void {
    this.#gateway.start(delayMs);
  }

  send(message: OutboxMessage): void {
    if (this.#isHeard) this.#gateway.send(message);
    else this.#gateway.lose();
  }

  setReachable(isReachable: boolean): void {
    if (this.#isHeard && !isReachable) this.#sayGone();
    this.#isHeard = isReachable;
  }

  close(boundMs: number): Promise<void> {
    if (this.connected) this.#sayGone();
    return this.#gateway.close(boundMs);
  }

  /** The gateway says it for the device, where its format has a word for it. */
  #sayGone(): void {
    const words = this.#encoder.formatPresence?.(this.#speaker, 'offline', '');
    if (words) this.#gateway.send({ ...telemetryOf(words), isMomentary: true });
  }
}

function telemetryOf({ topic, payload }: Words): OutboxMessage {
  return { channel: 'telemetry', topic, text: payload, batchable: false };
}
