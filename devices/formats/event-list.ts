/**
 * readEvents: a message that is one event of a server, or a list of them → the claims of each.
 *
 * What ChirpStack and The Things Stack have in common with whoever gathers their events and sends them together.
 * Invariant: one event that is broken, or was cut off, hides none of the others.
 */
import { type CutObject, parseCutObject } from '../cut-json.ts';
import { isJsonObject, JsonFailure, type JsonObject } from '../parse-json.ts';
import { parseJsonItems, rejectionsOf } from '../parse-json-items.ts';
import { isRejection, type Rejection, reject } from '../rejection.ts';
import { besideRefused, type Claim, type Decoded } from './format.ts';

/** One event; `cut` where it is what is left of one that ends early. */
export interface ReceivedEvent {
  readonly json: JsonObject;
  readonly cut?: CutObject;
}

export interface ReceivedEvents {
  readonly events: readonly ReceivedEvent[];
  readonly refused: readonly Rejection[];
  /** Of one that ends early: why the whole of it is refused, where what is left says nothing. */
  readonly whole?: Rejection;
}

/** `expected`: what a message must be, as the end of a sentence. */
export function readEvents(
  payload: Buffer,
  expected: string,
  readEvent: (event: JsonObject, cut?: CutObject) => Claim | Rejection,
): Decoded {
  const received = parseEvents(payload, expected);
  if (isRejection(received)) return received;
  return gatherEvents(
    received,
    received.events.map(({ json, cut }) => readEvent(json, cut)),
  );
}

export function parseEvents(payload: Buffer, expected: string): ReceivedEvents | Rejection {
  const json = parseJsonItems(payload);
  if (json instanceof JsonFailure) {
    const whole = json.rejection;
    const cut = parseCutObject(payload);
    return cut ? { events: [{ json: cut.json, cut }], refused: [], whole } : whole;
  }
  if (json.items.length === 0) return reject('empty-batch', 'a list must hold at least one event');
  const events = json.items.filter(isJsonObject).map((each) => ({ json: each }));
  const others = json.items.length - events.length;
  const noObject = Array.from({ length: others }, () => reject('not-an-object', `expected ${expected}`));
  return { events, refused: [...rejectionsOf(json), ...noObject] };
}

/** `read`: what became of each event. */
export function gatherEvents(received: ReceivedEvents, read: readonly (Claim | Rejection)[]): Decoded {
  const claims = read.filter((each): each is Claim => !isRejection(each));
  if (received.whole) return claims.length > 0 ? claims : received.whole;
  return besideRefused(claims, [...received.refused, ...read.filter(isRejection)], []);
}
