/**
 * QueuedAlerts: engine, lifecycle, store and outbox behind one serial queue.
 *
 * Made by openAlerts. Readings, ticks and what people do move the same state one after the other. Invariant:
 * whatever changed is saved with the cursor in one transaction before anybody is told (alert-saver.ts).
 */
import type { CityMove } from '../fleet/registry.ts';
import type { JournalEntry } from '../journal/journal.ts';
import type { JournalConsumer } from '../journal/keep-draining.ts';
import type { Alert } from './alert.ts';
import type { createAlertMetrics } from './alert-metrics.ts';
import type { Alerts, AlertsDependencies } from './alerts.ts';
import { endsOfGone, judgeMove } from './follow-city.ts';
import type { ConditionFinding, ConditionRule } from './judgement/conditions.ts';
import type { AlertEngine, ReadingOutcome } from './judgement/engine.ts';
import type { EngineChange, Subject } from './judgement/engine-change.ts';
import type { Description } from './judgement/rule.ts';
import type { Lifecycle } from './lifecycle/lifecycle.ts';
import type { NewSilence, Silence, SilenceBook } from './lifecycle/silences.ts';
import { type CapEntry, findCap, listCap } from './notices/cap-feed.ts';
import type { Outbox } from './notices/outbox.ts';
import type { PeopleChannels } from './notices/people-channels.ts';
import type { AlertSaver } from './record/alert-saver.ts';
import { type AlertQuery, type AlertStore, CONSUMER } from './record/alert-store.ts';
import { type Explanation, explainAlert } from './record/explain.ts';
import { PastLearner } from './record/learn-past.ts';
import { redateWatches } from './record/redate.ts';
import { createSerialQueue } from './serial-queue.ts';

/** A batch as large as the drain's own bound: more waits, and ticks must not judge silence yet. */
const FULL_BATCH = 2_000;
const TIDY_EVERY_MS = 60_000;

/** The parts that move together, one piece of work after the other. */
export interface AlarmMachinery {
  readonly engine: AlertEngine;
  readonly lifecycle: Lifecycle;
  readonly saver: AlertSaver;
  readonly outbox: Outbox;
  readonly people: PeopleChannels;
  readonly store: AlertStore;
  readonly silences: SilenceBook;
  readonly counters: ReturnType<typeof createAlertMetrics>;
}

export class QueuedAlerts implements Alerts {
  readonly #dependencies: AlertsDependencies;
  readonly #machinery: AlarmMachinery;
  readonly #enqueue = createSerialQueue();
  /** ms, by the monotonic clock. */
  #tidiedAt = Number.NEGATIVE_INFINITY;
  #behind = false;
  readonly #learner: PastLearner | undefined;
  readonly #unfollow: () => void;
  readonly consumer: JournalConsumer;

