/**
 * ForeignIntake: messages that are not on our own topics, or come through a gateway: format → owner → readings.
 *
 *   which format → decode → whose is it, and may the sender speak for it → validate → quality → journal
 *
 * Beside the pipeline's own way, which it does not slow down. Invariants: a waiter is told when everything the
 * message holds is on disk; what nobody has claimed is kept with its raw payload and listed; nobody speaks for a
 * device that is not his (identities.ts).
 */
import {
  type Claim,
  type Decoded,
  type Format,
  type FormatMessage,
  isClaims,
  matchesTopic,
} from '../devices/formats/format.ts';
import type { Formats } from '../devices/formats/index.ts';
import { deviceKinds } from '../devices/kinds/index.ts';
import type { JsonObject } from '../devices/parse-json.ts';
import { formatQuality, type Reading } from '../devices/reading.ts';
import { isRejection, type RejectedMessage, type Rejection, reject } from '../devices/rejection.ts';
import { GATEWAY_PREFIX, TOPIC_ROOT } from '../devices/topics.ts';
import { type Identities, optionsOf, type Sender } from '../fleet/identities.ts';
import type { RegisteredDevice } from '../fleet/registry.ts';
import type { WaitingAliases } from '../fleet/waiting-aliases.ts';
import type { DeviceMessage } from '../journal/device-messages.ts';
import type { Journal } from '../journal/journal.ts';
import type { Waiter } from '../journal/waiter.ts';
import { appendSlices } from './append-slices.ts';
import type { Inbox } from './inbox.ts';
import { formatStatus, type IncomingMessage } from './incoming-message.ts';
import type { SetAside } from './set-aside.ts';
import type { TakenReadings, TakeReadings } from './take-readings.ts';

export interface ForeignIntakeOptions {
  readonly city: string;
  readonly formats: Formats;
  readonly identities: Identities;
  readonly waiting: Pick<WaitingAliases, 'note'>;
  readonly inbox: Inbox;
  readonly journal: Pick<Journal, 'appendFor'>;
  readonly setAside: SetAside;
  readonly takeReadings: TakeReadings;
}

export interface ForeignIntake {
  take(waiter: Waiter, message: IncomingMessage): void;
}

const NOTHING: TakenReadings = { good: [], bad: [] };

/** What became of one message so far. */
interface Gathered {
  readonly good: Reading[];
  readonly bad: RejectedMessage[];
  readonly statuses: DeviceMessage[];
}

