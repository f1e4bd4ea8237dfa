/**
 * axe-core on a page of a browser, in the sizes and colours that the pages are judged in.
 *
 * Besides what axe calls a violation: no control lies beside the page, and no text has the colour of its ground.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from './chromium.ts';

export const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const PHONE = { width: 320, height: 640 };
export const DESK = { width: 1280, height: 900 };
export const COLOURS = {
  light: { colorScheme: 'light', forcedColors: 'none' },
  dark: { colorScheme: 'dark', forcedColors: 'none' },
  'forced colours on light': { colorScheme: 'light', forcedColors: 'active' },
  'forced colours on dark': { colorScheme: 'dark', forcedColors: 'active' },
} as const;

interface Finding {
  readonly id: string;
  readonly nodes: readonly {
    readonly html: string;
    readonly any: readonly { readonly message: string; readonly data?: { readonly messageKey?: string } }[];
    readonly failureSummary: string;
  }[];
}

/** What axe calls a violation; and text in the very colour of its ground, which axe leaves to a person to judge. */
export async function findViolations(page: Page, part: string): Promise<string[]> {
  const { violations, incomplete } = await page.ask<{ violations: Finding[]; incomplete: Finding[] }>(
    `axe.run('${part}', { resultTypes: ['violations', 'incomplete'] })`,
  );
  const unseen = incomplete.map(({ id, nodes }) => ({
    id,
    nodes: nodes.filter(({ any }) => any.some(({ data }) => data?.messageKey === 'equalRatio')),
  }));
  return [...violations, ...unseen].flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
  );
}

/** What a person does not reach by scrolling down alone. */
export function findBeside(page: Page): Promise<string[]> {
  return page.ask(`[...document.querySelectorAll('html, button, a, input, select, textarea, summary')]
    .filter((each) => each.checkVisibility() && !each.matches('.skip'))
    .filter((each) => each.getBoundingClientRect().right > innerWidth || (each.matches('html') && each.scrollWidth > innerWidth))
    .map((each) => 'lies beside the page: ' + each.cloneNode().outerHTML)`);
}
