/** The client's types are those of the document that lies beside them; the document is judged by document.long.test.ts. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const FOLDER = join(import.meta.dirname, '../../../clients/typescript/generated');

test('the types of the client are made of the document beside them (npm run client)', () => {
  const document = readFileSync(join(FOLDER, 'openapi.json'), 'utf8');
  const [first] = readFileSync(join(FOLDER, 'api.d.ts'), 'utf8').split('\n');
  expect(first).toBe(`// Made of openapi.json, SHA-256 ${hash('sha256', document)}.`);
});
