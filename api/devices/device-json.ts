/**
 * A device and a reading as the API shows them: the field's own words, RFC 3339 times, quality flags by name.
 *
 * Used by devices.ts; the stream's readings come from ingest in the same words. Invariant: the schemas here
 * are what the OpenAPI document promises, and an absent fact is an absent key.
 */
import { z } from 'zod';
import { sayClock } from '../../alerts/rules/clock-skew.ts';
import { causeOfClock } from '../../clock/clock-cause.ts';
import { type DeviceClock, knownLagMs, stateOf } from '../../clock/device-clock.ts';
import { formatQuality, type Reading } from '../../devices/reading.ts';
import { PRESENCES } from '../../devices/topics.ts';
import type { DeviceConnection } from '../../fleet/device-connection.ts';
import type { DeviceNow, Fleet } from '../../fleet/fleet.ts';
import type { RegisteredDevice } from '../../fleet/registry.ts';
import { formatTime, timeOutput } from '../border/time.ts';

export const LIVENESSES = ['online', 'sleeping', 'offline', 'silent', 'unseen'] as const;

/** A number in the unit that the quantity's name ends with, or a word: `available`. */
const valueSchema = z
  .union([z.number().meta({ id: 'NumberValue' }), z.string().meta({ id: 'WordValue' })])
  .meta({ id: 'Value' });
export const valuesSchema = z
  .record(z.string(), valueSchema)
  .describe('Quantities by name, the unit last: levelM, rainMm.');

export const readingSchema = z
  .object({
    measuredAt: timeOutput.describe(
      'The clock of the device; ours where `quality` has serverTime or clockOff.',
    ),
    receivedAt: timeOutput.describe('Our clock when it arrived.'),
    seq: z.number().describe("The device's own count.").optional(),
    simulated: z.boolean(),
    quality: z.array(z.string()).describe('Names of the quality flags that are set.'),
    values: valuesSchema,
  })
  .meta({ id: 'Reading' });

export const deviceSchema = z
  .object({
    id: z.string(),
    kind: z.string(),
    name: z.string(),
    lat: z.number().describe('Where it is installed; the base of an ambulance.').optional(),
    lng: z.number().optional(),
    liveness: z
      .enum(LIVENESSES)
      .describe('silent: no word for longer than its kind allows; unseen: never one.'),
    silentAfterS: z
      .number()
      .describe(
        'Without a word for longer it is silent: by its kind, or by its own rhythm where that is slower.',
      ),
    presence: z.enum(PRESENCES).describe('What it last said of itself.').optional(),
    lastHeardAt: timeOutput.optional(),
    connectedSince: timeOutput
      .describe('Its socket is open since then, whatever it says; absent while there is none.')
      .optional(),
    unusable: z
      .object({ at: timeOutput, why: z.string() })
      .meta({ id: 'UnusableWord' })
      .describe('Its latest word, where nothing of it could be judged, and why.')
      .optional(),
    last: readingSchema.describe('The newest reading of good quality.').optional(),
  })
  .meta({ id: 'Device' });

const clockSchema = z
  .object({
    state: z
      .enum(['unknown', 'right', 'off', 'drifting', 'standing'])
      .describe(
        'off, drifting, standing: its readings are judged by the time they arrive, flagged clockOff.',
      ),
    offsetMs: z.number().describe('Of its clock against ours: above zero it is ahead.').optional(),
    spreadMs: z.number().describe('Between its quickest and its slowest readings that agree.').optional(),
    cause: z
      .enum(['time-zone', 'gps-week-rollover', 'never-set', 'seconds-for-milliseconds', 'reset'])
      .describe('What makes a clock wrong by just so much; a guess.')
      .optional(),
    says: z.string().describe('For people: `is 7 h ahead: local time sent as UTC?`').optional(),
  })
  .describe(
    'What is believed of its clock, by its readings and by those of before the start in the journal.',
  );

