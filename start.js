/**
 * What `npm start` runs: turns the cache of compiled code on, bounds the heap's growth, and loads main.ts.
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
// The old generation may grow by a third of what lives in it between two full collections; by itself V8 lets a busy
// ingest grow to many times that, and the system gets it back late or never.
setFlagsFromString('--heap-growing-percent=30');
// V8 would put objects that once lived long, such as the last reading of a device, straight into the old generation.
// There nearly all of them die at once, and keep the young ones that they refer to: 15 MB/s of both, for which all of
// it is collected each second, on the cores that readings need.
setFlagsFromString('--no-allocation-site-pretenuring');

await import('./main.ts');
