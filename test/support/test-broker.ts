/**
 * A broker to test against: the real one, with a pipeline that records what it was given and answers when the
 * test says so. The pipeline is the broker's port; what is behind it has its own tests.
 */
import type { IConnackPacket } from 'mqtt-packet';
import { type Logger, pino } from 'pino';
import { Registry } from 'prom-client';
import { type Broker, openBroker } from '../../broker/broker.ts';
import type { Identity } from '../../broker/clients/access.ts';
import type { Authenticator } from '../../broker/clients/authenticator.ts';
import type { DeviceLinkWatcher } from '../../broker/clients/device-links.ts';
import type { Config } from '../../config/config.ts';
import { environmentSchema } from '../../config/environment.ts';
import type { Database } from '../../database/database.ts';
import type { Rejection } from '../../devices/rejection.ts';
import type { IncomingMessage, Pipeline } from '../../ingest/pipeline.ts';
import { type Outcome, outcomeOf, type Waiter } from '../../journal/waiter.ts';
import { createClientPair, type RawMqttClient } from './raw-mqtt-client.ts';

/** Tests send within a second what a device sends in an hour; those of its rate say their own. */
const OF_TESTS = { MQTT_PORT: '0', MQTT_MAX_PUBLISHES_PER_CLIENT_PER_S: '10000000' };

export const CITY = 'semarang';
export const GAUGE_ROOT = `siaga/${CITY}/river-gauge/gauge-1`;
export const TELEMETRY = `${GAUGE_ROOT}/telemetry`;
export const STATUS = `${GAUGE_ROOT}/status`;

export const STORED: Outcome = { stored: 1, repeated: 0, rejected: 0 };
export const REJECTED: Outcome = { stored: 0, repeated: 0, rejected: 1 };

/** Records every message; answers at once, or when told where `holding` is true. */
export class RecordingPipeline implements Pipeline {
  readonly messages: IncomingMessage[] = [];
  holding = false;
  waitingBytes = 0;
  /** Decides the outcome of a message; by default all is stored. */
  judge: (message: IncomingMessage) => Outcome = () => STORED;
  /** What is said of what is rejected. */
  rejection: Rejection | undefined;
  readonly #held: { message: IncomingMessage; waiter: Waiter }[] = [];
  readonly #waiters: { count: number; resolve: () => void }[] = [];

  accept(message: IncomingMessage): Promise<Outcome> {
    return outcomeOf((waiter) => this.acceptFor(waiter, message));
  }

