/**
 * AlertsPart: engine, lifecycle, store and outbox behind one serial queue.
 *
 * Made by openAlerts. Readings, ticks and what people do move the same state one after the other. Invariant:
 * whatever changed is saved with the cursor in one transaction before anybody is told (alert-saver.ts).
 */
import type { JournalEntry } from '../journal/journal.ts';
import type { JournalConsumer } from '../keep-draining.ts';
import type { Alert } from './alert.ts';
import { type AlertQuery, CONSUMER } from './alert-store.ts';
import type { Alerts, AlertsDependencies } from './alerts.ts';
import type { AlertsParts } from './assemble.ts';
import { type CapEntry, findCap, listCap } from './cap-feed.ts';
import type { ConditionFinding, ConditionRule } from './conditions.ts';
import type { ReadingOutcome } from './engine.ts';
import type { EngineChange, Subject } from './engine-change.ts';
import { type Explanation, explainAlert } from './explain.ts';
import type { Description } from './rule.ts';
import { createSerialQueue } from './serial-queue.ts';
import type { NewSilence, Silence } from './silences.ts';

/** A batch as large as the drain's own bound: more waits, and ticks must not judge silence yet. */
const FULL_BATCH = 2_000;
const TIDY_EVERY_MS = 60_000;

export class AlertsPart implements Alerts {
  readonly #dependencies: AlertsDependencies;
  readonly #parts: AlertsParts;
  readonly #enqueue = createSerialQueue();
  #tidiedAt = 0;
  #behind = false;
  readonly consumer: JournalConsumer;

  constructor(dependencies: AlertsDependencies, parts: AlertsParts) {
    this.#dependencies = dependencies;
    this.#parts = parts;
    this.consumer = {
      name: CONSUMER,
      loadCursor: () => parts.store.loadCursor(),
      consume: (entries) => this.#enqueue(() => this.#consume(entries)),
    };
  }

  get problem(): string | undefined {
    return this.#parts.outbox.problem;
  }

  async #consume(entries: readonly JournalEntry[]): Promise<void> {
    const { engine, saver } = this.#parts;
    const nowMs = this.#dependencies.now();
    this.#behind = entries.length >= FULL_BATCH;
    for (const { id, reading } of entries) {
      // Seen already: the save failed after the engine had taken them.
      if (id <= saver.takenId) continue;
      this.#apply(engine.takeReading(reading));
      saver.took(id);
    }
    await saver.saveChanges(nowMs);
  }

  async tick(nowMs: number): Promise<void> {
    const { engine, lifecycle, saver, silences, outbox } = this.#parts;
    await this.#enqueue(async () => {
      // The clocks of silence stand still while we are deaf, and begin anew when that is over.
      if (this.#dependencies.isDeaf()) engine.listen(nowMs);
      for (const { id, presence } of this.#dependencies.fleet.known()) {
        if (presence) this.#apply(engine.takePresence(id, presence, nowMs));
      }
      if (!this.#behind) this.#apply(engine.takeTick(nowMs));
      lifecycle.tick(nowMs);
      engine.refresh(lifecycle.open);
      saver.planOccasions(nowMs);
      saver.planDigests(nowMs);
      await saver.saveChanges(nowMs);
      if (nowMs - this.#tidiedAt >= TIDY_EVERY_MS) {
        this.#tidiedAt = nowMs;
        await silences.reload();
        await outbox.tidy();
      }
      this.#countOutcomes();
      void outbox.kick();
    });
  }

  sweep(nowMs: number): Promise<void> {
    return this.#parts.saver.sweep(this.#enqueue, nowMs);
  }

  #apply(changes: readonly EngineChange[]): void {
    const { counters, lifecycle } = this.#parts;
    for (const change of changes) {
      counters.changes.inc({ rule: change.rule, change: change.change });
      lifecycle.apply(change);
    }
  }

  open(): readonly Alert[] {
    return [...this.#parts.lifecycle.open.values()];
  }

  list(query: AlertQuery): Promise<readonly Alert[]> {
    return this.#parts.store.list(query);
  }

  async find(id: string): Promise<Alert | undefined> {
    return this.#parts.lifecycle.open.get(id) ?? (await this.#parts.store.find(id));
  }

  async explain(alert: Alert): Promise<Explanation> {
    return explainAlert(alert, {
      notices: await this.#parts.store.notices(alert.id),
      ruleTimers: this.#parts.engine.timersOf(alert.subject, alert.rule),
      timeZone: this.#dependencies.city.timeZone,
      silenceEndsAt: this.#parts.silences.inForce.find((silence) => silence.id === alert.silencedBy)?.endsAt,
    });
  }

  listCap(before?: number): Promise<readonly CapEntry[]> {
    return listCap(this.#dependencies.database, this.#dependencies.now(), before);
  }

  findCap(identifier: string): Promise<CapEntry | undefined> {
    return findCap(this.#dependencies.database, identifier);
  }

  acknowledge(id: string, by: string, note: string | undefined): Promise<Alert | undefined> {
    return this.#enqueue(async () => {
      const nowMs = this.#dependencies.now();
      const alert = this.#parts.lifecycle.acknowledge(id, by, note, nowMs);
      await this.#parts.saver.saveChanges(nowMs);
      return alert;
    });
  }

  raise(rule: ConditionRule, subject: Subject, finding: ConditionFinding): Promise<void> {
    return this.#judge((nowMs) => this.#parts.engine.conditions.raise(rule, subject, finding, nowMs));
  }

  resolve(rule: ConditionRule, subject: Subject, why: Description): Promise<void> {
    return this.#judge((nowMs) => this.#parts.engine.conditions.clear(rule, subject, why, nowMs, nowMs));
  }

  #judge(judge: (nowMs: number) => EngineChange | undefined): Promise<void> {
    return this.#enqueue(async () => {
      const nowMs = this.#dependencies.now();
      const change = judge(nowMs);
      if (change) this.#apply([change]);
      await this.#parts.saver.saveChanges(nowMs);
    });
  }

  silences(): readonly Silence[] {
    return this.#parts.silences.inForce;
  }

  silence(silence: NewSilence): Promise<Silence> {
    return this.#enqueue(() => this.#parts.silences.add(silence));
  }

  endSilence(id: number, by: string): Promise<boolean> {
    return this.#enqueue(() => this.#parts.silences.end(id, by));
  }

  #countOutcomes(): void {
    const { outcomes } = this.#parts.engine;
    for (const outcome of Object.keys(outcomes) as ReadingOutcome[]) {
      this.#parts.counters.readings.inc({ outcome }, outcomes[outcome]);
      outcomes[outcome] = 0;
    }
  }

  /** Saves what is not saved yet, and lets the notices under way end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.saver.sweepAll(this.#enqueue, this.#dependencies.now());
    await this.#parts.outbox[Symbol.asyncDispose]();
  }
}
