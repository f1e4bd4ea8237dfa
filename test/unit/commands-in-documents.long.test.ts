/**
 * Every command that a document shows is one that there is: its script, its subcommand, and each of its options, as the
 * command's own help says them.
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
/** Scripts that hand their words to a tool of others. */
const OF_OTHERS = new Set(['test', 'test:quick', 'lint', 'types', 'format', 'check', 'docs']);

interface Shown {
  readonly file: string;
  readonly command: string;
  readonly script: string;
  readonly words: readonly string[];
}

/** `npm run NAME -- words`, up to the end of its line, of its code span, or a pipe. */
function* commandsIn(file: string): Generator<Shown> {
  const text = readFileSync(join(ROOT, file), 'utf8').replaceAll('\\\n', ' ');
  for (const [command, script = '', rest = ''] of text.matchAll(
    /npm run (?:--silent |-s )?([a-z:]+)( -- [^\n`|;&)]*)?/g,
  )) {
    const words = rest
      .replace(' -- ', '')
      .replace(/\s#.*$/, '')
      .split(/\s+/)
      .filter(Boolean);
    yield { file, command, script, words };
  }
}

const documents = globSync(
  ['*.md', 'docs/**/*.md', 'cities/**/*.md', 'clients/**/*.md', 'dashboards/**/*.md'],
  {
    cwd: ROOT,
    exclude: (name) => name.includes('node_modules'),
  },
).filter((file) => file !== 'CHANGELOG.md' && !file.startsWith('docs/decisions/'));
const shown = documents.flatMap((file) => [...commandsIn(file)]);

test('documents show commands', () => {
  expect(shown.length).toBeGreaterThan(50);
});

test.each([...Map.groupBy(shown, ({ script }) => script)])(
  'npm run %s is what the documents say of it',
  (script, commands) => {
    expect(Object.keys(scripts), commands.map(({ file }) => file).join(', ')).toContain(script);
    if (OF_OTHERS.has(script)) return;
    const helps = new Map<string, string>();
    const help = (...words: string[]) => {
      const key = words.join(' ');
      const known = helps.get(key) ?? readHelp(script, words);
      helps.set(key, known);
      return known;
    };
    const unknown = commands.flatMap(({ file, command, words }) => {
      const options = words
        .filter((word) => /^--[a-z]/.test(word))
        .map((word) => word.split('=', 1)[0] as string);
      const first = words.find((word) => !word.startsWith('-'));
      return options
        .filter((option) => option !== '--help')
        .filter(
          (option) => !help('--help').includes(option) && !(first && help(first, '--help').includes(option)),
        )
        .map((option) => `${file}: ${command}: no ${option}`);
    });
    expect(unknown).toEqual([]);
  },
  120_000,
);

function readHelp(script: string, words: readonly string[]): string {
  const [program = '', ...own] = (scripts[script] as string).replace(/^exec /, '').split(' ');
  expect(program).toBe('node');
  const { stdout, stderr } = spawnSync(process.execPath, [...own, ...words], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 30_000,
  });
  return `${stdout}${stderr}`;
}
