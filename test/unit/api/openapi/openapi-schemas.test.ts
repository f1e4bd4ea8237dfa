/** What the document's schemas become for generators of clients. */
import { describe, expect, test } from 'vitest';
import { type OpenApiDocument, tidySchemas } from '../../../../api/openapi/openapi-schemas.ts';

/** A document with one call, whose answer and body are these. */
function documentOf(answer: object, body?: object, schemas: object = {}): OpenApiDocument {
  return {
    paths: {
      '/things': {
        get: {
          operationId: 'listThings',
          ...(body ? { requestBody: { content: { 'application/json': { schema: body } } } } : {}),
          responses: { 200: { content: { 'application/json': { schema: answer } } } },
        },
      },
    },
    components: { schemas: { ...schemas } },
  } as unknown as OpenApiDocument;
}
const answerOf = ({ paths }: OpenApiDocument) =>
  paths['/things']?.['get']?.responses['200']?.content?.['application/json']?.schema;
const shown = (schema: object) => answerOf(tidySchemas(documentOf(schema)));

describe('a schema of the document', () => {
  test.each<[string, object, object]>([
    [
      'an integer is int64, without the bounds of JavaScript',
      { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
      { type: 'integer', format: 'int64' },
    ],
    [
      'its own bounds stay',
      { type: 'integer', minimum: 1 },
      { type: 'integer', minimum: 1, format: 'int64' },
    ],
    ['a number is double', { type: 'number' }, { type: 'number', format: 'double' }],
    [
      'a number that is one of some integers is an integer',
      { type: 'number', enum: [1, 2, 3] },
      { type: 'integer', enum: [1, 2, 3], format: 'int64' },
    ],
    [
      'a tuple is an array with bounds',
      { type: 'array', prefixItems: [{ type: 'number' }, { type: 'number' }], items: false },
      { type: 'array', items: { type: 'number', format: 'double' }, minItems: 2, maxItems: 2 },
    ],
    [
      'null stands beside one schema',
      { type: ['integer', 'null'], description: 'A.' },
      { description: 'A.', anyOf: [{ type: 'integer', format: 'int64' }, { type: 'null' }] },
    ],
    ['a constant is the one of its words', { type: 'string', const: 'ok' }, { type: 'string', enum: ['ok'] }],
    [
      'names of a map are not judged',
      { type: 'object', propertyNames: { type: 'string' }, additionalProperties: { type: 'number' } },
      { type: 'object', additionalProperties: { type: 'number', format: 'double' } },
    ],
  ])('%s', (_, given, expected) => {
    expect(shown(given)).toEqual(expected);
  });

  test('is named after where it stands, open in an answer and strict in a request', () => {
    const object = (properties: object) => ({ type: 'object', properties, additionalProperties: false });
    const list = object({ things: { type: 'array', items: object({ name: { type: 'string' } }) } });
    const { components } = tidySchemas(documentOf(list, object({ name: { type: 'string' } })));
    expect(components.schemas).toEqual({
      ListThingsAnswer: {
        type: 'object',
        properties: { things: { type: 'array', items: { $ref: '#/components/schemas/ListThingsThing' } } },
      },
      ListThingsRequest: {
        type: 'object',
        properties: { name: { type: 'string' } },
        additionalProperties: false,
      },
      ListThingsThing: { type: 'object', properties: { name: { type: 'string' } } },
    });
  });

  test('has one name, whichever way it goes, and none where nobody refers to it', () => {
    const thing = { type: 'object', properties: { id: { type: 'string' } }, additionalProperties: false };
    const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });
    const schemas = { Thing: thing, ThingInput: thing, NewThingInput: thing, NewThing: thing };
    const { components } = tidySchemas(documentOf(reference('Thing'), reference('NewThingInput'), schemas));
    expect(Object.keys(components.schemas)).toEqual(['NewThing', 'Thing']);
    expect(components.schemas['NewThing']).toMatchObject({ additionalProperties: false });
    expect(components.schemas['Thing']).not.toHaveProperty('additionalProperties');
  });

  test('that a generator could not name is a mistake that is said', () => {
    expect(() => shown({ type: ['string', 'number'] })).toThrow('of several types');
    const tuple = { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }] };
    expect(() => shown(tuple)).toThrow('a tuple of different schemas');
    const inner = (type: string) => ({ type: 'object', properties: { at: { type } } });
    const twice = { anyOf: [inner('string'), inner('boolean')] };
    expect(() => shown(twice)).toThrow('two schemas of the document are called ListThingsAnswer');
  });
});
