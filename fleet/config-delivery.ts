/**
 * ConfigDelivery: what devices were told to go by → their own topic, or a downlink of their format, until they say that
 * they have it.
 *
 *   config-book.ts (rows) → here → the broker, or the outside broker of the gateway → the device → its echo → here
 *
 * Works in one queue, in order. Invariants: what is open is retained again after a restart, and a downlink does not go
 * twice for one; the echo of an older config confirms nothing; once it is confirmed nothing of it is retained. What a
 * device was heard on is remembered of so many.
 */
import type { Logger } from 'pino';
import { Counter, type Registry as Metrics } from 'prom-client';
import type { Database } from '../database/database.ts';
import { type ConfigEcho, formatConfig } from '../devices/device-config.ts';
import type { DownMessage, Format } from '../devices/formats/format.ts';
import { formatDeviceTopic } from '../devices/topics.ts';
import { type ConfigLine, markConfirmed, markSent, readOpenConfigs } from './config-book.ts';
import type { Fleet } from './fleet.ts';
import type { RegisteredDevice, Registry } from './registry.ts';

/** A downlink that is not retained goes again with a word of the device, this long after the last one. */
const AGAIN_AFTER_MS = 10 * 60_000;
/** Devices whose last topic is remembered. */
export const MAX_HEARD = 20_000;

export interface ConfigDeliveryOptions {
  readonly database: Database;
  readonly registry: Registry;
  readonly fleet: Pick<Fleet, 'expectInterval'>;
  readonly formats: ReadonlyMap<string, Format>;
  readonly publish: (topic: string, payload: string, options: { qos: 1; retain: boolean }) => Promise<void>;
  /** Through the outside broker of this gateway; false: it has none, or it is away. */
  readonly publishOutside: (gateway: string, topic: string, payload: string) => Promise<boolean>;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
}

export interface HeardOn {
  readonly topic: string;
  /** Who brought it. */
  readonly identity?: string;
}

interface Sent {
  readonly id: number;
  readonly atMs: number;
  readonly topics: readonly string[];
  readonly isRetained: boolean;
}

export class ConfigDelivery {
  readonly #options: ConfigDeliveryOptions;
  readonly #sends: Counter<'outcome'>;
  /** By device; so many as devices. */
  #open = new Map<string, ConfigLine>();
  /** What went out since our start, by device. */
  readonly #sent = new Map<string, Sent>();
  readonly #heard = new Map<string, HeardOn>();
  /** What devices said of their configs before the book was first read; undefined from then on. */
  #early: Map<string, ConfigEcho> | undefined = new Map();
  #queue: Promise<void> = Promise.resolve();

