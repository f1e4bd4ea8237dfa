/**
 * Authenticator: the port between the broker and whoever knows the credentials.
 *
 * credentials/ is its adapter; without one (MQTT_AUTH=false, loopback only) every client is `anyone`.
 * Invariant: `verify` never blocks the event loop.
 */
import type { ClientCertificate } from '../connection/connection-options.ts';
import type { Identity } from './access.ts';

export interface Authenticator {
  /** Who it is, or undefined when name and secret do not belong together. */
  verify(userName: string, secret: Buffer): Promise<Identity | undefined>;
  /** The device that a client certificate names, if it is registered, and the certificate was not revoked. */
  verifyCertificate(certificate: ClientCertificate): Identity | undefined;
  /** Whether who was verified once may stay: false after a revocation, an expiry, a removed device. */
  isValid(identity: Identity): boolean;
  /** Calls `watcher` when some identity may have become invalid. Returns the way to stop. */
  watch(watcher: () => void): () => void;
}
