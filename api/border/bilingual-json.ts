/** What people are told, in both languages: of alerts, of levels, of the city. */
import { z } from 'zod';

export const bilingualSchema = z
  .object({ id: z.string().describe('In Indonesian.'), en: z.string().describe('In English.') })
  .meta({ id: 'Text' });
