/**
 * Starts the cluster on this machine in the order in which its parts need each other, from the delivered files.
 *
 *   etcd ×3 → Patroni ×3, HAProxy → PostgreSQL's primary → its standbys → one Siaga, which makes the tables → the others
 *
 * Invariant: where a part does not come up, all of it is gone again, and the error has the end of every log.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from './debian-packages.ts';
import { LocalCluster, type RunningMachine } from './local-cluster.ts';
import { type LocalMachine, planLocalMachines } from './local-machines.ts';
import { LocalProgram } from './local-program.ts';

const ROOT = join(import.meta.dirname, '../../..');
const DELIVERED = join(import.meta.dirname, '..');
/** Of Debian's package of PostgreSQL. */
const ACCOUNT = 'postgres';

export interface LocalClusterOptions {
  /** Of the process that starts it: the path, and nothing else. */
  readonly path: string;
  /** Siaga's settings besides those of machine.env, such as who may come in. */
  readonly siaga?: Readonly<Record<string, string>>;
  /** Ends the start; what was started is ended. */
  readonly signal?: AbortSignal;
  /** Told what is being waited for. */
  readonly onProgress?: (sentence: string) => void;
}

/** Starts all of it; resolves when the city has an owner that has taken the log on two machines. */
export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-cluster-'));
  chmodSync(folder, 0o755);
  const machines = await planLocalMachines(folder);
  const running = machines.map((machine) => prepare(machine, options));
  const [first] = machines as [LocalMachine];
  const haproxy = new LocalProgram({
    name: 'HAProxy',
    command: [find('haproxy', options), '-db', '-f', join(DELIVERED, 'haproxy.cfg')],
    environment: { PATH: options.path, ...first.publicSettings },
    ...{ folder, logFile: join(folder, 'haproxy.log') },
  });
  const cluster = new LocalCluster(folder, running, haproxy);
  try {
    await startAll(cluster, options);
  } catch (error) {
    const said = readLogs(folder, running);
    await cluster[Symbol.asyncDispose]();
    throw new Error(`${(error as Error).message}\n${said}`, { cause: error });
  }
  return cluster;
}

async function startAll(cluster: LocalCluster, options: LocalClusterOptions): Promise<void> {
  const { signal, onProgress = () => undefined } = options;
  const { machines, haproxy } = cluster;
  const until = (what: string, isSo: () => Promise<unknown>) =>
    cluster.until(what, () => {
      signal?.throwIfAborted();
      return isSo();
    });
  onProgress('starting etcd, Patroni and PostgreSQL on three machines');
  for (const { etcd } of machines) etcd.start();
  for (const { patroni } of machines) patroni.start();
  haproxy.start();
  await until('primary of PostgreSQL', () => cluster.findPrimary());
  onProgress('PostgreSQL has a primary; waiting for its standbys');
  await until('synchronous standby', async () => (await cluster.countSynchronousStandbys()) > 0);
  onProgress('starting Siaga on three machines');
  // The first start makes the tables: one does it, and owns the city.
  (machines[0] as RunningMachine).siaga.start();
  await until('owner of the city', () => cluster.findOwner());
  for (const { siaga } of machines) siaga.start();
  await until('whole cluster', () => cluster.isWhole());
}

function prepare(machine: LocalMachine, options: LocalClusterOptions): RunningMachine {
  const { folder, settings, publicSettings, address } = machine;
  mkdirSync(folder);
  // Readable to the account of PostgreSQL, wherever this repository lies.
  for (const file of ['patroni.yml', 'create-database.sh']) {
    copyFileSync(join(DELIVERED, file), join(folder, file));
    chmodSync(join(folder, file), 0o644);
  }
  giveTo(ACCOUNT, folder);
  const base = { PATH: options.path, LANG: 'C.UTF-8', HOME: folder };
  const program = (
    name: string,
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
    account?: string,
  ) =>
    new LocalProgram({
      ...{ name: `${name} of ${machine.name}`, command, folder: name === 'Siaga' ? ROOT : folder },
      ...{ environment: { ...base, ...environment }, logFile: join(folder, `${name}.log`) },
      ...(account ? { account } : {}),
    });
  const dataDir = join(folder, 'siaga');
  const siaga = { ...settings, ...options.siaga, SIAGA_DATA_DIR: dataDir };
  return {
    ...machine,
    dataDir,
    httpUrl: `http://${address}:${settings['HTTP_PORT']}`,
    etcd: program('etcd', [find('etcd', options)], publicSettings, ACCOUNT),
    patroni: program('Patroni', [find('patroni', options), 'patroni.yml'], settings, ACCOUNT),
    siaga: program('Siaga', [process.execPath, 'start.js'], siaga),
  };
}

function find(name: string, { path }: LocalClusterOptions): string {
  const file = findProgram(name, path);
  if (file === undefined) throw new Error(`${name} is not installed`);
  return file;
}

function giveTo(account: string, folder: string): void {
  if (process.getuid?.() !== 0) return;
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(spawnSync('id', [flag, account], { encoding: 'utf8' }).stdout),
  );
  chownSync(folder, uid as number, gid as number);
}

/** The end of what each program has said, for the person who is to find out why it did not start. */
function readLogs(folder: string, machines: readonly RunningMachine[]): string {
  const files = machines.flatMap((each) =>
    ['etcd', 'Patroni', 'Siaga'].map((name) => join(each.folder, `${name}.log`)),
  );
  const parts = [join(folder, 'haproxy.log'), ...files].map((file) => {
    try {
      return `${file}:\n${readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n')}`;
    } catch {
      return `${file}: nothing`;
    }
  });
  return parts.join('\n');
}
