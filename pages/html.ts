/**
 * HTML as text that cannot be broken by what stands in it: a tagged template that escapes every value.
 *
 * Used by all pages. Invariant: only `html` makes Markup, and a value that is not Markup is escaped for text and for
 * attributes in double quotes; nothing is ever written into a script or a style.
 */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** `undefined` and `false` are nothing, a list is its parts one after the other. */
export type Part = Markup | string | number | undefined | false | readonly Part[];

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = strings[0] as string;
  for (const [index, part] of parts.entries()) text += format(part) + strings[index + 1];
  return new Markup(text);
}

function format(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(format).join('');
  return escapeHtml(String(part));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string);
}
