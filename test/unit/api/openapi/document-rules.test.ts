/** Each rule of the document finds what it is there for. */
import { describe, expect, test } from 'vitest';
import { type Document, findFaults } from '../../../support/document-rules.ts';

const sound = (): Document => ({
  openapi: '3.1.0',
  info: { title: 'A', version: '1.0.0', description: 'A.', license: { name: 'MIT' }, contact: { name: 'B' } },
  servers: [{ url: '/' }],
  tags: [{ name: 'things', description: 'Things.' }],
  paths: {
    '/things': {
      post: {
        operationId: 'createThing',
        summary: 'Makes one',
        tags: ['things'],
        parameters: [
          {
            name: 'limit',
            in: 'query',
            description: 'How many.',
            example: 3,
            schema: { type: 'integer', format: 'int64' },
          },
        ],
        requestBody: {
          content: { 'application/json': { schema: { $ref: '#/components/schemas/NewThing' } } },
        },
        responses: {
          200: {
            description: 'It.',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
          },
          401: { description: 'No.' },
          429: { description: 'No.' },
          503: { description: 'No.' },
          default: { description: 'No.' },
        },
      },
    },
  },
  components: {
    schemas: {
      NewThing: { type: 'object', properties: { name: { type: 'string' } }, additionalProperties: false },
      Thing: { type: 'object', properties: { name: { type: 'string' } } },
    },
  },
});
const thing = (name: string, schema: object) => (document: Document) => {
  (document.components.schemas['Thing'] as { properties: object }).properties = { [name]: schema };
};
const call = (change: (call: Document['paths'][string][string]) => void) => (document: Document) =>
  change(document.paths['/things']?.['post'] as Document['paths'][string][string]);

describe('a document', () => {
  test('that is sound has no fault', () => {
    expect(findFaults(sound())).toEqual([]);
  });

  test.each<[string, (document: Document) => void]>([
    ['info has no license', (document) => delete document.info['license']],
    ['there is no server', (document) => delete document.servers],
    ['no call has the tag other', (document) => document.tags?.push({ name: 'other' })],
    ['post /things: operationId is no camelCase', call((each) => delete each.operationId)],
    ['post /things: no summary', call((each) => delete each.summary)],
    ['post /things: no 503', call((each) => delete each.responses['503'])],
    [
      'post /things limit: no example',
      call(({ parameters = [] }) => {
        for (const parameter of parameters) delete parameter.example;
      }),
    ],
    ['post /things limit: no sentence', call((each) => delete each.parameters?.[0]?.description)],
    ['post /things: no good answer', call((each) => delete each.responses['200'])],
    ['Thing levelM (anonymous) is a number without double', thing('levelM', { type: 'number' })],
    ['Thing id (anonymous) is an integer without int64', thing('id', { type: 'integer' })],
    ['Thing at (anonymous) is of several types', thing('at', { type: ['string', 'null'] })],
    ['Thing at (anonymous) has prefixItems', thing('at', { type: 'array', prefixItems: [], items: {} })],
    ['Thing at (anonymous) is a list of nobody knows what', thing('at', { type: 'array', items: false })],
    ['Thing at (anonymous) is an object without a name', thing('at', { type: 'object', properties: {} })],
    ['Thing at (anonymous) has anyOf without names', thing('at', { anyOf: [{ type: 'string' }, {}] })],
    ['Thing at (anonymous) has the word "" twice', thing('at', { type: 'string', enum: ['>=', '>'] })],
    [
      'Thing at (anonymous) has exclusiveMinimum as of OpenAPI 3.0',
      thing('at', { type: 'string', exclusiveMinimum: true }),
    ],
    [
      "Thing at (anonymous) has JavaScript's own maximum",
      thing('at', { type: 'integer', format: 'int64', maximum: Number.MAX_SAFE_INTEGER }),
    ],
    [
      'Thing is answered and not open',
      (document) =>
        Object.assign(document.components.schemas['Thing'] as object, { additionalProperties: false }),
    ],
    [
      'NewThing is asked for and not strict',
      (document) => delete document.components.schemas['NewThing']?.['additionalProperties'],
    ],
    ['Lonely is not used', (document) => Object.assign(document.components.schemas, { Lonely: {} })],
    ['Gone is not there', thing('at', { $ref: '#/components/schemas/Gone' })],
    [
      'THING is there in another case',
      (document) => Object.assign(document.components.schemas, { THING: {} }),
    ],
  ])('%s', (fault, spoil) => {
    const document = sound();
    spoil(document);
    expect(findFaults(document)).toContain(fault);
  });
});
