/**
 * Strips the types and the comments off the page's modules: a program of its own, which ends when it is done.
 *
 *   node strip-page-types.ts <folder> <name> … → JSON on standard output: [[name, stripped], …]
 *
 * Not a thread: Node's TypeScript compiler leaves 30 MB with the process that loads it, and announces itself as
 * experimental on the operator's terminal. Invariant: lines and columns stay where they are, so what a browser's
 * console points at is the source. Comments are a fifth of what the desk would load; those that have lines of their
 * own go, and leave their lines. A module has no text of several lines with such a line in it, which a test keeps.
 */
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';

// Ctrl-C is for the server, which ends once it has started.
process.on('SIGINT', () => undefined);
const [folder, ...names] = process.argv.slice(2);
const OWN_LINES = /^[ \t]*(?:\/\*(?:(?!\*\/)[\s\S])*\*\/|\/\/.*)[ \t]*$/gm;
const stripped = names.map((name) => {
  const script = stripTypeScriptTypes(readFileSync(`${folder}/${name}`, 'utf8'));
  const bare = script.replace(OWN_LINES, (comment) => comment.replace(/[^\n]+/g, ''));
  // Where types stood there are spaces.
  return [name, bare.replace(/ +$/gm, '')];
});
process.stdout.write(JSON.stringify(stripped));
