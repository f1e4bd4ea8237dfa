/**
 * The page's colours as the map needs them: worked out, for the library knows no names of a style sheet.
 *
 * Invariant: light, dark and forced colours are the style sheets' own, and a change of them is told.
 */

import { COLOUR_NAMES, type MapColours } from '../state/map/map-colours.ts';

export function readColours(): MapColours {
  const probe = document.createElement('span');
  probe.hidden = true;
  // Forced colours would give every name the colour of text.
  probe.style.setProperty('forced-color-adjust', 'none');
  document.body.append(probe);
  const read = (name: string) => {
    probe.style.setProperty('color', `var(--${name})`);
    return getComputedStyle(probe).color;
  };
  const colours = Object.fromEntries(COLOUR_NAMES.map((name) => [name, read(name)]));
  probe.remove();
  return colours as MapColours;
}

export function watchColours(onChange: () => void): void {
  for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)']) {
    matchMedia(query).addEventListener('change', onChange);
  }
}
