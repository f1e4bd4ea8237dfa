/**
 * StandbyPorts: the ports of a server while it stands by. That of the API, and with SIAGA_NODE_HOST those of the
 * broker, from which it carries to the owner what comes (relay/).
 *
 * Opened when it has to wait, closed just before the broker and the API open on the same ports. Invariant: where it
 * never waits, nothing is opened; without SIAGA_NODE_HOST no device is listened to.
 */
import type { Logger } from 'pino';
import { Registry as Metrics } from 'prom-client';
import { type Connections, createConnections } from '../api/server/connections.ts';
import type { Listeners } from '../broker/listeners/listeners.ts';
import type { Config } from '../config/config.ts';
import type { OwnerNode } from '../ownership/owner-node.ts';
import { openStandbyServer, type StandbyRelay, type StandbyServer } from '../ownership/standby-server.ts';
import { createCarriedCalls } from '../relay/carried-calls.ts';
import { openCarriedDevices } from '../relay/carried-devices.ts';
import { createRelayMetrics } from '../relay/relay-metrics.ts';
import { type NoWay, WayToOwner } from '../relay/way-to-owner.ts';
import { OWN_DESCRIPTORS, readDescriptorLimit, shareDescriptors } from './share-descriptors.ts';

/** How often the connections of callers are looked at, as in the API. */
const SWEEP_EVERY_MS = 2_000;

const WHY_REFUSED: Readonly<Record<NoWay, string>> = {
  'no-owner': 'standby: nobody serves the city now; a takeover takes some seconds',
  unreachable: 'standby: the server that owns the city is not reached from this one',
};

const UNANNOUNCED =
  'it has not said where other nodes reach it: it is still opening, or SIAGA_NODE_HOST is not set on it';

export interface StandbyPortsOptions {
  readonly config: Config;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
  readonly monotonicNow: () => number;
  /** Why this server's journal does not follow the log, in words. */
  readonly copyProblem: () => string | undefined;
}

export class StandbyPorts implements AsyncDisposable {
  readonly #options: StandbyPortsOptions;
  readonly #carrying: Carrying | undefined;
  #server: StandbyServer | undefined;
  #sentence = '';

  constructor(options: StandbyPortsOptions) {
    this.#options = options;
    this.#carrying = options.config.SIAGA_NODE_HOST === undefined ? undefined : new Carrying(options);
  }

  /** To who asks, where the port is open. */
  tell(sentence: string): void {
    this.#sentence = sentence;
  }

  /** Who owns the city now, as other nodes reach it; undefined where nobody does, or where it has not said so. */
  lead(node: OwnerNode | undefined, isOwned: boolean): void {
    if (!this.#carrying) return;
    this.#carrying.isUnannounced = isOwned && node === undefined;
    this.#carrying.way.lead(node);
  }

  /** This server owns the city from now on: it carries to nobody. */
  leave(): void {
    this.#carrying?.way.leave();
  }

  /** Opens the ports, the first time. */
  async say(sentence: string): Promise<void> {
    this.tell(sentence);
    if (this.#server) return;
    const { config, log, metrics, copyProblem } = this.#options;
    const carrying = this.#carrying;
    const shown = {
      contentType: metrics.contentType,
      metrics: () => (carrying ? Metrics.merge([metrics, carrying.metrics.registry]) : metrics).metrics(),
    };
    const relay = carrying ? { relay: carrying } : {};
    this.#server = await openStandbyServer({
      ...{ config, metrics: shown, ...relay },
      sentence: () => [this.#sentence, copyProblem()].filter((each) => each !== undefined).join('; '),
    });
    const addresses = await carrying?.open();
    const mqtt = addresses?.map(({ listener, host, port }) => `${listener}://${host}:${port}`);
    log.info({ http: this.#server.address, ...(mqtt ? { mqtt } : {}) }, 'Siaga stands by');
  }

  /** Devices that are held or carried come again. */
  async endCarrying(): Promise<void> {
    await this.#carrying?.endDevices();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await this.#carrying?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  }
}

/** What a standby does for the owner. */
class Carrying implements StandbyRelay, AsyncDisposable {
  readonly metrics = createRelayMetrics();
  readonly way: WayToOwner;
  readonly #options: StandbyPortsOptions;
  readonly #calls;
  readonly #connections: Connections;
  readonly #sweeping: NodeJS.Timeout;
  readonly #share;
  /** Somebody owns the city, and has not said where other nodes reach it. */
  isUnannounced = false;
  #devices: Listeners | undefined;

  constructor(options: StandbyPortsOptions) {
    const { config, now, monotonicNow } = options;
    this.#options = options;
    const log = options.log.child({ part: 'relay' });
    this.way = new WayToOwner(this.metrics, monotonicNow, (problem) => {
      if (problem === undefined) log.info('the owner is reached from this standby again');
      else log.warn(`this standby carries nobody to the owner: ${problem}`);
    });
    this.#calls = createCarriedCalls(this.way, this.metrics);
    // Each connection that is carried is two.
    const limit = OWN_DESCRIPTORS + Math.floor((readDescriptorLimit() - OWN_DESCRIPTORS) / 2);
    this.#share = shareDescriptors(config, limit);
    this.#connections = createConnections({
      bounds: {
        maxConnections: Math.min(config.HTTP_MAX_CONNECTIONS, this.#share.apiConnections),
        maxConnectionsPerAddress: config.HTTP_MAX_CONNECTIONS_PER_ADDRESS,
        // How long a request may be is the owner's to say: none of it stays here.
        maxRequestBytes: Number.POSITIVE_INFINITY,
      },
      ...{ trustProxy: config.TRUST_PROXY, metrics: this.metrics.registry, now },
    });
    this.#sweeping = setInterval(() => this.#connections.sweep(), SWEEP_EVERY_MS);
    this.#sweeping.unref();
  }

  get isOpen(): boolean {
    return this.way.isOpen;
  }

  get problem(): string | undefined {
    return this.way.problem ?? (this.isUnannounced ? UNANNOUNCED : undefined);
  }

  createServer: StandbyRelay['createServer'] = (handle) => this.#connections.createServer(handle);

  carry: StandbyRelay['carry'] = (call, response, refuse) => {
    // How long an answer may take is the owner's to say: it sees who does not read.
    const connection = this.#connections.find(call.socket);
    if (connection) connection.isLongLived = true;
    this.#calls.carry(call, response, (why) => refuse(WHY_REFUSED[why]));
  };

  mayReadMetrics: StandbyRelay['mayReadMetrics'] = (call) => this.#calls.mayReadMetrics(call);

  async open(): Promise<Listeners['addresses']> {
    const { config, monotonicNow } = this.#options;
    const log = this.#options.log.child({ part: 'relay' });
    const { mqttConnections, shortage } = this.#share;
    if (shortage) log.warn(shortage, 'this standby may open fewer files than it needs to carry all devices');
    this.#devices = await openCarriedDevices({
      config: { ...config, MQTT_MAX_CONNECTIONS: mqttConnections },
      ...{ way: this.way, metrics: this.metrics, monotonicNow },
      onError: (error, listener) => log.warn({ err: error, listener }, 'cannot accept'),
    });
    return this.#devices.addresses;
  }

  async endDevices(): Promise<void> {
    const devices = this.#devices;
    this.#devices = undefined;
    await devices?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweeping);
    this.way[Symbol.dispose]();
    await this.endDevices();
  }
}
