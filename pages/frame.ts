/**
 * What every public page has around it: head, languages, navigation, the call button, the line that says its age, and
 * how far the city's positions and thresholds can be trusted.
 *
 * Invariants: links inside are relative to `root`, so that the pages work below any path of a proxy; links that leave
 * the page (previews, canonical) use the address that the operator gave, never the caller's Host; no script and no
 * style stands in the document itself.
 */
import type { Bilingual } from '../devices/site.ts';
import { html, type Markup } from './html.ts';
import { LANGUAGES } from './languages/languages.ts';
import type { Speech } from './languages/speech.ts';

/** What a page needs to know of where it stands. */
export interface Setting {
  readonly speech: Speech;
  /** `./`, `../` or `../../`: from the page to the root. */
  readonly root: string;
  /** The page's path below the root, with what was searched for: `rivers/bendung`, `wifi?q=tugu`. */
  readonly path: string;
  /** Where people reach Siaga, without a slash at its end. */
  readonly publicUrl: string;
  /** Of the files: style and scripts. */
  readonly version: string;
  readonly cityName: string;
  /** How far positions and thresholds of this city can be trusted. */
  readonly disclaimer: Bilingual;
  readonly isExercise: boolean;
  readonly nowMs: number;
}

export interface Page {
  readonly title: string;
  readonly description: string;
  /** The picture of a link that is shared, below the root. */
  readonly picture?: string;
  readonly main: Markup;
}

export function renderPage({ title, description, picture, main }: Page, setting: Setting): string {
  const { speech, root, path, publicUrl, version, cityName, disclaimer, isExercise, nowMs } = setting;
  const { say, language } = speech;
  const address = `${publicUrl}/${path}`;
  const files = `${root}page-files/${version}`;
  const current = path.split(/[?/]/)[0];
  return html`<!doctype html>
<html lang="${language.locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Siaga</title>
<meta name="description" content="${description}">
<meta property="og:type" content="website">
<meta property="og:locale" content="${language.locale.replace('-', '_')}">
<meta property="og:site_name" content="Siaga ${cityName}">
<meta property="og:title" content="${title}">
<meta property="og:description" content="${description}">
<meta property="og:url" content="${address}">
${picture && html`<meta property="og:image" content="${publicUrl}/${picture}"><meta property="og:image:type" content="image/png"><meta property="og:image:width" content="1200"><meta property="og:image:height" content="630"><meta property="og:image:alt" content="${description}"><meta name="twitter:card" content="summary_large_image">`}
<link rel="canonical" href="${address}">
<link rel="icon" type="image/svg+xml" href="${files}/icon.svg">
<link rel="manifest" href="${root}manifest.webmanifest">
<link rel="stylesheet" href="${files}/public.css">
<script type="module" src="${files}/live.ts"></script>
</head>
<body data-root="${root}" data-made-at="${nowMs}" data-offline="${say('offline')}">
<a class="skip" href="#content">${say('skip')}</a>
<header>
<p class="brand"><a href="${root}">Siaga</a> <span>${cityName}</span></p>
<a class="call" href="tel:112">${say('call')}</a>
<nav aria-label="${say('navigation')}">
<a href="${root}" ${here(current === '')}>${say('now')}</a>
<a href="${root}wifi" ${here(current === 'wifi')}>${say('wifi')}</a>
</nav>
</header>
<p id="offline" role="status" hidden></p>
${isExercise && html`<p class="exercise">${say('exercise')}</p>`}
<main id="content" tabindex="-1">${main}</main>
<footer>
<p id="as-of" data-live>${say('asOf', { time: speech.dated(nowMs) })}</p>
<p class="small">${speech.text(disclaimer)}</p>
<nav aria-label="${say('language')}">${LANGUAGES.map(
    ({ code, name, locale }) =>
      html`<a href="${linkTo(setting, code)}" lang="${locale}" hreflang="${locale}" ${here(code === language.code)}>${name}</a> `,
  )}</nav>
<p><a href="${root}room">${say('room')}</a> · <a href="${root}docs">API</a> · <a href="${root}v1/cap">CAP</a></p>
</footer>
</body>
</html>
`.text;
}

function here(isHere: boolean): Markup {
  return isHere ? html`aria-current="page"` : html``;
}

/** The same page in another language. */
function linkTo({ root, path }: Setting, code: string): string {
  return `${root}${path}${path.includes('?') ? '&' : '?'}lang=${code}`;
}