  constructor(dependencies: AlertsDependencies, machinery: AlarmMachinery) {
    this.#dependencies = dependencies;
    this.#machinery = machinery;
    this.#unfollow = dependencies.registry.follow((move) => {
      void this.#takeCity(move).catch((err: unknown) =>
        dependencies.log.error({ err }, 'a change of the city is judged, but not saved yet'),
      );
    });
    const { readLevels } = dependencies;
    this.#learner = readLevels && new PastLearner(machinery.engine, this.#enqueue, readLevels);
    this.consumer = {
      name: CONSUMER,
      loadCursor: () => machinery.store.loadCursor(),
      consume: (entries) => this.#enqueue(() => this.#consume(entries)),
    };
  }

  get problem(): string | undefined {
    return this.#machinery.outbox.problem;
  }

  /** What was changed while nobody ran, or just before a kill. Called once, before the first reading. */
  followCity(): Promise<void> {
    const { registry, now } = this.#dependencies;
    const { engine, lifecycle, saver } = this.#machinery;
    return this.#enqueue(async () => {
      const nowMs = now();
      this.#apply(engine.takeUntold(nowMs));
      this.#apply(endsOfGone(engine, lifecycle.open.values(), registry, nowMs));
      await saver.saveChanges(nowMs);
    });
  }

  #takeCity(move: CityMove): Promise<void> {
    const { registry, fleet, now } = this.#dependencies;
    const { engine, lifecycle, people, saver } = this.#machinery;
    return this.#enqueue(async () => {
      const nowMs = now();
      if (move.before.channels !== move.now.channels) await people.use(move.now.channels);
      this.#apply(judgeMove(engine, move, fleet, nowMs));
      this.#apply(endsOfGone(engine, lifecycle.open.values(), registry, nowMs));
      await saver.saveChanges(nowMs);
    });
  }

  async #consume(entries: readonly JournalEntry[]): Promise<void> {
    const { engine, saver } = this.#machinery;
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
    const { engine, lifecycle, saver, silences, outbox } = this.#machinery;
    await this.#enqueue(async () => {
      // The clocks of silence stand still while we are deaf, and begin anew when that is over.
      if (this.#dependencies.isDeaf()) engine.listen(nowMs);
      for (const { id, presence, presenceAt, told, unusable } of this.#dependencies.fleet.known()) {
        if (told) engine.expect(id, told);
        if (unusable && !this.#behind) engine.takeUnusableWord(id, unusable.atMs, nowMs);
        if (presence) this.#apply(engine.takePresence(id, presence, nowMs, presenceAt));
      }
      if (!this.#behind) this.#apply(engine.takeTick(nowMs));
      lifecycle.tick(nowMs);
      engine.refresh(lifecycle.open);
      saver.planOccasions(nowMs);
      saver.planDigests(nowMs);
      await saver.saveChanges(nowMs);
      const monotonicMs = this.#dependencies.monotonicNow();
      if (monotonicMs - this.#tidiedAt >= TIDY_EVERY_MS) {
        this.#tidiedAt = monotonicMs;
        await silences.reload();
        await outbox.tidy();
      }
      this.#countOutcomes();
      void outbox.kick();
    });
  }

  sweep(nowMs: number): Promise<void> {
    return this.#machinery.saver.sweep(this.#enqueue, nowMs);
  }

  async learnPast(nowMs: number): Promise<void> {
    const learnt = await this.#learner?.learnNext(nowMs);
    if (learnt) this.#dependencies.log.info(learnt, 'a gauge has learnt its rises from history');
  }

  clockSet(nowMs: number, stepMs: number): Promise<void> {
    const { engine, lifecycle, saver } = this.#machinery;
    return this.#enqueue(async () => {
      engine.listen(nowMs);
      engine.serverClock.noteStep({ atMs: nowMs, stepMs });
      this.#apply(redateWatches(engine, lifecycle.open.values(), nowMs, stepMs));
      await saver.saveChanges(nowMs);
    });
  }

  #apply(changes: readonly EngineChange[]): void {
    const { counters, lifecycle } = this.#machinery;
    for (const change of changes) {
      counters.changes.inc({ rule: change.rule, change: change.change });
      lifecycle.apply(change);
    }
  }

  open(): readonly Alert[] {
    return [...this.#machinery.lifecycle.open.values()];
  }

  /** As they were saved with their last change, and with what has become of the open ones since. */
  async list(query: AlertQuery): Promise<readonly Alert[]> {
    const { store } = this.#machinery;
    return (await store.list(query)).map((saved) => this.#present(saved));
  }

  async find(id: string): Promise<Alert | undefined> {
    const { lifecycle, store } = this.#machinery;
    const alert = lifecycle.open.get(id) ?? (await store.find(id));
    return alert && this.#present(alert);
  }

  #present(saved: Alert): Alert {
    const { lifecycle, engine } = this.#machinery;
    const open = lifecycle.open.get(saved.id);
    if (open?.revision !== saved.revision) return saved;
    const text = engine.textOfNow(open, this.#dependencies.now());
    return { ...saved, text, detail: open.detail, peak: open.peak };
  }

  async explain(alert: Alert): Promise<Explanation> {
    return explainAlert(alert, {
      notices: await this.#machinery.store.notices(alert.id),
      ruleTimers: this.#machinery.engine.watches.timersOf(alert.subject, alert.rule),
      timeZone: this.#dependencies.city.timeZone,
      nowMs: this.#dependencies.now(),
      silenceEndsAt: this.#machinery.silences.inForce.find((silence) => silence.id === alert.silencedBy)
        ?.endsAt,
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
      const alert = this.#machinery.lifecycle.acknowledge(id, by, note, nowMs);
      await this.#machinery.saver.saveChanges(nowMs);
      return alert;
    });
  }

  silentAfterMs(device: string): number | undefined {
    return this.#machinery.engine.silentAfterMs(device, this.#dependencies.now());
  }

  confirmLevel(id: string, by: string, note: string | undefined): Promise<Alert | undefined> {
    return this.#enqueue(async () => {
      const nowMs = this.#dependencies.now();
      const { engine, lifecycle, saver } = this.#machinery;
      const alert = lifecycle.open.get(id);
      if (!alert) return undefined;
      lifecycle.noteWord(alert, by, note, nowMs);
      this.#apply(engine.takeWord(alert.subject, nowMs));
      await saver.saveChanges(nowMs);
      return alert;
    });
  }

  raise(rule: ConditionRule, subject: Subject, finding: ConditionFinding): Promise<void> {
    return this.#judge((nowMs) => this.#machinery.engine.conditions.raise(rule, subject, finding, nowMs));
  }

  resolve(rule: ConditionRule, subject: Subject, why: Description): Promise<void> {
    return this.#judge((nowMs) => this.#machinery.engine.conditions.clear(rule, subject, why, nowMs, nowMs));
  }

  #judge(judge: (nowMs: number) => EngineChange | undefined): Promise<void> {
    return this.#enqueue(async () => {
      const nowMs = this.#dependencies.now();
      const change = judge(nowMs);
      if (change) this.#apply([change]);
      await this.#machinery.saver.saveChanges(nowMs);
    });
  }

  silences(): readonly Silence[] {
    return this.#machinery.silences.inForce;
  }

  silence(silence: NewSilence): Promise<Silence> {
    return this.#enqueue(() => this.#machinery.silences.add(silence));
  }

  endSilence(id: number, by: string): Promise<boolean> {
    return this.#enqueue(() => this.#machinery.silences.end(id, by));
  }

  #countOutcomes(): void {
    const { outcomes } = this.#machinery.engine;
    for (const outcome of Object.keys(outcomes) as ReadingOutcome[]) {
      this.#machinery.counters.readings.inc({ outcome }, outcomes[outcome]);
      outcomes[outcome] = 0;
    }
  }

  /** Saves what is not saved yet, and lets the notices under way end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#unfollow();
    await this.#machinery.saver.sweepAll(this.#enqueue, this.#dependencies.now());
    await this.#machinery.outbox[Symbol.asyncDispose]();
  }
}
