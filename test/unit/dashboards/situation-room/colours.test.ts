import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const FOLDER = join(import.meta.dirname, '../../../../dashboards/situation-room');

/** The colours of ground.css: those of the light page, and the dark ones over them. */
function readColours(): Record<'light' | 'dark', Map<string, string>> {
  const css = readFileSync(join(FOLDER, 'style/ground.css'), 'utf8');
  const [light = '', dark = ''] = [...css.matchAll(/:root \{([^}]*)\}/g)].map((match) => match[1]);
  const parse = (block: string) =>
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((match): [string, string] => [
      match[1] as string,
      match[2] as string,
    ]);
  return { light: new Map(parse(light)), dark: new Map([...parse(light), ...parse(dark)]) };
}

/** WCAG 2.2, relative luminance. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((start) => {
    const share = Number.parseInt(hex.slice(start, start + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** Text on its ground: AA asks for 4.5. */
const TEXTS = [
  ['ink', 'ground'],
  ['ink', 'panel'],
  ['ink', 'raised'],
  ['soft', 'panel'],
  ['soft', 'raised'],
  ['soft', 'ground'],
  ['good', 'panel'],
  ['on-accent', 'accent'],
  ['accent', 'panel'],
  ['on-bad', 'bad'],
  ['on-minor', 'minor'],
  ['on-moderate', 'moderate'],
  ['on-severe', 'severe'],
  ['on-extreme', 'extreme'],
  ['water-ink', 'panel'],
] as const;
/** Marks against what is around them, by their outline: AA asks for 3. */
const MARKS = [
  ['outline', 'panel'],
  ['soft', 'panel'],
  ['normal', 'panel'],
] as const;

describe.each(['light', 'dark'] as const)('the %s page', (scheme) => {
  const colours = readColours()[scheme];
  const between = (a: string, b: string) => contrast(colours.get(a) as string, colours.get(b) as string);

  test('has all its colours, and the dark ones differ', () => {
    expect(colours.size).toBeGreaterThan(20);
    expect(readColours().dark.get('panel')).not.toBe(readColours().light.get('panel'));
  });
  test.each(TEXTS)('has text %s on %s at 4.5 or more', (text, ground) => {
    expect(between(text, ground)).toBeGreaterThanOrEqual(4.5);
  });
  test.each(MARKS)('has marks %s on %s at 3 or more', (mark, ground) => {
    expect(between(mark, ground)).toBeGreaterThanOrEqual(3);
  });
});
