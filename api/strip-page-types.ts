/**
 * Strips the types off the page's modules: a program of its own, which ends when it is done.
 *
 *   node strip-page-types.ts <folder> <name> … → JSON on standard output: [[name, stripped], …]
 *
 * Not a thread: Node's TypeScript compiler leaves 30 MB with the process that loads it, and announces itself as
 * experimental on the operator's terminal. Invariant: lines and columns stay where they are, so what a
 * browser's console points at is the source.
 */
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';

// Ctrl-C is for the server, which ends once it has started.
process.on('SIGINT', () => undefined);
const [folder, ...names] = process.argv.slice(2);
const stripped = names.map((name) => [name, stripTypeScriptTypes(readFileSync(`${folder}/${name}`, 'utf8'))]);
process.stdout.write(JSON.stringify(stripped));
