/** What a resource adds its routes to: an app whose schemas are zod's. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';

export type ZodApp = Parameters<FastifyPluginAsyncZod>[0];
