/**
 * CredentialCheck: who shows which secret, kept up with the database.
 *
 * The Authenticator of a server that asks for credentials. The command line writes the database, this looks once a
 * second whether anything changed. A hash of the first version is slow, computed off the event loop, and renewed.
 * Invariant: what was revoked or has expired verifies no more, and its connections are told to end within two
 * looks.
 */
import type { Logger } from 'pino';
import type { Database } from '../../database/database.ts';
import { isId } from '../../devices/topics.ts';
import type { Registry } from '../../fleet/registry.ts';
import type { Authenticator } from '../clients/authenticator.ts';
import { readCredentialsVersion } from './credentials.ts';
import { KnownCredentials } from './known-credentials.ts';
import { hashSecret, isOldHash, verifySecret } from './secret.ts';

const LOOK_INTERVAL_MS = 1_000;

export interface CredentialCheckOptions {
  readonly database: Database;
  readonly registry: Registry;
  readonly log: Logger;
  readonly now: () => number;
}

export interface CredentialCheck extends Authenticator, AsyncDisposable {
  /** Reads the database if it changed; called by itself once a second. */
  look(): Promise<void>;
}

export async function openCredentialCheck(options: CredentialCheckOptions): Promise<CredentialCheck> {
  const { database, log, now, registry } = options;
  const known = new KnownCredentials(options);
  const watchers = new Set<() => void>();
  let version = '';
  let lookedThrough = registry.all();
  const look = async () => {
    const fresh = await readCredentialsVersion(database);
    if (fresh !== version) {
      await known.read();
      version = fresh;
    }
    // A device that was taken out of the city has no place here, whatever its credential.
    const devices = registry.all();
    const hasMoved = devices !== lookedThrough;
    lookedThrough = devices;
    if (known.passTime(now()) || hasMoved) for (const watcher of watchers) watcher();
  };
  await look();
  const timer = keepLooking(look, log);
  return {
    look,
    async verify(userName, secret) {
      for (const { id, hash } of known.currentOf(userName)) {
        const verified = await verifySecret(secret, hash);
        // A hash of the first version takes its time, and meanwhile the credential may have gone.
        if (!verified || !known.isInForce(userName, id)) continue;
        if (isOldHash(hash)) await renewHash(database, id, hashSecret(secret), log);
        return known.identityOf(userName, { credential: id });
      }
      return undefined;
    },
    verifyCertificate({ name, validFromMs }) {
      if (!isId(name) || !known.isCertificateInForce(name, validFromMs)) return undefined;
      return known.identityOf(name, { certificateFromMs: validFromMs });
    },
    isValid(identity) {
      if (identity.role === 'anyone') return true;
      const { id, credential, certificateFromMs } = identity;
      const isInForce =
        credential !== undefined
          ? known.isInForce(id, credential)
          : certificateFromMs !== undefined && known.isCertificateInForce(id, certificateFromMs);
      return isInForce && known.identityOf(id, {}) !== undefined;
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    [Symbol.asyncDispose]: () => timer.stop(),
  };
}

/** Looks once a second; says once that it fails. */
function keepLooking(look: () => Promise<void>, log: Logger): { stop(): Promise<void> } {
  let looking: Promise<void> = Promise.resolve();
  let failing = false;
  const timer = setInterval(() => {
    looking = looking.then(look).then(
      () => {
        failing = false;
      },
      (error: Error) => {
        if (!failing) log.error({ err: error }, 'cannot read credentials; the known ones stay valid');
        failing = true;
      },
    );
  }, LOOK_INTERVAL_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}

/** A cheap hash in place of one of the first version; where that fails the old one stays good. */
async function renewHash(database: Database, id: number, hash: string, log: Logger): Promise<void> {
  await database
    .updateTable('device_credentials')
    .set({ hash })
    .where('id', '=', id)
    .execute()
    .catch((error: unknown) =>
      log.warn({ err: error }, 'cannot renew the hash of a secret; the old one stays'),
    );
}
