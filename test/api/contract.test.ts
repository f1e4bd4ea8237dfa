import Ajv2020 from 'ajv/dist/2020.js';
import type { FastifyPluginAsync } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Problem } from '../../api/border/problem.ts';
import { JournalError } from '../../journal/journal.ts';
import { openTestApi, type TestApi } from '../support/api.ts';

interface Operation {
  summary?: string;
  description?: string;
  tags?: string[];
  security?: object[];
  parameters?: { name: string; in: string; required?: boolean; schema?: object }[];
  responses: Record<string, { description?: string; content?: Record<string, { schema: object }> }>;
}
interface OpenApi {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; responses: Record<string, object> };
}

/** Fails in each way that a handler can. */
const failing: FastifyPluginAsync = async (app) => {
  const config = { access: 'public' } as const;
  app.get('/fail/bug', { config }, async () => {
    throw new TypeError('secret internals');
  });
  app.get('/fail/disk', { config }, async () => {
    throw new JournalError('JOURNAL_FULL', 'no space left on /var/secret');
  });
  app.get('/fail/own', { config }, async () => {
    throw new Problem(409, 'unit-taken', 'Another took it.', { version: 7 });
  });
  app.get(
    '/fail/shape',
    { config, schema: { hide: true, response: { 200: z.object({ levelM: z.number() }) } } },
    async () => ({
      levelM: 'high',
    }),
  );
  app.get('/fail/slow', { config, handlerTimeout: 1 }, () => new Promise(() => undefined));
  app.post(
    '/fail/body',
    { config, schema: { hide: true, body: z.object({ name: z.string() }) } },
    async () => ({}),
  );
  app.put(
    '/fail/:count/all',
    {
      config,
      schema: {
        hide: true,
        params: z.object({ count: z.coerce.number() }),
        querystring: z.strictObject({ limit: z.coerce.number().optional() }),
        body: z.object({ at: z.object({ lat: z.number() }) }),
      },
    },
    async () => ({}),
  );
};

