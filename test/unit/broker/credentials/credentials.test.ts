/** Credentials on a real state database: issued, verified, rotated, revoked, listed, imported. */

import { scryptSync } from 'node:crypto';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type CredentialCheck,
  openCredentialCheck,
} from '../../../../broker/credentials/credential-check.ts';
import {
  issueCredentials,
  listCredentials,
  revokeCredentials,
  rotateCredential,
} from '../../../../broker/credentials/credentials.ts';
import { generateSecret, hashSecret, verifySecret } from '../../../../broker/credentials/secret.ts';
import type { Database } from '../../../../database/database.ts';
import { openRegistry, type Registry } from '../../../../fleet/registry.ts';
import { openMemoryDatabase } from '../../../support/memory-database.ts';
import { smallCity } from '../../../support/small-city.ts';

const DEVICE = 'hulu';

let now = Date.UTC(2026, 0, 1);
/** Issued a day before. */
const certificate = { name: DEVICE, validFromMs: Date.UTC(2025, 11, 31) };
let database: Database;
let registry: Registry;
let check: CredentialCheck;

beforeEach(async () => {
  now = Date.UTC(2026, 0, 1);
  database = await openMemoryDatabase();
  registry = await openRegistry(smallCity, database);
  check = await openCredentialCheck({ database, registry, log: pino({ level: 'silent' }), now: () => now });
});
afterEach(async () => {
  await check[Symbol.asyncDispose]();
  await database.destroy();
});

const issue = async (device = DEVICE) =>
  (await issueCredentials(database, [device], now)).get(device) as string;
const verify = async (secret: string, device = DEVICE) => {
  await check.look();
  return check.verify(device, Buffer.from(secret));
};

describe('a secret', () => {
  test('has 192 bits, differs each time, and is not in its hash', async () => {
    const secrets = Array.from({ length: 100 }, generateSecret);
    expect(new Set(secrets).size).toBe(100);
    expect(Buffer.from(secrets[0] as string, 'base64url')).toHaveLength(24);
    expect(hashSecret(secrets[0] as string)).not.toContain(secrets[0]);
  });

  test('verifies against its own hash and no other', async () => {
    const hash = hashSecret('one');
    expect(await verifySecret(Buffer.from('one'), hash)).toBe(true);
    expect(await verifySecret(Buffer.from('two'), hash)).toBe(false);
    expect(await verifySecret(Buffer.from('one'), 'none')).toBe(false);
  });
});

describe('a secret of the first version', () => {
  const OLD = 'an-old-secret';
  const salt = Buffer.alloc(16, 7);
  const old = `scrypt$256$8$1$${salt.toString('base64url')}$${scryptSync(OLD, salt, 32, { N: 256, r: 8, p: 1 }).toString('base64url')}`;

  test('is still good, and its hash is renewed at the next connect', async () => {
    await database
      .insertInto('device_credentials')
      .values({ device: DEVICE, hash: old, created_at: now, expires_at: null, revoked_at: null })
      .execute();
    expect(await verify('another')).toBeUndefined();
    expect(await verify(OLD)).toMatchObject({ id: DEVICE });
    const { hash } = await database.selectFrom('device_credentials').select('hash').executeTakeFirstOrThrow();
    expect(hash).toBe(hashSecret(OLD));
    expect(await verify(OLD)).toMatchObject({ id: DEVICE });
  });

  test('is answered to each of many who come at once, right or wrong', async () => {
    await database
      .insertInto('device_credentials')
      .values({ device: DEVICE, hash: old, created_at: now, expires_at: null, revoked_at: null })
      .execute();
    await check.look();
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, index) => check.verify(DEVICE, Buffer.from(index % 2 ? OLD : 'no'))),
    );
    expect(answers.map((answer) => answer !== undefined)).toEqual(answers.map((_, index) => index % 2 === 1));
  });
});

