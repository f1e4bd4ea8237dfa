/**
 * The document of the finished product, as `/openapi.json` gives it: valid by the specification's own schema
 * (spec.openapis.org, kept beside the tests), and fit for generators of clients in other languages.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Document, findFaults, operationsOf } from '../support/document-rules.ts';
import { openRoomHouse, type RoomHouse } from '../support/room-house.ts';

const META = join(import.meta.dirname, '../support/openapi-3.1.schema.json');

let house: RoomHouse;
let document: Document;
beforeAll(async () => {
  house = await openRoomHouse();
  // Staff is answered however busy the machine is with other tests.
  const headers = { authorization: `Bearer ${house.adminToken}` };
  const answer = await fetch(new URL('/openapi.json', house.url), { headers });
  expect(answer.status).toBe(200);
  document = (await answer.json()) as Document;
});
afterAll(async () => {
  await house?.[Symbol.asyncDispose]();
});

test('is valid OpenAPI 3.1, and its schemas are valid JSON Schema', () => {
  const ajv = new Ajv2020.default({ strict: false, validateFormats: false });
  // The dialect of its schemas is 2020-12 and some words of OpenAPI: they are judged one by one below.
  ajv.addSchema({ $id: 'https://spec.openapis.org/oas/3.1/dialect/base', type: ['object', 'boolean'] });
  const isValid = ajv.compile(JSON.parse(readFileSync(META, 'utf8')) as object);
  expect(isValid(document), JSON.stringify(isValid.errors)).toBe(true);
  for (const schema of Object.values(document.components.schemas)) {
    expect(ajv.validateSchema(schema), JSON.stringify(ajv.errors)).toBe(true);
  }
});

test('has no fault that a generator of clients breaks on', () => {
  expect(findFaults(document)).toEqual([]);
});

test('calls things as people do', () => {
  const ids = operationsOf(document).map(([, { operationId }]) => operationId);
  expect(ids).toEqual(expect.arrayContaining(['createIncident', 'findNearestAmbulances', 'getCapFeed']));
  expect(Object.keys(document.components.schemas)).toEqual(
    expect.arrayContaining(['Incident', 'Assignment', 'Candidate', 'Reading', 'Alert', 'Problem']),
  );
});

test('is the one that the client in TypeScript was made of: else npm run client', () => {
  const file = join(import.meta.dirname, '../../clients/typescript/generated/openapi.json');
  const { servers: _, ...rest } = document;
  const { servers: __, ...made } = JSON.parse(readFileSync(file, 'utf8')) as Document;
  expect(made).toEqual(rest);
});