  acceptFor(waiter: Waiter, given: IncomingMessage): void {
    const message = { ...given, payload: Buffer.from(given.payload) };
    this.messages.push(message);
    for (const { count, resolve } of this.#waiters) if (this.messages.length >= count) resolve();
    if (this.holding) {
      this.#held.push({ message, waiter });
      this.waitingBytes += message.payload.length;
    } else this.#tell(waiter, message);
  }

  /** Resolves when this many messages have come in all. */
  async received(count: number): Promise<void> {
    if (this.messages.length >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.push({ count, resolve });
    await promise;
  }

  get heldCount(): number {
    return this.#held.length;
  }

  /** Settles what is held: the one at `index`, or all. */
  release(index?: number): void {
    const due = index === undefined ? this.#held.splice(0) : this.#held.splice(index, 1);
    for (const { message, waiter } of due) {
      this.waitingBytes -= message.payload.length;
      this.#tell(waiter, message);
    }
  }

  fail(error: Error): void {
    for (const { message, waiter } of this.#held.splice(0)) {
      this.waitingBytes -= message.payload.length;
      waiter.refused(error);
    }
  }

  #tell(waiter: Waiter, message: IncomingMessage): void {
    const { stored, repeated, rejected } = this.judge(message);
    if (rejected > 0 && this.rejection) waiter.told?.(this.rejection);
    waiter.stored(stored, repeated, rejected);
  }
}

/** Knows `gauge-1`, `gauge-2` and `observer:room`; each one's secret is its name with `-secret` behind it. */
export const testAuthenticator: Authenticator = {
  async verify(userName, secret) {
    return secret.toString() === `${userName}-secret` ? identityOf(userName) : undefined;
  },
  verifyCertificate: ({ name }) => identityOf(name),
  isValid: () => true,
  watch: () => () => undefined,
};

function identityOf(name: string): Identity | undefined {
  if (name === 'observer:room') return { role: 'observer', id: name };
  if (/^gauge-\d$/.test(name)) return { role: 'device', id: name, kind: 'river-gauge' };
  return undefined;
}

export interface TestBroker extends AsyncDisposable {
  readonly broker: Broker;
  readonly pipeline: RecordingPipeline;
  readonly metrics: Registry;
  /** A client on an in-memory pair. */
  attach(bufferBytes?: number, version?: 4 | 5): RawMqttClient;
  /** A connected device, by default gauge-1. */
  device(id?: string, fields?: Parameters<RawMqttClient['connect']>[0]): Promise<RawMqttClient>;
  observer(): Promise<RawMqttClient>;
  /** A client of version 5, by default gauge-1, and its CONNACK. */
  connect5(
    name?: string,
    fields?: Parameters<RawMqttClient['connect']>[0],
  ): Promise<{ client: RawMqttClient; connack: IConnackPacket }>;
  /** The value of one metric's series: `value('siaga_mqtt_holds_total', { cause: 'in-flight' })`. */
  value(name: string, labels?: Record<string, string>): Promise<number>;
}

export async function openTestBroker(
  environment: Partial<Record<keyof Config, string>> = {},
  options: {
    authenticator?: Authenticator | undefined;
    now?: () => number;
    monotonicNow?: () => number;
    log?: Logger;
    deviceLinks?: DeviceLinkWatcher;
    database?: Database;
    isStatusOfFormat?: (topic: string) => boolean;
  } = {},
): Promise<TestBroker> {
  const config = Object.freeze(environmentSchema.parse({ ...OF_TESTS, ...environment }));
  const pipeline = new RecordingPipeline();
  const metrics = new Registry();
  const broker = await openBroker({
    config,
    city: CITY,
    pipeline,
    waitingBytes: () => pipeline.waitingBytes,
    authenticator: 'authenticator' in options ? options.authenticator : testAuthenticator,
    log: options.log ?? pino({ level: 'silent' }),
    metrics,
    now: options.now ?? Date.now,
    monotonicNow: options.monotonicNow ?? options.now ?? (() => performance.now()),
    ...(options.deviceLinks ? { deviceLinks: options.deviceLinks } : {}),
    ...(options.database ? { database: options.database } : {}),
    isStatusOfFormat: options.isStatusOfFormat ?? (() => false),
  });
  const attach = (bufferBytes?: number, version?: 4 | 5) => {
    const { client, serverSide } = createClientPair(bufferBytes, version);
    broker.handle(serverSide, { listener: 'memory', address: 'memory' });
    return client;
  };
  const connectAs = async (name: string, fields: Parameters<RawMqttClient['connect']>[0]) => {
    const client = attach();
    const password = Buffer.from(`${name}-secret`);
    const connack = await client.connect({ clientId: name, username: name, password, ...fields });
    if (connack.returnCode !== 0) throw new Error(`CONNACK ${connack.returnCode}`);
    return client;
  };
  return {
    broker,
    pipeline,
    metrics,
    attach,
    device: (id = 'gauge-1', fields = {}) => connectAs(id, fields),
    async connect5(name = 'gauge-1', fields = {}) {
      const client = attach(undefined, 5);
      const password = Buffer.from(`${name}-secret`);
      const connack = await client.connect({ clientId: name, username: name, password, ...fields });
      return { client, connack };
    },
    observer: () => connectAs('observer:room', {}),
    async value(name, labels = {}) {
      const metric = await metrics.getSingleMetric(name)?.get();
      const series = metric?.values.find(({ labels: own }) =>
        Object.entries(labels).every(([key, value]) => (own as Record<string, unknown>)[key] === value),
      );
      return series?.value ?? 0;
    },
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}
