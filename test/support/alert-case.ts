/**
 * A case: what devices published and people did, and the alerts that must come of it.
 *
 * Goes through the real pipeline (decode, validate, quality, journal) into the alarms, with a clock that the
 * case moves. A case is a folder in test/cases with one case.json; times are from the start: `90s`, `10m`, `2h`.
 */
import { Registry as Metrics } from 'prom-client';
import { z } from 'zod';
import { createFormats } from '../../devices/formats/index.ts';
import { createPresenceConsumer } from '../../fleet/presence-consumer.ts';
import { createInbox } from '../../ingest/inbox.ts';
import { createPipeline } from '../../ingest/pipeline.ts';
import { createQuality } from '../../ingest/quality.ts';
import { type AlertHouse, openAlertHouse, START_MS } from './alert-house.ts';
import { createMemoryJournal } from './memory-journal.ts';
import { smallCity } from './small-city.ts';
import { unlimitedQuota } from './unlimited-quota.ts';

const time = z.string().regex(/^-?\d+(\.\d+)?(s|m|h)$/);
const values = z.array(z.union([z.number(), z.null()]));
const eventSchema = z.strictObject({
  at: time,
  /** A series of one device: one publish after the other, `every` apart. Null leaves one out. */
  device: z.string().optional(),
  every: time.optional(),
  levelM: values.optional(),
  clients: values.optional(),
  /** Other fields of every payload of the series. */
  with: z.record(z.string(), z.unknown()).optional(),
  /** The device's clock is off by this. */
  clock: time.optional(),
  /** It arrives this much after it was measured; all at once when `burst` says when. */
  delay: time.optional(),
  burst: time.optional(),
  /** The order in which the readings of a burst arrive. */
  order: z.array(z.number()).optional(),
  /** The burst is one message, an array. */
  batch: z.boolean().optional(),
  /** Each message is published so often. */
  times: z.int().optional(),
  /** Anything else, on any channel: `device`'s topic and this payload. */
  publish: z.unknown().optional(),
  channel: z.enum(['telemetry', 'status']).optional(),
  crash: z.boolean().optional(),
  acknowledge: z.string().optional(),
  silence: z
    .strictObject({ scope: z.enum(['device', 'group', 'rule']), target: z.string(), for: time })
    .optional(),
});
type CaseEvent = z.infer<typeof eventSchema>;

const expectedAlert = z.strictObject({
  rule: z.string(),
  subject: z.string(),
  state: z.string(),
  severity: z.string().optional(),
  highestSeverity: z.string().optional(),
  changes: z.array(z.string()).optional(),
  startedAt: time.optional(),
  endedAt: time.optional(),
  blind: z.boolean().optional(),
  exercise: z.boolean().optional(),
  folded: z.boolean().optional(),
});

export const caseSchema = z.strictObject({
  /** One sentence: the trap, and what must come of it. */
  says: z.string(),
  events: z.array(eventSchema),
  until: time,
  /** Only alerts of these rules are looked at; all when absent. */
  rules: z.array(z.string()).optional(),
  alerts: z.array(expectedAlert),
  /** `rule change` of every notice that people got, in order. */
  told: z.array(z.string()).optional(),
  /** Messages that the broker holds retained at the end. */
  retained: z.int().optional(),
});
export type AlertCase = z.infer<typeof caseSchema>;

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000 } as const;

export function parseSpan(text: string): number {
  return Number(text.slice(0, -1)) * UNITS[text.at(-1) as keyof typeof UNITS];
}

interface Step {
  readonly atMs: number;
  run(house: AlertHouse): Promise<void>;
}

/** Between two steps the clock moves in ticks of this, at most. */
const TICK_MS = 5_000;

/**
 * Plays a case and returns the house as it stands at its end. `forget`: at each crash the saved state of the
 * engine is of another version.
 */
export async function playCase(spec: AlertCase, { forget = false } = {}): Promise<AlertHouse> {
  const journal = createMemoryJournal();
  const house = await openAlertHouse({ journal });
  const pipeline = createPipeline({
    config: { CLOCK_AHEAD_MAX_MS: 60_000 },
    city: smallCity,
    registry: house.registry,
    fleet: house.fleet,
    quality: createQuality(),
    quota: unlimitedQuota,
    formats: createFormats(),
    waiting: { note: () => undefined },
    inbox: createInbox(() => house.clock.ms),
    journal,
    metrics: new Metrics(),
    findAckFault: () => undefined,
  });
  const presence = createPresenceConsumer({ journal, fleet: house.fleet, feed: house.feed });
  let drained = 0;
  let drainedMessages = 0;
  const publish = async (device: string, channel: string, payload: unknown) => {
    const kind = smallCity.devices.find((each) => each.id === device)?.kind ?? 'river-gauge';
    const topic = `siaga/semarang/${kind}/${device}/${channel}`;
    const bytes = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
    await pipeline.accept({ topic, payload: bytes, receivedAt: house.clock.ms, clientId: device });
    await drain();
  };
  const drain = async () => {
    await presence.consume(await journal.messages.readAfter(drainedMessages, 2_000));
    drainedMessages = journal.messages.lastId;
    const entries = await journal.readAfter(drained, 2_000);
    if (entries.length === 0) return;
    for (const { reading } of entries) house.fleet.observe(reading);
    await house.alerts.consumer.consume(entries);
    drained = journal.lastId;
  };
  const crash = async (): Promise<void> => {
    if (forget) await forgetFormat(house);
    await house.crash();
    drained = await house.alerts.consumer.loadCursor();
    await drain();
  };
  const steps = spec.events
    .flatMap((event) => stepsOf(event, publish, crash))
    .sort((a, b) => a.atMs - b.atMs);
  for (const step of steps) {
    await house.wait(Math.max(0, step.atMs - house.clock.ms), TICK_MS);
    await step.run(house);
  }
  await house.wait(START_MS + parseSpan(spec.until) - house.clock.ms, TICK_MS);
  await settleNotices(house);
  return house;
}

