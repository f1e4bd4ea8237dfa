/**
 * Secrets of devices: made here, shown once, kept as a scrypt hash.
 *
 * Invariant: every secret is generated, 192 random bits. Nobody guesses or tabulates that, however cheap the
 * hash, so scrypt runs at a light cost (docs/decisions/0006-the-broker.md): a city of 12,000 devices must be let in again
 * within seconds after a power cut. Never accept a secret that a person thought of.
 */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

const SECRET_BYTES = 24;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** 128 × N × r = 256 KiB and a third of a millisecond each, on the machine of docs/performance.md. */
const COST = { N: 256, r: 8, p: 1 } as const;
/** What a stored hash may ask for at most: 128 × N × r bytes. */
const MAX_MEMORY_BYTES = 64 * 1024 * 1024;

/** 32 characters of base64url. */
export function generateSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/** `scrypt$N$r$p$salt$hash`. */
export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(secret, salt, HASH_BYTES, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

/** Off the event loop, in constant time. False for a hash that cannot be read. */
export async function verifySecret(secret: Buffer, stored: string): Promise<boolean> {
  const [scheme, N, r, p, salt, hash] = stored.split('$');
  if (scheme !== 'scrypt' || !salt || !hash) return false;
  const expected = Buffer.from(hash, 'base64url');
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const actual = await derive(secret, Buffer.from(salt, 'base64url'), expected.length, cost);
  return timingSafeEqual(actual, expected);
}

function derive(
  secret: string | Buffer,
  salt: Buffer,
  length: number,
  cost: { N: number; r: number; p: number },
): Promise<Buffer> {
  const options: ScryptOptions = { ...cost, maxmem: MAX_MEMORY_BYTES };
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, length, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
