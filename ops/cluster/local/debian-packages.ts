/**
 * What a cluster on this machine needs of Debian, where it is, and what of it is missing.
 *
 * Invariant: a program is looked for where it is going to be started from; PostgreSQL's stand beside its versions, off
 * the path.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const POSTGRES_VERSIONS = '/usr/lib/postgresql';
/** Debian's place of daemons, which a person's path may lack. */
const DAEMONS = ['/usr/sbin', '/sbin'];

/** Of Debian's Python, which Patroni runs on, whatever a person's path has before it. */
const ETCD_FOR_PYTHON = '/usr/lib/python3/dist-packages/etcd';

/** Program → its package. */
const PACKAGES: Readonly<Record<string, string>> = {
  etcd: 'etcd-server',
  haproxy: 'haproxy',
  patroni: 'patroni',
  psql: 'postgresql',
  setpriv: 'util-linux',
};

/** The path of the program; undefined where it is not installed. `path` is that of the environment. */
export function findProgram(name: string, path = ''): string | undefined {
  return [...path.split(':'), ...DAEMONS]
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}

/** The programs of the newest PostgreSQL that is installed. */
export function findPostgresPrograms(): string | undefined {
  if (!existsSync(POSTGRES_VERSIONS)) return undefined;
  return readdirSync(POSTGRES_VERSIONS)
    .sort((one, other) => Number(other) - Number(one))
    .map((version) => join(POSTGRES_VERSIONS, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb')));
}

/** Packages to install, in the order of the alphabet. */
export function findMissingPackages(path = ''): readonly string[] {
  const missing = new Set(
    Object.entries(PACKAGES)
      .filter(([program]) => findProgram(program, path) === undefined)
      .map(([, name]) => name),
  );
  if (findPostgresPrograms() === undefined) missing.add('postgresql');
  // Patroni is content with any store; ours is etcd.
  if (!existsSync(ETCD_FOR_PYTHON)) missing.add('python3-etcd');
  return [...missing].sort();
}

/** One line for a person. */
export function describeMissing(missing: readonly string[]): string {
  return `missing: ${missing.join(', ')}. On Debian: apt-get install ${missing.join(' ')} (and stop the services that they start)`;
}
