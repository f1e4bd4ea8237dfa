/**
 * AnswerQueue: the publishes of one connection that await the disk, answered in the order in which they came.
 *
 * Between the pipeline's word and the PUBACK. Invariants: a publish is answered after all before it
 * [MQTT-4.6.0-2]; after one that could not be stored none is; all that one commit has settled, of whatever
 * connection, is answered in one turn (AnswerRound), and each connection's PUBACKs leave in one write.
 */
import type { Duplex } from 'node:stream';

/** PUBACK with a remaining length of two: the packet identifier. */
const PUBACK_HEADER = 0x4002;
const PUBACK_BYTES = 4;

/** A publish that awaits the disk. */
export interface OpenPublish {
  /** All of it is on disk. */
  readonly isStored: boolean;
  /** The one behind it, while it waits: an array would be made anew for each publish of a device. */
  next: OpenPublish | undefined;
  /**
   * Once it is. Returns its packet identifier where its PUBACK is to be written here, or the whole answer where that
   * says more.
   */
  judge(): number | Buffer | undefined;
  /** Lets it go on, or not: then the connection ends. */
  answer(error?: Error): void;
}

/** Queues with something to answer. One for a broker. */
export class AnswerRound {
  readonly #onDone: () => void;
  #queues: AnswerQueue[] = [];

  constructor(onDone: () => void) {
    this.#onDone = onDone;
  }

  add(queue: AnswerQueue): void {
    if (this.#queues.push(queue) === 1) process.nextTick(() => this.#answer());
  }

  #answer(): void {
    const queues = this.#queues;
    this.#queues = [];
    for (const queue of queues) queue.answerStored();
    this.#onDone();
  }
}

export interface AnswerQueueOptions {
  readonly round: AnswerRound;
  readonly onAnswered: (count: number) => void;
  readonly onFailed: () => void;
  /** A mistake of ours in answering: the other queues of the round are answered all the same. */
  readonly onFault: (error: Error) => void;
}

export class AnswerQueue {
  readonly #stream: Duplex;
  readonly #options: AnswerQueueOptions;
  #first: OpenPublish | undefined;
  #last: OpenPublish | undefined;
  #failed = false;
  /** What is stored will be answered at the end of this turn. */
  #isScheduled = false;

  constructor(stream: Duplex, options: AnswerQueueOptions) {
    this.#stream = stream;
    this.#options = options;
  }

  /** Before it goes to the pipeline, which may answer at once. */
  add(publish: OpenPublish): void {
    if (this.#last) this.#last.next = publish;
    else this.#first = publish;
    this.#last = publish;
  }

  /** One of them is stored. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.round.add(this);
  }

  /**
   * One of them could not be stored: no other is answered any more, but what comes after the end of the
   * connection, which is its will. The round looks whether the journal is free again.
   */
  fail(publish: OpenPublish, error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#first = this.#last = undefined;
    this.#options.onFailed();
    try {
      publish.answer(error);
    } catch (fault) {
      this.#options.onFault(fault as Error);
    }
    this.schedule();
  }

  /** What waits is answered no more; what comes later is. */
  abandon(): void {
    this.#first = this.#last = undefined;
  }

  answerStored(): void {
    this.#isScheduled = false;
    try {
      this.#answerDue();
    } catch (error) {
      this.#options.onFault(error as Error);
    }
  }

  #answerDue(): void {
    const due = this.#first;
    let count = 0;
    let waiting = due;
    for (; waiting?.isStored; waiting = waiting.next) count++;
    if (count === 0) return;
    this.#first = waiting;
    if (!waiting) this.#last = undefined;
    const packets = Buffer.allocUnsafe(count * PUBACK_BYTES);
    let written = 0;
    let length = 0;
    for (let publish = due; publish && publish !== waiting; ) {
      const { next } = publish;
      publish.next = undefined;
      const answer = publish.judge();
      if (typeof answer === 'number') {
        packets.writeUInt16BE(PUBACK_HEADER, length);
        packets.writeUInt16BE(answer, length + 2);
        length += PUBACK_BYTES;
      } else {
        // Aedes writes this one's answer, in its turn, or it is written apart.
        this.#write(packets, written, length);
        written = length;
        if (answer && !this.#stream.destroyed) this.#stream.write(answer);
      }
      publish.answer();
      publish = next;
    }
    this.#write(packets, written, length);
    this.#options.onAnswered(count);
  }

  #write(packets: Buffer, from: number, to: number): void {
    if (from === to || this.#stream.destroyed) return;
    this.#stream.write(to - from === packets.length ? packets : packets.subarray(from, to));
  }
}
