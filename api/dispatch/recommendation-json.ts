/** A recommendation and a hospital as the API shows them: schemas, and the formatting from dispatch's own. */
import { z } from 'zod';
import type { Destination, HospitalNow } from '../../dispatch/incidents/hospitals.ts';
import type { Recommendation } from '../../dispatch/recommendation/recommendation.ts';
import { formatTime, timeOutput } from '../border/time.ts';

const interval = z.tuple([z.number(), z.number()]);

const candidateSchema = z
  .object({
    unit: z.string(),
    callSign: z.string(),
    vehicle: z.enum(['motorcycle', 'transport']),
    canTransport: z.boolean(),
    status: z.string().nullable().describe("The crew's word."),
    etaS: z.number(),
    etaRangeS: interval.describe('Fastest and slowest.'),
    etaSource: z.enum(['road', 'straight']),
    reachable: z.boolean().describe('False where the roads prove that none leads there: ranked last.'),
    distanceM: z.number().describe('Straight line from the last position.'),
    distanceRangeM: interval.describe('Where it may be by now: nearest and furthest.'),
    fixAgeS: z.number(),
    accuracyM: z.number().nullable(),
    stale: z.boolean(),
    batteryPct: z.number().nullable(),
    connected: z.boolean().describe('It is told at once: its connection is open and listens to commands.'),
    connectedSince: timeOutput.nullable().describe('Its connection is open since; null while there is none.'),
    lastConnectedAt: timeOutput
      .nullable()
      .describe('The end of its last connection; null where this server has seen none.'),
    lastWordAt: timeOutput.nullable().describe('When its newest reading was measured, by its own clock.'),
    coverageAfter: z.number().nullable().describe('Share of the road network within the target without it.'),
    unitVersion: z.int().describe('To be presented by an assignment.'),
    warnings: z.array(z.string()),
    reason: z.string(),
  })
  .meta({ id: 'Candidate' });

export const recommendationSchema = z
  .object({
    candidates: z.array(candidateSchema),
    excluded: z.array(z.object({ unit: z.string(), callSign: z.string(), reason: z.string() })),
    excludedTotal: z.int(),
    exact: z.boolean().describe('No unit outside the list can be faster than the last in it.'),
    asOf: timeOutput,
    version: z.int().describe('Changes with every assignment of any unit.'),
    coverageNow: z.number().nullable(),
    etaSource: z.string(),
    etaFallback: z.string().describe('Why the configured routing engine did not answer.').optional(),
    shortfall: z.string().describe('What is missing when nobody can be sent.').optional(),
  })
  .meta({ id: 'Recommendation' });

export function formatRecommendation({
  asOfMs,
  ...rest
}: Recommendation): z.input<typeof recommendationSchema> {
  const candidates = rest.candidates.map(({ contact, ...each }) => ({
    ...each,
    connected: contact.isTold,
    connectedSince: formatOptional(contact.connectedSinceMs),
    lastConnectedAt: formatOptional(contact.lastConnectedMs),
    lastWordAt: formatOptional(contact.lastWordMeasuredMs),
    etaRangeS: [...each.etaRangeS] as [number, number],
    distanceRangeM: [...each.distanceRangeM] as [number, number],
    warnings: [...each.warnings],
  }));
  return { ...rest, candidates, excluded: [...rest.excluded], asOf: formatTime(asOfMs) };
}

function formatOptional(ms: number | null): string | null {
  return ms === null ? null : formatTime(ms);
}

const count = z.int().min(0).max(10_000).nullable();
export const bedsSchema = z
  .object({ emergency: count, intensive: count, ward: count, queue: count })
  .meta({ id: 'FreeBeds' });
/** As a hospital reports them: below 0 when it is overfull. */
const reported = z.int().min(-10_000).max(10_000).nullable();
export const bedReportSchema = z.object({
  emergency: reported,
  intensive: reported,
  ward: reported,
  queue: count,
});

const bedsInAll = z.object({ emergency: z.int(), intensive: z.int(), ward: z.int() }).meta({ id: 'Beds' });

export const hospitalSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    lat: z.number(),
    lng: z.number(),
    class: z.string(),
    beds: bedsInAll.describe('In all.'),
    free: bedsSchema.nullable().describe('As last reported; null where it never was.'),
    source: z.string().nullable(),
    updatedAt: timeOutput.nullable(),
    ageS: z.int().nullable(),
    stale: z.boolean(),
    overfull: z.boolean().describe('It reported fewer than no free emergency beds.'),
    refusedAt: timeOutput.nullable().describe('A later report was refused: this one is not trusted.'),
  })
  .meta({ id: 'Hospital' });

export function formatHospital(now: HospitalNow): z.input<typeof hospitalSchema> {
  const { id, name, lat, lng, class: hospitalClass, beds } = now.hospital;
  return {
    id,
    name,
    lat,
    lng,
    class: hospitalClass,
    beds,
    free: now.free ?? null,
    source: now.source ?? null,
    updatedAt: now.updatedAtMs === undefined ? null : formatTime(now.updatedAtMs),
    ageS: now.ageS ?? null,
    stale: now.stale,
    overfull: now.overfull,
    refusedAt: formatOptional(now.refusedAtMs ?? null),
  };
}

export const destinationSchema = hospitalSchema
  .extend({
    etaS: z.int(),
    etaSource: z.enum(['road', 'straight']),
    distanceM: z.int(),
    reason: z.string(),
  })
  .meta({ id: 'Destination' });

export function formatDestination(destination: Destination): z.input<typeof destinationSchema> {
  const { etaS, etaSource, distanceM, reason } = destination;
  return { ...formatHospital(destination), etaS, etaSource, distanceM, reason };
}
