/**
 * Secrets of devices: made here, shown once, kept as a SHA-256 hash.
 *
 * Invariant: every secret is generated, 192 random bits. Nobody guesses or tabulates that, however cheap the hash, so
 * that a city of 12,000 devices is let in again at once after a power cut. Never accept a secret that a person thought
 * of. Hashes of the first version, scrypt, are still verified; credential-check.ts renews them at the next connect.
 */
import { createHash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

const SECRET_BYTES = 24;
/** What a stored scrypt hash may ask for at most: 128 × N × r bytes. */
const MAX_MEMORY_BYTES = 64 * 1024 * 1024;

/** 32 characters of base64url. */
export function generateSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/** `sha256$hash`. */
export function hashSecret(secret: string | Buffer): string {
  return `sha256$${createHash('sha256').update(secret).digest('base64url')}`;
}

/** Whether it is of the first version: slow to verify, and to be renewed. */
export function isOldHash(stored: string): boolean {
  return stored.startsWith('scrypt$');
}

/** In constant time; an old hash off the event loop. False for a hash that cannot be read. */
export async function verifySecret(secret: Buffer, stored: string): Promise<boolean> {
  if (isOldHash(stored)) return verifyScrypt(secret, stored);
  const expected = Buffer.from(stored);
  const actual = Buffer.from(hashSecret(secret));
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

/** `scrypt$N$r$p$salt$hash`. */
async function verifyScrypt(secret: Buffer, stored: string): Promise<boolean> {
  const [, N, r, p, salt, hash] = stored.split('$');
  if (!salt || !hash) return false;
  const expected = Buffer.from(hash, 'base64url');
  const options: ScryptOptions = { N: Number(N), r: Number(r), p: Number(p), maxmem: MAX_MEMORY_BYTES };
  const actual = await new Promise<Buffer>((resolve, reject) => {
    scrypt(secret, Buffer.from(salt, 'base64url'), expected.length, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
  return timingSafeEqual(actual, expected);
}
