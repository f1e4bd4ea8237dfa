/**
 * AlertsPart: engine, lifecycle, store and outbox behind one serial queue.
 *
 * Made by openAlerts. Readings, ticks and what people do move the same state one after the other. Invariant:
 * whatever changed is saved with the cursor in one transaction before anybody is told; what a failed save
 * leaves behind is kept and saved with the next.
 */
import type { Presence } from '../../devices/topics.ts';
import type { JournalEntry } from '../journal/journal.ts';
import type { JournalConsumer } from '../keep-draining.ts';
import { type Alert, isOpen } from './alert.ts';
import { createAlertMetrics } from './alert-metrics.ts';
import { type AlertQuery, AlertStore, CONSUMER } from './alert-store.ts';
import type { Alerts, AlertsDependencies } from './alerts.ts';
import { type CapEntry, findCap, listCap } from './cap-feed.ts';
import type { ConditionFinding, ConditionRule, SavedCondition } from './conditions.ts';
import type { SavedWatch } from './device-watch.ts';
import { AlertEngine, type ReadingOutcome } from './engine.ts';
import type { EngineChange, Subject } from './engine-change.ts';
import { type Explanation, explainAlert } from './explain.ts';
import { audienceOf, formatAlert } from './format-alert.ts';
import { Lifecycle } from './lifecycle.ts';
import { createChannels } from './notices/channels.ts';
import { Outbox } from './notices/outbox.ts';
import { type GroupPage, type NoticeDraft, NoticePlanner, repeatDraft } from './notices/plan.ts';
import type { Description } from './rule.ts';
import { cityOverrides, trackRules } from './rules/index.ts';
import { createSerialQueue } from './serial-queue.ts';
import { type NewSilence, type Silence, SilenceBook } from './silences.ts';

/** State is saved at least this often, ms of our clock, and this many devices: bounds what is replayed. */
const SAVE_EVERY_MS = 1_000;
const MAX_DIRTY_DEVICES = 2_000;
/** A batch as large as the drain's own bound: more waits, and ticks must not judge silence yet. */
const FULL_BATCH = 2_000;
/** Closed alerts of the last hour are kept at hand: flapping, corrections. */
const RECENT_MS = 3_600_000;
const MAX_RECENT = 1_000;
const TIDY_EVERY_MS = 60_000;
const DEVICE_KEY = 'device:';

export class AlertsPart implements Alerts {
  readonly #dependencies: AlertsDependencies;
  readonly #engine: AlertEngine;
  readonly #lifecycle: Lifecycle;
  readonly #planner: NoticePlanner;
  readonly #outbox: Outbox;
  readonly #store: AlertStore;
  readonly #enqueue = createSerialQueue();
  readonly #counters: ReturnType<typeof createAlertMetrics>;
  readonly #silences: SilenceBook;
  /** The id up to which the engine has taken entries, and up to which it is saved. */
  #takenId = 0;
  #savedId = 0;
  #savedAt = 0;
  #tidiedAt = 0;
  #behind = false;
  /** Drafts that the next save writes. */
  #drafts: NoticeDraft[] = [];
  #forFeed: Alert[] = [];
  readonly consumer: JournalConsumer;

  constructor(dependencies: AlertsDependencies) {
    const { city, registry, database, metrics, config, now, random, log, publish } = dependencies;
    this.#dependencies = dependencies;
    const overrides = [...cityOverrides(city), ...city.alertRules];
    this.#engine = new AlertEngine({ city, registry, rules: trackRules, overrides });
    this.#lifecycle = new Lifecycle({ city: city.id });
    this.#counters = createAlertMetrics(metrics);
    const channels = [
      ...createChannels({ config, city, database, publish, now }),
      ...(dependencies.channels ?? []),
    ];
    this.#planner = new NoticePlanner(channels);
    const { sent, waiting } = this.#counters;
    const perMinute = config.NOTICES_PER_CHANNEL_PER_MIN;
    this.#outbox = new Outbox({ database, channels, perMinute, now, random, log, sent, waiting });
    this.#store = new AlertStore(database);
    this.#silences = new SilenceBook(database, now, (inForce) => this.#lifecycle.useSilences(inForce));
    this.consumer = {
      name: CONSUMER,
      loadCursor: () => this.#store.loadCursor(),
      consume: (entries) => this.#enqueue(() => this.#consume(entries)),
    };
  }

