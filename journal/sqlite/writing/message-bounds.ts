/**
 * What the journal keeps of `status` and `ack`, and what it does above that.
 *
 * Policy: retention takes the oldest of those that were followed; twice the bound is reached only while their
 * follower stands still, and then no more are taken: their devices are not told, and send them again.
 */
import type { MessagesHeld } from '../journal-messages.ts';

/** Some days of a city of 12,000 devices. */
export const MAX_MESSAGES = 100_000;
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** Beyond its payload a message weighs its device, client and topic. */
export const MESSAGE_BYTES = 150;

export function isOverMessageBound({ count, bytes }: MessagesHeld, times = 1): boolean {
  return count > times * MAX_MESSAGES || bytes > times * MAX_MESSAGE_BYTES;
}
