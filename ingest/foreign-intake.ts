/**
 * ForeignIntake: messages that are not on our own topics, or come through a gateway: format → owner → readings.
 *
 *   which format → decode → whose is it, and may the sender speak for it → validate → quality → journal
 *
 * Beside the pipeline's own way, which it does not slow down. Invariants: a waiter is told when everything the
 * message holds is on disk; what nobody has claimed is kept with its raw payload and listed; nobody speaks for a
 * device that is not theirs (identities.ts).
 */
import {
  type Claim,
  type Decoded,
  type Format,
  type FormatMessage,
  isClaims,
  matchesTopic,
  ownTopic,
} from '../devices/formats/format.ts';
import type { Formats } from '../devices/formats/index.ts';
import { isRejection, type Rejection, reject } from '../devices/rejection.ts';
import { GATEWAY_PREFIX, TOPIC_ROOT } from '../devices/topics.ts';
import { type Identities, optionsOf, type Sender } from '../fleet/identities.ts';
import type { RegisteredDevice } from '../fleet/registry.ts';
import type { WaitingAliases } from '../fleet/waiting-aliases.ts';
import type { Journal } from '../journal/journal.ts';
import type { Waiter } from '../journal/waiter.ts';
import { appendSlices } from './append-slices.ts';
import { createGatherClaims, type Gathered } from './gather-claims.ts';
import type { Inbox } from './inbox.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { Quota } from './quota.ts';
import type { SetAside } from './set-aside.ts';
import { withStoredPart } from './stored-part.ts';
import type { TakeReadings } from './take-readings.ts';
import type { HearConfig } from './take-words.ts';

/** What a device speaks that was registered without a format. */
const OWN_FORMAT = 'siaga';

export interface ForeignIntakeOptions {
  readonly city: string;
  readonly formats: Formats;
  readonly identities: Identities;
  readonly waiting: Pick<WaitingAliases, 'note'>;
  readonly inbox: Inbox;
  readonly journal: Pick<Journal, 'appendFor'>;
  readonly quota: Pick<Quota, 'spendMessage'>;
  readonly setAside: SetAside;
  readonly takeReadings: TakeReadings;
  readonly hearConfig: HearConfig;
}

export interface ForeignIntake {
  take(waiter: Waiter, message: IncomingMessage): void;
}

export function createForeignIntake(options: ForeignIntakeOptions): ForeignIntake {
  const { formats, identities, inbox, journal, setAside } = options;
  const { keep, keepUnclaimed, takeClaim } = createGatherClaims(options);

  function refuse(waiter: Waiter, message: IncomingMessage, rejection: Rejection): void {
    waiter.told?.(rejection);
    const sender = message.identity;
    const told = sender === undefined ? waiter : inbox.follow(waiter, sender, message, rejection.detail);
    journal.appendFor(told, [], [setAside.keep(message, rejection, message.payload, sender)]);
  }

  function settle(
    waiter: Waiter,
    message: IncomingMessage,
    format: Format,
    sender: Sender,
    decoded: Decoded,
  ): void {
    if (!isClaims(decoded)) {
      refuse(waiter, message, decoded);
      return;
    }
    const gathered: Gathered = { good: [], bad: [], statuses: [] };
    const topicNames = namesInTopic(format, message);
    let told = waiter;
    for (const claim of decoded) {
      if (claim.isOfNobody) {
        if (message.identity !== undefined) inbox.note(message.identity, message, claim.note ?? '');
        continue;
      }
      const owner = identities.ownerOf(sender, claim.aliases, message.isReplay ? [] : topicNames);
      if (isRejection(owner)) {
        keep(message, gathered, owner);
        if (message.identity !== undefined) inbox.note(message.identity, message, owner.detail);
      } else if ('unclaimed' in owner && isOnlyFault(claim)) keep(message, gathered, claim.rejection);
      else if ('unclaimed' in owner) keepUnclaimed(message, gathered, format, sender, owner.unclaimed);
      else {
        const said = takeClaim(message, gathered, owner, claim);
        told = inbox.follow(told, owner.id, message, said);
      }
    }
    const { good, bad, statuses } = gathered;
    const refused = bad.map((each) => withStoredPart(each, good));
    if (refused[0]) waiter.told?.(refused[0]);
    appendSlices(journal, told, good, refused, statuses);
  }

  function take(waiter: Waiter, message: IncomingMessage): void {
    const sender = identities.senderOf(message.identity);
    const format = sender
      ? formatOf(formats, identities, sender, message)
      : reject('wrong-device', `${message.identity} may not publish`);
    if (!sender || isRejection(format)) {
      refuse(waiter, message, format as Rejection);
      return;
    }
    const topic = (message.format === undefined && ownTopic(format, message.topic)) || message.topic;
    const senderOptions = optionsOf(sender) ?? optionsInTopic(identities, message.topic);
    const asked: FormatMessage = {
      ...{ topic, payload: message.payload, receivedAt: message.receivedAt },
      sender: message.identity,
      ...(senderOptions ? { options: senderOptions } : {}),
      optionsOf: (aliases) => aliases.map(identities.find).find((device) => device !== undefined)?.options,
    };
    const decoded = format.decode(asked);
    if (!(decoded instanceof Promise)) {
      settle(waiter, message, format, sender, decoded);
      return;
    }
    const kept = { ...message, payload: Buffer.from(message.payload) };
    decoded.then(
      (each) => settle(waiter, kept, format, sender, each),
      (error: Error) => waiter.refused(error),
    );
  }

  return { take };
}

