/**
 * Names of tokens: what the audit of each write says, so no two may be taken for each other.
 *
 * Asked when a token is made, over HTTP and on the command line. Invariant: a name that is allowed looks like no
 * other in force, like no device, and like none of the words that the audit uses for those without a token.
 */

export const MAX_LENGTH = 64;
/** After accents are set apart: Latin letters alone, since those of other scripts look like them. */
const PATTERN = /^[A-Za-z0-9][A-Za-z0-9 ._@-]*$/;
const RESERVED = ['anonymous', 'local', 'siaga', 'command line', 'first-admin'];

/** Why this can be nobody's name; undefined where it can. */
export function explainBadName(name: string): string | undefined {
  if (name.length > MAX_LENGTH) return `at most ${MAX_LENGTH} characters`;
  // Wide, mathematical and ligature forms of letters have another spelling, and are refused by it.
  const isPlain = name === name.normalize('NFC') && name.normalize('NFC') === name.normalize('NFKC');
  if (!isPlain || !PATTERN.test(withoutAccents(name))) {
    return 'Latin letters, digits, space, . _ @ -, a letter or digit first: letters of other scripts look like these';
  }
  const looks = lookOf(name);
  if (RESERVED.some((word) => lookOf(word) === looks)) {
    return 'this name has a meaning of its own; take another';
  }
  return undefined;
}

/** The first of `names` that a reader could take it for. */
export function findLookAlike(name: string, names: Iterable<string>): string | undefined {
  const looks = lookOf(name);
  for (const each of names) if (lookOf(each) === looks) return each;
  return undefined;
}

/** The same for names that look the same in some font or case, after Unicode's confusables (UTS 39) within ASCII. */
function lookOf(name: string): string {
  return withoutAccents(name)
    .toLowerCase()
    .replaceAll(/[i1|]/g, 'l')
    .replaceAll('0', 'o')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
    .replaceAll(/[ ._@-]/g, '');
}

function withoutAccents(name: string): string {
  return name.normalize('NFD').replaceAll(/\p{M}/gu, '');
}
