/**
 * findNul: where a value that came from outside holds the character U+0000.
 *
 * Asked at each border through which text reaches the state database: calls of the API, acks of units. PostgreSQL
 * cannot keep it in text, so what holds one would fail again and again. Invariant: any depth is looked through, and
 * none exhausts the stack.
 */

/** The way to the first one, members with dots (`patient.note`, '' for the value itself), or undefined. */
export function findNul(value: unknown): string | undefined {
  const waiting: { readonly at: string; readonly value: unknown }[] = [{ at: '', value }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { at, value: here } = next;
    if (typeof here === 'string' && here.includes('\0')) return at;
    if (typeof here !== 'object' || here === null) continue;
    for (const [name, member] of Object.entries(here)) {
      if (name.includes('\0')) return at;
      waiting.push({ at: at === '' ? name : `${at}.${name}`, value: member });
    }
  }
  return undefined;
}