  get problem(): string | undefined {
    return this.#outbox.problem;
  }

  async restore(): Promise<void> {
    const { database, now, registry } = this.#dependencies;
    const nowMs = now();
    this.#takenId = this.#savedId = await this.#store.loadCursor();
    const state = await this.#store.loadState();
    const devices = [...state]
      .filter(([key]) => key.startsWith(DEVICE_KEY))
      .map(([key, saved]) => [key.slice(DEVICE_KEY.length), saved as SavedWatch] as const)
      .filter(([device]) => registry.find(device));
    this.#engine.restore(devices, (state.get('conditions') as readonly SavedCondition[] | undefined) ?? []);
    this.#planner.restore(
      (state.get('groups') as readonly (readonly [string, GroupPage])[] | undefined) ?? [],
    );
    const open = await this.#store.loadOpen();
    this.#lifecycle.restore(open, await this.#store.loadRecent(nowMs - RECENT_MS, MAX_RECENT));
    await this.#silences.reload();
    this.#engine.listen(nowMs);
    // The broker's retained messages may have gone with the last run: say again what is open.
    const again = open
      .filter((alert) => audienceOf(alert) === 'public')
      .map((alert) => repeatDraft(alert, nowMs));
    await database.transaction().execute((transaction) => this.#outbox.write(transaction, again, nowMs));
    this.#countOpen();
  }

  async #consume(entries: readonly JournalEntry[]): Promise<void> {
    const nowMs = this.#dependencies.now();
    this.#behind = entries.length >= FULL_BATCH;
    for (const { id, reading } of entries) {
      // Seen already: the save failed after the engine had taken them.
      if (id <= this.#takenId) continue;
      this.#apply(this.#engine.takeReading(reading));
      this.#takenId = id;
    }
    await this.#saveIfDue(nowMs);
  }

  tick(nowMs: number): Promise<void> {
    return this.#enqueue(async () => {
      // The clocks of silence stand still while we are deaf, and begin anew when that is over.
      if (this.#dependencies.isDeaf()) this.#engine.listen(nowMs);
      for (const [device, presence, atMs] of this.#presenceChanges(nowMs)) {
        this.#apply(this.#engine.takePresence(device, presence, atMs));
      }
      if (!this.#behind) this.#apply(this.#engine.takeTick(nowMs));
      this.#lifecycle.tick(nowMs);
      this.#engine.refresh(this.#lifecycle.open);
      this.#planOccasions(nowMs);
      this.#drafts.push(...this.#planner.digests(this.#lifecycle.open, nowMs));
      await this.#saveIfDue(nowMs);
      if (nowMs - this.#tidiedAt >= TIDY_EVERY_MS) {
        this.#tidiedAt = nowMs;
        await this.#silences.reload();
        await this.#outbox.tidy();
      }
      this.#countOutcomes();
      void this.#outbox.kick();
    });
  }

