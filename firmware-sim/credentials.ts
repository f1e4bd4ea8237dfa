/**
 * The secrets of the simulated devices, from a file that an operator made with `npm run devices`.
 *
 * Two forms are read: JSON `{ "<device>": "<secret>" }`, and lines `<device>,<secret>` as the command prints
 * them. Invariant: no secret is ever printed, not even in the message about a file that cannot be read.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { GATEWAY_PREFIX, isId } from '../devices/topics.ts';

export type Credentials = ReadonlyMap<string, string>;

/** Throws an Error with one sentence. */
export function readCredentials(file: string): Credentials {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`credentials: ${(error as Error).message}`);
  }
  return parseCredentials(text, file);
}

export function parseCredentials(text: string, file: string): Credentials {
  if (text.trimStart().startsWith('{')) {
    try {
      return new Map(Object.entries(z.record(z.string(), z.string()).parse(JSON.parse(text))));
    } catch {
      throw new Error(`credentials: ${file} must be a JSON object of device and secret`);
    }
  }
  const found = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const [device = '', secret = ''] = line.split(',').map((part) => part.trim());
    if (device === '' || device.startsWith('#') || (index === 0 && secret === 'secret')) continue;
    if (!isId(device.replace(GATEWAY_PREFIX, '')) || secret === '')
      throw new Error(`credentials: ${file}, line ${index + 1}: device,secret expected`);
    found.set(device, secret);
  }
  return found;
}
