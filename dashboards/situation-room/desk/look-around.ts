/**
 * Who is near the place of a call that is being typed, asked for again while the units move on.
 *
 * Made by desk.ts. Invariants: an answer about another place is dropped; a server that does not answer is asked again.
 */
import type { RecommendationJson } from '../state/api/dispatch-shapes.ts';
import type { Position } from '../state/dispatch/call-place.ts';
import type { DeskCalls } from '../state/dispatch/desk-calls.ts';

const LOOK_AGAIN_MS = 10_000;

interface Around {
  readonly at: Position;
  readonly needsTransport: boolean;
  answer: RecommendationJson | undefined;
  askedAtMs: number;
}

export class LookAround {
  readonly #calls: Pick<DeskCalls, 'lookAround'>;
  readonly #onAnswer: () => void;
  #around: Around | undefined;

  constructor(calls: Pick<DeskCalls, 'lookAround'>, onAnswer: () => void) {
    this.#calls = calls;
    this.#onAnswer = onAnswer;
  }

  get at(): Position | undefined {
    return this.#around?.at;
  }

  get answer(): RecommendationJson | undefined {
    return this.#around?.answer;
  }

  set(at: Position | undefined, needsTransport: boolean): void {
    const before = this.#around;
    const isSame =
      at && before?.at.lat === at.lat && before.at.lng === at.lng && before.needsTransport === needsTransport;
    if (isSame) return;
    this.#around = at && { at, needsTransport, answer: undefined, askedAtMs: Number.NEGATIVE_INFINITY };
  }

  askIfOld(): void {
    const around = this.#around;
    if (around && performance.now() - around.askedAtMs > LOOK_AGAIN_MS) void this.#ask(around);
  }

  async #ask(around: Around): Promise<void> {
    around.askedAtMs = performance.now();
    try {
      around.answer = await this.#calls.lookAround(around.at, around.needsTransport);
      this.#onAnswer();
    } catch {
      // The form says that the connection is gone when the call is saved; candidates are asked for again.
      around.askedAtMs = performance.now() - LOOK_AGAIN_MS / 2;
    }
  }
}
