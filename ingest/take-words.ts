/**
 * takeWords: `status` and `ack` of our own topics → entries of the journal, and what they say of a device's config.
 *
 * Called by the pipeline once it knows whose topic it is. Invariants: what is not refused here has its PUBACK after the
 * commit; an `ack` of a config alone is no word to dispatch, and goes into no journal: the device says it again as long
 * as its config comes again.
 */
import { type ConfigEcho, parseConfigEcho } from '../devices/device-config.ts';
import { parsePresence } from '../devices/parse-presence.ts';
import { isRejection, type Rejection, reject } from '../devices/rejection.ts';
import { findRepeatedKeys } from '../devices/repeated-keys.ts';
import type { Journal } from '../journal/journal.ts';
import type { Waiter } from '../journal/waiter.ts';
import { type JsonObject, parseObject } from './decode.ts';
import type { Inbox } from './inbox.ts';
import { formatMessage, formatStatus, type IncomingMessage } from './incoming-message.ts';
import type { Quota } from './quota.ts';
import type { Route } from './routes.ts';

/** Told where a device was heard, and what it says of its config. */
export type HearConfig = (
  device: string,
  on: Pick<IncomingMessage, 'topic' | 'identity'>,
  echo?: ConfigEcho,
) => void;

export interface TakeWordsOptions {
  readonly inbox: Inbox;
  readonly quota: Pick<Quota, 'spendMessage'>;
  readonly journal: Pick<Journal, 'appendFor'>;
  readonly findAckFault: (body: JsonObject) => string | undefined;
  readonly hearConfig: HearConfig;
}

/** Says why the whole message is refused, or has seen to it that the waiter is told. */
type TakeWord = (waiter: Waiter, message: IncomingMessage, route: Route) => Rejection | undefined;

const NONE: readonly never[] = [];

export function createTakeWords(options: TakeWordsOptions): { status: TakeWord; ack: TakeWord } {
  const { inbox, quota, journal, findAckFault, hearConfig } = options;

  function status(
    waiter: Waiter,
    message: IncomingMessage,
    { device: { id } }: Route,
  ): Rejection | undefined {
    // An empty retained message clears the status: the device is being taken out.
    if (message.payload.length > 0) {
      const presence = parsePresence(message.payload);
      if (isRejection(presence)) return presence;
      const refusal = message.isReplay ? undefined : quota.spendMessage(id);
      if (refusal) return refusal;
      const echo = parseConfigEcho(message.payload);
      if (echo) hearConfig(id, message, echo);
      const told = inbox.follow(waiter, id, message, presence);
      journal.appendFor(told, NONE, NONE, [formatStatus(message, id, presence)]);
    } else waiter.stored(0, 0, 0);
    return undefined;
  }

  function ack(waiter: Waiter, message: IncomingMessage, { device: { id } }: Route): Rejection | undefined {
    const body = parseObject(message.payload);
    if (isRejection(body)) return body;
    const echo = parseConfigEcho(message.payload);
    if (echo) hearConfig(id, message, echo);
    if (echo && body['assignment'] === undefined && body['word'] === undefined) {
      inbox.note(id, message, `it has its config ${echo.revision}`);
      waiter.stored(0, 0, 0);
      return undefined;
    }
    const fault = findTwoAnswers(message.payload, body) ?? findAckFault(body);
    if (fault !== undefined) return reject('bad-ack', fault);
    const refusal = message.isReplay ? undefined : quota.spendMessage(id);
    if (refusal) return refusal;
    journal.appendFor(waiter, NONE, NONE, [formatMessage('ack', message, id, message.payload)]);
    return undefined;
  }

  return { status, ack };
}

/** JSON.parse would take the last of them, and an order would be accepted by a crew that refused it in the same breath. */
function findTwoAnswers(payload: Buffer, body: JsonObject): string | undefined {
  const key = findRepeatedKeys(payload, body).find((each) => ANSWER_KEYS.has(each));
  return key && `${key} stands twice in it: which one is meant is not guessed`;
}

const ANSWER_KEYS = new Set(['ack', 'assignment', 'word']);
