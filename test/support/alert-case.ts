/**
 * A case: what devices published and people did, and the alerts that must come of it.
 *
 * Goes through the real pipeline (decode, validate, quality, journal) into the alarms, with a clock that the
 * case moves. A case is a folder in test/cases with one case.json; times are from the start: `90s`, `10m`, `2h`.
 */
import { z } from 'zod';
import { createPresenceConsumer } from '../../fleet/presence-consumer.ts';
import { type AlertHouse, openAlertHouse, START_MS } from './alert-house.ts';
import { createMemoryJournal } from './memory-journal.ts';
import { buildSmallCity, gauge, smallCity, smallDevices } from './small-city.ts';
import { createTestPipeline } from './test-pipeline.ts';

const time = z.string().regex(/^-?\d+(\.\d+)?(s|m|h)$/);
const values = z.array(z.union([z.number(), z.null()]));
const eventSchema = z.strictObject({
  at: time,
  /** A series of one device: one publish after the other, `every` apart. Null leaves one out. */
  device: z.string().optional(),
  every: time.optional(),
  levelM: values.optional(),
  clients: values.optional(),
  /** A series of another quantity: its name, and its values. */
  of: z.string().optional(),
  values: values.optional(),
  /** Other fields of every payload of the series. */
  with: z.record(z.string(), z.unknown()).optional(),
  /** The device's clock is off by this. */
  clock: time.optional(),
  /** … and by this more with each reading. */
  drift: time.optional(),
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
  /** What people read at the end, in both languages. */
  text: z.strictObject({ id: z.string(), en: z.string() }).optional(),
});

export const caseSchema = z.strictObject({
  /** One sentence: the trap, and what must come of it. */
  says: z.string(),
  /** Gauges beside those of the small city: an id, and what is other than there. */
  gauges: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
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

/** The clock moves in ticks: the first after a step is this long at most … */
export const FIRST_TICK_MS = 5_000;
/** … and those up to the next step, this; a long test plays all cases by first ones alone. */
const TICK_MS = 30_000;

export interface PlayOptions {
  /** At each crash the saved state of the engine is of another version. */
  readonly forget?: boolean;
  readonly tickMs?: number;
}

/** Plays a case and returns the house as it stands at its end. */
export async function playCase(
  spec: AlertCase,
  { forget = false, tickMs = TICK_MS }: PlayOptions = {},
): Promise<AlertHouse> {
  const journal = createMemoryJournal();
  const more = Object.entries(spec.gauges ?? {}).map(([id, site]) => gauge(id, site));
  const city = more.length > 0 ? buildSmallCity([...smallDevices, ...more]) : smallCity;
  const house = await openAlertHouse({ journal, city });
  const pipeline = createTestPipeline({
    ...{ city, journal, registry: house.registry, fleet: house.fleet },
    now: () => house.clock.ms,
  });
  const presence = createPresenceConsumer({ journal, fleet: house.fleet, feed: house.feed });
  let drained = 0;
  let drainedMessages = 0;
  const publish = async (device: string, channel: string, payload: unknown) => {
    const kind = city.devices.find((each) => each.id === device)?.kind ?? 'river-gauge';
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
    await waitUntil(house, step.atMs, tickMs);
    await step.run(house);
  }
  await waitUntil(house, START_MS + parseSpan(spec.until), tickMs);
  await settleNotices(house);
  return house;
}

async function waitUntil(house: AlertHouse, atMs: number, tickMs: number): Promise<void> {
  await house.wait(Math.min(FIRST_TICK_MS, atMs - house.clock.ms), FIRST_TICK_MS);
  await house.wait(atMs - house.clock.ms, tickMs);
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
  const quantity = event.of ?? (event.levelM ? 'levelM' : 'clients');
  const series = event.values ?? event.levelM ?? event.clients ?? [];
  const clockMs = parseSpan(event.clock ?? '0s');
  const driftMs = parseSpan(event.drift ?? '0s');
  const payloads = series
    .map((value, index) => ({ value, measuredAt: atMs + index * everyMs, offMs: clockMs + index * driftMs }))
    .filter(({ value }) => value !== null)
    .map(({ value, measuredAt, offMs }) => ({
      measuredMs: measuredAt,
      payload: { measuredAt: measuredAt + offMs, [quantity]: value, ...event.with },
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
      text: alert.text,
    }));
}
