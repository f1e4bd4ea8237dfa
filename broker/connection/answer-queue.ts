/**
 * AnswerQueue: the publishes of one connection that await the disk, answered in the order in which they came.
 *
 * Between the pipeline's promise and the PUBACK. Invariants: a publish is answered after all before it
 * [MQTT-4.6.0-2]; after one that could not be stored none is; all that one commit has settled is answered in
 * one turn, its PUBACKs in one write.
 */
import type { Duplex } from 'node:stream';
import type { AcceptOutcome } from '../../ingest/pipeline.ts';

/** PUBACK with a remaining length of two: the packet identifier. */
const PUBACK_HEADER = 0x4002;
const PUBACK_BYTES = 4;

/** A publish that awaits the disk. */
export interface OpenPublish {
  /** Once it is stored. Returns its packet identifier where its PUBACK is to be written here. */
  judge(outcome: AcceptOutcome): number | undefined;
  /** Lets it go on, or not: then the connection ends. */
  answer(error?: Error): void;
}

interface Pending {
  readonly publish: OpenPublish;
  /** Set when it is stored. */
  outcome: AcceptOutcome | undefined;
}

export interface AnswerQueueOptions {
  readonly onAnswered: (count: number) => void;
  readonly onFailed: () => void;
}

export class AnswerQueue {
  readonly #stream: Duplex;
  readonly #options: AnswerQueueOptions;
  #pending: Pending[] = [];
  #failed = false;
  /** What has settled will be answered at the end of this turn. */
  #isScheduled = false;

  constructor(stream: Duplex, options: AnswerQueueOptions) {
    this.#stream = stream;
    this.#options = options;
  }

  /** `onSettled` runs when `stored` has settled, whatever became of the connection. */
  add(stored: Promise<AcceptOutcome>, publish: OpenPublish, onSettled: () => void): void {
    const pending: Pending = { publish, outcome: undefined };
    this.#pending.push(pending);
    stored.then(
      (outcome) => {
        pending.outcome = outcome;
        onSettled();
        if (this.#isScheduled) return;
        this.#isScheduled = true;
        process.nextTick(() => this.#answerSettled());
      },
      (error: Error) => {
        onSettled();
        if (this.#failed) return;
        this.#failed = true;
        this.#pending = [];
        this.#options.onFailed();
        publish.answer(error);
      },
    );
  }

  #answerSettled(): void {
    this.#isScheduled = false;
    let count = 0;
    while (this.#pending[count]?.outcome) count++;
    if (count === 0) return;
    let acknowledged: number[] = [];
    for (const { publish, outcome } of this.#pending.splice(0, count)) {
      const messageId = publish.judge(outcome as AcceptOutcome);
      if (messageId !== undefined) acknowledged.push(messageId);
      else {
        // Aedes writes this one's answer, in its turn.
        this.#acknowledge(acknowledged);
        acknowledged = [];
      }
      publish.answer();
    }
    this.#acknowledge(acknowledged);
    this.#options.onAnswered(count);
  }

  #acknowledge(messageIds: readonly number[]): void {
    if (messageIds.length === 0 || this.#stream.destroyed) return;
    const packets = Buffer.allocUnsafe(messageIds.length * PUBACK_BYTES);
    for (const [index, messageId] of messageIds.entries()) {
      packets.writeUInt16BE(PUBACK_HEADER, index * PUBACK_BYTES);
      packets.writeUInt16BE(messageId, index * PUBACK_BYTES + 2);
    }
    this.#stream.write(packets);
  }
}