  constructor(options: ConfigDeliveryOptions) {
    this.#options = options;
    this.#sends = new Counter({
      name: 'siaga_device_configs_total',
      help: 'Configs of devices: sent, failed (and tried again), confirmed by the device.',
      labelNames: ['outcome'],
      registers: [options.metrics],
    });
  }

  /** Sends what is open and has not gone out. Resolves when that is done. */
  deliver(): Promise<void> {
    return this.#enqueue(async () => {
      const lines = await readOpenConfigs(this.#options.database);
      this.#open = new Map(lines.map((line) => [line.device, line]));
      await this.#confirmEarly();
      for (const line of this.#open.values()) {
        if (this.#sent.get(line.device)?.id !== line.id && this.#isDue(line)) await this.#send(line);
      }
    });
  }

  /** What waited for us at an outside broker comes before the book is read. */
  async #confirmEarly(): Promise<void> {
    const early = this.#early;
    this.#early = undefined;
    for (const [device, echo] of early ?? []) {
      const line = this.#open.get(device);
      if (line && isEchoOf(line, echo)) await this.#confirm(line);
    }
  }

  /**
   * A device was heard: where it can be spoken to, and what it says of its config. Costs nothing where none is open.
   */
  hear(device: string, on: HeardOn, echo?: ConfigEcho): void {
    if (this.#options.registry.find(device)?.format !== undefined) this.#remember(device, on);
    const line = this.#open.get(device);
    if (echo && this.#early && this.#early.size < MAX_HEARD) this.#early.set(device, echo);
    if (!line) return;
    if (echo && isEchoOf(line, echo)) void this.#enqueue(() => this.#confirm(line));
    else if (this.#isDue(line)) void this.#enqueue(() => this.#send(line));
  }

  #remember(device: string, on: HeardOn): void {
    this.#heard.delete(device);
    this.#heard.set(device, on);
    if (this.#heard.size > MAX_HEARD) this.#heard.delete(this.#heard.keys().next().value as string);
  }

  #isDue({ id, device, sentAt }: ConfigLine): boolean {
    const sent = this.#sent.get(device);
    if (sent?.id === id) return !sent.isRetained && this.#isLongAgo(sent.atMs);
    // Sent before our start: the network has a downlink still, and what was retained here is gone.
    return sentAt === undefined || this.#isRetained(device) || this.#isLongAgo(sentAt);
  }

  #isRetained(device: string): boolean {
    const format = this.#options.registry.find(device)?.format ?? 'siaga';
    return this.#options.formats.get(format)?.down?.isRetained ?? true;
  }

  /** Also where our clock was set back behind it. */
  #isLongAgo(atMs: number): boolean {
    const sinceMs = this.#options.now() - atMs;
    return sinceMs < 0 || sinceMs >= AGAIN_AFTER_MS;
  }

  async #send(line: ConfigLine): Promise<void> {
    const { registry, database, now, log } = this.#options;
    const device = registry.find(line.device);
    const way = device && this.#wayTo(device, line);
    if (!device || !way || way.messages.length === 0) return;
    const before = this.#sent.get(device.id);
    const atMs = now();
    try {
      const topics = way.messages.map(({ topic }) => topic);
      await this.#clear(before, topics);
      for (const message of way.messages) await this.#publish(device, message, way.isRetained);
      this.#sent.set(device.id, { id: line.id, atMs, topics, isRetained: way.isRetained });
      await markSent(database, line.id, atMs);
      this.#sends.inc({ outcome: 'sent' });
    } catch (error) {
      this.#sends.inc({ outcome: 'failed' });
      log.warn({ err: error, device: device.id }, 'a config could not be sent; it is tried again');
    }
  }

  /** Undefined where its format has no word for it: that was said to who asked. */
  #wayTo(
    device: RegisteredDevice,
    line: ConfigLine,
  ): { messages: readonly DownMessage[]; isRetained: boolean } | undefined {
    const { formats, registry } = this.#options;
    const { id, kind, format } = device;
    if (format === undefined || format === 'siaga') {
      const topic = formatDeviceTopic({ city: registry.city, kind, device: id, channel: 'config' });
      return { messages: [{ topic, payload: formatConfig(line.config, line.id) }], isRetained: true };
    }
    const down = formats.get(format)?.down;
    const lastTopic = this.#heard.get(id)?.topic;
    const messages = down?.formatConfig({
      config: line.config,
      revision: line.id,
      names: [id, ...(device.aliases ?? [])],
      ...(lastTopic === undefined ? {} : { lastTopic }),
    });
    return down && messages && typeof messages !== 'string'
      ? { messages, isRetained: down.isRetained }
      : undefined;
  }

  async #publish(device: RegisteredDevice, { topic, payload }: DownMessage, retain: boolean): Promise<void> {
    const gateway = this.#heard.get(device.id)?.identity ?? device.gateway;
    const isOutside = gateway !== undefined && (await this.#options.publishOutside(gateway, topic, payload));
    if (!isOutside) await this.#options.publish(topic, payload, { qos: 1, retain });
  }

  /** Takes away what an earlier config left retained, unless the new one replaces it. */
  async #clear(before: Sent | undefined, kept: readonly string[]): Promise<void> {
    if (!before?.isRetained) return;
    for (const topic of before.topics) {
      if (!kept.includes(topic)) await this.#options.publish(topic, '', { qos: 1, retain: true });
    }
  }

  async #confirm({ id, device, config }: ConfigLine): Promise<void> {
    const { database, fleet, now, log } = this.#options;
    if (this.#open.get(device)?.id !== id) return;
    await markConfirmed(database, id, now());
    this.#open.delete(device);
    const { reportIntervalS } = config;
    if (reportIntervalS !== undefined) fleet.expectInterval(device, reportIntervalS * 1_000, now());
    await this.#clear(this.#sent.get(device), []);
    this.#sent.delete(device);
    this.#sends.inc({ outcome: 'confirmed' });
    log.info({ device, revision: id }, 'the device has its config');
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(work).catch((error: unknown) => {
      // What was not sent or noted is due again: with the next round, or when the device says it again.
      this.#options.log.error({ err: error }, 'a config of a device could not be worked off');
    });
    return this.#queue;
  }
}

/** By its number; or every setting that it has, where the format has no numbers. */
function isEchoOf({ id, config }: ConfigLine, { revision, settings }: ConfigEcho): boolean {
  if (revision !== undefined) return revision === id;
  return settings !== undefined && Object.entries(config).every(([name, value]) => settings[name] === value);
}
