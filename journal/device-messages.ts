/**
 * What devices say beside their readings, as the journal keeps it: `status` and `ack`, entries of their own.
 *
 * They have ids of their own, in the order in which they came. Readings and messages are told apart in time by
 * `receivedAt`, never by comparing ids. Invariant: an entry is what the device said and nothing that we made of it,
 * so that whoever follows may judge it again.
 */
import { PRESENCES, type Presence } from '../devices/topics.ts';

export type MessageChannel = 'status' | 'ack';

export interface DeviceMessage {
  readonly channel: MessageChannel;
  readonly device: string;
  /** Epoch ms. */
  readonly receivedAt: number;
  readonly topic: string;
  readonly clientId: string;
  /** Of a `status` the presence in one word, whatever its format was; of an `ack` the JSON object as it came. */
  readonly payload: Uint8Array;
  /** It had been set aside and came again from there: `receivedAt` may lie before what is known by now. */
  readonly isReplay: boolean;
}

export interface MessageEntry {
  readonly id: number;
  readonly message: DeviceMessage;
}

/** Undefined where it is no status, or of a word that this Siaga does not know. */
export function presenceOf({ channel, payload }: DeviceMessage): Presence | undefined {
  if (channel !== 'status') return undefined;
  const word = Buffer.from(payload).toString();
  return PRESENCES.find((each) => each === word);
}
