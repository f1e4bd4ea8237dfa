/**
 * The sorts of value that a variable of the environment may have, each with the sentence that refuses it.
 *
 * environment.ts says which variable is of which. Invariant: no address that is shown to people holds a secret.
 */
import { isIP } from 'node:net';
import { z } from 'zod';

export const port = z.coerce.number().int().min(0).max(65_535);
export const flag = z.enum(['true', 'false']).transform((word) => word === 'true');
export const positive = z.coerce.number().int().positive();
export const url = (...protocols: string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `must be a URL that starts with ${protocols.map((each) => `${each}//`).join(' or ')}`,
    )
    .refine(isUserInfoReadable, 'has a user or password with a % that is no code: write %25 for it');
/** One that is shown in logs and answers. `instead` is what to do with a secret in it. */
export const openUrl = (instead: string, ...protocols: string[]) =>
  url(...protocols).refine(
    (text) => !(URL.canParse(text) && hasUserInfo(new URL(text))),
    `must not hold a user or a password${instead}`,
  );
/** Addresses and CIDRs, with commas. A prefix of 0 would trust everybody. */
export const networks = z
  .string()
  .transform((text) => text.split(',').map((each) => each.trim()))
  .refine((all) => all.every(isNetwork), 'must be addresses or CIDRs with commas: 127.0.0.1,10.0.0.0/8');
/** Names, or names and addresses with a port. */
export const hosts = z
  .string()
  .transform((text) => text.split(',').map((each) => each.trim().toLowerCase()))
  .refine(
    (all) => all.every((each) => /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/.test(each)),
    'must be hosts with commas: push.example.org,127.0.0.1:8443',
  );

function isUserInfoReadable(text: string): boolean {
  if (!URL.canParse(text)) return true;
  const { username, password } = new URL(text);
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

function hasUserInfo({ username, password }: URL): boolean {
  return username !== '' || password !== '';
}

function isNetwork(text: string): boolean {
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  const bits = prefix === undefined ? 1 : Number(prefix);
  return version !== 0 && bits >= 1 && bits <= (version === 4 ? 32 : 128);
}
