/**
 * Port of the alarms: what the rest of the house asks of them and tells them; opened by open-alerts.ts.
 *
 * Follows the journal as the consumer `alerts`; main calls `tick` and `sweep` each second. Readings, ticks and what
 * people do pass through the same serial queue. Invariant: whatever changed is saved with the cursor in one
 * transaction before anybody is told; a batch that changed nothing is saved later, as replaying it changes
 * nothing either.
 */
import type { Logger } from 'pino';
import type { Registry as MetricsRegistry } from 'prom-client';
import type { CityFrame } from '../cities/city.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../database/database.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { LiveFeed } from '../fleet/live-feed.ts';
import type { LiveRegistry } from '../fleet/registry.ts';
import type { JournalConsumer } from '../journal/keep-draining.ts';
import type { Alert } from './alert.ts';
import type { ConditionFinding, ConditionRule } from './judgement/conditions.ts';
import type { Subject } from './judgement/engine-change.ts';
import type { Description } from './judgement/rule.ts';
import type { NewSilence, Silence } from './lifecycle/silences.ts';
import type { CapEntry } from './notices/cap-feed.ts';
import type { Channel } from './notices/channel.ts';
import type { ChannelConfig } from './notices/channels.ts';
import type { Publish } from './notices/mqtt-channel.ts';
import type { AlertQuery } from './record/alert-store.ts';
import type { Explanation } from './record/explain.ts';
import type { ReadLevels } from './record/learn-past.ts';
import type { ReadableJournal } from './record/rebuild.ts';

export interface AlertsDependencies {
  readonly config: Pick<Config, 'NOTICES_PER_CHANNEL_PER_MIN'> & ChannelConfig;
  readonly city: CityFrame;
  /** Asked for the city of the moment, and followed. */
  readonly registry: LiveRegistry;
  readonly fleet: Fleet;
  readonly database: Database;
  readonly publish: Publish;
  readonly feed: LiveFeed;
  /** Read at start, where the saved state is of no use. */
  readonly journal: ReadableJournal;
  /** Levels of the past, from history; without it learning begins with the present. */
  readonly readLevels?: ReadLevels;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  readonly now: () => number;
  readonly monotonicNow: () => number;
  readonly random: () => number;
  /** Readings do not reach the alarms, by a fault of ours: that is no device's silence. */
  readonly isDeaf: () => boolean;
  /** Ways out beside those of the configuration. */
  readonly channels?: readonly Channel[];
}

export interface Alerts extends AsyncDisposable {
  readonly consumer: JournalConsumer;
  /** Called every second: silence, escalation, silences, pages of groups, due notices. */
  tick(nowMs: number): Promise<void>;
  /** Saves the state of devices that moved, when it is due; may take seconds, in which ticks go on. */
  sweep(nowMs: number): Promise<void>;
  /** Called every minute: one gauge that has forgotten what its river did learns it from history. */
  learnPast(nowMs: number): Promise<void>;
  /**
   * Our clock was set by `stepMs` (0: not known by how much), and says `nowMs` now: who is silent is judged anew from
   * here on, and what was dated later was dated by us and holds up no reading.
   */
  clockSet(nowMs: number, stepMs: number): Promise<void>;
  /** The open ones, from memory. */
  open(): readonly Alert[];
  list(query: AlertQuery): Promise<readonly Alert[]>;
  find(id: string): Promise<Alert | undefined>;
  /** Which readings, rule, timers and notices. */
  explain(alert: Alert): Promise<Explanation>;
  /** A page of the feed: the first one, or the one of messages before an id. */
  listCap(before?: number): Promise<readonly CapEntry[]>;
  findCap(identifier: string): Promise<CapEntry | undefined>;
  /** Undefined when there is no open alert of this id. */
  acknowledge(id: string, by: string, note: string | undefined): Promise<Alert | undefined>;
  /**
   * Somebody has looked at the river: the newest level of the alert's gauge is right, though the gauge was in doubt.
   * Undefined when there is no open alert of this id.
   */
  confirmLevel(id: string, by: string, note: string | undefined): Promise<Alert | undefined>;
  /**
   * Raises a condition that another part of the house judges, or moves it; resolves when it is on disk. Said
   * again as it stands it is no news.
   */
  raise(rule: ConditionRule, subject: Subject, finding: ConditionFinding): Promise<void>;
  /** Ends it, with why; nothing where it does not stand. */
  resolve(rule: ConditionRule, subject: Subject, why: Description): Promise<void>;
  /** Without a word for longer than this a device is silent, ms; undefined of one that was never heard. */
  silentAfterMs(device: string): number | undefined;
  silences(): readonly Silence[];
  silence(silence: NewSilence): Promise<Silence>;
  endSilence(id: number, by: string): Promise<boolean>;
  /** Undefined when all is well, else a sentence. */
  readonly problem: string | undefined;
}
