/**
 * A small disk for one server: a tmpfs in a mount namespace of its own, as root or in a user namespace.
 *
 * Invariant: nobody else sees it, and it is gone with the server's process. The test reaches it through
 * /proc/<pid>/root. Where the kernel allows neither, tests skip and say so, and fail when CI=true.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';

const WAYS = [
  ['unshare', '--mount'],
  ['unshare', '--mount', '--map-root-user'],
] as const;

const MOUNT = 'mount -t tmpfs -o size="$0" tmpfs "$1" && shift && exec "$@"';
const CHUNK_BYTES = 64 * 1024;
const BALLAST = 'ballast';

/** Words before a command that run it with a disk of this size mounted on `folder`. */
export type SmallDisk = (folder: string, bytes: number) => readonly string[];

/** How to get a small disk here; undefined, with a word why, where these tests are skipped. */
export function findSmallDisk(): SmallDisk | undefined {
  const way = WAYS.find(([program, ...words]) => {
    const probe = [...words, 'sh', '-c', MOUNT, '65536', tmpdir(), 'true'];
    return spawnSync(program, probe).status === 0;
  });
  if (way) return (folder, bytes) => [...way, 'sh', '-c', MOUNT, String(bytes), folder];
  const reason =
    'no mount namespace is allowed here (unshare --mount): run as root, or allow user namespaces';
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.warn(`skipped: ${reason}`);
  return undefined;
}

/** A small disk for a test of this process, mounted on an empty folder; undefined where that is not allowed. */
export function mountSmallDisk(folder: string, bytes: number): Disposable | undefined {
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder]);
  if (status === 0) return { [Symbol.dispose]: () => void spawnSync('umount', ['--lazy', folder]) };
  const reason = `no tmpfs can be mounted here (${String(stderr).trim()}): run as root`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.warn(`skipped: ${reason}`);
  return undefined;
}

/** Leaves no room on the disk that is mounted on the folder, as this process sees it. */
export function fillDisk(pid: number | 'self', folder: string): void {
  const descriptor = openSync(`/proc/${pid}/root${folder}/${BALLAST}`, 'w');
  try {
    for (let bytes = CHUNK_BYTES; bytes >= 1; ) {
      try {
        writeSync(descriptor, Buffer.alloc(bytes));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        bytes = Math.floor(bytes / 2);
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

export function giveRoom(pid: number | 'self', folder: string): void {
  rmSync(`/proc/${pid}/root${folder}/${BALLAST}`);
}
