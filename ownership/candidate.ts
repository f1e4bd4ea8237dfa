/**
 * Candidate: how this server is known to the others on the same database.
 *
 * The data folder has a name of its own, in its file `folder-id`, made at the first start. A copy of the folder has
 * the same one and is another folder: its file is another file, and that is a part of the name. The run of the machine
 * comes from the kernel. Invariant: two running servers differ in one of the two, as a folder is locked by one process
 * of a machine at a time.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Candidate } from './lease.ts';

const LINUX_BOOT_ID = '/proc/sys/kernel/random/boot_id';
const UUID = /^[0-9a-f-]{36}$/;

/** `dataDir` is locked by this process. */
export function readCandidate(dataDir: string): Candidate {
  return { holder: `${hostname()} (process ${process.pid})`, folder: nameFolder(dataDir), boot: readBoot() };
}

function nameFolder(dataDir: string): string {
  const file = join(dataDir, 'folder-id');
  let id = readIfThere(file);
  if (id === undefined || !UUID.test(id)) {
    id = randomUUID();
    writeFileSync(file, `${id}\n`, { mode: 0o600, flush: true });
  }
  const { dev, ino } = statSync(file, { bigint: true });
  return `${id} ${dev}:${ino}`;
}

/** Where the system does not say it, each start counts as another run, and waits for the end of the last lease. */
function readBoot(): string {
  const known = readIfThere(LINUX_BOOT_ID);
  return known !== undefined && UUID.test(known) ? known : randomUUID();
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
