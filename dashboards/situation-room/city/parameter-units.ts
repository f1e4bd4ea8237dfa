/** The shape of a parameter's words, and the units that several parameters share. */
import type { Bilingual } from '../state/api/api-shapes.ts';

export interface ParameterWords {
  readonly name: Bilingual;
  readonly unit: Bilingual;
  readonly says: Bilingual;
}

export const METRES: Bilingual = { id: 'm', en: 'm' };
export const MILLISECONDS: Bilingual = { id: 'milidetik', en: 'ms' };
export const PERCENT: Bilingual = { id: '%', en: '%' };
export const DEGREES: Bilingual = { id: 'derajat', en: 'degrees' };
export const READINGS: Bilingual = { id: 'bacaan', en: 'readings' };
export const INTERVALS: Bilingual = { id: 'selang lapor', en: 'report intervals' };
export const TIMES: Bilingual = { id: 'kali', en: 'times' };
export const OF_LADDER: Bilingual = {
  id: 'bagian dari rentang ambang',
  en: 'share of the span of thresholds',
};
export const OF_ONE: Bilingual = { id: 'bagian, 0 sampai 1', en: 'share, 0 to 1' };
