/**
 * Words to a crew beside its orders: a message, what it has yet to take, and what it has told by radio.
 *
 * For dispatchers; staff reads. Invariant: a message that was answered with 201 is on disk and goes out until the
 * crew acknowledges it.
 */

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { idInput } from '../border/text-input.ts';
import { deviceId } from '../devices/devices.ts';
import type { DispatchRoutesDependencies } from './ambulances.ts';
import { registerDispatchProblems } from './dispatch-problem.ts';

import { formatWord, wordSchema } from './word-json.ts';

const params = z.object({ id: deviceId });

export const crewWordRoutes =
  ({ dispatch }: DispatchRoutesDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    registerDispatchProblems(app);

    app.get(
      '/ambulances/:id/words',
      {
        schema: {
          operationId: 'listCrewWords',
          tags: ['ambulances'],
          summary: 'What a crew has yet to take: orders, changes, cancellations, messages',
          params,
          response: { 200: z.object({ words: z.array(wordSchema) }) },
        },
      },
      async ({ params: { id } }) => ({ words: (await dispatch.words.open(id)).map(formatWord) }),
    );

    app.post(
      '/ambulances/:id/messages',
      {
        config: { access: ['dispatcher'], fails: [409] },
        schema: {
          operationId: 'sendMessage',
          tags: ['ambulances'],
          summary: 'Sends a crew a message, until it acknowledges it',
          params,
          body: z.strictObject({ text: z.string().trim().min(1).max(500) }),
          response: { 201: wordSchema },
        },
      },
      async ({ params: { id }, body: { text }, user }, reply) => {
        reply.code(201);
        return formatWord(await dispatch.words.message(id, text, user.name));
      },
    );

    app.post(
      '/ambulances/:id/words/:word/acknowledge',
      {
        config: { access: ['dispatcher'], fails: [409] },
        schema: {
          operationId: 'acknowledgeCrewWord',
          tags: ['ambulances'],
          summary: 'The crew has told by radio that it has this word',
          params: params.extend({ word: idInput('The number of a word to this crew.') }),
          response: { 200: wordSchema },
        },
      },
      async ({ params: { id, word }, user }) =>
        formatWord(await dispatch.words.hearByRadio(id, word, user.name)),
    );
  };
