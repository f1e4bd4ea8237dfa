/**
 * What `npm start` runs: tells the runtime what it must know before main.ts is loaded, then loads it.
 *
 * The one file in JavaScript: a TypeScript entry would have Node load its TypeScript compiler, 12 MB, before the
 * cache of compiled code is on. With the cache, kept beside the dependencies and for the threads too, nothing
 * else loads it either from the second start on. Invariant: nothing is imported here but what Node brings;
 * where the folder cannot be written, or the process cannot begin anew, everything works as before.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { getPriority, setPriority } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

/** MB. What a busy ingest makes dies within it as well as within the 32 that V8 would take, twice. */
const SEMI_SPACE = '--max-semi-space-size=16';
/** By so much V8's helpers are nicer than the event loop. With 10 a busy ingest has to wait for them. */
const HELPERS_NICER = 4;

// Some of it is read only when a process begins: it begins anew, as the same process, in a twentieth of a second.
// Not where a parent speaks to it (`node --watch`), since the new one would not hear it.
if (!process.execArgv.includes(SEMI_SPACE) && process.platform !== 'win32' && !process.connected) {
  // Two arenas for all threads: glibc keeps one a thread, each with what it once needed.
  process.env['MALLOC_ARENA_MAX'] ??= '2';
  const words = [SEMI_SPACE, ...process.execArgv, ...process.argv.slice(1)];
  try {
    process.execve?.(process.execPath, [process.execPath, ...words]);
  } catch {
    // Not allowed, or its file has gone: it goes on as it is, with more memory.
  }
}

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
// Read for this thread by now; left standing it would overrule the smaller bound that the other threads ask for.
setFlagsFromString('--max-semi-space-size=0');
stepBack();

await import('./main.ts');

/**
 * V8's helpers, which collect garbage and compile, step back behind the event loop: of two cores they took it half of
 * its time with each full collection, a fifth of a second long. Only Linux has a priority for each thread.
 */
function stepBack() {
  if (!existsSync('/proc/self/task')) return;
  const nice = Math.min(getPriority() + HELPERS_NICER, 19);
  for (const thread of readdirSync('/proc/self/task')) {
    try {
      const name = readFileSync(`/proc/self/task/${thread}/comm`, 'utf8');
      if (name.includes('V8Worker')) setPriority(Number(thread), nice);
    } catch {
      // It has ended meanwhile, or may not be changed.
    }
  }
}
