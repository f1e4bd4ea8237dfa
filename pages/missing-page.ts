/** The page for what is not there: a gauge that is gone, an alert that nobody may see, a slip of the hand. */
import type { Page, Setting } from './frame.ts';
import { html } from './html.ts';

export function renderMissing({ speech: { say }, root }: Setting): Page {
  return {
    title: say('missingTitle'),
    description: say('missingText'),
    main: html`<h1>${say('missingTitle')}</h1><p>${say('missingText')}</p><p><a href="${root}">${say('toHome')}</a></p>`,
  };
}
