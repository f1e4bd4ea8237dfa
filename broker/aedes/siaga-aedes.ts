/**
 * SiagaAedes: Aedes, except that a publish nobody may or would receive stops at its PUBACK.
 *
 * After a PUBACK, Aedes matches each message against retained store, offline queues and subscribers. Where
 * nobody observes that is work for nothing, and for what the pipeline refused it would be
 * wrong. Invariant: a packet marked with `stopForwarding` reaches no subscriber and is not retained.
 */
import type { EventEmitter } from 'node:events';
import { Aedes, type AedesOptions, type Client, type PublishPacket } from 'aedes';
import type { Persistence } from './persistence.ts';

const STOPPED = Symbol('not forwarded');

interface Markable {
  [STOPPED]?: boolean;
}

export function stopForwarding(packet: PublishPacket): void {
  (packet as Markable)[STOPPED] = true;
}

type Done = (error?: Error) => void;
/** What Aedes itself calls: its declaration leaves out the client in the middle. */
type PublishFrom = (packet: PublishPacket, client: Client | Done | null, done?: Done) => void;

export class SiagaAedes extends Aedes {
  /** Set by `listen`; missing in Aedes' declarations. */
  declare persistence: Persistence;

  constructor(options: AedesOptions) {
    super(options);
    // GHSA-52qw-whmv-87c5, closed in Aedes 1.2 and not in 2.0.0-beta.1: a client id such as `constructor` is no member.
    Object.assign(this, { clients: Object.create(null), brokers: Object.create(null) });
  }

  static async open(options: AedesOptions): Promise<SiagaAedes> {
    const aedes = new SiagaAedes(options);
    await aedes.listen();
    return aedes;
  }

  /** Aedes' declarations leave this event out; without a listener it would end the process. */
  onError(listener: (error: Error) => void): void {
    (this as EventEmitter).on('error', listener);
  }

  /** A session of version 5 is gone: nothing is due for it any more. Missing in Aedes' declarations. */
  forgetTimers(clientId: string): void {
    const timed = this as unknown as Record<'clearSessionExpiry' | 'clearDelayedWill', (id: string) => void>;
    timed.clearSessionExpiry(clientId);
    timed.clearDelayedWill(clientId);
  }

  /** A message of ours, to whoever subscribed. */
  publishOwn(packet: PublishPacket): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.publish(packet, (error?: Error) => (error ? reject(error) : resolve()));
    return promise;
  }

  override publish(packet: PublishPacket, client: Client | Done | null, done?: Done): void {
    if ((packet as Markable)[STOPPED] && done) {
      done();
      return;
    }
    // [MQTT-3.3.1-3] that it was repeated to us is nothing to those who get it.
    packet.dup = false;
    (super.publish as PublishFrom).call(this, packet, client, done);
  }
}
