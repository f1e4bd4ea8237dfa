/**
 * LocalCluster: three machines with etcd, PostgreSQL under Patroni and Siaga, and one HAProxy, all on this one.
 *
 * Started from the files that people use (patroni.yml, haproxy.cfg, machine.env, secrets.env); shared by `npm run
 * demo:cluster` and test/cluster. Invariant: when it is disposed of, no process and no folder of it is left.
 */

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LocalMachine } from './local-machines.ts';
import type { LocalProgram } from './local-program.ts';

/** A question to a program on this machine; one that is stopped answers nothing. */
const ASK_MS = 2_000;
const LOOK_EVERY_MS = 200;
/** initdb, two copies of it and three Siagas, on a machine that is busy with something else. */
const START_MS = 180_000;

/** One of the three, with its programs. */
export interface RunningMachine extends LocalMachine {
  readonly etcd: LocalProgram;
  readonly patroni: LocalProgram;
  readonly siaga: LocalProgram;
  readonly dataDir: string;
  readonly httpUrl: string;
}

export class LocalCluster implements AsyncDisposable {
  readonly machines: readonly RunningMachine[];
  readonly haproxy: LocalProgram;
  readonly #folder: string;

  constructor(folder: string, machines: readonly RunningMachine[], haproxy: LocalProgram) {
    this.#folder = folder;
    this.machines = machines;
    this.haproxy = haproxy;
  }

  /** Where devices find the owner. */
  get mqttPort(): number {
    return this.#port('CLUSTER_MQTT_PORT');
  }

  /** Where people find the owner. */
  get httpUrl(): string {
    return `http://127.0.0.1:${this.#port('CLUSTER_HTTP_PORT')}`;
  }

  /** PostgreSQL's primary, whichever it is. */
  get databaseUrl(): string {
    return this.#first.settings['DATABASE_URL'] as string;
  }

  /** The machine whose Siaga owns the city and answers itself; undefined where none does. */
  findOwner(): Promise<RunningMachine | undefined> {
    return this.#findFirst(({ httpUrl }) => `${httpUrl}/v1/city`, answersItself);
  }

  /** The machine whose PostgreSQL is the primary, as its Patroni says. */
  findPrimary(): Promise<RunningMachine | undefined> {
    return this.#findFirst((machine) => `${patroniUrl(machine)}/primary`);
  }

  /** Machines whose PostgreSQL is the synchronous standby: those that may become the primary. */
  countSynchronousStandbys(): Promise<number> {
    return countOk(this.machines.map((each) => `${patroniUrl(each)}/synchronous`));
  }

  /** The process id of a machine's PostgreSQL; undefined where none runs. */
  postgresOf({ settings }: LocalMachine): number | undefined {
    return findPostgres(settings['PATRONI_POSTGRESQL_DATA_DIR'] as string);
  }

  /** kill -9 of PostgreSQL; its Patroni sees to what comes next. */
  killPostgres(machine: LocalMachine): void {
    const pid = this.postgresOf(machine);
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  }

  /** All that ended is started again, what is stopped is woken. */
  mend(): void {
    for (const { etcd, patroni, siaga } of this.machines) {
      for (const program of [etcd, patroni, siaga]) {
        program.signal('SIGCONT');
        program.start();
      }
    }
    this.haproxy.start();
  }

  /**
   * Everything runs, the city has an owner that HAProxy knows, and PostgreSQL two standbys, one of them synchronous.
   */
  async isWhole(): Promise<boolean> {
    const { machines } = this;
    const asked = await Promise.all([
      this.findOwner(),
      isOk(`${this.httpUrl}/v1/city`),
      this.countSynchronousStandbys(),
      countOk(machines.map((each) => `${patroniUrl(each)}/replica`)),
      countOk(machines.map(({ httpUrl }) => `${httpUrl}/healthz`)),
    ]);
    const [owner, isLed, synchronous, standbys, alive] = asked;
    return (
      owner !== undefined &&
      isLed &&
      synchronous === 1 &&
      standbys === machines.length - 1 &&
      alive === machines.length
    );
  }

  /** What ends is started again, as by a service manager, until the cluster is whole. */
  async untilMended(): Promise<void> {
    await this.until('whole cluster', () => {
      this.mend();
      return this.isWhole();
    });
  }

  /** Resolves when `isSo` does not answer undefined or false; throws after `limitMs`. */
  async until<T>(what: string, isSo: () => Promise<T | undefined | false>, limitMs = START_MS): Promise<T> {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const found = await isSo();
      if (found !== undefined && found !== false) return found;
      if (Date.now() >= deadline) throw new Error(`the cluster: no ${what} within ${limitMs / 1_000} s`);
      await delay(LOOK_EVERY_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.machines.map(({ siaga }) => siaga.end('SIGKILL')));
    // Without its Patroni nobody starts PostgreSQL again.
    await Promise.all(this.machines.map(({ patroni }) => patroni.end('SIGKILL')));
    await Promise.all(this.machines.map(endPostgres));
    await Promise.all(
      [this.haproxy, ...this.machines.map(({ etcd }) => etcd)].map((each) => each.end('SIGKILL')),
    );
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #first(): RunningMachine {
    return this.machines[0] as RunningMachine;
  }

  #port(name: string): number {
    return Number(this.#first.settings[name]);
  }

  async #findFirst(
    urlOf: (machine: RunningMachine) => string,
    isIt = (_headers: Headers) => true,
  ): Promise<RunningMachine | undefined> {
    const answers = await Promise.all(this.machines.map((machine) => isOk(urlOf(machine), isIt)));
    return this.machines.find((_, index) => answers[index]);
  }
}

function patroniUrl({ settings }: LocalMachine): string {
  return `http://${settings['PATRONI_RESTAPI_CONNECT_ADDRESS']}`;
}

/** A standby that hands a call on to the owner says so. */
function answersItself(headers: Headers): boolean {
  return !headers.has('via');
}

/** Whether it answers, and with success. */
async function isOk(url: string, isIt = (_headers: Headers) => true): Promise<boolean> {
  try {
    const response = await fetch(url, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(ASK_MS),
    });
    await response.arrayBuffer();
    return response.ok && isIt(response.headers);
  } catch {
    // Nobody listens, or nobody answers: that is the answer.
    return false;
  }
}

/** How many of them answer with success. */
async function countOk(urls: readonly string[]): Promise<number> {
  return (await Promise.all(urls.map((url) => isOk(url)))).filter(Boolean).length;
}

function findPostgres(dataDir: string): number | undefined {
  let pid: number;
  try {
    pid = Number(readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]);
    process.kill(pid, 0);
    // The file outlives a process that was killed, and its number may be another's since.
    if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dataDir)) return undefined;
  } catch {
    return undefined;
  }
  return pid;
}

async function endPostgres({ settings }: RunningMachine): Promise<void> {
  const dataDir = settings['PATRONI_POSTGRESQL_DATA_DIR'] as string;
  const pid = findPostgres(dataDir);
  if (pid === undefined) return;
  process.kill(pid, 'SIGCONT');
  process.kill(pid, 'SIGQUIT');
  while (findPostgres(dataDir) !== undefined) await delay(LOOK_EVERY_MS);
}
