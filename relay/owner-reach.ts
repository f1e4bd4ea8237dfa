/**
 * OwnerReach: whether a standby reaches the owner's door now, so that its readiness promises no way that there is not.
 *
 *   unknown → reached ⇄ not reached      and unknown again with each node that it is led to
 *
 * Every link that is begun for somebody tells; while none was, one of this node's own is begun each 2 s and let go at
 * once. A hung owner takes the connection and not the handshake, so that it counts as not reached. Invariant: a try
 * that failed counts only where none has succeeded since it began.
 */
import type { OwnerNode } from '../ownership/owner-node.ts';
import { openLink } from './link.ts';

/** A way that was walked so lately is open. */
export const LOOK_AGAIN_MS = 2_000;
/** No address of IP: the node speaks for itself (proxy-header.ts). */
const ITSELF = { address: 'this node' };

export interface OwnerReachOptions {
  readonly monotonicNow: () => number;
  /** Told when it changes: in words why the owner is not reached, undefined where it is. */
  readonly onChange?: (problem: string | undefined) => void;
}

export class OwnerReach {
  readonly #options: OwnerReachOptions;
  #node: OwnerNode | undefined;
  #reachedAtMs: number | undefined;
  #problem: string | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: OwnerReachOptions) {
    this.#options = options;
  }

  /** Somebody is known, and was reached at the last try. */
  get isReached(): boolean {
    return this.#reachedAtMs !== undefined && this.#problem === undefined;
  }

  /** Why the owner that is known is not reached, with its address; undefined while it is, or was not tried yet. */
  get problem(): string | undefined {
    return this.#problem;
  }

  lead(node: OwnerNode | undefined): void {
    this.#node = node;
    this.#reachedAtMs = undefined;
    this.#problem = undefined;
    void this.look();
  }

  succeeded({ epoch }: OwnerNode): void {
    if (epoch !== this.#node?.epoch) return;
    const wasProblem = this.#problem !== undefined;
    this.#reachedAtMs = this.#options.monotonicNow();
    this.#problem = undefined;
    if (wasProblem) this.#options.onChange?.(undefined);
  }

  /** A try that was begun at `begunAtMs`. */
  failed({ epoch, host, port }: OwnerNode, begunAtMs: number, error: unknown): void {
    if (epoch !== this.#node?.epoch || (this.#reachedAtMs ?? Number.NEGATIVE_INFINITY) > begunAtMs) return;
    const wasProblem = this.#problem !== undefined;
    this.#problem = `its port for nodes, ${host}:${port}, is not reached from this one (${(error as Error).message})`;
    if (!wasProblem) this.#options.onChange?.(this.#problem);
  }

  /** Tries, where nobody has lately. Never throws. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { monotonicNow } = this.#options;
    const node = this.#node;
    const begunAtMs = monotonicNow();
    if (!node) return;
    if (this.isReached && begunAtMs - (this.#reachedAtMs as number) < LOOK_AGAIN_MS) return;
    try {
      const link = await openLink(node, 'api', ITSELF);
      link.end().resume();
      this.succeeded(node);
    } catch (error) {
      this.failed(node, begunAtMs, error);
    }
  }
}
