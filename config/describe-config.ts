/**
 * docs/configuration.md, written from environment.ts: each variable, its default, and why it has that value.
 *
 * `npm run docs` writes the file, a test compares it. The words are the comments beside the variables, so
 * that there is one place to change. Invariant: every variable of the schema is in the table.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { environmentSchema } from './environment.ts';

const BYTE_UNITS = [
  { bytes: 2 ** 30, name: 'GiB' },
  { bytes: 2 ** 20, name: 'MiB' },
  { bytes: 2 ** 10, name: 'KiB' },
];

/** The whole document, Markdown. */
export function describeConfig(): string {
  const source = readFileSync(`${import.meta.dirname}/environment.ts`, 'utf8');
  const body = source.slice(source.indexOf('z.object({'), source.indexOf('\n});'));
  const defaults = environmentSchema.parse({}) as Record<string, unknown>;
  // Variables are in paragraphs; one without words of its own continues the one above it.
  const rows = [...body.matchAll(/(?:\/\*\*([\s\S]*?)\*\/\s*)?^ {2}([A-Z][A-Z0-9_]+): /gm)].map((match) => {
    const words = (match[1] ?? '').replace(/\s*\n\s*\*\s*/g, ' ').trim();
    const name = match[2] as string;
    return `| \`${name}\` | ${formatDefault(name, defaults[name])} | ${words} |`;
  });
  return `<!-- Written by "npm run docs" from environment.ts; do not edit. -->
# Configuration

Siaga reads its environment once, at start. A variable that is wrong, or that looks like one of these and is not,
stops it with exit code 1, every problem in one list. An empty variable counts as absent. A variable that ends in
\`_FILE\` names a file whose first line is the secret.

| variable | default | what for, and why this value |
|---|---|---|
${rows.join('\n')}
`;
}

function formatDefault(name: string, value: unknown): string {
  if (value === undefined) return '';
  const bytes = name.includes('BYTES') && typeof value === 'number' ? value : 0;
  const unit = BYTE_UNITS.find((each) => bytes >= each.bytes);
  return unit ? `\`${value}\` (${bytes / unit.bytes} ${unit.name})` : `\`${value}\``;
}

if (import.meta.main) {
  writeFileSync(`${import.meta.dirname}/../docs/configuration.md`, describeConfig());
  console.log('wrote docs/configuration.md');
}
