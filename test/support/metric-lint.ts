/**
 * What `promtool check metrics` says of an exposition: its rules (client_golang, promlint), so that they hold where
 * the program is not installed.
 *
 * Invariant: a rule names the metric that breaks it.
 */
import { parseMetrics } from './metric-samples.ts';

const NON_BASE_UNITS =
  /^(?:nano|micro|milli|kilo|mega|giga|tera)?(?:second|byte|bit|meter|gram|volt|amp|joule)s?$|^(?:minutes?|hours?|days?|weeks?|percent|fahrenheit|inches|feet|miles)$/;
const BASE_UNITS = new Set(['seconds', 'bytes', 'bits', 'meters', 'grams', 'volts', 'amperes', 'joules']);
const ABBREVIATIONS = new Set([
  's',
  'ms',
  'us',
  'ns',
  'sec',
  'b',
  'kb',
  'mb',
  'gb',
  'tb',
  'pb',
  'm',
  'h',
  'd',
]);
const TYPES = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);

export function lintMetrics(text: string): string[] {
  const types = new Map<string, string>();
  const helps = new Map<string, string>();
  for (const [, kind, name = '', rest = ''] of text.matchAll(/^# (HELP|TYPE) (\S+) ?(.*)$/gm)) {
    const seen = kind === 'HELP' ? helps : types;
    if (seen.has(name)) return [`${name}: ${kind} twice`];
    seen.set(name, rest);
  }
  const problems = [...types].flatMap(([name, type]) =>
    [...lintName(name, type), ...(helps.get(name) ? [] : ['no help'])].map(
      (problem) => `${name}: ${problem}`,
    ),
  );
  for (const { name, labels } of parseMetrics(text)) {
    const family = name.replace(/_(?:bucket|sum|count)$/, '');
    if (!types.has(name) && !types.has(family)) problems.push(`${name}: no type`);
    for (const label of Object.keys(labels)) {
      if (!/^[a-z][a-z0-9_]*$/.test(label)) problems.push(`${name}: label ${label} is not in snake_case`);
      if (label === 'le' && types.get(family) !== 'histogram')
        problems.push(`${name}: label le is for histograms`);
    }
  }
  return [...new Set(problems)];
}

function* lintName(name: string, type: string): Generator<string> {
  const words = name.split('_');
  if (name.includes(':')) yield 'a colon is for recording rules';
  if (/[a-z][A-Z]/.test(name)) yield 'not in snake_case';
  if (type === 'counter' && !name.endsWith('_total')) yield 'a counter ends in _total';
  if (type !== 'counter' && name.endsWith('_total')) yield 'only a counter ends in _total';
  if (type !== 'histogram' && type !== 'summary' && /_(?:count|sum|bucket)$/.test(name)) {
    yield 'only a histogram or a summary ends like this';
  }
  for (const word of words) {
    if (TYPES.has(word)) yield `its type is in its name: ${word}`;
    if (ABBREVIATIONS.has(word)) yield `an abbreviated unit: ${word}`;
    if (NON_BASE_UNITS.test(word) && !BASE_UNITS.has(word)) yield `no base unit: ${word}`;
  }
}
