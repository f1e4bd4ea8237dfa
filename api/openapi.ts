/**
 * The OpenAPI 3.1 document at `/openapi.json`, made of the routes' own schemas, and its reader at `/docs`.
 *
 * Registered before the routes. Invariant: what each call needs (a token, of which role) and how it fails is
 * added here for all of them, from the same declarations that the access hook enforces. The reader loads
 * nothing from elsewhere.
 */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { formatAccess } from './access.ts';
import { PROBLEM_CONTENT_TYPE, problemSchema } from './problem.ts';

const TAGS = [
  { name: 'health', description: 'Whether Siaga works.' },
  { name: 'devices', description: 'Registry, present and history of the devices.' },
  { name: 'alerts', description: 'What the rules found, and what is done about it.' },
  { name: 'dispatch', description: 'Ambulances, incidents, hospitals. Not public.' },
  { name: 'rejections', description: 'What was not understood.' },
  { name: 'stream', description: 'What happens now.' },
  { name: 'tokens', description: 'Who may call.' },
];

const problemResponse = {
  description: 'Any failure, RFC 9457. `errors` lists every wrong field.',
  content: { [PROBLEM_CONTENT_TYPE]: { schema: problemSchema } },
};

/** Swagger UI styles itself inline; everything else comes from here. No upgrade to HTTPS: it may be local. */
const DOCS_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export async function registerOpenApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Siaga',
        version,
        description: 'The situation room of a city: rivers, public Wi-Fi, ambulances. Times are RFC 3339.',
      },
      tags: TAGS,
      components: {
        securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'A token: siaga_…' } },
      },
    },
    transform: (route) => jsonSchemaTransform({ ...route, schema: addContract(route.schema, route.route) }),
    transformObject: jsonSchemaTransformObject,
  });
  let written: Buffer | undefined;
  app.get(
    '/openapi.json',
    { config: { access: 'public' }, schema: { hide: true } },
    async (_request, reply) => {
      written ??= Buffer.from(JSON.stringify(app.swagger()));
      return reply.type('application/json; charset=utf-8').send(written);
    },
  );
  await app.register(async (docs) => {
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'public' };
    });
    await docs.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: DOCS_CSP,
      uiConfig: { deepLinking: true, docExpansion: 'list' },
      theme: { title: 'Siaga API' },
    });
  });
}

/** The failure of every call, and the token it needs. */
function addContract(schema: FastifySchema | undefined, route: RouteOptions): FastifySchema {
  if (!schema || schema.hide) return { ...schema, hide: true };
  const access = formatAccess(route.config?.access);
  const response = { default: problemResponse, ...(schema.response as Record<string, unknown>) };
  const note = access === 'public' ? [] : [`For ${[...new Set(['admin', ...access])].join(', ')}.`];
  const description = [schema.description, ...note].filter(Boolean).join(' ');
  return {
    ...schema,
    ...(description ? { description } : {}),
    response,
    security: access === 'public' ? [{}, { token: [] }] : [{ token: [] }],
  };
}
