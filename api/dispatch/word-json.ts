/** A word to a crew as the API shows it: when it was sent, on the device, acknowledged, and where it stands. */
import { z } from 'zod';
import { WORD_KINDS } from '../../dispatch/words/crew-words.ts';
import type { WordView } from '../../dispatch/words/word-view.ts';
import { formatTime, timeOutput } from '../border/time.ts';

const time = timeOutput.nullable();

export const wordSchema = z
  .object({
    id: z.int().describe("As `word` in the unit's command."),
    kind: z.enum(WORD_KINDS),
    unit: z.string(),
    incident: z.int().nullable(),
    assignment: z.int().nullable(),
    text: z.string().nullable().describe('Of a message what it says, of `second-unit` which unit.'),
    madeBy: z.string(),
    madeAt: timeOutput,
    sends: z.int().describe("How often it was handed to the unit's connection."),
    sentAt: time.describe('When last.'),
    reachedAt: time.describe("The unit's device had it: its PUBACK."),
    acknowledgedAt: time.describe('By the crew, or by a person who heard it by radio.'),
    acknowledgedBy: z.string().nullable(),
    endedAt: time.describe('Acknowledged, or void.'),
    state: z.string().describe('"not yet with the crew, last connected 40 s ago".'),
  })
  .meta({ id: 'CrewWord' });

export function formatWord(view: WordView): z.input<typeof wordSchema> {
  const { madeAt, sentAt, reachedAt, acknowledgedAt, endedAt, ...rest } = view;
  return {
    ...rest,
    madeAt: formatTime(madeAt),
    sentAt: formatOptional(sentAt),
    reachedAt: formatOptional(reachedAt),
    acknowledgedAt: formatOptional(acknowledgedAt),
    endedAt: formatOptional(endedAt),
  };
}

function formatOptional(ms: number | null): string | null {
  return ms === null ? null : formatTime(ms);
}