let api: TestApi;
beforeEach(async () => {
  api = await openTestApi({ routes: [failing] });
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

describe('the OpenAPI document', () => {
  const read = async () => (await api.get('/openapi.json')).json<OpenApi>();

  async function operations(): Promise<[string, Operation][]> {
    const { paths } = await read();
    return Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]): [string, Operation] => [
        `${method} ${path}`,
        operation,
      ]),
    );
  }

  test('is 3.1 and names Siaga with its version', async () => {
    const { openapi, info } = await read();
    expect(openapi).toBe('3.1.0');
    expect(info).toMatchObject({ title: 'Siaga', version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  });

  test('every call has a summary, a tag, an answer with a schema, and a problem', async () => {
    const all = await operations();
    expect(all.length).toBeGreaterThan(10);
    for (const [name, operation] of all) {
      expect(operation.summary, name).toBeTruthy();
      expect(operation.tags, name).toHaveLength(1);
      const good = Object.keys(operation.responses).filter((status) => status.startsWith('2'));
      expect(good, name).toHaveLength(1);
      for (const { schema } of Object.values(operation.responses[good[0] as string]?.content ?? {})) {
        expect(Object.keys(schema), name).not.toHaveLength(0);
      }
      expect(operation.responses['default'], name).toEqual({ $ref: '#/components/responses/Failure' });
    }
  });

  test('every call says whether it needs a token, and for whom it is', async () => {
    const byName = new Map(await operations());
    expect(byName.get('get /v1/devices')?.security).toEqual([{}, { token: [] }]);
    expect(byName.get('post /v1/tokens')).toMatchObject({
      security: [{ token: [] }],
      description: 'For admin.',
    });
    expect(byName.get('get /v1/rejections')?.description).toBe('For admin, dispatcher, engineer, desk.');
  });

  test('every parameter in a path is declared, and every reference leads somewhere', async () => {
    const document = await read();
    for (const [path, item] of Object.entries(document.paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      for (const operation of Object.values(item)) {
        const declared = (operation.parameters ?? []).filter((each) => each.in === 'path');
        expect(declared.map(({ name }) => name)).toEqual(inPath);
        expect(declared.every(({ required }) => required)).toBe(true);
      }
    }
    for (const [, name = ''] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      expect(document.components.schemas).toHaveProperty(name);
    }
  });

  test('its schemas are valid JSON Schema 2020-12, and an answer fits the one that is promised', async () => {
    const document = await read();
    const ajv = new Ajv2020.default({ strict: false, validateFormats: false });
    for (const schema of Object.values(document.components.schemas)) {
      expect(ajv.validateSchema(schema), JSON.stringify(ajv.errors)).toBe(true);
    }
    ajv.addSchema({ ...document, $id: 'https://siaga/openapi.json' } as object);
    const promised = 'https://siaga/openapi.json#/components/schemas/';
    await api.publish('siaga/semarang/river-gauge/bendung/telemetry', { levelM: 1.2 });
    const device = (await api.get('/v1/devices/bendung')).json();
    expect(ajv.validate(`${promised}DeviceDetail`, device), JSON.stringify(ajv.errors)).toBe(true);
    const problem = (await api.get('/v1/devices/nobody')).json();
    expect(ajv.validate(`${promised}Problem`, problem), JSON.stringify(ajv.errors)).toBe(true);
  });
});

describe('the reader at /docs', () => {
  test('loads nothing from elsewhere and cannot be framed', async () => {
    const page = await api.get('/docs/');
    expect(page.statusCode).toBe(200);
    expect(page.body).not.toMatch(/(src|href)="https?:/);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(page.headers['x-content-type-options']).toBe('nosniff');
    const files = [...page.body.matchAll(/(?:src|href)="\.?\/?([^"]+)"/g)].map((match) => match[1]);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) expect((await api.get(`/docs/${file}`)).statusCode, file).toBe(200);
    expect((await api.get('/docs/json')).json().openapi).toBe('3.1.0');
  });
});

describe('a failure', () => {
  const problemOf = async (answer: Promise<{ statusCode: number; headers: object; json: () => unknown }>) => {
    const { statusCode, headers, json } = await answer;
    expect((headers as Record<string, string>)['content-type']).toBe('application/problem+json');
    const body = json() as { status: number };
    expect(body.status).toBe(statusCode);
    return body;
  };

  test('of a handler that throws a Problem keeps its members', async () => {
    expect(await problemOf(api.get('/v1/fail/own?token=x'))).toEqual({
      type: 'urn:siaga:problem:unit-taken',
      title: 'Unit taken',
      status: 409,
      detail: 'Another took it.',
      instance: '/v1/fail/own',
      version: 7,
    });
  });

  test('by a bug is 500, tells nothing of the inside and leads to its line in the log', async () => {
    const problem = await problemOf(api.get('/v1/fail/bug'));
    expect(problem).toMatchObject({ status: 500, type: 'urn:siaga:problem:internal-error' });
    expect(JSON.stringify(problem)).not.toContain('secret');
    const { requestId } = problem as unknown as { requestId: string };
    const lines = api.logged.filter((line) => line.includes('secret internals'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`"reqId":"${requestId}"`);
  });

  test('of an operation is 503 with what to do and when to come back', async () => {
    const answer = await api.get('/v1/fail/disk');
    expect(answer.headers['retry-after']).toBe('30');
    expect(answer.json()).toMatchObject({ status: 503, type: 'urn:siaga:problem:journal-full' });
    expect(answer.body).not.toContain('/var/secret');
  });

  test('of an answer that breaks its own schema is 500 and not a wrong answer', async () => {
    expect(await problemOf(api.get('/v1/fail/shape'))).toMatchObject({ status: 500 });
  });

  test('by taking too long is 503', async () => {
    expect(await problemOf(api.get('/v1/fail/slow'))).toMatchObject({ type: 'urn:siaga:problem:too-slow' });
  });

  test('of a path is 404, of a method 405 with Allow', async () => {
    expect(await problemOf(api.get('/v1/nothing'))).toMatchObject({
      status: 404,
      type: 'urn:siaga:problem:not-found',
    });
    const answer = await api.call('PATCH', '/v1/tokens/7');
    expect(answer.headers['allow']).toBe('DELETE');
    expect(await problemOf(Promise.resolve(answer))).toMatchObject({ status: 405 });
  });

  test.each([
    ['not-json', 400, '{"name":', 'application/json'],
    ['empty-body', 400, '', 'application/json'],
    ['unsupported-media-type', 415, '<name/>', 'text/xml'],
    ['body-too-large', 413, JSON.stringify({ name: 'x'.repeat(300_000) }), 'application/json'],
    ['invalid-request', 400, '{"name":7}', 'application/json'],
    ['not-json', 400, '{"__proto__":{"x":1},"name":"a"}', 'application/json'],
  ])('of a body is %s, %i', async (slug, status, payload, type) => {
    const answer = api.app.inject({
      method: 'POST',
      url: '/v1/fail/body',
      payload,
      headers: { 'content-type': type },
    });
    expect(await problemOf(answer)).toMatchObject({ status, type: `urn:siaga:problem:${slug}` });
  });

  test('of validation lists every field of path, query and body at once', async () => {
    const problem = await problemOf(
      api.call('PUT', '/v1/fail/many/all?limit=x&typo=1', undefined, { at: {} }),
    );
    const { errors } = problem as unknown as { errors: { in: string; field: string }[] };
    expect(errors.map((error) => `${error.in} ${error.field}`)).toEqual([
      'params count',
      'body at.lat',
      'query limit',
      'query ',
    ]);
  });

  test('of a path that is no URL is 400, of an id that is far too long 414', async () => {
    expect(await problemOf(api.get('/v1/devices/%E0%A4%A'))).toMatchObject({ status: 400 });
    expect(await problemOf(api.get(`/v1/devices/${'a'.repeat(201)}`))).toMatchObject({ status: 414 });
  });

  test('leaves no query and no header in the log', async () => {
    await api.get('/v1/fail/bug?phone=0812345678', 'siaga_secret');
    await api.get('/v1/fail/bug?phone=0812345678');
    expect(api.logged.join()).not.toMatch(/0812345678|siaga_secret/);
  });
});
