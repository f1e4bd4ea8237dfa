/**
 * The secrets of links and cookies: made here, known by their hash everywhere else.
 *
 * 256 random bits each, so that SHA-256 needs neither salt nor stretching, and finding one by its hash leaks nothing by
 * its timing.
 */
import { createHash, randomBytes } from 'node:crypto';

const SECRET_BYTES = 256 / 8;
/** 32 bytes in base64url: ⌈32 · 4 / 3⌉ = 43 characters. */
const SECRET_PATTERN = /^[A-Za-z0-9_-]{43}$/;

export function makeSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

export function isSecretShaped(text: string): boolean {
  return SECRET_PATTERN.test(text);
}

export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