/** As an earlier version left it: it did not say its format. */
export async function forgetFormat({ database }: AlertHouse): Promise<void> {
  await database.deleteFrom('alert_engine').where('key', '=', 'format').execute();
}

/** Lets the outbox finish what is due: it works by itself, after the commits. */
async function settleNotices({ alerts, clock, database }: AlertHouse): Promise<void> {
  for (let round = 0; round < 500; round++) {
    const due = await database
      .selectFrom('notices')
      .select('id')
      .where('state', '=', 'waiting')
      .where('next_at', '<=', clock.ms)
      .executeTakeFirst();
    if (!due) return;
    await alerts.tick(clock.ms);
    await alerts.sweep(clock.ms);
  }
}

type PublishCase = (device: string, channel: string, payload: unknown) => Promise<void>;

function stepsOf(event: CaseEvent, publish: PublishCase, crash: () => Promise<void>): Step[] {
  const atMs = START_MS + parseSpan(event.at);
  if (event.crash) return [{ atMs, run: crash }];
  if (event.acknowledge) {
    const rule = event.acknowledge;
    const run = async (house: AlertHouse) => {
      const alert = house.alerts.open().find((each) => each.rule === rule);
      if (!alert) throw new Error(`there is no open alert of ${rule} to acknowledge`);
      await house.alerts.acknowledge(alert.id, 'Sari', 'on it');
    };
    return [{ atMs, run }];
  }
  if (event.silence) {
    const { scope, target, for: span } = event.silence;
    const run = async (house: AlertHouse) => {
      await house.alerts.silence({
        scope,
        target,
        startsAt: atMs,
        endsAt: atMs + parseSpan(span),
        createdBy: 'Budi',
      });
    };
    return [{ atMs, run }];
  }
  const { device } = event;
  if (device === undefined) throw new Error(`an event without a device: ${JSON.stringify(event)}`);
  if (event.publish !== undefined) {
    const run = () => publish(device, event.channel ?? 'telemetry', event.publish);
    return [{ atMs, run }];
  }
  return seriesSteps(event, device, atMs, publish);
}

function seriesSteps(event: CaseEvent, device: string, atMs: number, publish: PublishCase): Step[] {
  const everyMs = parseSpan(event.every ?? '1m');
  const quantity = event.levelM ? 'levelM' : 'clients';
  const clockMs = parseSpan(event.clock ?? '0s');
  const payloads = (event[quantity] ?? [])
    .map((value, index) => ({ value, measuredAt: atMs + index * everyMs }))
    .filter(({ value }) => value !== null)
    .map(({ value, measuredAt }) => ({
      measuredMs: measuredAt,
      payload: { measuredAt: measuredAt + clockMs, [quantity]: value, ...event.with },
    }));
  const repeat = <T>(item: T): T[] => new Array(event.times ?? 1).fill(item);
  if (event.burst === undefined) {
    const delayMs = parseSpan(event.delay ?? '0s');
    return payloads.flatMap((each) =>
      repeat({ atMs: each.measuredMs + delayMs, run: () => publish(device, 'telemetry', each.payload) }),
    );
  }
  const burstMs = START_MS + parseSpan(event.burst);
  const ordered = event.order ? event.order.map((index) => payloads[index]) : payloads;
  const bodies = ordered.filter((each) => each !== undefined).map(({ payload }) => payload);
  if (event.batch) return repeat({ atMs: burstMs, run: () => publish(device, 'telemetry', bodies) });
  return bodies.flatMap((payload) =>
    repeat({ atMs: burstMs, run: () => publish(device, 'telemetry', payload) }),
  );
}

/** What a case's `alerts` are held against: every alert, oldest first, in the case's own words. */
export async function describeAlerts(house: AlertHouse, rules: readonly string[] | undefined) {
  const all = await house.alerts.list({ limit: 500, audience: 'staff' });
  return all
    .filter((alert) => !rules || rules.includes(alert.rule))
    .toSorted((a, b) => a.raisedAt - b.raisedAt || (a.id < b.id ? -1 : 1))
    .map((alert) => ({
      rule: alert.rule,
      subject: alert.subject,
      state: alert.state as string,
      severity: alert.severity as string,
      highestSeverity: alert.highestSeverity as string,
      changes: alert.log.map((entry) => entry.change as string),
      startedAt: alert.startedAt,
      endedAt: alert.endedAt,
      blind: alert.blindSince !== undefined,
      exercise: alert.exercise,
      folded: alert.foldedInto !== undefined,
    }));
}
