/**
 * Making and changing elements: every view builds its nodes once and then changes only what differs.
 *
 * No markup is ever parsed from a string: text goes in as text, so nothing that a device or an agency wrote
 * can become part of the page. Invariant: a keyed list holds exactly one element an item, in the items'
 * order, and an element keeps its item, so that focus and scroll survive.
 */
export type Child = Node | string;
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

const SVG = 'http://www.w3.org/2000/svg';

export function html<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  element.append(...children);
  return element;
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  element.append(...children);
  return element;
}

/** Writes only what differs; `undefined` and `false` take the attribute away. */
export function setAttribute(element: Element, name: string, value: Attributes[string]): void {
  if (value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true ? '' : String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** An element that is shown only with a text. */
export function setOptionalText(element: HTMLElement, text: string | undefined): void {
  element.hidden = text === undefined;
  setText(element, text ?? '');
}

/** The element of the page with this id; the page's own markup has it. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

export interface KeyedView<T> {
  readonly element: Element;
  update(item: T): void;
}

export interface KeyedList<T> {
  update(items: readonly T[]): void;
}

/** Keeps the children of `parent` as one view an item. */
export function createKeyedList<T>(
  parent: Element,
  keyOf: (item: T) => string,
  create: (item: T) => KeyedView<T>,
): KeyedList<T> {
  const views = new Map<string, KeyedView<T>>();
  return {
    update(items) {
      const wanted = new Set(items.map(keyOf));
      for (const [key, view] of views) {
        if (wanted.has(key)) continue;
        view.element.remove();
        views.delete(key);
      }
      items.forEach((item, index) => {
        const key = keyOf(item);
        const view = views.get(key) ?? create(item);
        views.set(key, view);
        const there = parent.children[index];
        if (there !== view.element) parent.insertBefore(view.element, there ?? null);
        view.update(item);
      });
    },
  };
}