export const deviceDetailSchema = deviceSchema
  .extend({
    site: z
      .record(z.string(), z.unknown())
      .describe('What the city knows of it: river and thresholds, place and uplink, base and vehicle.')
      .optional(),
    simulated: z.boolean().describe('Registered so: whatever it says, in any format, is simulated.'),
    units: z.record(z.string(), z.string()).describe('Unit of each quantity of its kind.'),
    connection: z
      .object({
        openSince: timeOutput
          .nullable()
          .describe('Its socket is open since then, whatever it says; null while there is none.'),
        lastEnd: z
          .object({
            at: timeOutput,
            reason: z.string().describe('As in docs/mqtt.md: client-closed, keep-alive-timeout, …'),
          })
          .meta({ id: 'ConnectionEnd' })
          .describe('Of the last connection that ended since Siaga started.')
          .optional(),
      })
      .meta({ id: 'DeviceConnection' })
      .describe('Connected is not heard: lastHeardAt and last say what it said.'),
    dataHealth: z
      .object({
        readings: z.int().describe('Arrived, repeats included.'),
        repeats: z.int().describe('Readings that came again.'),
        gaps: z.int().describe('Readings missing by seq.'),
        late: z.int().describe('Older than what was known already.'),
        lateMaxMs: z.number(),
        skewMs: z
          .number()
          .describe('Receipt minus the time of the device, of its quickest readings: skew plus the way.')
          .optional(),
        clock: clockSchema,
        lastSeq: z.number().optional(),
        rejected: z.record(z.string(), z.int()).describe('Not understood, by reason.'),
        leftOut: z
          .record(z.string(), z.int())
          .describe('Keys beside the quantities that could not be believed.'),
      })
      .describe('Counted since Siaga started.'),
  })
  .meta({ id: 'DeviceDetail' });

export function formatReading(reading: Reading): z.infer<typeof readingSchema> {
  const { measuredAt, receivedAt, seq, simulated, quality, values } = reading;
  return {
    measuredAt: formatTime(measuredAt),
    receivedAt: formatTime(receivedAt),
    ...(seq === undefined ? {} : { seq }),
    simulated,
    quality: formatQuality(quality),
    values,
  };
}

interface Surroundings {
  readonly fleet: Fleet;
  readonly nowMs: number;
  readonly connection: DeviceConnection | undefined;
}

export function formatDevice(
  device: RegisteredDevice,
  present: DeviceNow,
  { fleet, nowMs, connection }: Surroundings,
): z.infer<typeof deviceSchema> {
  const { id, kind, name, lat, lng } = device;
  const { presence, lastHeardAt, last, unusable } = present;
  return {
    id,
    kind,
    name,
    ...(lat === undefined || lng === undefined ? {} : { lat, lng }),
    liveness: fleet.liveness(present, nowMs),
    silentAfterS: Math.round(fleet.silentAfterMs(present) / 1_000),
    ...(presence === undefined ? {} : { presence }),
    ...(lastHeardAt === 0 ? {} : { lastHeardAt: formatTime(lastHeardAt) }),
    ...(connection?.openSinceMs === undefined ? {} : { connectedSince: formatTime(connection.openSinceMs) }),
    ...(unusable === undefined ? {} : { unusable: { at: formatTime(unusable.atMs), why: unusable.why } }),
    ...(last === undefined ? {} : { last: formatReading(last) }),
  };
}

export function formatConnection(
  connection: DeviceConnection | undefined,
): z.infer<typeof deviceDetailSchema.shape.connection> {
  const { openSinceMs, lastEnd } = connection ?? {};
  return {
    openSince: openSinceMs === undefined ? null : formatTime(openSinceMs),
    ...(lastEnd ? { lastEnd: { at: formatTime(lastEnd.atMs), reason: lastEnd.reason } } : {}),
  };
}

function formatClock(clock: DeviceClock): z.infer<typeof clockSchema> {
  const state = stateOf(clock);
  if (state === 'unknown') return { state };
  const { leastLagMs, mostLagMs, isOff } = clock;
  const figures = {
    state,
    offsetMs: -Math.round(knownLagMs(clock)),
    spreadMs: Math.round(mostLagMs - leastLagMs),
  };
  if (!isOff) return figures;
  const cause = causeOfClock(clock);
  return { ...figures, ...(cause ? { cause } : {}), says: sayClock(clock).en };
}

export function formatDataHealth({ health }: DeviceNow): z.infer<typeof deviceDetailSchema.shape.dataHealth> {
  const { readings, repeats, gaps, late, lateMaxMs, clock, lastSeq, rejected, leftOut } = health;
  return {
    readings,
    repeats,
    gaps,
    late,
    lateMaxMs,
    ...(clock.witnesses === 0 ? {} : { skewMs: Math.round(knownLagMs(clock)) }),
    clock: formatClock(clock),
    ...(lastSeq === undefined ? {} : { lastSeq }),
    rejected: { ...rejected },
    leftOut: { ...leftOut },
  };
}
