/**
 * A serial queue: one piece of work at a time, in the order it was asked for.
 *
 * Readings, ticks and what people do all move the same state. Invariant: a failed piece rejects for whoever
 * asked, and the next one runs all the same. Bounded by its callers: the drain asks once at a time, the tick
 * and the API wait for their answer.
 */
export type Enqueue = <T>(work: () => Promise<T>) => Promise<T>;

export function createSerialQueue(): Enqueue {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
}
