/**
 * The entry: tells the runtime what it must know before the first of our modules is loaded, then serves.
 *
 * The one file in JavaScript: a TypeScript entry would have Node load its TypeScript compiler, 12 MB, before the
 * cache of compiled code is on. With the cache, kept beside the dependencies and for the threads too, nothing
 * else loads it either from the second start on. Invariant: nothing is imported here but what Node brings;
 * where the folder cannot be written everything works as before.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

const { directory } = enableCompileCache(join(import.meta.dirname, 'node_modules/.cache/siaga'));
// Threads find it here.
if (directory) process.env['NODE_COMPILE_CACHE'] = directory;
// The old generation may grow by half of what lives in it between two full collections; by itself V8 lets a busy
// ingest grow to many times that, and the system gets it back late or never.
setFlagsFromString('--heap-growing-percent=50');

await import('./serve.ts');
