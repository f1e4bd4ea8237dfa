/**
 * A binary heap of (seconds, node) in typed arrays: the queue of every road search.
 *
 * Entries are never moved when a node becomes nearer; the old one stays and the search skips it. Invariant:
 * `pop` gives entries in ascending seconds; the arrays grow by doubling up to one entry an edge and seed.
 */
export class TimeHeap {
  #seconds = new Float64Array(1024);
  #nodes = new Uint32Array(1024);
  #size = 0;
  /** Of the entry that `pop` took last. */
  node = 0;

  get size(): number {
    return this.#size;
  }

  /** Seconds of the next entry, Infinity when empty. */
  get least(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#seconds[0] as number);
  }

  clear(): void {
    this.#size = 0;
  }

  push(seconds: number, node: number): void {
    if (this.#size === this.#seconds.length) this.#grow();
    let place = this.#size++;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const parentSeconds = this.#seconds[parent] as number;
      if (parentSeconds <= seconds) break;
      this.#seconds[place] = parentSeconds;
      this.#nodes[place] = this.#nodes[parent] as number;
      place = parent;
    }
    this.#seconds[place] = seconds;
    this.#nodes[place] = node;
  }

  /** Takes the least; its node is in `node`. Call only when `size` > 0. */
  pop(): number {
    const seconds = this.#seconds[0] as number;
    this.node = this.#nodes[0] as number;
    const last = --this.#size;
    const movedSeconds = this.#seconds[last] as number;
    const movedNode = this.#nodes[last] as number;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= last) break;
      if (child + 1 < last && (this.#seconds[child + 1] as number) < (this.#seconds[child] as number))
        child++;
      if ((this.#seconds[child] as number) >= movedSeconds) break;
      this.#seconds[place] = this.#seconds[child] as number;
      this.#nodes[place] = this.#nodes[child] as number;
      place = child;
    }
    this.#seconds[place] = movedSeconds;
    this.#nodes[place] = movedNode;
    return seconds;
  }

  #grow(): void {
    const seconds = new Float64Array(2 * this.#seconds.length);
    seconds.set(this.#seconds);
    this.#seconds = seconds;
    const nodes = new Uint32Array(2 * this.#nodes.length);
    nodes.set(this.#nodes);
    this.#nodes = nodes;
  }
}
