/**
 * What each type of packet costs us, in units of one PINGREQ, some 10 µs of the event loop.
 *
 * A device pays from one bucket for all its connections (sender-shares.ts), so that one that sends without end waits
 * and the others do not. Invariant: a packet that a client may send without being asked has a price; a PUBLISH of QoS
 * 0 or 1 is counted by a rate of its own, an acknowledgement that one of our messages asked for is free.
 */
import { PUBACK, PUBCOMP, PUBREC, PUBREL, SUBSCRIBE, UNSUBSCRIBE } from './packet-check.ts';

export const PINGREQ = 12;

/** By packet type. Measured: PINGREQ 4–13 µs, PUBREL 13–27, UNSUBSCRIBE 16–26, SUBSCRIBE 100–250. */
export const PRICES = new Map([
  [PUBACK, 1],
  [PUBREC, 1],
  [PUBREL, 2],
  [PUBCOMP, 1],
  [SUBSCRIBE, 20],
  [UNSUBSCRIBE, 3],
  [PINGREQ, 1],
]);
/** A digest, an entry until its PUBREL, and the promises around both: 40–90 µs with its PUBREL. */
export const QOS_2_PRICE = 5;
/** Each filter of a SUBSCRIBE or UNSUBSCRIBE: 3–10 µs. */
export const FILTER_PRICE = 1;
/**
 * A retained message handed to a new subscription: a tenth, so that an observer of a whole city is not held for long.
 */
export const RETAINED_PRICE = 0.1;

/**
 * A read that ends within a packet: a client that sends byte by byte costs us a read, or a frame of WebSocket, each. A
 * tenth, so that 10,000 of them a second go: what comes faster than we read comes together anyway.
 */
export const CUT_READ_PRICE = 0.1;

const PRICE_OF_TYPE = Array.from({ length: 16 }, (_, type) => PRICES.get(type) ?? 0);

export function priceOf(type: number): number {
  return PRICE_OF_TYPE[type] as number;
}
