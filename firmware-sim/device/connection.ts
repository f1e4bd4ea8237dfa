/**
 * One device's MQTT connection, as firmware keeps it: birth, will, its own reconnect, QoS 1, an outbox.
 *
 *   off → connecting → connected → (lost) → waiting, with back-off → connecting …
 *
 * Each attempt is a fresh MQTT.js client with its own reconnect switched off (it is fixed-interval, without
 * jitter) and nothing in its store: the outbox alone knows what is unacknowledged. Invariant: a message
 * leaves the outbox only on its PUBACK, and at most one client of a device is alive.
 */
import { connect, type MqttClient } from 'mqtt';
import { formatDeviceTopic } from '../../devices/topics.ts';
import type { Cancel, Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { Totals } from '../totals.ts';
import { reconnectDelayMs, STABLE_AFTER_MS } from './backoff.ts';
import type { Encoder, Words } from './formats/encoder.ts';
import { siaga } from './formats/siaga.ts';
import { Outbox, type OutboxBounds, type OutboxMessage } from './outbox.ts';

export interface DeviceIdentity {
  readonly city: string;
  readonly kind: string;
  readonly id: string;
  readonly password?: string | undefined;
}

export interface ConnectionSettings {
  readonly url: string;
  readonly identity: DeviceIdentity;
  readonly firmware: string;
  readonly bounds: OutboxBounds;
  readonly clock: Clock;
  readonly random: Random;
  readonly totals: Totals;
  /** How it says that it is there; our own way unless given. A gateway says nothing of itself. */
  readonly formatPresence?: Encoder['formatPresence'] | 'nothing';
  /** Called before each attempt to connect, before its will is asked for. */
  readonly onConnecting?: (nowMs: number) => void;
  /** How many devices it stands for; one unless given. */
  readonly carries?: () => number;
  /** Called with the raw payload of each message on the device's `command` topic. */
  readonly onCommand?: (payload: Buffer) => void;
  /** Called with the time from PUBLISH to PUBACK of each publish, ms. */
  readonly onAcknowledged?: (elapsedMs: number) => void;
}

const KEEPALIVE_S = 30;
const CONNECT_TIMEOUT_MS = 15_000;

export class DeviceConnection {
  readonly #settings: ConnectionSettings;
  readonly #outbox: Outbox;
  #client: MqttClient | undefined;
  #connected = false;
  #reachable = true;
  #closing = false;
  #failures = 0;
  #carried = 0;
  #connectedAt = 0;
  #cancelRetry: Cancel | undefined;
  /** Those who wait for the outbox to run empty. */
  #whenEmpty: (() => void)[] = [];

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.#outbox = new Outbox(settings.bounds);
  }

  get connected(): boolean {
    return this.#connected;
  }

  get unacknowledged(): number {
    return this.#outbox.unacknowledged;
  }

  /** Connects for the first time after `delayMs`: a city does not boot in one instant. */
  start(delayMs: number): void {
    this.#cancelRetry = this.#settings.clock.after(delayMs, () => this.#connect());
  }

  send(message: OutboxMessage): void {
    const { totals } = this.#settings;
    totals.put++;
    if (message.isMomentary && !this.#connected) {
      totals.dropped++;
      return;
    }
    const droppedBefore = this.#outbox.dropped;
    this.#outbox.put(message);
    totals.dropped += this.#outbox.dropped - droppedBefore;
    this.#flush();
  }

  /** The network between the device and the broker: false cuts it without a word, as a dead uplink does. */
  setReachable(reachable: boolean): void {
    if (this.#reachable === reachable) return;
    this.#reachable = reachable;
    this.#cancelRetry?.();
    if (!reachable) this.#client?.stream.destroy();
    else if (!this.#client) this.#retry();
  }

  /** Sends what is left for up to `boundMs`, says `offline` and ends. What is unacknowledged then stays counted. */
  async close(boundMs: number): Promise<void> {
    this.#closing = true;
    this.#cancelRetry?.();
    const client = this.#client;
    if (!client) return;
    if (!this.#connected) {
      client.end(true);
      return;
    }
    const finished = this.#outboxEmpty()
      .then(() => this.#say(client, this.#presence('offline')))
      .then(() => client.endAsync())
      .catch(() => {
        // The connection was lost meanwhile; 'close' has counted it and the will speaks for the device.
      });
    const bound = Promise.withResolvers<void>();
    const cancelBound = this.#settings.clock.after(boundMs, bound.resolve);
    await Promise.race([finished, bound.promise]);
    cancelBound();
    if (this.#client) client.end(true);
  }

  #connect(): void {
    const { url, identity, clock, onConnecting } = this.#settings;
    const { id, password } = identity;
    onConnecting?.(clock.now());
    const will = this.#presence('offline');
    const client = connect(url, {
      clientId: id,
      username: id,
      ...(password === undefined ? {} : { password }),
      clean: true,
      keepalive: KEEPALIVE_S,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      ...(will
        ? {
            will: {
              topic: will.topic,
              payload: Buffer.from(will.payload),
              qos: 1 as const,
              retain: isRetained(will),
            },
          }
        : {}),
    });
    this.#client = client;
    client.on('connect', () => this.#onConnect(client));
    client.on('error', (error) => this.#countRefusal(error));
    client.on('close', () => this.#onClose(client));
    client.on('message', (_topic, payload) => this.#settings.onCommand?.(payload));
  }

  #onConnect(client: MqttClient): void {
    const { totals, clock, carries, onCommand } = this.#settings;
    if (this.#closing) {
      client.end(true);
      return;
    }
    this.#connected = true;
    this.#connectedAt = clock.now();
    this.#carried = carries?.() ?? 1;
    totals.connected += this.#carried;
    // A refused subscription or a lost birth ends with the connection, and the next one says both again.
    if (onCommand) client.subscribe(this.#topic('command'), { qos: 1 }, () => {});
    this.#say(client, this.#presence('online')).catch(() => {});
    this.#flush();
  }

  #onClose(client: MqttClient): void {
    if (client !== this.#client) return;
    const { totals, clock } = this.#settings;
    this.#client = undefined;
    if (this.#connected) {
      totals.connected -= this.#carried;
      if (!this.#closing) totals.lost++;
      if (clock.now() - this.#connectedAt >= STABLE_AFTER_MS) this.#failures = 0;
    }
    this.#connected = false;
    const droppedBefore = this.#outbox.dropped;
    this.#outbox.returnInFlight();
    totals.dropped += this.#outbox.dropped - droppedBefore;
    if (!this.#closing && this.#reachable) this.#retry();
  }

  #retry(): void {
    this.#failures++;
    const delayMs = reconnectDelayMs(this.#failures, this.#settings.random);
    this.#cancelRetry = this.#settings.clock.after(delayMs, () => this.#connect());
  }

  #flush(): void {
    const client = this.#client;
    if (!client || !this.#connected) return;
    const { totals, clock, onAcknowledged } = this.#settings;
    for (let next = this.#outbox.take(); next; next = this.#outbox.take()) {
      const { id, channel, topic = this.#topic(channel), payload } = next;
      const sentAt = clock.now();
      totals.publishes++;
      client.publish(topic, payload, { qos: 1 }, (error) => {
        if (error) return; // The connection was lost: 'close' returns what was in flight.
        totals.acknowledged += this.#outbox.acknowledge(id);
        onAcknowledged?.(clock.now() - sentAt);
        this.#flush();
        if (this.#outbox.unacknowledged === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
      });
    }
  }

  #outboxEmpty(): Promise<void> {
    if (this.#outbox.unacknowledged === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  async #say(client: MqttClient, words: Words | undefined): Promise<void> {
    if (words) await client.publishAsync(words.topic, words.payload, { qos: 1, retain: isRetained(words) });
  }

  #presence(status: 'online' | 'offline'): Words | undefined {
    const { identity, firmware, formatPresence = siaga.formatPresence } = this.#settings;
    return formatPresence === 'nothing' ? undefined : formatPresence?.(identity, status, firmware);
  }

  #countRefusal(error: Error & { code?: unknown }): void {
    const reason = typeof error.code === 'string' ? error.code : error.message;
    const { refused } = this.#settings.totals;
    // Reasons are few words of the operating system and of the broker; 32 is room for all of them.
    if (refused.size < 32 || refused.has(reason)) refused.set(reason, (refused.get(reason) ?? 0) + 1);
  }

  #topic(channel: 'telemetry' | 'ack' | 'command'): string {
    const { city, kind, id } = this.#settings.identity;
    return formatDeviceTopic({ city, kind, device: id, channel });
  }
}

function isRetained({ isRetained: isSaid = true }: Words): boolean {
  return isSaid;
}
