/**
 * parsePresence: what a device, or its will, says of itself → online, sleeping or offline.
 *
 * Firmware in the field says it in its own way: ESPHome and Home Assistant `online`, Tasmota `Online`, Homie `ready`,
 * `init`, `alert` (it is there and wants somebody) and `lost`. Invariant: what is in no list is refused and never
 * guessed.
 */
import { isJsonObject, JsonFailure, parseJson } from './parse-json.ts';
import { textOf, withoutEnd } from './payload-text.ts';
import { type Rejection, reject } from './rejection.ts';
import { PRESENCES, type Presence } from './topics.ts';

const WORDS: Readonly<Record<Presence, readonly string[]>> = {
  online: ['online', 'ready', 'init', 'alert', 'connected', 'alive', 'available', 'up'],
  sleeping: ['sleeping', 'sleep', 'asleep'],
  offline: ['offline', 'disconnected', 'lost', 'dead', 'unavailable', 'down'],
};
const PRESENCE_OF = new Map(
  PRESENCES.flatMap((presence) => WORDS[presence].map((word) => [word, presence] as const)),
);
/** Keys under which it stands in an object. */
const KEYS = ['status', 'state', 'presence', 'availability'];
/** The longest word is 12 letters long; what is longer than this is not looked at. */
const MAX_WORD_BYTES = 64;
/** What begins so was meant as a word, and not as an object that went wrong. */
const WORD = /^\s*\p{L}/u;

/** Of a bare word, of `"online"`, or of an object with `status` or `state`, in upper or lower case. */
export function parsePresence(payload: Buffer): Presence | Rejection {
  const bare = payload.length <= MAX_WORD_BYTES ? presenceOf(withoutEnd(textOf(payload))) : undefined;
  if (bare) return bare;
  const json = parseJson(payload);
  if (json instanceof JsonFailure) {
    const text = textOf(payload);
    return WORD.test(text.slice(0, MAX_WORD_BYTES)) ? refuse(text) : json.rejection;
  }
  const found = isJsonObject(json) ? KEYS.map((key) => json[key]).find((each) => each !== undefined) : json;
  const said = presenceOf(found);
  if (said) return said;
  if (found === undefined) return reject('bad-status', `expected {"status": "online"}; ${expected()}`);
  return refuse(found);
}

function refuse(found: unknown): Rejection {
  return reject('bad-status', `the status is ${JSON.stringify(found)?.slice(0, 40)}; ${expected()}`);
}

export function presenceOf(word: unknown): Presence | undefined {
  return typeof word === 'string' ? PRESENCE_OF.get(word.trim().toLowerCase()) : undefined;
}

function expected(): string {
  return `it must be one of ${PRESENCES.join(', ')}`;
}
