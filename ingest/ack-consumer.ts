/**
 * The ack consumer: carries what crews answer from the journal to dispatch, one after the other.
 *
 * Its cursor is in the state database, saved after each answer. A kill between the two brings the answer again: who
 * hears it takes it by the id that it names, so that it is carried out once in effect. What dispatch cannot take is
 * set aside like any other message, once. Invariants: no answer is passed over that dispatch has not heard; one that
 * fails although the database answers holds up the others for so many tries and no longer, and is kept.
 */
import type { Logger } from 'pino';
import { isRejection, type Rejection, reject } from '../devices/rejection.ts';
import type { DeviceMessage, MessageEntry } from '../journal/device-messages.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalConsumer } from '../journal/keep-draining.ts';
import type { SavedCursor } from '../journal/saved-cursor.ts';
import { outcomeOf } from '../journal/waiter.ts';
import { type JsonObject, parseObject } from './decode.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { OpenedPipeline } from './pipeline.ts';

export const ACKS_CONSUMER = 'acks';
/** With keep-draining's back-off some 30 s. */
export const MAX_TRIES = 8;
/** Rejections of one device looked through for one that an earlier run has set aside. */
const SEARCHED_REJECTIONS = 100;

export interface AckConsumerOptions {
  readonly journal: Pick<Journal, 'messages' | 'rejections'>;
  readonly cursor: SavedCursor;
  readonly pipeline: Pick<OpenedPipeline, 'refuse'>;
  /** Dispatch's; resolves when the answer is on disk. A string says what is wrong with it. */
  readonly onAck: (device: string, body: JsonObject, atMs: number) => Promise<string | undefined>;
  readonly log: Logger;
}

/** Where nobody has followed yet, it begins at the end: answers to orders of another state database are none. */
export async function openAckConsumer(options: AckConsumerOptions): Promise<JournalConsumer<MessageEntry>> {
  const { journal, cursor } = options;
  /** Through this id an earlier run may have set an answer aside without saving its cursor. */
  const replayedThroughId = journal.messages.lastId;
  const failing = { id: 0, tries: 0 };
  /** Through this id they were heard and, where dispatch could not take them, set aside. */
  let heardThroughId = 0;
  let savedThroughId = 0;
  const save = async (id: number) => {
    await cursor.save(id);
    savedThroughId = id;
  };
  if ((await cursor.load()) === undefined) await cursor.save(replayedThroughId);

  async function consumeOne({ id, message }: MessageEntry): Promise<void> {
    const rejection = await hear(id, message);
    const isKnown = rejection && id <= replayedThroughId && (await isSetAside(journal, message));
    if (rejection && !isKnown) await setAside(options, message, rejection);
    heardThroughId = id;
    await save(id);
  }

  async function hear(id: number, message: DeviceMessage): Promise<Rejection | undefined> {
    const body = parseObject(Buffer.from(message.payload));
    if (isRejection(body)) return body;
    try {
      const problem = await options.onAck(message.device, body, message.receivedAt);
      return problem === undefined ? undefined : reject('bad-ack', problem);
    } catch (error) {
      // Where the database is away or full this throws as well, and the answer waits for it.
      await cursor.save(id - 1);
      failing.tries = failing.id === id ? failing.tries + 1 : 1;
      failing.id = id;
      if (failing.tries < MAX_TRIES) throw error;
      options.log.error(
        { err: error, device: message.device },
        'an ack could not be carried out, and is set aside',
      );
      return reject('bad-ack', `it could not be carried out: ${(error as Error).message}`);
    }
  }

  return {
    name: ACKS_CONSUMER,
    loadCursor: async () => (await cursor.load()) ?? 0,
    async consume(entries) {
      // One answer at most is ahead of its cursor.
      if (savedThroughId < heardThroughId) await save(heardThroughId);
      for (const entry of entries) {
        // A batch that failed comes again as a whole.
        if (entry.message.channel === 'ack' && entry.id > heardThroughId) await consumeOne(entry);
      }
      const last = entries.at(-1);
      // Once for all statuses behind the last answer.
      if (last && last.id > savedThroughId) await save(last.id);
    },
  };
}

async function setAside(
  { pipeline }: AckConsumerOptions,
  { device, topic, clientId, receivedAt, payload }: DeviceMessage,
  rejection: Rejection,
): Promise<void> {
  const message: IncomingMessage = {
    ...{ topic, clientId, receivedAt },
    payload: Buffer.from(payload),
    identity: device,
  };
  await outcomeOf((waiter) => pipeline.refuse(waiter, message, rejection));
}

async function isSetAside(
  journal: Pick<Journal, 'rejections'>,
  { device, receivedAt, topic, payload }: DeviceMessage,
): Promise<boolean> {
  const kept = await journal.rejections({ device, limit: SEARCHED_REJECTIONS });
  return kept.some(
    (each) =>
      each.receivedAt === receivedAt && each.topic === topic && Buffer.compare(each.payload, payload) === 0,
  );
}