  *#presenceChanges(nowMs: number): Generator<[string, Presence, number]> {
    for (const { id, presence } of this.#dependencies.fleet.all()) {
      if (presence) yield [id, presence, nowMs];
    }
  }

  #apply(changes: readonly EngineChange[]): void {
    for (const change of changes) {
      this.#counters.changes.inc({ rule: change.rule, change: change.change });
      this.#lifecycle.apply(change);
    }
  }

  /** Turns what happened into drafts of notices and events of the live feed. */
  #planOccasions(nowMs: number): void {
    for (const occasion of this.#lifecycle.takeOccasions()) {
      const record = this.#lifecycle.open.get(occasion.alert.id);
      this.#drafts.push(...this.#planner.plan(occasion, record, nowMs));
      this.#forFeed.push(occasion.alert);
    }
  }

  async #saveIfDue(nowMs: number): Promise<void> {
    this.#planOccasions(nowMs);
    const moved = this.#lifecycle.touched.size > 0 || this.#drafts.length > 0;
    const { dirty } = this.#engine;
    const due = dirty.size > MAX_DIRTY_DEVICES || nowMs - this.#savedAt >= SAVE_EVERY_MS;
    const something = dirty.size > 0 || this.#takenId > this.#savedId;
    if (moved || (due && something)) await this.#save(nowMs);
  }

  async #save(nowMs: number): Promise<void> {
    const state = new Map<string, unknown>();
    for (const device of this.#engine.dirty) {
      state.set(`${DEVICE_KEY}${device}`, this.#engine.saveDevice(device));
    }
    const touched = [...this.#lifecycle.touched.values()];
    if (touched.length > 0 || this.#drafts.length > 0) {
      state.set('conditions', this.#engine.saveConditions());
      state.set('groups', this.#planner.save());
    }
    const cursor = this.#takenId > this.#savedId ? this.#takenId : undefined;
    const drafts = this.#drafts;
    await this.#store.save({ cursor, alerts: touched, state }, (transaction) =>
      this.#outbox.write(transaction, drafts, nowMs),
    );
    this.#savedId = this.#takenId;
    this.#savedAt = nowMs;
    this.#engine.settled();
    this.#lifecycle.settled();
    this.#drafts = [];
    for (const alert of this.#forFeed) this.#dependencies.feed.publish('alert', formatAlert(alert));
    this.#forFeed = [];
    this.#countOpen();
    if (drafts.length > 0) void this.#outbox.kick();
  }

  open(): readonly Alert[] {
    return [...this.#lifecycle.open.values()];
  }

  list(query: AlertQuery): Promise<readonly Alert[]> {
    return this.#store.list(query);
  }

  async find(id: string): Promise<Alert | undefined> {
    return this.#lifecycle.open.get(id) ?? (await this.#store.find(id));
  }

  async explain(alert: Alert): Promise<Explanation> {
    return explainAlert(alert, {
      notices: await this.#store.notices(alert.id),
      ruleTimers: this.#engine.timersOf(alert.subject, alert.rule),
      timeZone: this.#dependencies.city.timeZone,
      silenceEndsAt: this.#silences.inForce.find((silence) => silence.id === alert.silencedBy)?.endsAt,
    });
  }

  listCap(): Promise<readonly CapEntry[]> {
    return listCap(this.#dependencies.database, this.#dependencies.now());
  }

  findCap(identifier: string): Promise<CapEntry | undefined> {
    return findCap(this.#dependencies.database, identifier);
  }

  acknowledge(id: string, by: string, note: string | undefined): Promise<Alert | undefined> {
    return this.#enqueue(async () => {
      const nowMs = this.#dependencies.now();
      const alert = this.#lifecycle.acknowledge(id, by, note, nowMs);
      await this.#saveIfDue(nowMs);
      return alert;
    });
  }

  raise(rule: ConditionRule, subject: Subject, finding: ConditionFinding): Promise<void> {
    return this.#judge((nowMs) => this.#engine.conditions.raise(rule, subject, finding, nowMs));
  }

  resolve(rule: ConditionRule, subject: Subject, why: Description): Promise<void> {
    return this.#judge((nowMs) => this.#engine.conditions.clear(rule, subject, why, nowMs, nowMs));
  }

  #judge(judge: (nowMs: number) => EngineChange | undefined): Promise<void> {
    return this.#enqueue(async () => {
      const nowMs = this.#dependencies.now();
      const change = judge(nowMs);
      if (change) this.#apply([change]);
      await this.#saveIfDue(nowMs);
    });
  }

  silences(): readonly Silence[] {
    return this.#silences.inForce;
  }

  silence(silence: NewSilence): Promise<Silence> {
    return this.#enqueue(() => this.#silences.add(silence));
  }

  endSilence(id: number, by: string): Promise<boolean> {
    return this.#enqueue(() => this.#silences.end(id, by));
  }

  #countOpen(): void {
    const { open } = this.#counters;
    open.reset();
    for (const { rule, severity, state } of this.#lifecycle.open.values()) {
      if (isOpen(state)) open.inc({ rule, severity });
    }
  }

  #countOutcomes(): void {
    const { outcomes } = this.#engine;
    for (const outcome of Object.keys(outcomes) as ReadingOutcome[]) {
      this.#counters.readings.inc({ outcome }, outcomes[outcome]);
      outcomes[outcome] = 0;
    }
  }

  /** Saves what is not saved yet, and lets the notices under way end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#enqueue(() => this.#save(this.#dependencies.now()));
    await this.#outbox[Symbol.asyncDispose]();
  }
}
