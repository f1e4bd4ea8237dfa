/** Edges of an import by their way and by their ends: what restrictions and barriers are looked up in. */

export class WayEdges {
  readonly #ofWay = new Map<number | string, number[]>();
  readonly #leaving = new Map<number, number[]>();
  readonly #arriving = new Map<number, number[]>();
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  readonly #nodeNumbers: ReadonlyMap<number | string, number>;

  /** `nodeNumbers`: the network's number of each node of the file. */
  constructor(nodeNumbers: ReadonlyMap<number | string, number>) {
    this.#nodeNumbers = nodeNumbers;
  }

  add(edge: number, way: number | string, from: number, to: number): void {
    this.#from[edge] = from;
    this.#to[edge] = to;
    append(this.#ofWay, way, edge);
    append(this.#leaving, from, edge);
    append(this.#arriving, to, edge);
  }

  hasWay(way: number): boolean {
    return this.#ofWay.has(way);
  }

  /** Both directions, in the order of the way's nodes. */
  of(way: number): readonly number[] {
    return this.#ofWay.get(way) ?? [];
  }

  from(edge: number): number {
    return this.#from[edge] as number;
  }

  to(edge: number): number {
    return this.#to[edge] as number;
  }

  leaving(node: number): readonly number[] {
    return this.#leaving.get(node) ?? [];
  }

  nodeNumber(node: number): number | undefined {
    return this.#nodeNumbers.get(node);
  }

  /** Whether a third road arrives where `edge` ends: then it is a junction and no bend. */
  hasOtherWaysIn(edge: number, onwards: readonly number[]): boolean {
    const known = new Set([this.from(edge), ...onwards.map((each) => this.to(each))]);
    return (this.#arriving.get(this.to(edge)) ?? []).some((each) => !known.has(this.from(each)));
  }
}

function append<Key>(map: Map<Key, number[]>, key: Key, edge: number): void {
  const known = map.get(key);
  if (known) known.push(edge);
  else map.set(key, [edge]);
}
