/**
 * KnownCredentials: the credentials in memory, as the database had them at the last look.
 *
 * Asked for each CONNECT, and whether who is connected may stay. Invariant: a credential that is not in force now is
 * given to nobody, though it is still in here.
 */
import type { Database } from '../../database/database.ts';
import { GATEWAY_PREFIX } from '../../devices/topics.ts';
import type { Registry } from '../../fleet/registry.ts';
import { type Identity, OBSERVER_PREFIX, type Proof } from '../clients/access.ts';

interface Credential {
  readonly id: number;
  readonly hash: string;
  /** Epoch ms. */
  readonly expiresAt: number | null;
}

export interface KnownCredentialsOptions {
  readonly database: Database;
  readonly registry: Registry;
  readonly now: () => number;
}

export class KnownCredentials {
  readonly #options: KnownCredentialsOptions;
  #byName = new Map<string, Credential[]>();
  /** Devices whose newest credential is revoked: their certificate does not count. */
  #revokedNames = new Set<string>();
  /** Up to when the certificates of a device are void, epoch ms. */
  #voidUntil = new Map<string, number>();
  /** When the next credential expires; until then nothing changes by time alone. In the past after a change. */
  #nextExpiryAt = Number.POSITIVE_INFINITY;
  /** Epoch ms of the last look. A clock set back since then makes expiries of the past come again. */
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: KnownCredentialsOptions) {
    this.#options = options;
  }

  /** Takes all of the database, and what the registry knows now. */
  async read(): Promise<void> {
    const rows = await this.#options.database
      .selectFrom('device_credentials')
      .select(['id', 'device', 'hash', 'expires_at', 'revoked_at'])
      .orderBy('id')
      .execute();
    const voided = await this.#options.database.selectFrom('revoked_certificates').selectAll().execute();
    const byName = new Map<string, Credential[]>();
    const revokedNames = new Set<string>();
    for (const { id, device, hash, expires_at: expiresAt, revoked_at: revokedAt } of rows) {
      if (revokedAt !== null) {
        revokedNames.add(device);
        continue;
      }
      revokedNames.delete(device);
      const credential = { id: Number(id), hash, expiresAt: expiresAt === null ? null : Number(expiresAt) };
      byName.set(device, [...(byName.get(device) ?? []), credential]);
    }
    this.#byName = byName;
    this.#voidUntil = new Map(voided.map((row) => [row.device, Number(row.revoked_at)]));
    this.#revokedNames = revokedNames;
    this.#nextExpiryAt = Number.NEGATIVE_INFINITY;
    await this.#options.registry.reload();
  }

  /** Whether any may have begun or ended to count since the last look, by a change or by time alone. */
  passTime(nowMs: number): boolean {
    const isSetBack = nowMs < this.#lookedAt;
    this.#lookedAt = nowMs;
    if (!isSetBack && nowMs < this.#nextExpiryAt) return false;
    const expiries = [...this.#byName.values()].flat().map(({ expiresAt }) => expiresAt ?? Infinity);
    this.#nextExpiryAt = expiries.reduce((least, at) => (at > nowMs && at < least ? at : least), Infinity);
    return true;
  }

  /** Those in force, the newest first. */
  currentOf(name: string): readonly Credential[] {
    return (this.#byName.get(name) ?? []).filter((each) => this.#isCurrent(each)).reverse();
  }

  isInForce(name: string, credential: number): boolean {
    return (this.#byName.get(name) ?? []).some((each) => each.id === credential && this.#isCurrent(each));
  }

  /** Whether a certificate of this name counts, by the time from which it is valid, epoch ms. */
  isCertificateInForce(name: string, validFromMs: number): boolean {
    return (
      !this.#revokedNames.has(name) && validFromMs > (this.#voidUntil.get(name) ?? Number.NEGATIVE_INFINITY)
    );
  }

  /** Who goes by this name, if anybody is registered under it. */
  identityOf(name: string, by: Proof): Identity | undefined {
    const { registry } = this.#options;
    if (name.startsWith(OBSERVER_PREFIX)) return { role: 'observer', id: name, ...by };
    if (name.startsWith(GATEWAY_PREFIX)) {
      const isKnown = registry.gateways().some(({ id }) => id === name);
      return isKnown ? { role: 'gateway', id: name, ...by } : undefined;
    }
    const device = registry.find(name);
    return device ? { role: 'device', id: device.id, kind: device.kind, ...by } : undefined;
  }

  #isCurrent({ expiresAt }: Credential): boolean {
    return expiresAt === null || expiresAt > this.#options.now();
  }
}
