/**
 * The style sheets' colours that a map is drawn with, by their names.
 *
 * Read from the page by map/colours.ts, drawn with by ground-style.ts and work-style.ts.
 */

/** The style sheets' names of what is drawn with. */
export const COLOUR_NAMES = [
  'panel',
  'ink',
  'soft',
  'road',
  'water',
  'water-ink',
  'rule',
  'accent',
  'outline',
  'moderate',
  'severe',
  'extreme',
] as const;
export type MapColours = Readonly<Record<(typeof COLOUR_NAMES)[number], string>>;
