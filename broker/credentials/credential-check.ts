/**
 * CredentialCheck: the credentials in memory, verified off the event loop, kept up with the database.
 *
 * The Authenticator of a server that asks for credentials. Hashes of the first version are slow, and renewed. The command line writes the database, this looks
 * once a second whether anything changed. Invariants: at most `CONCURRENCY` hashes are computed at once and
 * `MAX_WAITING` wait; what was revoked or has expired verifies no more, and its connections are told to end
 * within two looks.
 */
import type { Logger } from 'pino';
import type { Database } from '../../database/database.ts';
import { GATEWAY_PREFIX, isId } from '../../devices/topics.ts';
import type { Registry } from '../../fleet/registry.ts';
import { type Identity, OBSERVER_PREFIX } from '../access.ts';
import { type Authenticator, AuthenticatorBusyError } from '../authenticator.ts';
import { readCredentialsVersion } from './credentials.ts';
import { hashSecret, isOldHash, verifySecret } from './secret.ts';

/** Node has four threads for this by default; one stays free for files and names. */
const CONCURRENCY = 3;
/** Twice the largest city: 4 s of hashes. */
const MAX_WAITING = 12_000;
const LOOK_INTERVAL_MS = 1_000;

interface Credential {
  readonly id: number;
  readonly hash: string;
  readonly expiresAt: number | null;
}

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
  const { database, registry, log, now } = options;
  const watchers = new Set<() => void>();
  const slots = createSlots();
  let version = '';
  let byName = new Map<string, Credential[]>();
  /** Devices whose newest credential is revoked: their certificate does not count. */
  let revokedNames = new Set<string>();
  /** When the next credential expires; until then nothing changes by time alone. */
  let nextExpiryAt = Number.POSITIVE_INFINITY;
  /** Epoch ms of the last look. A clock set back since then makes expiries of the past come again. */
  let lookedAt = Number.NEGATIVE_INFINITY;

  const isCurrent = ({ expiresAt }: Credential) => expiresAt === null || expiresAt > now();
  const isInForce = (name: string, credential: number) =>
    (byName.get(name) ?? []).some((each) => each.id === credential && isCurrent(each));
  const identityOf = (name: string, credential?: number): Identity | undefined => {
    const by = credential === undefined ? {} : { credential };
    if (name.startsWith(OBSERVER_PREFIX)) return { role: 'observer', id: name, ...by };
    if (name.startsWith(GATEWAY_PREFIX)) {
      const isKnown = registry.gateways().some(({ id }) => id === name);
      return isKnown ? { role: 'gateway', id: name, ...by } : undefined;
    }
    const device = registry.find(name);
    return device ? { role: 'device', id: device.id, kind: device.kind, ...by } : undefined;
  };

  const read = async () => {
    const rows = await database
      .selectFrom('device_credentials')
      .select(['id', 'device', 'hash', 'expires_at', 'revoked_at'])
      .orderBy('id')
      .execute();
    byName = new Map();
    revokedNames = new Set();
    for (const { id, device, hash, expires_at: expiresAt, revoked_at: revokedAt } of rows) {
      if (revokedAt !== null) {
        revokedNames.add(device);
        continue;
      }
      revokedNames.delete(device);
      const known = byName.get(device) ?? [];
      byName.set(device, [
        ...known,
        { id: Number(id), hash, expiresAt: expiresAt === null ? null : Number(expiresAt) },
      ]);
    }
    await registry.reload();
  };

  const look = async () => {
    const fresh = await readCredentialsVersion(database);
    const changed = fresh !== version;
    if (changed) {
      await read();
      version = fresh;
    }
    const nowMs = now();
    const isSetBack = nowMs < lookedAt;
    lookedAt = nowMs;
    if (!changed && !isSetBack && nowMs < nextExpiryAt) return;
    const expiries = [...byName.values()].flat().map(({ expiresAt }) => expiresAt ?? Infinity);
    nextExpiryAt = expiries.reduce((least, at) => (at > nowMs && at < least ? at : least), Infinity);
    for (const watcher of watchers) watcher();
  };
  await look();
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
    look,
    async verify(userName, secret) {
      for (const { id, hash } of (byName.get(userName) ?? []).filter(isCurrent).reverse()) {
        const isOld = isOldHash(hash);
        const verified = isOld
          ? await slots.run(() => verifySecret(secret, hash))
          : await verifySecret(secret, hash);
        // Seconds may have gone by in the queue, and with them the credential.
        if (!verified || !isInForce(userName, id)) continue;
        if (isOld) await renewHash(database, id, hashSecret(secret), log);
        return identityOf(userName, id);
      }
      return undefined;
    },
    verifyCertificate: (name) => (revokedNames.has(name) || !isId(name) ? undefined : identityOf(name)),
    isValid(identity) {
      if (identity.role === 'anyone') return true;
      const { id, credential } = identity;
      if (credential === undefined) return !revokedNames.has(id) && identityOf(id) !== undefined;
      return isInForce(id, credential);
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    async [Symbol.asyncDispose]() {
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

/** For hashes of the first version, which are slow. Runs so many at once; the rest waits in order; beyond the bound it is refused. */
function createSlots(): { run<T>(work: () => Promise<T>): Promise<T> } {
  let running = 0;
  const waiting: (() => void)[] = [];
  return {
    async run(work) {
      if (running >= CONCURRENCY) {
        if (waiting.length >= MAX_WAITING) throw new AuthenticatorBusyError('too many wait to be verified');
        const turn = Promise.withResolvers<void>();
        waiting.push(turn.resolve);
        await turn.promise;
      } else running++;
      try {
        return await work();
      } finally {
        // The slot goes to the next in line, or back.
        const next = waiting.shift();
        if (next) next();
        else running--;
      }
    },
  };
}
