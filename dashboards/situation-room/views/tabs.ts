/**
 * Tabs after the ARIA pattern: arrows move between them, one panel is shown, one tab is in the tab order.
 *
 * Invariant: exactly one tab is selected, and a tab that becomes hidden gives its place to the first one.
 */
import { byId, setAttribute } from './dom.ts';

export interface Tabs {
  /** To be called after tabs were hidden or shown. */
  refresh(): void;
}

export function createTabs(tabListId: string): Tabs {
  const tabs = [...byId(tabListId).querySelectorAll<HTMLElement>('[role=tab]')];
  const visible = () => tabs.filter((tab) => !tab.hidden);
  const select = (chosen: HTMLElement) => {
    for (const tab of tabs) {
      const isChosen = tab === chosen;
      setAttribute(tab, 'aria-selected', isChosen ? 'true' : 'false');
      tab.tabIndex = isChosen ? 0 : -1;
      byId(tab.getAttribute('aria-controls') ?? '').hidden = !isChosen;
    }
  };
  const refresh = () => {
    const selected = visible().find((tab) => tab.getAttribute('aria-selected') === 'true');
    const first = visible()[0];
    if (!selected && first) select(first);
  };
  for (const tab of tabs) {
    tab.addEventListener('click', () => select(tab));
    tab.addEventListener('keydown', ({ key }) => {
      const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
      if (step === 0) return;
      const there = visible();
      const next = there[(there.indexOf(tab) + step + there.length) % there.length];
      if (!next) return;
      select(next);
      next.focus();
    });
  }
  refresh();
  return { refresh };
}
