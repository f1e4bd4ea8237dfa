/**
 * What differs between two values of an entry, as a patch to send and as lines to read; and one's own changes put over
 * somebody else's.
 *
 * Pure; used by the editor, the list of changes and the folder's differences. Invariant: a list is one value: of two
 * people who change the same list, one has to look.
 */
export type Entry = Readonly<Record<string, unknown>>;

export interface Difference {
  /** `label.en`; a list's steps as `thresholds.1.levelM`. */
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same text for the same content, whatever the order of its keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, each: unknown) =>
    isObject(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each,
  );
}

/** The merge patch (RFC 7396) that makes `to` of `from`; empty where they are the same. */
export function makePatch(from: Entry, to: Entry): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [before, after] = [from[name], to[name]];
    if (canonical(before) === canonical(after)) continue;
    if (after === undefined) patch[name] = null;
    else patch[name] = isObject(before) && isObject(after) ? makePatch(before, after) : after;
  }
  return patch;
}

/** The value that a merge patch makes. */
export function applyPatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = applyPatch(merged[name], value);
  }
  return merged;
}

/** For people, down to each number and word. */
export function listDifferences(from: unknown, to: unknown, path = ''): Difference[] {
  if (canonical(from) === canonical(to)) return [];
  const isPair = (isObject(from) && isObject(to)) || (Array.isArray(from) && Array.isArray(to));
  if (!isPair) return [{ path, from, to }];
  const [before, after] = [from, to] as [Record<string, unknown>, Record<string, unknown>];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
    listDifferences(before[name], after[name], path === '' ? name : `${path}.${name}`),
  );
}

export interface Rebased {
  /** What stands now with one's own changes over it. */
  readonly value: Entry;
  /** Fields that both have changed, each to something else. */
  readonly both: readonly string[];
}

/** `base` is what one began with, `mine` what one made of it, `theirs` what stands now. */
export function rebase(base: Entry, mine: Entry, theirs: Entry): Rebased {
  const patch = makePatch(base, mine);
  const other = makePatch(base, theirs);
  const both = Object.keys(patch).filter(
    (name) => name in other && canonical(mine[name]) !== canonical(theirs[name]),
  );
  return { value: applyPatch(theirs, patch) as Entry, both };
}

/** `1.5`, `"word"` without its quotes, `–` for nothing, JSON for the rest. */
export function showValue(value: unknown): string {
  if (value === undefined || value === null) return '–';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Its id in the list, as the server makes it of what is in the form. */
export function idOf(list: string, entry: Entry): string {
  if (list !== 'alertRules') return String(entry['id'] ?? '');
  const { rule, group, device } = entry;
  return [rule, ...(group ? ['group', group] : []), ...(device ? ['device', device] : [])].join('.');
}

/** `1,5` as well as `1.5`; what is no number as it was typed. */
export function readNumber(text: string): unknown {
  const written = text.replace('−', '-').replace(',', '.');
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(written) ? Number(written) : text;
}