/** Whether a message goes this way: all but what our own devices publish on our own topics. */
export function isForeign({ topic, format, identity }: IncomingMessage): boolean {
  if (format !== undefined || identity?.startsWith(GATEWAY_PREFIX)) return true;
  return !topic.startsWith(`${TOPIC_ROOT}/`);
}

/** A part of the message that could not be read, and so says not whose it is. */
function isOnlyFault(claim: Claim): claim is Claim & { rejection: Rejection } {
  return claim.aliases.length === 0 && claim.items.length === 0 && claim.rejection !== undefined;
}

/** Which format a message is in: what it is said to be, what its sender speaks, or whose topic it is. */
function formatOf(
  formats: Formats,
  identities: Identities,
  sender: Sender,
  { format: said, topic }: IncomingMessage,
): Format | Rejection {
  const spoken =
    said ??
    (sender.role === 'device'
      ? sender.device.format
      : sender.role === 'gateway'
        ? sender.gateway.format
        : undefined);
  const ofTopic = () => findByTopic(formats, topic);
  if (spoken === undefined) {
    const byTopic = ofTopic();
    const named = sender.role === 'anyone' ? deviceInTopic(identities, topic)?.format : undefined;
    const found = sender.role === 'anyone' ? (byTopic ?? formats.get(named ?? '')) : undefined;
    if (found) return found;
    const own = formats.get(OWN_FORMAT);
    if (sender.role === 'device' && own && ownTopic(own, topic) !== undefined) return own;
    return reject('bad-topic', `expected siaga/<city>/<kind>/<device>/<channel>${hintOf(topic, byTopic)}`);
  }
  const format = formats.get(spoken);
  if (!format)
    return reject('bad-format', `no format ${spoken}; there are ${[...formats.keys()].join(', ')}`);
  const isAnyTopic = said !== undefined || sender.role === 'gateway' || format.topics.length === 0;
  if (isAnyTopic || ownTopic(format, topic) !== undefined) return format;
  return reject(
    'bad-topic',
    `${sender.role === 'device' ? sender.device.id : 'it'} speaks ${spoken}: expected ${format.topics.join(', ')}`,
  );
}

/** What to do about a topic that is nobody's. */
function hintOf(topic: string, byTopic: Format | undefined): string {
  if (byTopic) return `; a topic of ${byTopic.name}: register the device with --format ${byTopic.name}`;
  if (topic.toLowerCase().includes(`${TOPIC_ROOT}/`))
    return '; topics tell upper case from lower, and ours are in lower case';
  return '; what cannot change its topic is registered with --format mapped (JSON) or value (numbers)';
}

/** Those that say how a topic begins come before those that do not. */
function findByTopic(formats: Formats, topic: string): Format | undefined {
  const found = [...formats.values()].flatMap((format) =>
    format.topics.filter((filter) => matchesTopic(filter, topic)).map((filter) => ({ format, filter })),
  );
  return (found.find(({ filter }) => !filter.startsWith('+')) ?? found[0])?.format;
}

function deviceInTopic(identities: Identities, topic: string): RegisteredDevice | undefined {
  for (const level of topic.split('/')) {
    const device = level === '' ? undefined : identities.find(level);
    if (device) return device;
  }
  return undefined;
}

/** Where nobody proved who he is, the operator's word on the device that the topic names. */
function optionsInTopic(identities: Identities, topic: string) {
  return deviceInTopic(identities, topic)?.options;
}

/** The names in a topic; where its format does not say which they are, each level may be one, and the whole. */
function namesInTopic(format: Format, { topic, format: said }: IncomingMessage): readonly string[] {
  const named = format.namesIn(said === undefined ? (ownTopic(format, topic) ?? topic) : topic);
  // What came by HTTP has no topic; what was said of it by the way may stand behind a question mark.
  if (named.length > 0 || (said !== undefined && topic.split('?', 1)[0] === `http/${format.name}`))
    return named;
  return [topic, ...topic.split('/').filter((level) => level !== '')];
}
