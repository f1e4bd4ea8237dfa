/**
 * `GET /v1/story`: the last six hours of the whole city in one answer, for the strip of the situation room.
 *
 * Made of story-rows.ts. Invariants: read and written at most once a minute, or when the city has changed, whoever
 * asks; those who are no staff learn nothing of calls.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { City } from '../../cities/city.ts';
import { isStaff } from '../access/access.ts';
import { Problem } from '../border/problem.ts';
import { formatTime, timeOutput } from '../border/time.ts';
import { readStoryRows, type StoryDependencies, type StoryRows, WINDOW_MS, WINDOWS } from './story-rows.ts';

/** A step that changes within it shows on the page by the live stream. */
export const STORY_KEPT_MS = 60_000;

const counts = z.array(z.int().min(0)).length(WINDOWS);
const answer = z
  .object({
    from: timeOutput.describe('The start of the first window; the last window is the one that runs.'),
    everyS: z.int().describe('The length of a window.'),
    gauges: z.array(
      z.object({
        device: z.string(),
        steps: z
          .array(z.int().min(0).max(4).nullable())
          .describe(
            'The highest step of each window: 0 is below all, 1–4 minor to extreme; null where there was no sound reading.',
          ),
      }),
    ),
    gaugesLeftOut: z.int().describe('Gauges beyond the bound of one answer.'),
    uplinksDown: counts.describe('How many uplinks were down in each window.'),
    openCalls: counts.describe('How many incidents were open in each window; for staff only.').optional(),
  })
  .meta({ id: 'Story' });

interface Written {
  readonly city: City;
  readonly atMs: number;
  /** Rejects where history does not answer; then it is read again. */
  readonly texts: Promise<{ readonly forEverybody: Buffer; readonly forStaff: Buffer }>;
}

export const storyRoutes =
  (dependencies: StoryDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    let written: Written | undefined;
    const readTexts = (): Written['texts'] => {
      const [city, atMs] = [dependencies.cityNow(), dependencies.now()];
      if (written?.city === city && Math.abs(atMs - written.atMs) < STORY_KEPT_MS) return written.texts;
      const texts = readStoryRows(dependencies).then(write);
      const mine: Written = { city, atMs, texts };
      written = mine;
      texts.catch(() => {
        if (written === mine) written = undefined;
      });
      return texts;
    };
    app.get(
      '/story',
      {
        config: { access: 'public' },
        schema: {
          operationId: 'readStory',
          tags: ['devices'],
          summary: 'The last six hours of the city: steps of all gauges, uplinks that were down, open calls',
          response: { 200: answer },
        },
      },
      async ({ user }, reply) => {
        const texts = await readTexts().catch((cause: unknown) => {
          const detail = 'History does not answer. Nothing is lost; ask again later.';
          throw new Problem(503, 'history-unavailable', detail, { retryAfterS: 10 }, { cause });
        });
        reply.type('application/json; charset=utf-8');
        return reply.send((isStaff(user) ? texts.forStaff : texts.forEverybody) as never);
      },
    );
  };

/** 300 gauges are 50 KB: as text once, and not for each reader. */
function write({ fromMs, gauges, gaugesLeftOut, uplinksDown, openCalls }: StoryRows) {
  const body = {
    ...{ from: formatTime(fromMs), everyS: WINDOW_MS / 1_000 },
    ...{ gauges, gaugesLeftOut, uplinksDown },
  };
  const pack = (value: object) => Buffer.from(JSON.stringify(value));
  return { forEverybody: pack(body), forStaff: pack({ ...body, openCalls }) };
}