export function createForeignIntake(options: ForeignIntakeOptions): ForeignIntake {
  const { formats, identities, inbox, journal, setAside, takeReadings, waiting } = options;

  function refuse(waiter: Waiter, message: IncomingMessage, rejection: Rejection): void {
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
      const owner = identities.ownerOf(sender, claim.aliases, message.isReplay ? [] : topicNames);
      if (isRejection(owner)) {
        keep(message, gathered, owner);
        if (message.identity !== undefined) inbox.note(message.identity, message, owner.detail);
      } else if ('unclaimed' in owner) keepUnclaimed(message, gathered, format, sender, owner.unclaimed);
      else {
        const said = takeClaim(message, gathered, owner, claim);
        told = inbox.follow(told, owner.id, message, said);
      }
    }
    appendSlices(journal, told, gathered.good, gathered.bad, gathered.statuses);
  }

  function keep(message: IncomingMessage, { bad }: Gathered, rejection: Rejection): void {
    // One message, one raw payload: it is replayed whole.
    if (bad.length === 0) bad.push(setAside.keep(message, rejection, message.payload, message.identity));
  }

  function keepUnclaimed(
    message: IncomingMessage,
    gathered: Gathered,
    format: Format,
    sender: Sender,
    alias: string,
  ): void {
    if (alias === '') {
      keep(message, gathered, reject('bad-format', 'it does not say which device it is of'));
      return;
    }
    if (sender.role === 'gateway') {
      waiting.note({ alias, gateway: sender.gateway.id, format: format.name }, message);
    }
    keep(message, gathered, reject('unclaimed', formatUnclaimed(alias, format.name)));
  }

  /** Says in a sentence what the device will read of it. */
  function takeClaim(
    message: IncomingMessage,
    gathered: Gathered,
    device: RegisteredDevice,
    claim: Claim,
  ): string {
    const kind = deviceKinds.get(device.kind);
    if (!kind) {
      keep(message, gathered, reject('unknown-kind', `${device.id} is a ${device.kind}, which is no kind`));
      return `no kind ${device.kind}`;
    }
    const { presence, note, rejection } = claim;
    if (presence) gathered.statuses.push(formatStatus(message, device.id, presence));
    if (rejection) gathered.bad.push(setAside.keep(message, rejection, message.payload, device.id));
    const target = { city: options.city, kind, device };
    const sent = message.isRetained
      ? claim.items.filter((item) => item['measuredAt'] !== undefined)
      : claim.items;
    const items = sent.map((item) => ofKind(item, kind.payloadKeys));
    const { good, bad } = items.length === 0 ? NOTHING : takeReadings(message, target, items, device.id);
    for (const reading of good) gathered.good.push(reading);
    const [first] = bad;
    // The message as it came, once: an item of it is no message of its format.
    if (first && !rejection) gathered.bad.push({ ...first, payload: message.payload });
    return [note, presence, rejection?.detail, ...bad.map(({ detail }) => detail), describe(good)]
      .filter((part) => part !== undefined && part !== '')
      .join('; ');
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
    const senderOptions = optionsOf(sender) ?? optionsInTopic(identities, message.topic);
    const asked: FormatMessage = {
      ...{ topic: message.topic, payload: message.payload, receivedAt: message.receivedAt },
      ...(senderOptions ? { options: senderOptions } : {}),
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

/** The sentence of a message that nobody has claimed; by it those of one name are found again. */
export function formatUnclaimed(alias: string, format: string): string {
  return `nobody has claimed ${alias} (${format}); npm run devices -- claim ${alias} <id>`;
}

/** Whether a message goes this way: all but what our own devices publish on our own topics. */
export function isForeign({ topic, format, identity }: IncomingMessage): boolean {
  if (format !== undefined || identity?.startsWith(GATEWAY_PREFIX)) return true;
  return !topic.startsWith(`${TOPIC_ROOT}/`);
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
  const byTopic = [...formats.values()].find((each) =>
    each.topics.some((filter) => matchesTopic(filter, topic)),
  );
  if (spoken === undefined) {
    const named = sender.role === 'anyone' ? deviceInTopic(identities, topic)?.format : undefined;
    const found = sender.role === 'anyone' ? (byTopic ?? formats.get(named ?? '')) : undefined;
    if (found) return found;
    const hint = byTopic
      ? `; a topic of ${byTopic.name}: register the device with --format ${byTopic.name}`
      : '';
    return reject('bad-topic', `expected siaga/<city>/<kind>/<device>/<channel>${hint}`);
  }
  const format = formats.get(spoken);
  if (!format)
    return reject('bad-format', `no format ${spoken}; there are ${[...formats.keys()].join(', ')}`);
  if (said !== undefined || sender.role === 'gateway' || format.topics.length === 0 || byTopic === format)
    return format;
  return reject(
    'bad-topic',
    `${sender.role === 'device' ? sender.device.id : 'it'} speaks ${spoken}: expected ${format.topics.join(', ')}`,
  );
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
  const named = format.namesIn(topic);
  // What came by HTTP has no topic.
  if (named.length > 0 || (said !== undefined && topic === `http/${format.name}`)) return named;
  return [topic, ...topic.split('/').filter((level) => level !== '')];
}

/** The quantities that the kind knows: a format gives all that it found. */
function ofKind(item: JsonObject, keys: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(item).filter(([key]) => keys.has(key)));
}

function describe(readings: readonly Reading[]): string {
  const last = readings.at(-1);
  if (!last) return '';
  const values = Object.entries(last.values).map(([name, each]) => `${name} ${each}`);
  const flags = formatQuality(last.quality);
  const at = new Date(last.measuredAt).toISOString();
  return `${values.join(', ')} at ${at}${flags.length > 0 ? ` (${flags.join(', ')})` : ''}`;
}
