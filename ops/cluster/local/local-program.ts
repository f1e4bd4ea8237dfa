/**
 * LocalProgram: one program of the cluster on this machine, which can be killed, stopped, woken and started again.
 *
 * What it says goes to a file. Invariant: it ends with the process that started it, however suddenly that one ends
 * (prctl's PR_SET_PDEATHSIG, by setpriv); as root it runs as the account that it is given, since PostgreSQL refuses
 * root.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';

export interface ProgramOptions {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly logFile: string;
  /** As root only; otherwise everything runs as whoever runs it. */
  readonly account?: string;
}

export class LocalProgram {
  readonly #options: ProgramOptions;
  #child: ChildProcess | undefined;

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.isRunning ? this.#child?.pid : undefined;
  }

  /** How the last run ended: the exit code, or the signal. */
  get outcome(): number | string | undefined {
    return this.#child?.exitCode ?? this.#child?.signalCode ?? undefined;
  }

  start(): void {
    if (this.isRunning) return;
    const { command, environment, folder, logFile, account } = this.#options;
    const isRoot = process.getuid?.() === 0;
    const as = isRoot && account ? [`--reuid=${account}`, `--regid=${account}`, '--init-groups'] : [];
    const log = openSync(logFile, 'a', 0o600);
    this.#child = spawn('setpriv', [...as, '--pdeathsig=TERM', ...command], {
      cwd: folder,
      env: { ...environment },
      // Ctrl-C at the terminal is for the program that started it, which ends all of them in their order.
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#child.on('error', () => undefined);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Sends the signal and resolves when it is gone; killed where it is not gone within `limitMs`. */
  async end(signal: NodeJS.Signals, limitMs = 20_000): Promise<void> {
    const child = this.#child;
    if (!child || !this.isRunning) return;
    const exit = once(child, 'exit');
    const late = setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.kill(signal);
    await exit;
    clearTimeout(late);
  }
}
