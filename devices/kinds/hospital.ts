/**
 * Hospitals of the city that report their free beds by themselves; the id is the hospital's in the city folder.
 *
 * Beds that a person reports by telephone or in a form come by the API instead: `PUT /v1/hospitals/{id}/beds`.
 * What a report leaves out is not known, and not 0.
 */
import { z } from 'zod';
import { defineDeviceKind } from '../device-kind.ts';
import { QualityFlag } from '../reading.ts';
import { type Bilingual, isOfKind, place } from '../site.ts';

export const hospitalSite = z.strictObject({
  ...place,
  kecamatan: z.string().optional(),
  /** Indonesian class of the hospital. */
  class: z.enum(['A', 'B', 'C', 'D']),
  /** Beds in all, by class of bed; how many are free is reported, not configured. */
  beds: z.strictObject({ emergency: z.int().min(0), intensive: z.int().min(0), ward: z.int().min(0) }),
});
export type Hospital = z.infer<typeof hospitalSite>;
/** A hospital as a publisher of its own beds. */
export type HospitalSite = Hospital & { readonly kind: 'hospital' };
export const isHospital = isOfKind<HospitalSite>('hospital');

/** More than the largest hospital of the country has. */
const MAX_BEDS = 5_000;
const count = (min: number, description: string, label: Bilingual) =>
  ({ type: 'gauge', unit: '1', min, max: MAX_BEDS, whole: true, description, label }) as const;
/** Below 0 where patients lie in more beds than there are. */
const beds = (of: string, label: Bilingual) =>
  ({ ...count(-MAX_BEDS, `Free beds ${of}; below 0 when overfull.`, label), leastMatters: true }) as const;

export const hospital = defineDeviceKind({
  name: 'hospital',
  label: { en: 'hospital', id: 'rumah sakit' },
  description: 'Free beds of one hospital by class, and who waits for one. Send it at every change as well.',
  quantities: {
    emergencyFree: beds('of the emergency room', { en: 'emergency beds free', id: 'TT IGD kosong' }),
    intensiveFree: beds('of intensive care', { en: 'intensive care free', id: 'TT ICU kosong' }),
    wardFree: beds('of the wards', { en: 'ward beds free', id: 'TT rawat inap kosong' }),
    queue: count(0, 'Patients who wait for a bed.', { en: 'waiting', id: 'antrean' }),
  },
  reportIntervalS: 3_600,
  // As long as dispatch trusts a report.
  silentAfterS: 7_200,
  audience: 'staff',
  shows: ['emergencyFree', 'intensiveFree', 'wardFree', 'queue'],
  example: {
    measuredAt: '2026-01-15T02:30:00Z',
    seq: 7,
    emergencyFree: 4,
    intensiveFree: 1,
    wardFree: 62,
    queue: 2,
  },
  assess(values, site) {
    const has = site['beds'] as { emergency: number; intensive: number; ward: number } | undefined;
    if (!has) return 0;
    const { emergencyFree = 0, intensiveFree = 0, wardFree = 0 } = values;
    const isPossible =
      (emergencyFree as number) <= has.emergency &&
      (intensiveFree as number) <= has.intensive &&
      (wardFree as number) <= has.ward;
    return isPossible ? 0 : QualityFlag.outsideExpectedRange;
  },
});
