/** A browser by the words that it says of itself, as people call it. */

/** The first that fits: browsers name those that they are like, too. */
const BROWSERS = [
  [/Edg(?:e|A|iOS)?\//, 'Edge'],
  [/OPR\/|Opera/, 'Opera'],
  [/SamsungBrowser\//, 'Samsung Internet'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrome\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
] as const;
const SYSTEMS = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
] as const;

/** `Chrome, Android`; undefined where the browser says nothing that is known. */
export function nameBrowser(agent: string): string | undefined {
  const named = [BROWSERS, SYSTEMS].flatMap((list) => list.find(([like]) => like.test(agent))?.[1] ?? []);
  return named.length === 0 ? undefined : named.join(', ');
}