describe('a device', () => {
  test('is known by the secret it was issued, as what the registry says it is', async () => {
    const secret = await issue();
    expect(await verify(secret)).toMatchObject({ role: 'device', id: DEVICE, kind: 'river-gauge' });
    expect(await verify(`${secret}x`)).toBeUndefined();
    expect(await verify(secret, 'nobody')).toBeUndefined();
  });

  test('that is not registered is nobody, though a credential was issued to it', async () => {
    expect(await verify(await issue('not-registered'), 'not-registered')).toBeUndefined();
  });

  test('whose secret stops to count while its hash is computed is not let in', async () => {
    const first = await issue();
    await rotateCredential(database, DEVICE, { now, overlapMs: 1_000 });
    await check.look();
    const hashing = check.verify(DEVICE, Buffer.from(first));
    now += 1_001;
    expect(await hashing).toBeUndefined();
  });

  test('has two valid secrets while one is rotated out, and one when the overlap is over', async () => {
    const first = await issue();
    const second = await rotateCredential(database, DEVICE, { now, overlapMs: 1_000 });
    expect(await verify(first)).toBeDefined();
    expect(await verify(second)).toBeDefined();
    now += 1_001;
    expect(await verify(first)).toBeUndefined();
    expect(await verify(second)).toBeDefined();
  });

  test('never has more than two valid secrets', async () => {
    const first = await issue();
    const second = await rotateCredential(database, DEVICE, { now, overlapMs: 1_000 });
    const third = await rotateCredential(database, DEVICE, { now, overlapMs: 1_000 });
    expect(await verify(first)).toBeUndefined();
    expect(await verify(second)).toBeDefined();
    expect(await verify(third)).toBeDefined();
  });

  test('that is revoked is refused, its certificate too, and whoever watches is told', async () => {
    const secret = await issue();
    const identity = await verify(secret);
    expect(check.verifyCertificate(certificate)).toMatchObject({ id: DEVICE });
    let told = 0;
    check.watch(() => told++);
    expect(await revokeCredentials(database, DEVICE, now)).toBe(1);
    await check.look();
    expect(told).toBe(1);
    expect(identity && check.isValid(identity)).toBe(false);
    expect(await verify(secret)).toBeUndefined();
    expect(check.verifyCertificate(certificate)).toBeUndefined();
  });

  test('whose certificate was stolen is let in with a new one only, whatever it is given later', async () => {
    const stolen = check.verifyCertificate(certificate);
    expect(stolen && check.isValid(stolen)).toBe(true);
    await revokeCredentials(database, DEVICE, now);
    await check.look();
    expect(stolen && check.isValid(stolen)).toBe(false);
    expect(check.verifyCertificate(certificate)).toBeUndefined();
    // Its replacement: a new entry, a new secret, a new certificate. The old one does not come back with them.
    await issue();
    await rotateCredential(database, DEVICE, { now, overlapMs: 0 });
    await check.look();
    expect(check.verifyCertificate(certificate)).toBeUndefined();
    expect(stolen && check.isValid(stolen)).toBe(false);
    const replacement = { name: DEVICE, validFromMs: now + 1_000 };
    expect(check.verifyCertificate(replacement)).toMatchObject({ id: DEVICE });
  });

  test('whose credential expires is told to go without a change in the database', async () => {
    const first = await issue();
    await rotateCredential(database, DEVICE, { now, overlapMs: 1_000 });
    const identity = await verify(first);
    let told = 0;
    check.watch(() => told++);
    await check.look();
    expect(told).toBe(0);
    now += 1_001;
    await check.look();
    expect(told).toBe(1);
    expect(identity && check.isValid(identity)).toBe(false);
  });

  test('whose credential expires is told so also where the clock was set back after a first expiry', async () => {
    await issue();
    await rotateCredential(database, DEVICE, { now, overlapMs: 1_000 });
    now += 1_001;
    await check.look();
    now -= 10_000;
    await check.look();
    let told = 0;
    check.watch(() => told++);
    now += 10_000;
    await check.look();
    expect(told).toBe(1);
  });
});

test('an observer is known by its name', async () => {
  const secret = await issue('observer:room');
  expect(await verify(secret, 'observer:room')).toMatchObject({ role: 'observer', id: 'observer:room' });
});

test('nothing changed is one cheap look that tells nobody', async () => {
  let told = 0;
  check.watch(() => told++);
  await check.look();
  await check.look();
  expect(told).toBe(0);
});

test('a thousand are issued, and of each only the last issue counts', async () => {
  const names = Array.from({ length: 1_000 }, (_, index) => `device-${index}`);
  await issueCredentials(database, names, now);
  const secrets = await issueCredentials(database, names, now);
  expect(secrets.size).toBe(1_000);
  expect(await listCredentials(database)).toHaveLength(1_000);
});
