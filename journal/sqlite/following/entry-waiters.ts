/**
 * Those who wait for the next entry: the consumers that have caught up with the journal.
 * Invariant: a waiter is woken once, by an entry above its id, by its signal, or by the journal's end.
 */
interface Waiter {
  readonly afterId: number;
  wake(): void;
}

export class EntryWaiters {
  readonly #waiters = new Set<Waiter>();

  wait(afterId: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => {
      this.#waiters.delete(waiter);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const waiter: Waiter = { afterId, wake };
    this.#waiters.add(waiter);
    signal.addEventListener('abort', wake);
    return promise;
  }

  wake(lastId: number): void {
    for (const waiter of [...this.#waiters]) if (waiter.afterId < lastId) waiter.wake();
  }

  wakeAll(): void {
    for (const waiter of [...this.#waiters]) waiter.wake();
  }
}
