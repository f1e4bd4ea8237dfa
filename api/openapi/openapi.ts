/**
 * The OpenAPI 3.1 document at `/openapi.json`, made of the routes' own schemas, and its reader at `/docs`.
 *
 * Registered before the routes. Invariant: what each call needs (a token, of which role) and how it fails is
 * added here for all of them, from the same declarations that the access hook enforces. The reader loads
 * nothing from elsewhere.
 */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { addAnswers, describeAccess, problemResponses } from './openapi-calls.ts';
import { type OpenApiDocument, tidySchemas } from './openapi-schemas.ts';

const TAGS = [
  { name: 'health', description: 'Whether Siaga works.' },
  { name: 'devices', description: 'Registry, present and history of the devices.' },
  { name: 'alerts', description: 'What the rules found, and what is done about it.' },
  { name: 'incidents', description: 'Calls, from intake to close. Not public.' },
  { name: 'ambulances', description: 'Who would be there first, and words to crews. Not public.' },
  { name: 'assignments', description: 'Who is sent, and how far they are. Not public.' },
  { name: 'hospitals', description: 'Beds, and where to take a patient. Not public.' },
  { name: 'city', description: 'The city as it stands: entries changed while Siaga runs, who changed what.' },
  {
    name: 'map',
    description: 'What pages draw: the ground, and for who may dispatch calls and coverage over it.',
  },
  { name: 'figures', description: 'How fast, how busy, how much of the city is covered. Not public.' },
  { name: 'rejections', description: 'What was not understood.' },
  { name: 'stream', description: 'What happens now.' },
  { name: 'tokens', description: 'Which programs may call, and who read what.' },
  { name: 'accounts', description: 'People, the links that invite them, and their sessions.' },
];

/** Swagger UI styles itself inline; everything else comes from here. No upgrade to HTTPS: it may be local. */
const DOCS_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export interface OpenApiOptions {
  readonly version: string;
  /** Where people reach the API; where the document was read from when absent. */
  readonly publicUrl: string | undefined;
}

export async function registerOpenApi(app: FastifyInstance, options: OpenApiOptions): Promise<void> {
  const routes = new Map<string, RouteOptions>();
  await app.register(swagger, {
    openapi: describeSiaga(options),
    transform: (input) => {
      const { operationId } = input.schema ?? {};
      if (operationId) routes.set(operationId, input.route);
      return jsonSchemaTransform({ ...input, schema: describeAccess(input.schema, input.route) });
    },
    transformObject: (input) => {
      const document = jsonSchemaTransformObject(input) as unknown as OpenApiDocument;
      addAnswers(document, routes);
      return tidySchemas(document) as never;
    },
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

function describeSiaga({ version, publicUrl }: OpenApiOptions) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Siaga',
      version,
      description:
        'The situation room of a city: rivers, public Wi-Fi, ambulances. Times are RFC 3339. Answers may get new ' +
        'fields: read past those that you do not know. Requests hold no field that is not named here. Programs send a ' +
        'token; pages of this Siaga are signed in by a cookie, and say X-Siaga-Session: 1.',
      contact: { name: 'Who runs this Siaga', ...(publicUrl === undefined ? {} : { url: publicUrl }) },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: publicUrl?.replace(/\/+$/, '') ?? '/', description: 'This Siaga.' }],
    tags: TAGS,
    components: {
      responses: problemResponses as never,
      securitySchemes: {
        token: { type: 'http' as const, scheme: 'bearer', description: 'A token: siaga_…' },
        device: {
          type: 'http' as const,
          scheme: 'bearer',
          description: 'The credential of a device: <id>:<secret>.',
        },
        deviceBasic: {
          type: 'http' as const,
          scheme: 'basic',
          description: 'The id of a device and its secret.',
        },
      },
    },
  };
}
