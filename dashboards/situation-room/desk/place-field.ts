/**
 * The field for a place with its suggestions: arrows choose, Enter or Tab takes, Escape leaves what was typed.
 *
 * A combobox as WAI-ARIA describes it. Invariants: a place that is located already suggests nothing, so that Enter
 * saves the call; what is typed is never changed but by taking a suggestion.
 */
import type { Named } from '../state/dispatch/call-place.ts';
import { locate, type Suggestion, suggestPlaces } from '../state/dispatch/place-search.ts';
import { byId, html, setAttribute } from '../views/dom.ts';

export function createPlaceField(gazetteer: () => readonly Named[], onTaken: () => void): { close(): void } {
  const field = byId('call-place') as HTMLInputElement;
  const list = byId('call-suggestions');
  let suggestions: readonly Suggestion[] = [];
  let active = 0;

  function show(next: readonly Suggestion[]): void {
    suggestions = next;
    active = 0;
    list.replaceChildren(
      ...next.map(({ text }, index) => {
        const option = html('div', { role: 'option', id: `suggestion-${index}` }, text);
        // Before the field loses the focus.
        option.addEventListener('pointerdown', (event) => {
          event.preventDefault();
          take(index);
        });
        return option;
      }),
    );
    mark();
  }
  function mark(): void {
    list.hidden = suggestions.length === 0;
    setAttribute(field, 'aria-expanded', suggestions.length > 0 ? 'true' : 'false');
    setAttribute(field, 'aria-activedescendant', suggestions.length > 0 ? `suggestion-${active}` : undefined);
    for (const [index, option] of [...list.children].entries()) {
      setAttribute(option, 'aria-selected', index === active ? 'true' : 'false');
    }
  }
  function take(index: number): void {
    const taken = suggestions[index];
    if (!taken) return;
    field.value = taken.text;
    show([]);
    onTaken();
  }

  field.addEventListener('input', () => {
    const known = gazetteer();
    show(locate(known, field.value) ? [] : suggestPlaces(known, field.value));
  });
  field.addEventListener('blur', () => show([]));
  field.addEventListener('keydown', (event) => {
    if (suggestions.length === 0 || event.isComposing) return;
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      active = (active + step + suggestions.length) % suggestions.length;
      mark();
    } else if (event.key === 'Enter' && !event.ctrlKey) take(active);
    else if (event.key === 'Escape') show([]);
    else {
      if (event.key === 'Tab' && !event.shiftKey) take(active);
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
  return { close: () => show([]) };
}
