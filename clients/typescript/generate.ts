/**
 * `npm run client`: reads the document of a Siaga that runs, and writes it and its types beside this file.
 *
 *   npm run client -- http://127.0.0.1:3000
 *
 * openapi-typescript needs a TypeScript with an API for programs, which is not the one that checks this project: both
 * are fetched for the moment. Invariant: the types bear the hash of the document that they were made of.
 */
import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const GENERATOR = ['-y', '-p', 'openapi-typescript@7.13.0', '-p', 'typescript@5.9.3', 'openapi-typescript'];
const FOLDER = join(import.meta.dirname, 'generated');

const [url = 'http://127.0.0.1:3000'] = process.argv.slice(2);
const answer = await fetch(new URL('/openapi.json', url));
if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
const document = (await answer.json()) as { servers: unknown };
// Of no city in particular.
const text = `${JSON.stringify({ ...document, servers: [{ url: '/' }] }, null, 1)}\n`;
const [json, types] = [join(FOLDER, 'openapi.json'), join(FOLDER, 'api.d.ts')];
writeFileSync(json, text);
const { status } = spawnSync('npx', [...GENERATOR, json, '-o', types, '--default-non-nullable=false'], {
  stdio: 'inherit',
});
if (status !== 0) throw new Error('openapi-typescript failed');
writeFileSync(
  types,
  `// Made of openapi.json, SHA-256 ${hash('sha256', text)}.\n${readFileSync(types, 'utf8')}`,
);
