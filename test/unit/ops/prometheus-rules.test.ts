/** Prometheus' rules in ops/: every metric and label in them is one that the code has. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '../../..');

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly annotations: { readonly summary: string };
    }[];
  }[];
}

const rules = (
  parse(readFileSync(join(ROOT, 'ops/prometheus/siaga-rules.yml'), 'utf8')) as Rules
).groups.flatMap((group) => group.rules);
const source = globSync(
  '{alerts,api,broker,canary,clock,dispatch,fleet,influx,ingest,journal,opening,ownership}/**/*.ts',
  {
    cwd: ROOT,
  },
)
  .map((file) => readFileSync(join(ROOT, file), 'utf8'))
  .join('\n');

test.each(rules)('$alert asks for metrics and labels that there are', ({ expr, annotations }) => {
  for (const [name] of expr.matchAll(/siaga_\w+/g)) {
    expect(source, name).toContain(`'${name.replace(/_bucket$/, '')}'`);
  }
  for (const [, label] of expr.matchAll(/(\w+)="/g)) expect(['job', 'le', ...labels()]).toContain(label);
  expect(annotations.summary).toMatch(/^.+\. .+/);
});

/** What the code calls its labels. */
function labels(): string[] {
  return [...source.matchAll(/labelNames: \[([^\]]*)\]/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/'(\w+)'/g)].map(([, name]) => name as string),
  );
}
