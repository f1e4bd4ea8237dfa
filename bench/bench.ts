/**
 * `npm run bench -- <name>`: runs one bench, or lists them. Each is a file here that exports `run(args)` and
 * prints tables; the machine's line comes first, since figures mean nothing without it. What stands at the head
 * of its file is the help of a bench.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'bench.ts' && !file.includes('.child.'))
  .map((file) => file.replace('.ts', ''));
const [name, ...rest] = process.argv.slice(2);

if (!name || !names.includes(name)) {
  console.error(`${name ? `no bench ${name}; ` : ''}npm run bench -- <${names.join(' | ')}>`);
  process.exit(name === '--help' || !name ? 0 : 1);
}
if (rest.includes('--help')) {
  console.log(headOf(join(import.meta.dirname, `${name}.ts`)));
  process.exit(0);
}
const [cpu] = cpus();
const memoryGib = Math.round(totalmem() / 2 ** 30);
console.log(`Node ${process.version}, ${cpus().length} × ${cpu?.model.trim()}, ${memoryGib} GiB`);
const bench = (await import(`./${name}.ts`)) as { run(args: string[]): Promise<void> | void };
await bench.run(rest);

/** The comment that a file begins with. */
function headOf(file: string): string {
  const [, comment = ''] = /^\/\*\*\n([\s\S]*?)\n \*\//.exec(readFileSync(file, 'utf8')) ?? [];
  return comment.replaceAll(/^ \* ?/gm, '');
}
