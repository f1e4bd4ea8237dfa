/**
 * takeWords: `status` and `ack` of our own topics → entries of the journal, and what they say of a device's config.
 *
 * Called by the pipeline once it knows whose topic it is. Invariants: what is not refused here has its PUBACK after the
 * commit; of several answers in one message each is judged by itself; an `ack` of a config alone is no word to
 * dispatch, and goes into no journal: the device says it again as long as its config comes again.
 */
import { type ConfigEcho, parseConfigEcho } from '../devices/device-config.ts';
import { JsonFailure } from '../devices/parse-json.ts';
import { type JsonItems, parseJsonItems } from '../devices/parse-json-items.ts';
import { parsePresence } from '../devices/parse-presence.ts';
import { isRejection, type Rejection, reject } from '../devices/rejection.ts';
import { findRepeatedKeys } from '../devices/repeated-keys.ts';
import type { DeviceMessage } from '../journal/device-messages.ts';
import type { Journal } from '../journal/journal.ts';
import type { Waiter } from '../journal/waiter.ts';
import { type JsonObject, parseObject } from './decode.ts';
import type { Inbox } from './inbox.ts';
import { formatMessage, formatStatus, type IncomingMessage } from './incoming-message.ts';
import type { Quota } from './quota.ts';
import type { Route } from './routes.ts';
import type { SetAside } from './set-aside.ts';

/** Told where a device was heard, and what it says of its config. */
export type HearConfig = (
  device: string,
  on: Pick<IncomingMessage, 'topic' | 'identity'>,
  echo?: ConfigEcho,
) => void;

export interface TakeWordsOptions {
  readonly inbox: Inbox;
  readonly setAside: Pick<SetAside, 'keep'>;
  readonly quota: Pick<Quota, 'spendMessage'>;
  readonly journal: Pick<Journal, 'appendFor'>;
  readonly findAckFault: (body: JsonObject) => string | undefined;
  readonly hearConfig: HearConfig;
}

/** Says why the whole message is refused, or has seen to it that the waiter is told. */
type TakeWord = (waiter: Waiter, message: IncomingMessage, route: Route) => Rejection | undefined;

const NONE: readonly never[] = [];
/** Answers in one message; a crew has a few words open. With more the message is refused as a whole, and kept. */
export const MAX_ACKS_PER_MESSAGE = 50;

export function createTakeWords(options: TakeWordsOptions): { status: TakeWord; ack: TakeWord } {
  const { inbox, setAside, quota, journal, findAckFault, hearConfig } = options;

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

  /** What the journal is to have of one answer; undefined where it speaks of a config alone. */
  function judgeAck(message: IncomingMessage, id: string): DeviceMessage | Rejection | undefined {
    const body = parseObject(message.payload);
    if (isRejection(body)) return body;
    const echo = parseConfigEcho(message.payload);
    if (echo) hearConfig(id, message, echo);
    if (echo && body['assignment'] === undefined && body['word'] === undefined) {
      inbox.note(id, message, `it has its config ${echo.revision}`);
      return undefined;
    }
    const fault = findTwoAnswers(message.payload, body) ?? findAckFault(body);
    if (fault !== undefined) return reject('bad-ack', fault);
    const refusal = message.isReplay ? undefined : quota.spendMessage(id);
    return refusal ?? formatMessage('ack', message, id, message.payload);
  }

  /** Each answer of a list stands for itself: what is wrong with one keeps no other from its order. */
  function ackList(waiter: Waiter, message: IncomingMessage, id: string, list: JsonItems): void {
    const refused = list.refused.map(({ text, rejection }) => ({ payload: Buffer.from(text), rejection }));
    const taken: DeviceMessage[] = [];
    for (const item of list.items) {
      const payload = Buffer.from(JSON.stringify(item));
      const judged = judgeAck({ ...message, payload }, id);
      if (isRejection(judged)) refused.push({ payload, rejection: judged });
      else if (judged) taken.push(judged);
    }
    const [first] = refused;
    if (first) waiter.told?.(first.rejection);
    const told = first ? inbox.follow(waiter, id, message, first.rejection.detail) : waiter;
    const sender = message.identity ?? id;
    const kept = refused.map((each) => setAside.keep(message, each.rejection, each.payload, sender));
    if (kept.length + taken.length > 0) journal.appendFor(told, NONE, kept, taken);
    else told.stored(0, 0, 0);
  }

  function ack(waiter: Waiter, message: IncomingMessage, { device: { id } }: Route): Rejection | undefined {
    const list = parseJsonItems(message.payload);
    if (!(list instanceof JsonFailure) && list.isList) {
      const count = list.items.length + list.refused.length;
      if (count > MAX_ACKS_PER_MESSAGE || count === 0)
        return reject('bad-ack', `expected 1 to ${MAX_ACKS_PER_MESSAGE} answers, this list has ${count}`);
      // Which of them says two things cannot be told any more.
      const doubled = findTwoAnswers(message.payload, list.items);
      if (doubled !== undefined) return reject('bad-ack', doubled);
      ackList(waiter, message, id, list);
      return undefined;
    }
    const judged = judgeAck(message, id);
    if (isRejection(judged)) return judged;
    if (judged) journal.appendFor(waiter, NONE, NONE, [judged]);
    else waiter.stored(0, 0, 0);
    return undefined;
  }

  return { status, ack };
}

/** JSON.parse would take the last of them: a crew that refused an order in the same breath would have accepted it. */
function findTwoAnswers(payload: Buffer, body: unknown): string | undefined {
  const key = findRepeatedKeys(payload, body).find((each) => ANSWER_KEYS.has(each));
  return key && `${key} stands twice in it: which one is meant is not guessed`;
}

const ANSWER_KEYS = new Set(['ack', 'assignment', 'word']);
