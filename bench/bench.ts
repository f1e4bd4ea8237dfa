/**
 * `npm run bench -- <name>`: runs one bench, or lists them. Each is a file here that exports `run(args)` and
 * prints tables; the machine's line comes first, since figures mean nothing without it.
 */
import { readdirSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'bench.ts' && !file.includes('.child.'))
  .map((file) => file.replace('.ts', ''));
const [name, ...rest] = process.argv.slice(2);

if (!name || !names.includes(name)) {
  console.error(`${name ? `no bench ${name}; ` : ''}npm run bench -- <${names.join(' | ')}>`);
  process.exit(name === '--help' || !name ? 0 : 1);
}
const [cpu] = cpus();
const memoryGib = Math.round(totalmem() / 2 ** 30);
console.log(`Node ${process.version}, ${cpus().length} × ${cpu?.model.trim()}, ${memoryGib} GiB`);
const bench = (await import(`./${name}.ts`)) as { run(args: string[]): Promise<void> | void };
await bench.run(rest);
