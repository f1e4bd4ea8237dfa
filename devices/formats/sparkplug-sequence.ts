/**
 * What the sequence numbers of an edge node tell: how many of its messages did not come [Sparkplug 3.0, 6.4.1].
 *
 * Asked by sparkplug-b.ts of each birth and each data. Invariants: bounded: of so many nodes the last number is
 * remembered, and the oldest is forgotten; a repeat, a birth of the node and the first word that we hear are no gap.
 */

export const MAX_NODES = 20_000;
/** It counts from 0 to 255. */
const SEQUENCES = 256;

/** Gives a sentence where messages are missing before this one. */
export function createFollowSequence(): (
  node: string,
  isBirth: boolean,
  sequence: number | undefined,
) => string | undefined {
  const lastOf = new Map<string, number>();
  return (node, isBirth, sequence) => {
    if (sequence === undefined) return undefined;
    const last = lastOf.get(node);
    lastOf.delete(node);
    lastOf.set(node, sequence);
    if (lastOf.size > MAX_NODES) lastOf.delete(lastOf.keys().next().value as string);
    if (last === undefined || isBirth || sequence === last) return undefined;
    const missing = (sequence - last - 1 + SEQUENCES) % SEQUENCES;
    if (missing === 0) return undefined;
    const after = `seq ${sequence} came after ${last}`;
    return missing < SEQUENCES / 2
      ? `${after}: ${missing} messages of the node are missing`
      : `${after}: out of order, or most of a round is missing`;
  };
}
