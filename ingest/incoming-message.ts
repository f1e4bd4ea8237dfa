/**
 * IncomingMessage: one message on its way in, from the broker, an outside broker or HTTP to the pipeline; and what the
 * journal keeps of it where it is a status or an ack.
 */

import type { KeptRejection } from '../devices/rejection.ts';
import type { Presence } from '../devices/topics.ts';
import type { DeviceMessage, MessageChannel } from '../journal/device-messages.ts';
import { parseStoredPart, type StoredTimes } from './stored-part.ts';

export interface IncomingMessage {
  readonly topic: string;
  /** Read before `acceptFor` returns, and copied where it is kept. */
  readonly payload: Buffer;
  /** Epoch ms. */
  readonly receivedAt: number;
  readonly clientId: string;
  /** Who the connection proved to be; absent where devices need no credential. */
  readonly identity?: string;
  /** The format that it is said to be in; absent where topic and sender tell. */
  readonly format?: string;
  /** A broker had retained it: it is as old as it says, and without a time of its own it says nothing of now. */
  readonly isRetained?: boolean;
  /** It may have come before: its sender was not told that it is on disk. */
  readonly isRepeat?: boolean;
  /** Of the packet, where it was too large and `payload` is only its begin. */
  readonly wholeBytes?: number;
  /** It was kept, and is tried again: who sent it was judged when it came. */
  readonly isReplay?: boolean;
  /** Of a replay: when what was sound of it stands in the journal. */
  readonly storedAt?: StoredTimes;
  /** When it is, epoch ms: whether its times can be is judged by the clock of now, which may have been set right. */
  readonly replayedAt?: number;
}

/** What came by HTTP has the topic `http/<format>`, and the client `http <address>`. */
const HTTP_TOPIC = 'http/';
const HTTP_CLIENT = 'http ';

/** Where a message by HTTP came from, as the journal keeps it. */
export function formatHttpOrigin(format: string, address: string): { topic: string; clientId: string } {
  return { topic: `${HTTP_TOPIC}${format}`, clientId: `${HTTP_CLIENT}${address}` };
}

/** A message that was kept, to be tried again: in the format in which it came. */
export function replayOf(
  { topic, payload, receivedAt, clientId, detail }: KeptRejection,
  identity: string | undefined,
  replayedAt: number,
): IncomingMessage {
  const storedAt = parseStoredPart(detail);
  const isByHttp = topic.startsWith(HTTP_TOPIC) && clientId.startsWith(HTTP_CLIENT);
  return {
    ...{ topic, payload: Buffer.from(payload), receivedAt, clientId, isReplay: true, replayedAt },
    ...(isByHttp ? { format: topic.slice(HTTP_TOPIC.length) } : {}),
    ...(identity === undefined ? {} : { identity }),
    ...(storedAt === undefined ? {} : { storedAt }),
  };
}

export function formatStatus(message: IncomingMessage, device: string, presence: Presence): DeviceMessage {
  return formatMessage('status', message, device, Buffer.from(presence));
}

export function formatMessage(
  channel: MessageChannel,
  { receivedAt, topic, clientId, isReplay = false }: IncomingMessage,
  device: string,
  payload: Uint8Array,
): DeviceMessage {
  return { channel, device, receivedAt, topic, clientId, payload, isReplay };
}
