/**
 * What happens when nobody answers a word: warned of, escalated, and sent again; word-timers.ts says when.
 *
 * The timers are columns of the word, so that one that a restart interrupts goes on where it was. An escalated order
 * proposes a second unit; the alert is that of unanswered-orders.ts, which follows the columns that are written here.
 * Invariants: no word is dropped in silence, connected or not; the first unit stays assigned until somebody cancels
 * it; what no assignment needs any more ends after a day, or with its unit, and says so.
 */
import type { Role } from '../assignments/assignment-steps.ts';
import { type DispatchContext, writeAudit } from '../dispatch-context.ts';
import { find } from '../incidents/incident-row.ts';
import type { Recommendation, RecommendationQuery } from '../recommendation/recommendation.ts';
import { type CrewWordRow, isWord, type WordKind } from './crew-words.ts';
import type { WordDelivery } from './word-delivery.ts';
import { ESCALATE_AFTER_MS, LONGEST_TIMER_MS, nextTimerMs, WARN_AFTER_MS } from './word-timers.ts';

/** A cancellation or a message that nobody took for so long is nobody's word any more. */
export const GIVE_UP_AFTER_MS = 24 * 3_600_000;
const GIVEN_UP: ReadonlySet<string> = new Set<WordKind>(['cancel', 'message']);
/** Timers worked off in one tick; the rest a second later. */
const MAX_DUE = 200;

export class WordReminders {
  readonly #context: DispatchContext;
  readonly #delivery: WordDelivery;
  readonly #recommend: (query: RecommendationQuery) => Promise<Recommendation>;

  constructor(
    context: DispatchContext,
    delivery: WordDelivery,
    recommend: (query: RecommendationQuery) => Promise<Recommendation>,
  ) {
    this.#context = context;
    this.#delivery = delivery;
    this.#recommend = recommend;
  }

  /** Works off the timers that are due. Called each second. */
  async tick(): Promise<void> {
    const { database, now } = this.#context;
    const nowMs = now();
    const due = await database
      .selectFrom('crew_words')
      .selectAll()
      .where(({ eb, or }) => or([eb('next_at', '<=', nowMs), eb('next_at', '>', nowMs + LONGEST_TIMER_MS)]))
      .orderBy('next_at')
      .limit(MAX_DUE)
      .execute();
    const reminded: CrewWordRow[] = [];
    for (const word of due) if (await this.#remind(word)) reminded.push(word);
    await this.#delivery.sendDue(reminded);
  }

  /** One stage at most, by how old the word is. False where there is nothing to remind of. */
  async #remind(word: CrewWordRow): Promise<boolean> {
    const { database, now, metrics } = this.#context;
    const atMs = now();
    // A word of the future is one from before the clock was set back: its stages begin anew.
    const madeAt = Math.min(Number(word.made_at), atMs);
    const elapsedMs = atMs - madeAt;
    const why = GIVEN_UP.has(word.kind) ? this.#whyGiveUp(word, elapsedMs) : undefined;
    if (why !== undefined) {
      await this.#giveUp(word, why);
      return false;
    }
    const escalates = elapsedMs >= ESCALATE_AFTER_MS && word.escalated_at === null;
    const warns = !escalates && elapsedMs >= WARN_AFTER_MS && word.warned_at === null;
    const stage = { ...(escalates ? { escalated_at: atMs } : {}), ...(warns ? { warned_at: atMs } : {}) };
    const { numUpdatedRows } = await database
      .updateTable('crew_words')
      .set({ ...stage, made_at: madeAt, next_at: nextTimerMs({ ...word, ...stage, made_at: madeAt }, atMs) })
      .where('id', '=', word.id)
      .where('ended_at', 'is', null)
      .executeTakeFirst();
    // Answered in this very moment.
    if (numUpdatedRows !== 1n) return false;
    if (isWord(word, 'order') && (escalates || warns)) {
      await database.updateTable('assignments').set(stage).where('id', '=', word.assignment).execute();
    }
    if (escalates) await this.#escalate(word, elapsedMs);
    else if (warns) this.#warn(word, elapsedMs);
    else metrics.unacknowledged.inc({ stage: 'resent' });
    return true;
  }

  #warn(word: CrewWordRow, elapsedMs: number): void {
    this.#context.metrics.unacknowledged.inc({ stage: 'warned' });
    const elapsedS = Math.round(elapsedMs / 1000);
    this.#context.publishEvent('incident', { event: 'not-acknowledged', ...factsOf(word), elapsedS });
  }

  /** To the supervisor; for an order with a second unit, whose sending is a person's decision. */
  async #escalate(word: CrewWordRow, elapsedMs: number): Promise<void> {
    const { database, metrics, log, publishEvent, now } = this.#context;
    metrics.unacknowledged.inc({ stage: 'escalated' });
    log.warn({ word: word.id, ...factsOf(word) }, 'a word to a crew was not acknowledged; escalated');
    const { incident, unit } = word;
    const second = isWord(word, 'order') ? await this.#proposeSecond(word) : undefined;
    const elapsedS = Math.round(elapsedMs / 1000);
    const body = { event: 'escalated', ...factsOf(word), elapsedS };
    publishEvent('incident', isWord(word, 'order') ? { ...body, second } : body);
    const note = isWord(word, 'order') ? undefined : word.kind;
    const entry = { actor: 'siaga', action: 'escalated', unit, note };
    await database.transaction().execute((transaction) =>
      writeAudit(transaction, now(), {
        ...entry,
        ...(incident === null ? {} : { incident }),
        ...(word.assignment === null ? {} : { assignment: word.assignment }),
      }),
    );
  }

  async #proposeSecond({ incident, assignment, unit }: CrewWordRow) {
    const { role } = await this.#context.database
      .selectFrom('assignments')
      .select('role')
      .where('id', '=', assignment)
      .executeTakeFirstOrThrow();
    return this.recommendOther(Number(incident), role as Role, unit);
  }

  #whyGiveUp({ unit }: CrewWordRow, elapsedMs: number): string | undefined {
    if (this.#context.board.vehicleOf(unit) === undefined) return 'its unit was taken out of the city';
    return elapsedMs >= GIVE_UP_AFTER_MS ? 'nobody acknowledged it for a day' : undefined;
  }

  async #giveUp(word: CrewWordRow, why: string): Promise<void> {
    const { database, now, publishEvent, log } = this.#context;
    await database
      .updateTable('crew_words')
      .set({ ended_at: now(), ended_why: why, next_at: null })
      .where('id', '=', word.id)
      .where('ended_at', 'is', null)
      .execute();
    log.warn({ word: word.id, ...factsOf(word), why }, 'a word to a crew has ended without an answer');
    publishEvent('incident', { event: 'word-given-up', ...factsOf(word), word: word.id });
  }

  /** The best unit but this one, for when it does not answer, refuses or breaks down. */
  async recommendOther(incident: number, role: Role, unit: string) {
    const { lat, lng } = await find(this.#context.database, incident);
    if (lat === null || lng === null) return null;
    const query = { at: { lat, lng }, limit: 1, role, incident, except: new Set([unit]) };
    const { candidates, shortfall } = await this.#recommend(query);
    return candidates[0] ?? { shortfall };
  }
}

/** Whose word it is; of an order as those who watch have always read it. */
function factsOf({ id, kind, incident, assignment, unit }: CrewWordRow) {
  const facts = { incident, assignment, unit };
  return isWord({ kind }, 'order') ? facts : { ...facts, kind, word: id };
}
